"""The exposition for Prometheus: running totals and latency histograms in base units.

A custom collector over the readings; it owns no state, and nothing of it is on the bot's road.
"""

from __future__ import annotations

import platform
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from changeover.core.cell import Cell, Cells
from changeover.core.clock import NS_PER_S
from changeover.core.histogram import Histogram, bucket_middle
from changeover.core.model import (
    Alert,
    Check,
    CommandState,
    FlagState,
    ResourceSample,
    Status,
)
from changeover.show import views
from changeover.show.readings import HealthReport, Readings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Discord wants an answer in 3 s, so the steps are fine around one second.
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
_BOUNDS_NS = tuple(bound * NS_PER_S for bound in BOUNDS_S)
_LABELS = tuple(str(bound) for bound in BOUNDS_S)


def exposition(readings: Readings, now_ns: int) -> bytes:
    """Everything in the text format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reading(readings, now_ns))
    return generate_latest(registry)


def cumulative(histograms: Iterable[Histogram]) -> list[tuple[str, float]]:
    """Pairs of upper bound and number of values up to it over all of them, `+Inf` last.

    A value counts by the middle of the bucket it fell in, at most 0.8 % from where it was.
    """
    counts = [0] * (len(_BOUNDS_NS) + 1)
    for histogram in histograms:
        for bucket, times in histogram.counts.items():
            counts[_place(bucket)] += times
    return list(zip((*_LABELS, "+Inf"), map(float, accumulate(counts)), strict=True))


@cache  # there are some 2 500 buckets between a microsecond and an hour
def _place(bucket: int) -> int:
    return bisect_left(_BOUNDS_NS, bucket_middle(bucket))


class _Reading(Collector):
    """One scrape."""

    def __init__(self, readings: Readings, now_ns: int) -> None:
        self._readings = readings
        self._now_ns = now_ns

    def collect(self) -> Iterator[Metric]:
        readings = self._readings
        totals = readings.totals()
        active, _ = readings.alerts(0)
        yield executions(totals)
        yield durations(totals)
        yield from health(readings.health())
        yield from flags(readings.flags())
        yield from commands(readings.commands())
        yield from resources(readings.resource(), self._now_ns)
        yield alerts(active)
        yield dropped(readings.dropped())
        yield routes(readings.routes())


def executions(totals: Cells) -> Metric:
    """`changeover_command_executions_total{command,system,outcome}`."""
    family = CounterMetricFamily(
        "changeover_command_executions",
        "Finished command executions.",
        labels=("command", "system", "outcome"),
    )
    counts: Counter[tuple[str, str, str]] = Counter()
    for (command, system, outcome), cell in totals.items():
        counts[_text(command), _text(system), outcome.value] += cell.count
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family


def durations(totals: Cells) -> Metric:
    """`changeover_command_duration_seconds{command,system}`, over all outcomes."""
    cells: dict[tuple[str, str], list[Cell]] = {}
    for (command, system, _), cell in totals.items():
        cells.setdefault((_text(command), _text(system)), []).append(cell)
    family = HistogramMetricFamily(
        "changeover_command_duration_seconds",
        "How long command executions took, whatever their outcome.",
        labels=("command", "system"),
    )
    for labels, parts in cells.items():
        seconds = sum(cell.sum_ns for cell in parts) / NS_PER_S
        family.add_metric(labels, cumulative(cell.histogram for cell in parts), seconds)
    return family


def health(report: HealthReport) -> Iterator[Metric]:
    """What runs here, and how well."""
    build = GaugeMetricFamily(
        "changeover_build_info",
        "The version that runs; always 1.",
        labels=("version", "python_version", "instance_name"),
    )
    build.add_metric((report.version, platform.python_version(), _text(report.instance)), 1)
    yield build
    yield _gauge("changeover_uptime_seconds", "Time since the monitor started.", report.uptime_s)
    yield _gauge("changeover_ready", "Whether the bot does its work yet.", report.ready)
    yield _gauge(
        "changeover_bot_loop_blocked", "Whether the bot's event loop is blocked.",
        report.loop_blocked,
    )  # fmt: skip
    yield _checks(report.checks)


def flags(states: Sequence[FlagState]) -> Iterator[Metric]:
    """The share of ids that each flag is on for."""
    family = GaugeMetricFamily(
        "changeover_flag_share_ratio",
        "The share of ids a flag is on for, 0 to 1.",
        labels=("flag", "source"),
    )
    for state in states:
        family.add_metric((_text(state.name), _text(state.source)), state.share / 100)
    yield family


def commands(states: Sequence[CommandState]) -> Iterator[Metric]:
    """How far the move is."""
    migration = views.migration_view(states)
    yield _gauge("changeover_commands", "Registered commands.", migration["total"])
    yield _gauge(
        "changeover_commands_with_new", "Registered commands with a new implementation.",
        migration["with_new"],
    )  # fmt: skip
    yield _gauge(
        "changeover_commands_on_new", "Registered commands that run wholly on the new system.",
        migration["on_new"],
    )  # fmt: skip
    family = GaugeMetricFamily(
        "changeover_command_share_ratio",
        "The share of ids that the new system answers, 0 to 1.",
        labels=("command",),
    )
    for state in states:
        family.add_metric((_text(state.command),), state.share / 100)
    yield family


def resources(sample: ResourceSample | None, now_ns: int) -> Iterator[Metric]:
    """The latest sample. A stale one gives nothing but its age: old figures are no present ones."""
    if sample is None:
        return
    age_s = max(0, now_ns - sample.at_ns) / NS_PER_S
    yield _gauge("changeover_resource_age_seconds", "Age of the latest resource sample.", age_s)
    if views.is_stale(sample, now_ns):
        return
    for name, text, value in _resource_rows(sample):
        if value is not None:
            yield _gauge(name, text, value)


def alerts(active: Sequence[Alert]) -> Metric:
    """One gauge at 1 for each active alert."""
    family = GaugeMetricFamily(
        "changeover_alert_active",
        "Alerts that are pending or firing.",
        labels=("key", "rule", "severity", "phase"),
    )
    for alert in active:
        labels = (alert.key, alert.rule, alert.severity, alert.phase.value)
        family.add_metric([_text(label) for label in labels], 1)
    return family


def dropped(counts: Mapping[str, int]) -> Metric:
    """What the monitor had to drop."""
    family = CounterMetricFamily(
        "changeover_dropped_records", "Records the monitor dropped.", labels=("reason",)
    )
    for reason, count in counts.items():
        family.add_metric((_text(reason),), count)
    return family


def routes(counts: Mapping[str, int]) -> Metric:
    """Why calls went where they went."""
    family = CounterMetricFamily(
        "changeover_routed_calls", "Calls routed, by the reason for the choice.", labels=("reason",)
    )
    for reason, count in counts.items():
        family.add_metric((_text(reason),), count)
    return family


def _checks(checks: Iterable[Check]) -> Metric:
    family = GaugeMetricFamily(
        "changeover_check_healthy", "Whether a health check is healthy.", labels=("check",)
    )
    healthy = {_text(check.name): check.status is Status.HEALTHY for check in checks}
    for name, is_healthy in healthy.items():
        family.add_metric((name,), is_healthy)
    return family


def _resource_rows(sample: ResourceSample) -> Iterator[tuple[str, str, float | None]]:
    name = "changeover_{}".format
    yield name("resident_memory_bytes"), "Resident memory of the process.", sample.rss_bytes
    yield name("memory_limit_bytes"), "The cgroup's memory limit.", sample.memory_limit_bytes
    yield (
        name("cpu_machine_ratio"),
        "Processor time used, of all cores, 0 to 1.",
        _hundredth(sample.cpu_machine_percent),
    )
    yield (
        name("cpu_core_ratio"),
        "Processor time used, in cores.",
        _hundredth(sample.cpu_core_percent),
    )
    yield name("threads"), "Threads of the process.", sample.threads
    yield name("open_files"), "Open files of the process.", sample.open_files
    yield (
        name("gc_pause_max_seconds"),
        "The longest garbage collection in the sample's interval.",
        sample.gc_pause_max_ns / NS_PER_S,
    )
    if sample.loop_lag_ns is not None:
        yield (
            name("event_loop_lag_seconds"),
            "The worst lag of the bot's event loop in the sample's interval.",
            sample.loop_lag_ns / NS_PER_S,
        )


def _hundredth(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _text(label: str) -> str:
    """A label that UTF-8 can hold; a lone surrogate becomes a question mark."""
    return label.encode("utf-8", "replace").decode()
