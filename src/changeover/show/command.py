"""One command's own page, as JSON: both systems closely, and what steers it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from changeover.core.detail import CommandDetail, Distribution
from changeover.core.model import LEGACY, CommandState, Execution, Flip, Stats
from changeover.core.window import Window, format_moment
from changeover.show import units, views
from changeover.show.failures import failures_view
from changeover.show.flips import flip_view
from changeover.show.problems import RefusedError
from changeover.show.readings import Readings
from changeover.show.schema import SCHEMA_VERSION, CommandDetailView, VerdictView
from changeover.show.snapshot import NEWEST_FLIPS, newest_failures, timeline_view
from changeover.show.steering import flips_of, verdict_view

_FLIPS_LOOKED_AT = 500


def read_command(readings: Readings, name: str, window: Window, now_ns: int) -> CommandDetailView:
    """Read all that concerns one command.

    Raises:
        RefusedError: 404, nobody registered or called it; or nobody judges here.
        StoreUnavailableError: the store cannot answer now.
    """
    steering = readings.steering
    state = next((one for one in readings.commands() if one.command == name), None)
    detail = steering.detail(name, window) if steering else None
    if steering is None or detail is None or (state is None and not detail.by_system):
        raise RefusedError(
            HTTPStatus.NOT_FOUND, "unknown_command", "nobody registered or called this command",
            parameter="name", value=name, allowed="a command of /api/snapshot", example="ping",
        )  # fmt: skip
    verdicts = {verdict.scope: (verdict, curve) for verdict, curve in steering.verdicts()}
    flags = [state.flag] if state and state.flag else []
    return command_view(
        detail,
        state,
        window=window,
        system=readings.system,
        failures=newest_failures(readings, detail.coverage.start_ns),
        verdict=verdict_view(*verdicts[name]) if name in verdicts else None,
        flips=flips_of(name, flags, steering.flips(_FLIPS_LOOKED_AT, None))[:NEWEST_FLIPS],
        now_ns=now_ns,
    )


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
