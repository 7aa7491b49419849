"""Windows of made-up executions and samples, for rules that are rehearsed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from changeover.act.baseline import BYTES_PER_MB
from changeover.act.script import DEFAULT_MS, Played, Script
from changeover.core.clock import NS_PER_MS, NS_PER_S, Clock
from changeover.core.errors import ChangeoverError
from changeover.core.model import Coverage, ResourceSample, Stats, Summary
from changeover.core.window import Window


class StagePlay:
    """Answers what rules ask for, out of a script, at the step that it stands at.

    Args:
        script: what happens.
        clock: the virtual clock; a step ends where it stands.
    """

    def __init__(self, script: Script, clock: Clock) -> None:
        self._script = script
        self._clock = clock
        self.step = 0  # how many have been played
        self._calls = [one for one in script.series if "executions" in one.values]
        self._windows: dict[int, _Windows] = {}

    def summary(self, window: Window) -> Summary:
        """The executions of a window that ends now. Raises where the script says so."""
        if any(one.at("fails", self.step - 1) for one in self._script.series):
            raise RehearsedError("the script says that the question fails")
        length = max(1, window.seconds // self._script.every_s)
        windows = self._windows.setdefault(length, _Windows(self._calls, length))
        end_ns = self._clock.wall_ns()
        coverage = Coverage(start_ns=end_ns - window.ns, end_ns=end_ns, exact_to_event=True)
        return windows.summary(self.step, coverage)

    def samples(self, window: Window) -> Sequence[ResourceSample]:
        """The samples of a window that ends now, the oldest first."""
        length = max(1, window.seconds // self._script.every_s)
        first = max(0, self.step - length)
        found = (self._sample(step) for step in range(first, self.step))
        return [sample for sample in found if sample is not None]

    def latest(self) -> ResourceSample | None:
        """The newest sample, however old."""
        for step in range(self.step - 1, -1, -1):
            if (sample := self._sample(step)) is not None:
                return sample
        return None

    def _sample(self, step: int) -> ResourceSample | None:
        memory_mb, lag_ms = self._value("memory_mb", step), self._value("loop_lag_ms", step)
        if memory_mb is None and lag_ms is None:
            return None
        age_ns = (self.step - 1 - step) * self._script.every_s * NS_PER_S
        return ResourceSample(
            at_ns=self._clock.wall_ns() - age_ns,
            rss_bytes=round((memory_mb or 0.0) * BYTES_PER_MB),
            memory_limit_bytes=None,
            cpu_machine_percent=None,
            cpu_core_percent=None,
            threads=1,
            open_files=None,
            gc_pause_max_ns=0,
            gc_pause_total_ns=0,
            loop_lag_ns=None if lag_ms is None else round(lag_ms * NS_PER_MS),
        )

    def _value(self, key: str, step: int) -> float | None:
        values = (one.at(key, step) for one in self._script.series)
        return next((value for value in values if value is not None), None)


class RehearsedError(ChangeoverError):
    """A question that fails because the script says so."""


class _Windows:
    """Every set of executions of a summary, for one length of a window."""

    def __init__(self, calls: Sequence[Played], length: int) -> None:
        def grouped(key: Callable[[Played], object]) -> dict[object, _Sliding]:
            keys = dict.fromkeys(sorted(map(key, calls), key=str))
            return {one: _Sliding([c for c in calls if key(c) == one], length) for one in keys}

        self._total = _Sliding(calls, length)
        self._systems = grouped(lambda one: one.system)
        self._commands = grouped(lambda one: one.command)
        self._pairs = grouped(lambda one: (one.command, one.system))

    def summary(self, step: int, coverage: Coverage) -> Summary:
        def seen(sets: dict[object, _Sliding]) -> dict[object, Stats]:
            found = ((key, sliding.stats(step)) for key, sliding in sets.items())
            return {key: stats for key, stats in found if stats.total}

        return Summary(
            coverage=coverage,
            total=self._total.stats(step),
            by_system=seen(self._systems),  # type: ignore[arg-type]  # keyed by system
            by_command=seen(self._commands),  # type: ignore[arg-type]  # keyed by command
            by_command_and_system=seen(self._pairs),  # type: ignore[arg-type]  # keyed by both
        )


class _Sliding:
    """Some series over a window that moves on a step at a time."""

    def __init__(self, calls: Sequence[Played], length: int) -> None:
        self._calls = calls
        self._length = length
        self._step = 0
        self._errors = 0
        self._by_ms: Counter[float] = Counter()

    def stats(self, step: int) -> Stats:
        while self._step < step:
            self._count(self._step, 1)
            self._count(self._step - self._length, -1)
            self._step += 1
        total = sum(self._by_ms.values())
        if not total:
            return Stats()
        ordered = sorted(self._by_ms.items())
        mean_ms = sum(ms * count for ms, count in ordered) / total
        p50, p95, p99 = (_quantile_ns(ordered, total, level) for level in (0.5, 0.95, 0.99))
        return Stats(
            total=total,
            errors=self._errors,
            error_ratio=self._errors / total,
            mean_ns=mean_ms * NS_PER_MS,
            p50_ns=p50,
            p95_ns=p95,
            p99_ns=p99,
        )

    def _count(self, step: int, sign: int) -> None:
        if step < 0:
            return
        for one in self._calls:
            executions = round(one.at("executions", step) or 0)
            ms = one.at("response_ms", step)
            ms = DEFAULT_MS if ms is None else ms
            self._errors += sign * round(one.at("errors", step) or 0)
            if executions:
                self._by_ms[ms] += sign * executions
                if not self._by_ms[ms]:
                    del self._by_ms[ms]


def _quantile_ns(ordered: Sequence[tuple[float, int]], total: int, level: float) -> float:
    seen = 0
    for ms, count in ordered:
        seen += count
        if seen >= level * total:
            return ms * NS_PER_MS
    return ordered[-1][0] * NS_PER_MS
