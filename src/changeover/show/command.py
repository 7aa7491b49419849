"""One command's own page, as JSON: both systems closely, and what steers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from changeover.core.detail import CommandDetail, Distribution
from changeover.core.model import LEGACY, CommandState, Execution, Flip, Stats
from changeover.core.window import Window, format_moment
from changeover.show import units, views
from changeover.show.failures import failures_view
from changeover.show.schema import (
    SCHEMA_VERSION,
    FailureView,
    StatsView,
    TimelineView,
    WindowView,
)
from changeover.show.snapshot import timeline_view
from changeover.show.steering import FlipView, VerdictView, flip_view


class CommandSystemView(TypedDict):
    """One system's answers to the command.

    `distribution` holds pairs of an upper edge in milliseconds and a count, of the calls that
    ended well; edges ascend by a constant factor.
    """

    stats: StatsView
    distribution: list[list[float]]


class CommandDetailView(TypedDict):
    """`/api/commands/{name}`."""

    schema_version: int
    as_of: str
    window: WindowView
    command: str
    category: str | None
    registered: bool
    share_percent: float
    reason: str | None
    flag: str | None
    legacy_at: str | None
    new_at: str | None
    systems: dict[str, CommandSystemView]
    timeline: TimelineView
    failures: dict[str, list[FailureView]]
    verdict: VerdictView | None
    flips: list[FlipView]


def command_view(
    detail: CommandDetail,
    state: CommandState | None,
    *,
    window: Window,
    system: str,
    failures: Sequence[Execution],
    verdict: VerdictView | None,
    flips: Sequence[Flip],
    now_ns: int,
) -> CommandDetailView:
    """Put it in one dict.

    Args:
        detail: what was executed.
        state: how the command is registered; None for one that is not.
        window: what was asked for.
        system: the new system's name.
        failures: the newest, of any command.
        verdict: what the judge says of it, if it says something.
        flips: the changes that concern it, newest first.
        now_ns: the wall clock.
    """
    names = [LEGACY, system, *sorted(detail.by_system.keys() - {LEGACY, system})]
    own = [one for one in failures if one.series.command == detail.command]
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": format_moment(now_ns),
        "window": views.window_view(window, detail.coverage),
        "command": detail.command,
        "category": state.category if state else None,
        "registered": state is not None,
        "share_percent": units.share(state.share) if state else 0.0,
        "reason": state.reason.value if state else None,
        "flag": state.flag if state else None,
        "legacy_at": state.legacy_at if state else None,
        "new_at": state.new_at if state else None,
        "systems": {
            name: {
                "stats": views.stats_view(detail.by_system.get(name, Stats())),
                "distribution": _pairs(detail.distributions.get(name, ())),
            }
            for name in names
        },
        "timeline": timeline_view(detail.timeline, names),
        "failures": {
            name: failures_view(one for one in own if one.series.system == name) for name in names
        },
        "verdict": verdict,
        "flips": [flip_view(flip) for flip in flips],
    }


def _pairs(distribution: Distribution) -> list[list[float]]:
    return [[units.ms(edge_ns) or 0.0, count] for edge_ns, count in distribution]
