"""What a rule may look at, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from changeover.core.clock import NS_PER_MS
from changeover.core.model import Stats
from changeover.core.window import Window, parse_window


class Basis(Enum):
    """Where a metric's values come from."""

    EXECUTIONS = "executions"  # figures of the executions of a window
    COUNTS = "counts"  # the same; nothing counted is 0, not "no data"
    CHANGE = "change"  # the new system against legacy
    SAMPLES = "samples"  # resource samples, of a window or the newest
    SELF = "self"  # the monitor itself

    @property
    def has_series(self) -> bool:
        """Whether it can be split and filtered by command."""
        return self in {Basis.EXECUTIONS, Basis.COUNTS, Basis.CHANGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One thing that a rule may look at.

    Attributes:
        name: as rules name it.
        unit: of its values: `ratio`, `ms`, `MB`, `s`, or "" for a count.
        noun: what a sentence calls it.
        basis: where its values come from.
        of_stats: the value of a set of executions; for `EXECUTIONS`, `COUNTS` and `CHANGE`
            (there: of each side, in milliseconds).
        window: the default; None for the newest sample, or for no window at all.
        has_window: whether a window may be chosen.
        verb: that goes with the noun.
    """

    name: str
    unit: str
    noun: str
    basis: Basis
    of_stats: Callable[[Stats], float | None] = lambda _: None
    window: Window | None = None
    has_window: bool = True
    verb: str = "is"


def _ms(value_ns: float | None) -> float | None:
    return None if value_ns is None else value_ns / NS_PER_MS


def _mean_ms(stats: Stats) -> float | None:
    return _ms(stats.mean_ns)


def _p95_ms(stats: Stats) -> float | None:
    return _ms(stats.p95_ns)


_5M, _30M, _1H = (parse_window(text) for text in ("5m", "30m", "1h"))

ERROR_RATIO, RESPONSE_MS, MEMORY_MB = "error_ratio", "response_mean_ms", "memory_rss_mb"

METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name=ERROR_RATIO, unit="ratio", noun="error rate", basis=Basis.EXECUTIONS,
            of_stats=lambda stats: stats.error_ratio, window=_5M,
        ),
        Metric(
            name="errors", unit="", noun="failed commands", verb="are", basis=Basis.COUNTS,
            of_stats=lambda stats: float(stats.errors), window=_1H,
        ),
        Metric(
            name="executions", unit="", noun="executions", verb="are", basis=Basis.COUNTS,
            of_stats=lambda stats: float(stats.total), window=_1H,
        ),
        Metric(
            name=RESPONSE_MS, unit="ms", noun="mean response time", basis=Basis.EXECUTIONS,
            of_stats=_mean_ms, window=_5M,
        ),
        Metric(
            name="response_p50_ms", unit="ms", noun="median response time",
            basis=Basis.EXECUTIONS, of_stats=lambda stats: _ms(stats.p50_ns), window=_5M,
        ),
        Metric(
            name="response_p95_ms", unit="ms", noun="95th percentile of the response time",
            basis=Basis.EXECUTIONS, of_stats=_p95_ms, window=_5M,
        ),
        Metric(
            name="response_p99_ms", unit="ms", noun="99th percentile of the response time",
            basis=Basis.EXECUTIONS, of_stats=lambda stats: _ms(stats.p99_ns), window=_5M,
        ),
        Metric(
            name="response_mean_change", unit="ratio", basis=Basis.CHANGE, of_stats=_mean_ms,
            noun="mean response time of the new system against legacy", window=_1H,
        ),
        Metric(
            name="response_p95_change", unit="ratio", basis=Basis.CHANGE, of_stats=_p95_ms,
            noun="95th percentile of the response time of the new system against legacy",
            window=_1H,
        ),
        Metric(name=MEMORY_MB, unit="MB", noun="memory", basis=Basis.SAMPLES),
        Metric(
            name="memory_change", unit="ratio", noun="memory against the time before the move",
            basis=Basis.SAMPLES, window=_30M,
        ),
        Metric(
            name="loop_lag_ms", unit="ms", noun="lag of the bot's event loop",
            basis=Basis.SAMPLES, window=_5M,
        ),
        Metric(
            name="sample_age_s", unit="s", noun="age of the newest resource sample",
            basis=Basis.SAMPLES, has_window=False,
        ),
        Metric(
            name="failing_rules", unit="", noun="rules whose question fails", verb="are",
            basis=Basis.SELF, has_window=False,
        ),
    )
}  # fmt: skip
