"""Failures grouped by fingerprint, the most recent group first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from changeover.core.model import ErrorInfo, Execution
from changeover.core.window import format_moment
from changeover.show.schema import FailureView

MOST_GROUPS = 50


def failures_view(failures: Iterable[Execution]) -> list[FailureView]:
    """At most fifty groups; each is described by its newest member.

    A failure without an error (a timeout, or a record that only says `success=False`) is
    grouped with its like by outcome.
    """
    groups: dict[str, list[Execution]] = {}
    for execution in sorted(failures, key=lambda execution: execution.at_ns, reverse=True):
        groups.setdefault(_error_of(execution).fingerprint, []).append(execution)
    return [_group(members) for members in list(groups.values())[:MOST_GROUPS]]


def _group(members: list[Execution]) -> FailureView:
    error = _error_of(members[0])
    return {
        "fingerprint": error.fingerprint,
        "type": error.type,
        "message": error.message,
        "count": len(members),
        "commands": sorted({member.series.command for member in members}),
        "systems": dict(Counter(member.series.system for member in members)),
        "first_at": format_moment(members[-1].at_ns),
        "last_at": format_moment(members[0].at_ns),
    }


def _error_of(execution: Execution) -> ErrorInfo:
    outcome = execution.series.outcome.value
    return execution.error or ErrorInfo(outcome, "", outcome)
