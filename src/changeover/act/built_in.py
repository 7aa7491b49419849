"""The rules that hold without anybody writing one: the reference's, and those of the move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from changeover.act.metrics import METRICS
from changeover.act.rules import BELOW, Rule

FEWEST_ERRORS = 3  # one user with a habit is no error rate
FEWEST_FOR_P95 = 100  # of twenty, the 95th percentile is nearly the worst one


def with_move_rules(reference: Sequence[Rule], *, system: str, min_executions: int) -> list[Rule]:
    """The reference's rules, and those that the plan of the move asks for.

    Args:
        reference: from `built_in_rules`; the others take their timing from the first of them.
        system: the name of the new system.
        min_executions: of every rule that looks at a ratio or a time.
    """
    timing: dict[str, Any] = {}
    if reference:
        first = reference[0]
        timing = {"keep_firing_s": first.keep_firing_s, "repeat_s": first.repeat_s}
        timing["for_s"] = first.for_s
    own = [
        *_of_errors(system, min_executions),
        *_of_times(reference, min_executions),
        *_of_process(),
    ]
    timed = [replace(rule, **{**timing, "for_s": max(rule.for_s, _for_s(timing))}) for rule in own]
    return [*reference, *timed]


def _for_s(timing: dict[str, Any]) -> float:
    return float(timing.get("for_s", 0.0))


def _rule(name: str, metric: str, warning: float, critical: float | None, **rest: Any) -> Rule:
    of = METRICS[metric]
    return Rule(
        name=name, metric=metric, unit=of.unit, warning=warning, critical=critical,
        **{"window": of.window, "min_executions": 0, **rest},
    )  # fmt: skip


def _of_errors(system: str, min_executions: int) -> list[Rule]:
    hour = METRICS["errors"].window
    return [
        _rule(
            "new_error_rate", "error_ratio", 0.001, 0.01, window=hour, only={"system": system},
            min_executions=min_executions, min_errors=FEWEST_ERRORS,
        ),
        _rule(
            "command_error_rate", "error_ratio", 0.05, 0.2, window=hour,
            split=("command", "system"), min_executions=min_executions, min_errors=FEWEST_ERRORS,
        ),
        _rule("failed_commands", "errors", 5, 20),
    ]  # fmt: skip


def _of_times(reference: Sequence[Rule], min_executions: int) -> list[Rule]:
    mean_ms = next((rule.first for rule in reference if rule.name == "response_time"), 1_000.0)
    enough = max(min_executions, FEWEST_FOR_P95)
    return [
        _rule(
            "response_time_p95", "response_p95_ms", 3 * mean_ms, 9 * mean_ms,
            min_executions=min_executions, for_s=120,
        ),
        _rule(
            "response_time_change", "response_mean_change", 0.2, 0.5, split=("command",),
            min_executions=min_executions, for_s=600,
        ),
        _rule(
            "response_time_p95_change", "response_p95_change", 0.2, 0.5, split=("command",),
            min_executions=enough, for_s=600,
        ),
    ]  # fmt: skip


def _of_process() -> list[Rule]:
    return [
        _rule("memory_change", "memory_change", 0.25, 0.5),
        _rule("loop_lag", "loop_lag_ms", 250, 1_000),
        _rule("no_executions", "executions", 1, None, comparison=BELOW, enabled=False),
        _rule("stale_sampler", "sample_age_s", 90, 300),
        _rule("failing_evaluation", "failing_rules", 0, None, for_s=300),
    ]
