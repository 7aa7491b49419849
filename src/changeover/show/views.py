"""From the model to JSON-ready dicts: pure functions, one for each noun that is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from changeover.core.alerting import Silence
from changeover.core.clock import NS_PER_S
from changeover.core.model import (
    Alert,
    Check,
    CommandState,
    Coverage,
    FlagState,
    Outcome,
    ResourceSample,
    Stats,
    Summary,
    Timeline,
)
from changeover.core.window import Window, format_moment
from changeover.show import units
from changeover.show.readings import HealthReport
from changeover.show.schema import (
    SCHEMA_VERSION,
    AlertView,
    CheckView,
    ExecutionsView,
    FlagsDetail,
    FlagView,
    HealthView,
    MigrationView,
    ReadyView,
    ResourcesView,
    ResourceUsageView,
    SeriesView,
    StatsView,
    SummaryView,
    WindowView,
)

STALE_AFTER_S = 90.0  # three samples of 30 s missed
FLAGS_KEY = "_flags"  # reserved in `/health/features`; a flag of that name is in its details


def stats_view(stats: Stats) -> StatsView:
    """One set of executions; with every outcome, 0 where it did not occur."""
    return {
        "total": stats.total,
        "by_outcome": {outcome.value: stats.by_outcome.get(outcome, 0) for outcome in Outcome},
        "errors": stats.errors,
        "error_rate": units.finite(stats.error_ratio),
        "status": "ok" if stats.total else "no_data",
        "mean_ms": units.ms(stats.mean_ns),
        "p50_ms": units.ms(stats.p50_ns),
        "p95_ms": units.ms(stats.p95_ns),
        "p99_ms": units.ms(stats.p99_ns),
        "max_ms": units.ms(stats.max_ns),
    }


def window_view(window: Window, coverage: Coverage) -> WindowView:
    """What was asked for and what was counted."""
    return {
        "text": window.text,
        "seconds": window.seconds,
        "counted_from": format_moment(coverage.start_ns),
        "counted_to": format_moment(coverage.end_ns),
        "exact_to": "event" if coverage.exact_to_event else "slot",
    }


def migration_view(commands: Sequence[CommandState]) -> MigrationView:
    """How far the move is, computed from the registry: moved means that all ids are."""
    on_new = sum(_is_moved(state) for state in commands)
    total = len(commands)
    return {
        "total": total,
        "with_new": sum(state.has_new for state in commands),
        "on_new": on_new,
        "percent": round(100 * on_new / total, 1) if total else None,
        "complete": 0 < total == on_new,
        "missing": sorted(state.command for state in commands if not state.has_new),
    }


def summary_view(
    summary: Summary,
    *,
    window: Window,
    timeline: Timeline | None,
    resource: ResourceSample | None,
    commands: Sequence[CommandState],
    now_ns: int,
) -> SummaryView:
    """`/health/commands`. Without a timeline, the memory's mean and peak are unknown."""
    migration = migration_view(commands)
    shares = {state.command: units.share(state.share) for state in commands}
    return {
        "schema_version": SCHEMA_VERSION,
        "timestamp": format_moment(now_ns),
        "window": window_view(window, summary.coverage),
        "command_executions": executions_view(summary),
        "resource_usage": resource_usage_view(resource, timeline, now_ns),
        "commands_migrated": migration["on_new"],
        "migration_complete": migration["complete"],
        "migration": {**migration, "percent_by_command": shares},
    }


def executions_view(summary: Summary) -> ExecutionsView:
    """`command_executions`: the reference's counts, and the full figures beside them."""
    total = stats_view(summary.total)
    return {
        **total,
        "by_system": {name: stats.total for name, stats in summary.by_system.items()},
        "by_command": {name: stats.total for name, stats in summary.by_command.items()},
        "avg_duration": total["mean_ms"],
        "systems": {name: stats_view(stats) for name, stats in summary.by_system.items()},
        "commands": {name: stats_view(stats) for name, stats in summary.by_command.items()},
        "series": [
            _series_view(command, system, stats)
            for (command, system), stats in sorted(summary.by_command_and_system.items())
        ],
    }


def resource_usage_view(
    sample: ResourceSample | None, timeline: Timeline | None, now_ns: int
) -> ResourceUsageView:
    """`resource_usage`: memory over the window, and the latest sample with its age."""
    latest = resources_view(sample, now_ns)
    slots = timeline.slots if timeline else ()
    sizes = [slot.rss_bytes_max for slot in slots if slot.rss_bytes_max is not None]
    is_stale = latest["stale"]
    status = "no_data" if sample is None else "stale" if is_stale else "ok"
    return {
        "status": status,  # type: ignore[typeddict-item]  # a literal, through two conditions
        "avg_memory_mb": units.mb(sum(sizes) / len(sizes)) if sizes else None,
        "peak_memory_mb": units.mb(max(sizes)) if sizes else None,
        "current_memory_mb": None if is_stale else latest["memory_mb"],
        "last_memory_mb": latest["memory_mb"],
        "memory_limit_mb": latest["memory_limit_mb"],
        "cpu_usage_percent": latest["cpu_machine_percent"],
        "cpu_core_percent": latest["cpu_core_percent"],
        "loop_lag_ms": latest["loop_lag_ms"],
        "age_s": latest["age_s"],
        "stale": is_stale,
    }


def resources_view(sample: ResourceSample | None, now_ns: int) -> ResourcesView:
    """The latest sample; all null before the first, which is not called stale."""
    if sample is None:
        return _NO_RESOURCES.copy()
    age_s = units.age_s(sample.at_ns, now_ns)
    return {
        "memory_mb": units.mb(sample.rss_bytes),
        "memory_limit_mb": units.mb(sample.memory_limit_bytes),
        "cpu_machine_percent": units.finite(sample.cpu_machine_percent, 2),
        "cpu_core_percent": units.finite(sample.cpu_core_percent, 2),
        "threads": sample.threads,
        "open_files": sample.open_files,
        "gc_pause_max_ms": units.ms(sample.gc_pause_max_ns),
        "loop_lag_ms": units.ms(sample.loop_lag_ns),
        "age_s": age_s,
        "stale": is_stale(sample, now_ns),
    }


def is_stale(sample: ResourceSample, now_ns: int) -> bool:
    """Whether a sample is too old to pass for the present."""
    return now_ns - sample.at_ns > STALE_AFTER_S * NS_PER_S


def flag_view(flag: FlagState, now_ns: int) -> FlagView:
    """One flag with its source and, for one from the store, its age."""
    return {
        "name": flag.name,
        "share_percent": units.share(flag.share),
        "enabled": flag.is_on,
        "source": flag.source,
        "known": flag.known,
        "nearest": flag.nearest,
        "updated_at": units.moment(flag.updated_ns),
        "age_s": units.age_s(flag.updated_ns, now_ns),
        "actor": flag.actor,
        "reason": flag.reason,
        "version": flag.version,
    }


def features_view(flags: Iterable[FlagState], now_ns: int) -> dict[str, bool | FlagsDetail]:
    """`/health/features`: every flag on or off as in the reference, details under `_flags`.

    A flag that is on for a share of the ids is on. The reserved key starts with an
    underscore, so that only a flag with that very name could meet it.
    """
    details = [flag_view(flag, now_ns) for flag in flags]
    reserved: FlagsDetail = {
        "schema_version": SCHEMA_VERSION,
        "timestamp": format_moment(now_ns),
        "details": details,
    }
    return {**{flag["name"]: flag["enabled"] for flag in details}, FLAGS_KEY: reserved}


def alert_view(alert: Alert, silences: Sequence[Silence] = (), now_ns: int = 0) -> AlertView:
    """One alert, and whether something withholds its messages now."""
    return {
        "key": alert.key,
        "rule": alert.rule,
        "phase": alert.phase.value,
        "severity": alert.severity,
        "summary": alert.summary,
        "value": units.finite(alert.value),
        "threshold": units.finite(alert.threshold),
        "unit": alert.unit,
        "labels": dict(alert.labels),
        "since": units.moment(alert.since_ns),
        "fired_at": units.moment(alert.fired_ns),
        "resolved_at": units.moment(alert.resolved_ns),
        "peak": units.finite(alert.peak),
        "acknowledged_at": units.moment(alert.acknowledged_ns),
        "acknowledged_by": alert.acknowledged_by,
        "silenced": any(one.holds(now_ns) and one.matches(alert) for one in silences),
        "runbook": alert.runbook,
        "episode": alert.episode,
    }


def check_view(check: Check) -> CheckView:
    """One thing that was looked at."""
    return {
        "name": check.name,
        "status": check.status.value,
        "detail": check.detail,
        "age_s": units.finite(check.age_s, 1),
    }


def health_view(report: HealthReport, now_ns: int) -> HealthView:
    """`/health` in full: the reference's four fields, and why."""
    return {
        "status": report.status.value,
        "uptime": round(report.uptime_s, 3),
        "timestamp": format_moment(now_ns),
        "version": report.version,
        "instance": report.instance,
        "ready": report.ready,
        "checks": [check_view(check) for check in report.checks],
        "schema_version": SCHEMA_VERSION,
    }


def ready_view(report: HealthReport, now_ns: int) -> ReadyView:
    """`/health/ready`."""
    return {
        "status": "ready" if report.ready else "not_ready",
        "timestamp": format_moment(now_ns),
    }


_NO_RESOURCES: ResourcesView = {
    "memory_mb": None,
    "memory_limit_mb": None,
    "cpu_machine_percent": None,
    "cpu_core_percent": None,
    "threads": None,
    "open_files": None,
    "gc_pause_max_ms": None,
    "loop_lag_ms": None,
    "age_s": None,
    "stale": False,
}


def _series_view(command: str, system: str, stats: Stats) -> SeriesView:
    return {"command": command, "system": system, **stats_view(stats)}


def _is_moved(state: CommandState) -> bool:
    return state.has_new and state.share >= 100
