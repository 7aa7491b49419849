"""How often the judge would be wrong, and how soon right, on a bot's own traffic.

Legacy's executions are drawn again, with their durations, failures and persons, and dealt out
to two systems that are therefore equal; then one of them is broken on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil
from random import Random

from changeover.core.clock import NS_PER_S
from changeover.core.errors import BadValueError
from changeover.core.model import ERRORS, LEGACY, Execution, Outcome, Reason, Series, Trace
from changeover.core.verdict import EVERYTHING
from changeover.judge.interval import highest_ratio
from changeover.judge.judge import Judge
from changeover.judge.settings import JudgeSettings

_MOST_KEPT = 2_000  # executions of a command to draw from
_FEWEST = 20
_FLAG = "calibrate"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is broken on purpose: one command, or all of them.

    Attributes:
        name: as a table shows it.
        error_ratio: the chance that a call of the new system fails in addition, 0 to 1.
        slower: how many times longer its calls take.
        everywhere: in all commands at once; else in one that is drawn by its traffic.
    """

    name: str
    error_ratio: float = 0.0
    slower: float = 1.0
    everywhere: bool = False


FAULTS = (
    Fault(name="a command always fails", error_ratio=1.0),
    Fault(name="a command fails in 50 %", error_ratio=0.5),
    Fault(name="a command fails in 20 %", error_ratio=0.2),
    Fault(name="a command fails in 5 %", error_ratio=0.05),
    Fault(name="a command takes 5 times as long", slower=5.0),
    Fault(name="a command takes twice as long", slower=2.0),
    Fault(name="everything fails in 4 % more", error_ratio=0.04, everywhere=True),
    Fault(name="everything takes twice as long", slower=2.0, everywhere=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How soon a fault is found.

    Attributes:
        fault: which.
        runs, found: how often it was tried, and found within the executions of a run.
        median, p90: executions of the new system in the scope that was rolled back, until it
            was; None where it was not found so often.
        misplaced: how often another command than the broken one was rolled back.
    """

    fault: Fault
    runs: int
    found: int
    median: int | None
    p90: int | None
    misplaced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What came of it. The same log, settings and seed give the same.

    Attributes:
        commands: those that had enough executions to draw from.
        share: of the new system, in percent.
        executions: of one run.
        false_runs, false_rollbacks: runs without a fault, and how many of them rolled back.
        false_high: the 95 % upper bound of that ratio, 0 to 1.
        detections: in the order of the faults.
        seed: of the dice.
    """

    commands: Sequence[str]
    share: float
    executions: int
    false_runs: int
    false_rollbacks: int
    false_high: float
    detections: Sequence[Detection]
    seed: int


@dataclass(slots=True)
class _Pool:
    """What one command's executions are drawn from: (duration_ns, failed, person)."""

    seen: int = 0
    kept: list[tuple[int, bool, float | None]] = field(default_factory=list)


def calibrate(
    executions: Iterable[Execution],
    settings: JudgeSettings,
    *,
    share: float = 10.0,
    runs: int = 60,
    fault_runs: int = 20,
    length: int = 5_000,
    faults: Sequence[Fault] = FAULTS,
    seed: int = 1,
    progress: Progress | None = None,
) -> Calibration:
    """Try the settings on a bot's own traffic.

    Args:
        executions: the recorded ones; legacy's are drawn from.
        settings: what to be sure of.
        share: percent of the new system, 0 to 100 exclusive.
        runs: without a fault.
        fault_runs: for each fault.
        length: executions of a run.
        faults: what to break.
        seed: of the dice.
        progress: called after each run with (done, all).

    Raises:
        BadValueError: no command has 20 executions of legacy, or a figure makes no sense.
    """
    if not 0.01 <= share <= 99.99:
        raise BadValueError("share", str(share), "percent from 0.01 to 99.99", "10")
    if min(runs, fault_runs, length) < 1:
        raise BadValueError("runs", str(min(runs, fault_runs, length)), "1 or more", "60")
    pools = _pools(executions, _dice(seed))
    table = _Table(pools, settings, share, length)
    total, done = runs + fault_runs * len(faults), 0

    def play(fault: Fault | None, run: int) -> tuple[int | None, bool]:
        nonlocal done
        found = table.play(_dice(f"{seed}/{fault.name if fault else 'none'}/{run}"), fault)
        done += 1
        if progress is not None:
            progress(done, total)
        return found

    false = sum(play(None, run)[0] is not None for run in range(runs))
    return Calibration(
        commands=tuple(pools),
        share=share,
        executions=length,
        false_runs=runs,
        false_rollbacks=false,
        false_high=highest_ratio(false, runs),
        detections=tuple(
            _detection(fault, [play(fault, run) for run in range(fault_runs)]) for fault in faults
        ),
        seed=seed,
    )


def _detection(fault: Fault, results: Sequence[tuple[int | None, bool]]) -> Detection:
    found = sorted(delay for delay, _ in results if delay is not None)
    runs = len(results)
    return Detection(
        fault=fault,
        runs=runs,
        found=len(found),
        median=_at(found, runs, 0.5),
        p90=_at(found, runs, 0.9),
        misplaced=sum(misplaced for _, misplaced in results),
    )


def _dice(seed: int | str) -> Random:
    return Random(seed)  # noqa: S311 - a simulation, which must be repeatable


def _at(found: Sequence[int], runs: int, level: float) -> int | None:
    """The quantile of all runs, those without a finding counted as endless."""
    place = ceil(level * runs) - 1
    return found[place] if place < len(found) else None


def _pools(executions: Iterable[Execution], dice: Random) -> dict[str, _Pool]:
    """A fair sample of each command's legacy executions, by name."""
    pools: dict[str, _Pool] = {}
    for execution in executions:
        command, system, outcome = execution.series
        if system != LEGACY or not (outcome is Outcome.OK or outcome in ERRORS):
            continue
        pool = pools.setdefault(command, _Pool())
        pool.seen += 1
        person = execution.trace.bucket if execution.trace is not None else None
        entry = (execution.duration_ns, outcome in ERRORS, person)
        if len(pool.kept) < _MOST_KEPT:
            pool.kept.append(entry)
        elif (place := dice.randrange(pool.seen)) < _MOST_KEPT:
            pool.kept[place] = entry
    enough = {name: pools[name] for name in sorted(pools) if pools[name].seen >= _FEWEST}
    if not enough:
        most = max((pool.seen for pool in pools.values()), default=0)
        allowed = f"a command with {_FEWEST} executions of legacy"
        raise BadValueError("history", f"at most {most} of one command", allowed, "a day of use")
    return enough


class _Table:
    """Deals a bot's executions out to two systems, and lets a judge watch."""

    def __init__(
        self, pools: dict[str, _Pool], settings: JudgeSettings, share: float, length: int
    ) -> None:
        self._pools, self._settings = pools, settings
        self._share, self._length = share, length
        self._names = list(pools)
        self._weights = list(accumulate(pool.seen for pool in pools.values()))

    def play(self, dice: Random, fault: Fault | None) -> tuple[int | None, bool]:
        """One run: executions of the new system until a rollback or None, and if misplaced."""
        judge = Judge(self._settings, commands=self._names)
        broken = None
        if fault is not None:
            broken = EVERYTHING
            if not fault.everywhere:
                broken = dice.choices(self._names, cum_weights=self._weights)[0]
        for execution in self._deal(dice, fault, broken):
            judge.observe(execution)
            if alarms := judge.alarms():
                verdicts = [judge.verdict(name) for name in sorted(alarms)]
                misplaced = broken not in (None, EVERYTHING) and broken not in alarms
                return min(verdict.new.executions for verdict in verdicts), misplaced
        return None, False

    def _deal(self, dice: Random, fault: Fault | None, broken: str | None) -> Iterator[Execution]:
        at_ns = 0
        off, flag = Trace(Reason.FLAG, _FLAG, 0.0), _FLAG
        for name in self._names:
            for _ in range(self._settings.min_baseline):
                duration_ns, bad, _ = dice.choice(self._pools[name].kept)
                at_ns += NS_PER_S
                yield _execution(at_ns, name, LEGACY, bad, duration_ns, off)
        persons: dict[float, float] = {}
        drawn = dice.choices(self._names, cum_weights=self._weights, k=self._length)
        for name in drawn:
            duration_ns, bad, person = dice.choice(self._pools[name].kept)
            bucket = dice.randrange(10_000) / 100
            if person is not None:
                bucket = persons.setdefault(person, bucket)  # somebody stays where they are
            new = round(bucket * 100) < round(self._share * 100)
            at_ns += NS_PER_S
            if new and fault is not None and broken in (name, EVERYTHING):
                bad = bad or dice.random() < fault.error_ratio
                duration_ns = round(duration_ns * fault.slower)
            trace = Trace(Reason.FLAG, flag, self._share, bucket)
            yield _execution(at_ns, name, "ddd" if new else LEGACY, bad, duration_ns, trace)


def _execution(
    at_ns: int, name: str, system: str, bad: bool, duration_ns: int, trace: Trace
) -> Execution:
    outcome = Outcome.FAILURE if bad else Outcome.OK
    return Execution(at_ns, Series(name, system, outcome), duration_ns, None, trace)
