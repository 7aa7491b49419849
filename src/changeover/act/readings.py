"""What a rule sees: one reading for each of its series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from changeover.act.baseline import BYTES_PER_MB, Baseline, median_mb
from changeover.act.evidence import Evidence
from changeover.act.metrics import MEMORY_MB, Basis
from changeover.act.rules import BELOW, LABELS, Reading, Rule
from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.model import LEGACY, UNKNOWN, ResourceSample, Stats, Summary
from changeover.core.quantity import format_quantity
from changeover.core.window import Window

LEAST_DIFFERENCE_MS = 20.0  # nobody notices less; 3 ms are not "50 % slower" than 2
CERTAIN = 3.0  # standard errors: what chance does once in a thousand looks is no change
P95_CHANGE = "response_p95_change"
_LEAST_COVER = 0.95  # of a window, before "nothing happened in it" means anything
_FEWEST_SAMPLES = 3  # without which a median of them says nothing
_FEWEST_TO_COMPARE = 10  # the same, against what half an hour's samples had been


def read(rule: Rule, evidence: Evidence) -> list[Reading]:
    """What the rule sees now, a reading for each series. Raises what its source does.

    A rule that is not split has exactly one reading.
    """
    basis = rule.of.basis
    if basis is Basis.CHANGE:
        return _changes(rule, evidence)
    if basis.has_series and rule.window is not None:
        summary = evidence.summary(rule.window)
        return _of_executions(rule, summary, evidence)
    return [_of_process(rule, evidence)]


# --- executions -------------------------------------------------------------------------------


def _of_executions(rule: Rule, summary: Summary, evidence: Evidence) -> list[Reading]:
    counts = rule.of.basis is Basis.COUNTS
    fewest = rule.min_executions if counts else max(1, rule.min_executions)
    if rule.comparison == BELOW and counts and not _is_covered(rule.window, summary, evidence):
        return [Reading(labels=rule.only)] if not rule.split else []
    of_stats = rule.of.of_stats
    return [
        Reading(
            _finite(of_stats(stats)) if stats.total >= fewest else None,
            stats.total,
            labels,
            False,
            stats.errors,
        )
        for labels, stats in _series(rule, summary)
    ]


def _series(rule: Rule, summary: Summary) -> Iterator[tuple[Mapping[str, str], Stats]]:
    """The sets of executions of a rule by their labels; without a split exactly one."""
    names = tuple(name for name in LABELS if name in rule.only or name in rule.split)
    if not rule.split:
        yield rule.only, _find(summary, names, rule.only)
        return
    if len(names) == len(LABELS):
        command, system = (rule.only.get(name) for name in LABELS)
        for (its_command, its_system), stats in summary.by_command_and_system.items():
            if command in {None, its_command} and system in {None, its_system}:
                yield {"command": its_command, "system": its_system}, stats
        return
    (name,) = names
    for value, stats in (summary.by_command if name == "command" else summary.by_system).items():
        yield {name: value}, stats


def _find(summary: Summary, names: Sequence[str], only: Mapping[str, str]) -> Stats:
    nothing = Stats()
    if len(names) == len(LABELS):
        return summary.by_command_and_system.get((only["command"], only["system"]), nothing)
    if "command" in names:
        return summary.by_command.get(only["command"], nothing)
    return summary.by_system.get(only["system"], nothing) if names else summary.total


def _is_covered(window: Window | None, summary: Summary, evidence: Evidence) -> bool:
    """Whether the whole window was watched: a bot that just started had no time to be quiet."""
    if window is None:
        return False
    counted_ns = summary.coverage.end_ns - summary.coverage.start_ns
    return evidence.up_s >= window.seconds and counted_ns >= _LEAST_COVER * window.ns


# --- the new system against legacy ------------------------------------------------------------


class _Pair(NamedTuple):
    """A command on the new system beside legacy: how often, and how long in each.

    `noise` is the standard error of the logarithm of their ratio, from how durations vary.
    """

    executions: int
    new_ms: float
    legacy_ms: float
    noise: float


class _Side(NamedTuple):
    """Legacy's side of a comparison: how often, and how long."""

    executions: int
    ms: float


def _changes(rule: Rule, evidence: Evidence) -> list[Reading]:
    if rule.window is None:
        return []
    pairs = _pairs(rule, evidence.summary(rule.window), evidence.baseline)
    if not rule.split:
        return [_change(rule, [pair for found in pairs.values() for pair in found], rule.only)]
    return [_change(rule, found, {"command": command}) for command, found in pairs.items()]


def _pairs(rule: Rule, summary: Summary, baseline: Baseline | None) -> dict[str, list[_Pair]]:
    """By command; a command that the new system answered, but nobody can compare, has none."""
    pairs: dict[str, list[_Pair]] = {}
    only = rule.only.get("command")
    for (command, system), stats in summary.by_command_and_system.items():
        if system in {LEGACY, UNKNOWN} or only not in {None, command}:
            continue
        found = pairs.setdefault(command, [])
        new_ms = rule.of.of_stats(stats)
        legacy = _legacy(rule, summary, command, baseline)
        if new_ms and legacy is not None and legacy.ms > 0:
            noise = _noise(rule, stats, legacy.executions)
            found.append(_Pair(stats.total, new_ms, legacy.ms, noise))
    return pairs


def _legacy(rule: Rule, summary: Summary, command: str, baseline: Baseline | None) -> _Side | None:
    """Of legacy beside it; where that has too few calls (all have moved), of the baseline."""
    fewest = max(1, rule.min_executions)
    beside = summary.by_command_and_system.get((command, LEGACY))
    if beside is not None and beside.total >= fewest:
        ms = rule.of.of_stats(beside)
        return None if ms is None else _Side(beside.total, ms)
    before = baseline.paces.get(command) if baseline else None
    if before is None or before.executions < fewest:
        return None
    ms = before.p95_ms if rule.metric == P95_CHANGE else before.mean_ms
    return _Side(before.executions, ms)


def _noise(rule: Rule, new: Stats, legacy_count: int) -> float:
    """The standard error of ln(new / legacy), if both vary like the new system does.

    Durations are taken for log-normal, so that p50 and p95 say how wide they lie: sigma =
    ln(p95 / p50) / 1.645. The mean's relative error is then sqrt(exp(sigma^2) - 1) / sqrt(n),
    and the 95th percentile's sigma * sqrt(0.95 * 0.05) / (phi(1.645) * sqrt(n)).
    Source: the variance of the log-normal distribution; the asymptotic one of a quantile.
    """
    if not new.p50_ns or not new.p95_ns or new.p95_ns <= new.p50_ns:
        return 0.0
    sigma = min(math.log(new.p95_ns / new.p50_ns) / 1.645, 3.0)
    spread = 2.11 * sigma if rule.metric == P95_CHANGE else math.sqrt(math.expm1(sigma**2))
    return spread * math.sqrt(1 / new.total + 1 / legacy_count)


def _change(rule: Rule, pairs: Sequence[_Pair], labels: Mapping[str, str]) -> Reading:
    """How much longer the new system takes, each command against itself.

    Weighted by the new system's calls: else the mix of commands, and not the system, would
    be compared as long as the two are not asked for the same. What chance explains, and what
    nobody notices, is no change.
    """
    count = sum(pair.executions for pair in pairs)
    if count < max(1, rule.min_executions):
        return Reading(executions=count, labels=labels)
    new_ms = sum(pair.executions * pair.new_ms for pair in pairs) / count
    legacy_ms = sum(pair.executions * pair.legacy_ms for pair in pairs) / count
    noise_ms = math.hypot(*(pair.executions * pair.new_ms * pair.noise for pair in pairs)) / count
    is_felt = abs(new_ms - legacy_ms) >= LEAST_DIFFERENCE_MS
    is_real = is_felt and abs(math.log(new_ms / legacy_ms)) >= CERTAIN * noise_ms / new_ms
    value = new_ms / legacy_ms - 1 if is_real else 0.0
    detail = f"{format_quantity(new_ms, 'ms')} instead of {format_quantity(legacy_ms, 'ms')}"
    return Reading(_finite(value), count, labels, detail=detail)


# --- the process ------------------------------------------------------------------------------


def _of_process(rule: Rule, evidence: Evidence) -> Reading:
    if rule.metric == "failing_rules":
        return Reading(float(evidence.failing()))
    if rule.metric == "sample_age_s":
        return Reading(_sample_age_s(evidence))
    if rule.window is None:
        return Reading(_newest_mb(evidence))
    samples = _fresh(rule.window, evidence)
    if rule.metric == "loop_lag_ms":
        return Reading(_lag_ms(samples))
    if rule.metric == MEMORY_MB:
        return Reading(median_mb(samples) if samples else None)
    return _memory_change(samples, evidence.baseline)


def _memory_change(samples: Sequence[ResourceSample], baseline: Baseline | None) -> Reading:
    if baseline is None or baseline.memory_mb <= 0:
        return Reading(detail="no baseline yet")
    if len(samples) < _FEWEST_TO_COMPARE:
        return Reading()
    now_mb, before_mb = median_mb(samples), baseline.memory_mb
    detail = f"{format_quantity(now_mb, 'MB')} instead of {format_quantity(before_mb, 'MB')}"
    return Reading(_finite(now_mb / before_mb - 1), detail=detail)


def _fresh(window: Window, evidence: Evidence) -> Sequence[ResourceSample]:
    """The samples of a window, unless they are too few or end too long ago to speak of now."""
    samples = evidence.samples(window)
    if len(samples) < _FEWEST_SAMPLES:
        return ()
    newest_ns = max(sample.at_ns for sample in samples)
    is_stale = evidence.now_ns - newest_ns > evidence.stale_after_s * NS_PER_S
    return () if is_stale else samples


def _newest_mb(evidence: Evidence) -> float | None:
    """Of the newest sample. One from the future (the clock was set back) is as good as new."""
    resource = evidence.resource()
    if resource is None:
        return None
    if evidence.now_ns - resource.at_ns > evidence.stale_after_s * NS_PER_S:
        return None
    return resource.rss_bytes / BYTES_PER_MB


def _sample_age_s(evidence: Evidence) -> float:
    resource = evidence.resource()
    if resource is None:
        return evidence.up_s
    return max(0, evidence.now_ns - resource.at_ns) / NS_PER_S


def _lag_ms(samples: Sequence[ResourceSample]) -> float | None:
    """The median of the worst lags: one long step of the bot is no slow loop."""
    lags = [sample.loop_lag_ns for sample in samples if sample.loop_lag_ns is not None]
    return median(lags) / NS_PER_MS if len(lags) >= _FEWEST_SAMPLES else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
