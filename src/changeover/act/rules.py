"""Alert rules as data: when somebody should be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from changeover.act.metrics import ERROR_RATIO, MEMORY_MB, METRICS, RESPONSE_MS, Metric
from changeover.core.errors import BadValueError
from changeover.core.move import MOVE_RULES
from changeover.core.window import Window, parse_window

WARNING, CRITICAL = "warning", "critical"
ABOVE, BELOW = ">", "<"
LABELS = ("command", "system")
NOTHING, ROLLBACK = "none", "rollback"
ACTIONS = (NOTHING, ROLLBACK)
SHORTEST_REPEAT_S = 300  # the reference's gap between two messages of one alert

# Alerts of these rules belong to other parts: they are neither evaluated nor ended here.
OWNED_ELSEWHERE = MOVE_RULES

_FIVE_MINUTES = parse_window("5m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When somebody should be told.

    Attributes:
        name: unique; the alert's key begins with it, and `alerts.log` calls it `type`.
        metric: one of `METRICS`.
        unit: of the thresholds and of every value read; the metric's.
        warning, critical: a value beyond it is that severe; one of them may be None.
        comparison: `>` (beyond is above) or `<`.
        window: how far back the summary looks; None for the newest sample.
        min_executions: with fewer in the window there is no value (1 of 1 failing is no alert).
        min_errors: with fewer errors in the window every value is fine.
        for_s: how long a threshold must be exceeded before the alert fires.
        keep_firing_s: how long the value must be fine before the alert resolves. A value
            that swings round the threshold is therefore one alert.
        repeat_s: the time between reminders, 300 or more.
        split: by which of `command` and `system` it is split: one alert for each.
        only: which executions it looks at, by `command`, `system` or both.
        channels: the names of those that tell; empty for every channel.
        runbook: where to read what to do.
        action: `none`, or `rollback`, which somebody else carries out.
        enabled: whether it is looked at.

    Raises:
        BadValueError: for figures that make no rule.
    """

    name: str
    metric: str
    unit: str
    warning: float | None = None
    critical: float | None = None
    comparison: str = ABOVE
    window: Window | None = _FIVE_MINUTES
    min_executions: int = 20
    min_errors: int = 0
    for_s: float = 0.0
    keep_firing_s: float = 300.0
    repeat_s: float = 4 * 3_600.0
    split: tuple[str, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    runbook: str | None = None
    action: str = NOTHING
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise BadValueError("metric", self.metric, "one of " + ", ".join(METRICS), ERROR_RATIO)
        if not self.repeat_s >= SHORTEST_REPEAT_S:
            raise BadValueError("repeat", str(self.repeat_s), "300 s or more", "14400")
        if self.warning is None and self.critical is None:
            raise BadValueError("warning", "", "a threshold here, in critical, or in both", "0.05")
        if self.warning is None or self.critical is None:
            return
        if not self._is_beyond(self.critical, self.warning):
            allowed = f"{self.side} the warning step, {self.warning:g}"
            example = f"{self.warning * (2 if self.comparison == ABOVE else 0.5):g}"
            raise BadValueError("critical", f"{self.critical:g}", allowed, example)

    @property
    def of(self) -> Metric:
        """The metric that it looks at."""
        return METRICS[self.metric]

    @property
    def side(self) -> str:
        """`above` or `below`: where a value is that people should hear of."""
        return "above" if self.comparison == ABOVE else "below"

    @property
    def first(self) -> float:
        """The threshold that is passed first."""
        return self.warning if self.warning is not None else self.threshold(CRITICAL)

    def severity(self, value: float, errors: int | None = None) -> str | None:
        """`critical`, `warning`, or None for a value that is fine."""
        if errors is not None and errors < self.min_errors:
            return None
        if self.critical is not None and self._is_beyond(value, self.critical):
            return CRITICAL
        if self.warning is not None and self._is_beyond(value, self.warning):
            return WARNING
        return None

    def threshold(self, severity: str) -> float:
        """The value beyond which an alert is that severe."""
        steps = (self.critical, self.warning)
        first, second = steps if severity == CRITICAL else steps[::-1]
        return first if first is not None else second if second is not None else math.nan

    def worst(self, one: float | None, other: float) -> float:
        """Of two values the one that is worse."""
        return other if one is None or self._is_beyond(other, one) else one

    def _is_beyond(self, value: float, limit: float) -> bool:
        return value > limit if self.comparison == ABOVE else value < limit


class Reading(NamedTuple):
    """What a rule saw of one series.

    Attributes:
        value: in the rule's unit; None when there is no data, too little, or a failure.
        executions: how many stand behind it; 0 for a sample.
        labels: of the series that was read; with the rule's name they make the alert's key.
        failed: the question itself failed, so that nothing is known.
        errors: of the executions; None where they do not matter.
        detail: the figures behind the value, in words.
        gone: the series is not in the window any more.
    """

    value: float | None = None
    executions: int = 0
    labels: Mapping[str, str] = {}  # nobody writes to it
    failed: bool = False
    errors: int | None = None
    detail: str = ""
    gone: bool = False


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
