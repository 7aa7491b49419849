"""What the process uses: memory, processor, threads, files, garbage collections."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.model import ResourceSample
from changeover.record.cgroup import memory_limit
from changeover.record.usage import Usage

_MOST_PAUSES = 65_536  # remembered while nobody takes a sample


class ResourceSampler:
    """Takes samples of this process, about 0.1 ms each. Used by one thread at a time.

    Args:
        clock: for the moment, and for the time between two samples.
        loop_lag_ns: says the worst lag of the bot's event loops since it was last asked
            (`LoopWatch.worst_ns_since_last`).
        read_usage: how to look at the process; by default as this system allows.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        loop_lag_ns: Callable[[], int | None] = lambda: None,
        read_usage: Callable[[], Usage] | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._loop_lag_ns = loop_lag_ns
        self._read_usage = read_usage or _usage_reader()
        self._pauses = _GcPauses(self._clock)
        self._before: tuple[int, float] | None = None

    def start(self) -> None:
        """Watch the garbage collector. A second call does nothing."""
        if self._pauses.note not in gc.callbacks:
            gc.callbacks.append(self._pauses.note)

    def stop(self) -> None:
        """Leave the garbage collector alone again. A second call does nothing."""
        if self._pauses.note in gc.callbacks:
            gc.callbacks.remove(self._pauses.note)

    def sample(self) -> ResourceSample:
        """What is used now, and what was used since the sample before."""
        usage = self._read_usage()
        times = os.times()
        core_percent = self._core_percent(times.user + times.system)
        cores = os.cpu_count() or 1
        pause_max_ns, pause_total_ns = self._pauses.take()
        return ResourceSample(
            at_ns=self._clock.wall_ns(),
            rss_bytes=usage.rss_bytes,
            memory_limit_bytes=memory_limit(usage.machine_bytes),
            cpu_machine_percent=None if core_percent is None else min(core_percent / cores, 100.0),
            cpu_core_percent=core_percent,
            threads=usage.threads,
            open_files=usage.open_files,
            gc_pause_max_ns=pause_max_ns,
            gc_pause_total_ns=pause_total_ns,
            loop_lag_ns=self._loop_lag_ns(),
        )

    def _core_percent(self, cpu_s: float) -> float | None:
        """Processor time over passed time since the sample before, in percent of one core."""
        now_ns = self._clock.monotonic_ns()
        before, self._before = self._before, (now_ns, cpu_s)
        if before is None or now_ns <= before[0]:
            return None
        passed_s = (now_ns - before[0]) / NS_PER_S
        return max(0.0, (cpu_s - before[1]) / passed_s * 100)


class _GcPauses:
    """How long garbage collections held the interpreter. `note` runs inside each of them."""

    def __init__(self, clock: Clock) -> None:
        self._now_ns = clock.monotonic_ns
        self._started_ns: int | None = None
        self._pauses_ns: list[int] = []

    def note(self, phase: str, _: dict[str, Any]) -> None:
        """A hook for `gc.callbacks`."""
        if phase == "start":
            self._started_ns = self._now_ns()
        elif self._started_ns is not None and len(self._pauses_ns) < _MOST_PAUSES:
            self._pauses_ns.append(self._now_ns() - self._started_ns)
            self._started_ns = None

    def take(self) -> tuple[int, int]:
        """The longest and all together, in nanoseconds, since the last take."""
        # Swapped in one step: a collection may start at any moment, on any thread.
        pauses_ns, self._pauses_ns = self._pauses_ns, []
        return max(pauses_ns, default=0), sum(pauses_ns)


def _usage_reader() -> Callable[[], Usage]:
    """How to read it here. Linux needs no library: psutil takes 1.2 MB, a fifth of our memory."""
    if sys.platform == "linux":
        from changeover.record.usage_linux import read_usage  # noqa: PLC0415  # one of the two
    else:
        from changeover.record.usage_portable import read_usage  # noqa: PLC0415  # one of the two
    return read_usage
