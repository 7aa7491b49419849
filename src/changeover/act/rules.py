"""Alert rules as data, and what a rule reads from a summary or a sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.errors import BadValueError
from changeover.core.model import ResourceSample, Stats, Summary
from changeover.core.window import Window, parse_window

WARNING, CRITICAL = "warning", "critical"
SHORTEST_REPEAT_S = 300  # the reference's gap between two messages of one alert

ERROR_RATIO, RESPONSE_MS, MEMORY_MB = "error_ratio", "response_mean_ms", "memory_rss_mb"
METRICS = (ERROR_RATIO, RESPONSE_MS, MEMORY_MB)

_BYTES_PER_MB = 1024 * 1024  # as in the reference
_FIVE_MINUTES = parse_window("5m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When somebody should be told.

    Attributes:
        name: unique; the alert's key begins with it, and `alerts.log` calls it `type`.
        metric: one of `METRICS`.
        unit: `ratio`, `ms` or `MB`; of the thresholds and of every value read.
        warning, critical: a value above is that severe; critical may be None.
        window: how far back the summary looks; None for the newest sample.
        min_executions: with fewer in the window there is no value (1 of 1 failing is no alert).
        for_s: how long a threshold must be exceeded before the alert fires.
        keep_firing_s: how long the value must be fine before the alert resolves. A value
            that swings round the threshold is therefore one alert.
        repeat_s: the time between reminders, 300 or more.
        labels: which executions: `command`, `system`, both, or all of them.

    Raises:
        BadValueError: for figures that make no rule.
    """

    name: str
    metric: str
    unit: str
    warning: float
    critical: float | None = None
    window: Window | None = _FIVE_MINUTES
    min_executions: int = 20
    for_s: float = 0.0
    keep_firing_s: float = 300.0
    repeat_s: float = 4 * 3_600.0
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise BadValueError("metric", self.metric, "one of " + ", ".join(METRICS), METRICS[0])
        if not self.repeat_s >= SHORTEST_REPEAT_S:
            raise BadValueError("repeat", str(self.repeat_s), "300 s or more", "14400")
        if self.critical is not None and not self.critical > self.warning:
            raise BadValueError("critical", str(self.critical), f"above {self.warning:g}", "0.1")

    def severity(self, value: float) -> str | None:
        """`critical`, `warning`, or None for a value that is fine."""
        if self.critical is not None and value > self.critical:
            return CRITICAL
        return WARNING if value > self.warning else None

    def threshold(self, severity: str) -> float:
        """The value above which an alert is that severe."""
        if severity == CRITICAL and self.critical is not None:
            return self.critical
        return self.warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a rule saw.

    Attributes:
        value: in the rule's unit; None when there is no data, too little, or a failure.
        executions: how many stand behind it; 0 for a sample.
        labels: of the series that was read; with the rule's name they make the alert's key.
        failed: the question itself failed, so that nothing is known.
    """

    value: float | None = None
    executions: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False


def built_in_rules(
    *,
    error_ratio: float | None = 0.01,
    response_time_ms: float | None = 1_000.0,
    memory_mb: float | None = 1_000.0,
    min_executions: int = 20,
    for_s: float = 0.0,
    keep_firing_s: float = 300.0,
    repeat_s: float = 4 * 3_600.0,
) -> list[Rule]:
    """The reference's three rules. A threshold given is the warning step; None leaves a rule out.

    The critical steps: ten times the error rate (the plan of the move warns at 0.1 % and calls
    1 % critical), none where that is no ratio; three times the mean response time (of the
    default 1 s that is Discord's deadline for an answer, 3 s); 1.2 times the memory (the plan's
    +25 % and +50 % over the baseline are 1.2 apart).
    """
    timing: dict[str, Any] = {"for_s": for_s, "keep_firing_s": keep_firing_s, "repeat_s": repeat_s}
    rules: list[Rule] = []
    if error_ratio is not None:
        critical = 10 * error_ratio if 0 < 10 * error_ratio < 1 else None
        rules.append(
            Rule(
                name="error_rate", metric=ERROR_RATIO, unit="ratio", warning=error_ratio,
                critical=critical, min_executions=min_executions, **timing,
            )
        )  # fmt: skip
    if response_time_ms is not None:
        rules.append(
            Rule(
                name="response_time", metric=RESPONSE_MS, unit="ms", warning=response_time_ms,
                critical=3 * response_time_ms or None, min_executions=min_executions, **timing,
            )
        )  # fmt: skip
    if memory_mb is not None:
        rules.append(
            Rule(
                name="memory", metric=MEMORY_MB, unit="MB", warning=memory_mb,
                critical=1.2 * memory_mb or None, window=None, min_executions=0, **timing,
            )
        )  # fmt: skip
    return rules


def read(
    rule: Rule,
    summary: Summary | None,
    resource: ResourceSample | None,
    now_ns: int,
    *,
    stale_after_s: float = 90.0,
) -> Reading:
    """What the rule sees now.

    Args:
        rule: which metric, of which executions.
        summary: of the rule's window; not looked at by a rule of samples.
        resource: the newest sample; not looked at by a rule of executions.
        now_ns: the wall clock.
        stale_after_s: a sample older than this says nothing about now. One from the future
            (the clock was set back) is as good as new.
    """
    if rule.metric == MEMORY_MB:
        return Reading(value=_memory_mb(resource, now_ns, stale_after_s), labels=rule.labels)
    stats = _stats(summary, rule.labels) if summary is not None else None
    if stats is None or stats.total < max(1, rule.min_executions):
        return Reading(executions=stats.total if stats else 0, labels=rule.labels)
    value = stats.error_ratio
    if rule.metric == RESPONSE_MS:
        value = None if stats.mean_ns is None else stats.mean_ns / NS_PER_MS
    return Reading(value=_finite(value), executions=stats.total, labels=rule.labels)


def _stats(summary: Summary, labels: Mapping[str, str]) -> Stats | None:
    command, system = labels.get("command"), labels.get("system")
    if command is not None and system is not None:
        return summary.by_command_and_system.get((command, system))
    if command is not None:
        return summary.by_command.get(command)
    if system is not None:
        return summary.by_system.get(system)
    return summary.total


def _memory_mb(resource: ResourceSample | None, now_ns: int, stale_after_s: float) -> float | None:
    if resource is None or now_ns - resource.at_ns > stale_after_s * NS_PER_S:
        return None
    return resource.rss_bytes / _BYTES_PER_MB


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
