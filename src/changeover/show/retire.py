"""Which legacy handlers nothing needs any more: by command, with the file and line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from changeover.core.cell import CellSlot
from changeover.core.clock import NS_PER_S
from changeover.core.model import LEGACY, UNKNOWN, CommandState

DAY_NS = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiree:
    """One command's legacy handler, and whether it may go.

    Attributes:
        command, category: which.
        legacy_at: `FILE:LINE` of its legacy handler; None where nobody told.
        legacy_calls, new_calls: executions of both systems in the days that were looked at.
        last_legacy_ns: an upper bound of when legacy last ran; None for not in the history.
        ready: whether the legacy handler may be removed.
        why: the reason, in one sentence.
    """

    command: str
    category: str | None
    legacy_at: str | None
    legacy_calls: int
    new_calls: int
    last_legacy_ns: int | None
    ready: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    legacy_calls: int = 0
    new_calls: int = 0
    last_legacy_ns: int | None = None


def retirees(
    states: Sequence[CommandState],
    slots: Sequence[CellSlot],
    *,
    step_ns: int,
    now_ns: int,
    days: int,
    fallback_share: float = 0.0,
) -> list[Retiree]:
    """Every registered command with a legacy handler, those that may lose it first.

    Args:
        states: the registered commands and where their calls go now.
        slots: what was executed, cut in steps, as far back as it is known.
        step_ns: the length of a step; "last run" is exact to it.
        now_ns: the wall clock.
        days: for how long legacy must not have run.
        fallback_share: percent of ids that legacy answers for when the new handler fails.
    """
    since_ns = now_ns - days * DAY_NS
    known_ns = min((slot.start_ns for slot in slots), default=now_ns)
    uses = _uses(slots, since_ns, step_ns, now_ns)
    found = [
        _judge(
            state,
            uses.get(state.command, _Use()),
            days=days,
            known_days=(now_ns - known_ns) / DAY_NS,
            fallback_share=fallback_share,
        )
        for state in states
        if state.has_legacy
    ]
    return sorted(found, key=lambda one: (not one.ready, one.category or "", one.command))


def _uses(
    slots: Iterable[CellSlot], since_ns: int, step_ns: int, now_ns: int
) -> Mapping[str, _Use]:
    uses: dict[str, _Use] = {}
    for slot in slots:
        ends_ns = slot.start_ns + step_ns
        for series, cell in slot.cells.items():
            before = uses.get(series.command, _Use())
            is_recent = ends_ns > since_ns
            count = cell.count if is_recent else 0
            if series.system == UNKNOWN:
                continue  # neither handler ran
            if series.system == LEGACY:
                last_ns = max(min(ends_ns, now_ns), before.last_legacy_ns or 0)
                uses[series.command] = _Use(
                    legacy_calls=before.legacy_calls + count,
                    new_calls=before.new_calls,
                    last_legacy_ns=last_ns,
                )
            else:
                uses[series.command] = _Use(
                    legacy_calls=before.legacy_calls,
                    new_calls=before.new_calls + count,
                    last_legacy_ns=before.last_legacy_ns,
                )
    return uses


def _judge(
    state: CommandState, use: _Use, *, days: int, known_days: float, fallback_share: float
) -> Retiree:
    obstacle = _obstacle(state, use, days, known_days, fallback_share)
    return Retiree(
        command=state.command,
        category=state.category,
        legacy_at=state.legacy_at,
        legacy_calls=use.legacy_calls,
        new_calls=use.new_calls,
        last_legacy_ns=use.last_legacy_ns,
        ready=obstacle is None,
        why=obstacle or f"legacy has not run for {days} days, new ran {use.new_calls} times",
    )


def _obstacle(
    state: CommandState, use: _Use, days: int, known_days: float, fallback_share: float
) -> str | None:
    times = "once" if use.legacy_calls == 1 else f"{use.legacy_calls} times"
    obstacles = (
        (not state.has_new, "there is no new implementation"),
        (state.share < 100, f"new answers only {state.share:g} % of the users"),
        (
            fallback_share > 0 and state.safe_to_repeat,
            "fallbackOnError is on: legacy answers when new fails",
        ),
        (use.legacy_calls > 0, f"legacy ran {times} in the last {days} days"),
        (known_days < days, f"only {known_days:.0f} of the {days} days are known"),
        (not use.new_calls, f"nobody called it in the last {days} days"),
    )
    return next((why for is_so, why in obstacles if is_so), None)
