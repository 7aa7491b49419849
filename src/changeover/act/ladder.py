"""Whether one scope may go up now, and what it waits for; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from changeover.act.criteria import (
    Verdicts,
    missing_baseline,
    missing_proof,
    stands_against,
)
from changeover.act.plan import ScopePlan
from changeover.core.clock import NS_PER_S
from changeover.core.move import Freeze, Move, Stage
from changeover.core.quantity import format_duration
from changeover.core.window import format_moment

_WHOLE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is around a move.

    Attributes:
        now_ns: the wall clock.
        stopped: why everything is stopped; None when it is not.
        freeze: the one in force, or None.
        flag_share: what the flag says, whoever set it; None where nobody knows.
        set_by: who set it.
        gate: a switch that is off, or None.
        done: scopes that are done.
        ceiling: of a command taken back alone, the share of its category.
        nearest: the known name that a scope without commands may mean.
    """

    now_ns: int
    stopped: str | None = None
    freeze: Freeze | None = None
    flag_share: float | None = None
    set_by: str = "somebody"
    gate: str | None = None
    done: Collection[str] = ()
    ceiling: float | None = None
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes next: the share, or what it waits for."""

    waits_for: str | None = None
    share: float | None = None
    finishes: bool = False  # the watch at 100 % is over


def outlook(move: Move, way: ScopePlan, around: Situation, verdicts: Verdicts) -> Outlook:
    """What a scope does next, as far as nobody has to be asked."""
    if move.stage is Stage.DONE:
        return Outlook()
    waits_for = obstacle(move, way, around) or _shortfall(move, way, around, verdicts)
    if waits_for is not None:
        return Outlook(waits_for)
    if move.share >= _WHOLE:
        return Outlook(finishes=True)
    return Outlook(share=next_share(move, way, around))


def next_share(move: Move, way: ScopePlan, around: Situation) -> float | None:
    """The next rung; a command that was taken back alone goes no higher than its category."""
    rung = way.rung_above(move.share, move.retries)
    if rung is None or around.ceiling is None:
        return rung
    return min(rung, around.ceiling)


def obstacle(move: Move, way: ScopePlan, around: Situation) -> str | None:
    """What keeps it where it is, whatever the figures say; None when nothing does."""
    if around.stopped is not None:
        return f"the emergency stop to be lifted: {around.stopped}"
    if move.held_by is not None:
        return f"somebody to resume it; held by {move.held_by}: {move.held_because}"
    if around.freeze is not None:
        until = format_moment(around.freeze.until_ns)[:16] + "Z"
        return f"the end of the freeze at {until}: {around.freeze.reason}"
    if move.cooldown_until_ns is not None and move.cooldown_until_ns > around.now_ns:
        left = format_duration((move.cooldown_until_ns - around.now_ns) / NS_PER_S)
        return f"the end of the cool-down in {left}"
    return _misfit(move, way, around)


def _misfit(move: Move, way: ScopePlan, around: Situation) -> str | None:
    if not move.commands:
        hint = f"; did you mean {around.nearest}?" if around.nearest else ""
        return f"a command with a new handler in {move.scope}{hint}"
    if around.flag_share is not None and around.flag_share != move.share:
        told = f"{move.flag} was set to {around.flag_share:g}% by {around.set_by}"
        return f"somebody to resume it; {told}, and the plan is at {move.share:g}%"
    if around.gate is not None:
        return f"{around.gate} to be on: changeover flags set {around.gate} on"
    if waiting := [name for name in way.after if name not in around.done]:
        return f"{' and '.join(waiting)} to be done"
    if around.ceiling == 0:
        return f"{move.parent} to leave legacy"
    return None


def executions_on_rung(move: Move, verdicts: Verdicts) -> int:
    """Executions of the new system since the stage began; a judge that began anew starts at 0."""
    total = 0
    for name in move.commands:
        now = verdicts[name].new.executions if name in verdicts else 0
        before = move.seen.get(name, 0)
        total += now - before if now >= before else now
    return total


def seen(move: Move, verdicts: Verdicts) -> Mapping[str, int]:
    """What `executions_on_rung` counts from."""
    return {name: verdicts[name].new.executions for name in move.commands if name in verdicts}


def _shortfall(move: Move, way: ScopePlan, around: Situation, verdicts: Verdicts) -> str | None:
    commands = [name for name in move.commands if name not in move.rolled_back]
    if against := stands_against(commands, verdicts):
        return f"better figures: {against}"
    if move.share <= 0:
        return missing_baseline(commands, verdicts, way.criteria)
    is_whole = move.share >= _WHOLE
    least_s = way.bake_s if is_whole else way.min_time_s * 2.0**move.retries
    left_s = least_s - max(0, around.now_ns - (move.since_ns or 0)) / NS_PER_S
    if left_s > 0:
        what = "watch" if is_whole else "stage"
        return f"{format_duration(max(1.0, left_s))} more of this {what}"
    missing = way.min_executions - executions_on_rung(move, verdicts)
    if missing > 0:
        noun = "execution" if missing == 1 else "executions"
        return f"{missing} more {noun} of the new system at {move.share:g}%"
    if is_whole:
        gone = move.rolled_back
        return f"{' and '.join(gone)}, taken back alone, to join again" if gone else None
    return missing_proof(commands, verdicts, way.criteria)
