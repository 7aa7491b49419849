"""The one read model: everything the page, the command line and the exporters show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from changeover.core.alerting import Silence
from changeover.core.clock import NS_PER_S
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import (
    LEGACY,
    Alert,
    CommandState,
    Execution,
    MetricQuery,
    MetricType,
    Page,
    Stats,
    Summary,
    Timeline,
)
from changeover.core.window import Window, format_moment
from changeover.show import units, views
from changeover.show.calibration import calibration_view
from changeover.show.failures import failures_view
from changeover.show.flips import flip_view
from changeover.show.gateway import gateway_view
from changeover.show.readings import Readings, Steering
from changeover.show.schema import (
    SCHEMA_VERSION,
    AlertsView,
    CommandView,
    HealthPart,
    SnapshotView,
    SteeringPart,
    TimelineSystem,
    TimelineView,
)
from changeover.show.steering import (
    channel_view,
    freeze_view,
    halt_view,
    move_view,
    silence_view,
    verdict_view,
    window_view,
)

PAST_ALERTS = 20
NEWEST_FAILURES = 200
NEWEST_FLIPS = 50
_NO_STATS = Stats()

T = TypeVar("T")


def snapshot(readings: Readings, window: Window, now_ns: int) -> SnapshotView:
    """Read everything once and put it in one dict.

    The timeline and the single failures may need a store that is away: then they are empty,
    `unavailable` names them, and the rest is there. Raises what `readings.summary` raises.
    """
    summary = readings.summary(window)
    commands = readings.commands()
    resource = readings.resource()
    report = readings.health()
    unavailable: list[str] = []
    timeline = _or_none("timeline", lambda: readings.timeline(window), unavailable)
    failures = _or_none(
        "failures", lambda: newest_failures(readings, summary.coverage.start_ns), unavailable
    )
    names = _system_names(readings.system, summary)
    health: HealthPart = {
        "status": report.status.value,
        "checks": [views.check_view(check) for check in report.checks],
        "uptime_s": round(report.uptime_s, 3),
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": format_moment(now_ns),
        "version": report.version,
        "instance": report.instance,
        "window": views.window_view(window, summary.coverage),
        "systems": {"legacy": LEGACY, "new": readings.system},
        "health": health,
        "totals": views.stats_view(summary.total),
        "by_system": {
            name: views.stats_view(summary.by_system.get(name, _NO_STATS)) for name in names
        },
        "commands": commands_view(commands, summary, readings.system),
        "migration": views.migration_view(commands),
        "timeline": timeline_view(timeline, names),
        "resources": views.resources_view(resource, now_ns),
        "gateway": gateway_view(readings.gateway(window.seconds)),
        "flags": [views.flag_view(flag, now_ns) for flag in readings.flags()],
        "alerts": alerts_view(
            *readings.alerts(PAST_ALERTS),
            readings.thresholds,
            silences=_silences(readings.steering),
            now_ns=now_ns,
        ),
        **_steering(readings.steering, unavailable),
        "failures": [] if failures is None else failures_view(failures),
        "dropped": dict(readings.dropped()),
        "unavailable": unavailable,
    }


def commands_view(
    states: Sequence[CommandState], summary: Summary, system: str
) -> list[CommandView]:
    """Every registered command, then those that were recorded without being registered."""
    registered = {state.command: state for state in states}
    strangers = sorted(summary.by_command.keys() - registered)
    systems: dict[str, dict[str, Stats]] = {}
    for (command, other), stats in sorted(summary.by_command_and_system.items()):
        systems.setdefault(command, {LEGACY: _NO_STATS, system: _NO_STATS})[other] = stats
    return [
        _command_row(
            name,
            registered.get(name),
            summary.by_command.get(name, _NO_STATS),
            systems.get(name, {LEGACY: _NO_STATS, system: _NO_STATS}),
        )
        for name in [*registered, *strangers]
    ]


def timeline_view(timeline: Timeline | None, systems: Sequence[str]) -> TimelineView:
    """The timeline as columns of equal length; empty columns without one."""
    slots = timeline.slots if timeline else ()
    return {
        "step_s": timeline.step_ns / NS_PER_S if timeline else 0.0,
        "start": [slot.start_ns / NS_PER_S for slot in slots],
        "systems": {
            name: _timeline_system([slot.by_system.get(name, _NO_STATS) for slot in slots])
            for name in systems
        },
        "memory_mb": [units.mb(slot.rss_bytes_max) for slot in slots],
        "loop_lag_ms": [units.ms(slot.loop_lag_ns_max) for slot in slots],
    }


def alerts_view(
    active: Sequence[Alert],
    past: Sequence[Alert],
    thresholds: Mapping[str, float],
    *,
    silences: Sequence[Silence] = (),
    now_ns: int = 0,
) -> AlertsView:
    """The alerts, and the thresholds under the names of the figures they are compared with."""
    return {
        "active": [views.alert_view(alert, silences, now_ns) for alert in active],
        "past": [views.alert_view(alert) for alert in past],
        "thresholds": {
            "error_rate": units.finite(thresholds.get("error_ratio")),
            "response_time_ms": units.finite(thresholds.get("response_time_ms")),
            "memory_mb": units.finite(thresholds.get("memory_mb")),
        },
    }


def newest_failures(readings: Readings, since_ns: int) -> Sequence[Execution]:
    """The newest executions that count as errors, of all commands."""
    query = MetricQuery(
        MetricType.COMMAND_EXECUTION, since_ns=since_ns, limit=NEWEST_FAILURES, errors_only=True
    )
    page: Page = readings.newest(query)
    return [record for _, record in page.records if isinstance(record, Execution)]


def _steering(steering: Steering | None, unavailable: list[str]) -> SteeringPart:
    """What steers. What the store could not give is empty, and `unavailable` names it."""
    part: SteeringPart = {
        "moves": [], "verdicts": [], "flips": [], "stopped": None, "freezes": [],
        "channels": [], "silences": [], "maintenance": [], "calibration": None,
    }  # fmt: skip
    if steering is None:
        return part

    def read(name: str, look: Callable[[], Sequence[T]]) -> Sequence[T]:
        return _or_none(name, look, unavailable) or ()

    part["moves"] = [move_view(move) for move in read("moves", steering.moves)]
    part["verdicts"] = [verdict_view(*one) for one in read("verdicts", steering.verdicts)]
    part["flips"] = [
        flip_view(flip) for flip in read("flips", lambda: steering.flips(NEWEST_FLIPS, None))
    ]
    part["stopped"] = halt_view(_or_none("stopped", steering.halt, unavailable))
    part["freezes"] = [freeze_view(one) for one in read("freezes", steering.freezes)]
    part["channels"] = [channel_view(one) for one in read("channels", steering.channels)]
    part["silences"] = [silence_view(one) for one in read("silences", steering.silences)]
    part["maintenance"] = [window_view(one) for one in read("maintenance", steering.maintenance)]
    part["calibration"] = calibration_view(
        _or_none("calibration", steering.calibration, unavailable)
    )
    return part


def _silences(steering: Steering | None) -> list[Silence]:
    """All that may withhold messages; none while the store is away, which then says so."""
    if steering is None:
        return []
    try:
        return [*steering.silences(), *steering.maintenance()]
    except StoreUnavailableError:
        return []


def _or_none(name: str, read: Callable[[], T], unavailable: list[str]) -> T | None:
    try:
        return read()
    except StoreUnavailableError:
        unavailable.append(name)
        return None


def _system_names(new: str, summary: Summary) -> list[str]:
    return [LEGACY, new, *sorted(summary.by_system.keys() - {LEGACY, new})]


def _command_row(
    name: str, state: CommandState | None, total: Stats, systems: Mapping[str, Stats]
) -> CommandView:
    return {
        "command": name,
        "category": None if state is None else state.category,
        "registered": state is not None,
        "has_legacy": state is not None and state.has_legacy,
        "has_new": state is not None and state.has_new,
        "share_percent": 0.0 if state is None else units.share(state.share),
        "reason": None if state is None else state.reason.value,
        "flag": None if state is None else state.flag,
        "total": views.stats_view(total),
        "systems": {other: views.stats_view(stats) for other, stats in systems.items()},
    }


def _timeline_system(column: Sequence[Stats]) -> TimelineSystem:
    return {
        "count": [stats.total for stats in column],
        "error_rate": [units.finite(stats.error_ratio) for stats in column],
        "p50_ms": [units.ms(stats.p50_ns) for stats in column],
        "p95_ms": [units.ms(stats.p95_ns) for stats in column],
    }
