"""A judge over recorded executions: when would it have promoted, or rolled back?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from changeover.core.model import Execution
from changeover.core.verdict import EVERYTHING, Decision, Verdict, Verdicts
from changeover.judge.judge import Judge
from changeover.judge.settings import JudgeSettings

_LOOK_EVERY = 100  # executions; alarms are looked for after each one
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The first time that a scope would have been promoted, or rolled back.

    Attributes:
        at_ns: of the execution that did it.
        executions: how many of the log had been seen then, of all commands.
        verdict: what the judge said then; `verdict.new.executions` tells how many of the new
            system it took.
    """

    at_ns: int
    executions: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of a replay. The same log and settings give the same, byte for byte.

    Attributes:
        executions: how many there were.
        moments: in the order of the log.
        verdicts: at the end.
    """

    executions: int
    moments: Sequence[Moment]
    verdicts: Verdicts


def replay(
    executions: Iterable[Execution],
    settings: JudgeSettings,
    *,
    system: str = "ddd",
    commands: Sequence[str] = (),
    progress: Progress | None = None,
) -> Replay:
    """Run a judge over a log, with any settings.

    The log keeps its own shares: what was rolled back in truth has no executions afterwards.

    Args:
        executions: in their order.
        settings: what to be sure of.
        system: the new system's name.
        commands: those known from the start.
        progress: called with the number seen, every 1,000.
    """
    judge = Judge(settings, system=system, commands=commands)
    moments: list[Moment] = []
    alarmed: frozenset[str] = frozenset()
    promoted: set[str] = set()
    seen, at_ns = 0, 0
    recent: dict[str, None] = {}

    def look() -> None:
        for name in (*recent, EVERYTHING):
            if name not in promoted and judge.decision(name) is Decision.PROMOTE:
                promoted.add(name)
                moments.append(Moment(at_ns=at_ns, executions=seen, verdict=judge.verdict(name)))
        recent.clear()

    for execution in executions:
        judge.observe(execution)
        seen += 1
        at_ns = execution.at_ns
        recent[execution.series.command] = None
        alarms = judge.alarms()
        if alarms != alarmed:
            moments += [
                Moment(at_ns=at_ns, executions=seen, verdict=judge.verdict(name))
                for name in sorted(alarms - alarmed)
            ]
            alarmed = alarms
        if seen % _LOOK_EVERY == 0:
            look()
        if progress is not None and seen % 1_000 == 0:
            progress(seen)
    look()
    return Replay(executions=seen, moments=tuple(moments), verdicts=judge.verdicts())
