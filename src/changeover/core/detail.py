"""One command looked at closely: both systems over time, and how their durations lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from changeover.core.model import Coverage, Stats, Timeline

Distribution = Sequence[tuple[float, int]]  # the upper edge of a bucket in ns, and its count


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDetail:
    """One command in one window.

    Attributes:
        command: its name.
        coverage: from when to when it was counted, in whole steps.
        by_system: the figures of each system.
        distributions: of each system, how many executions ended within which duration: edges
            ascend by a constant factor, empty buckets between the first and the last included.
        timeline: the command alone, in equal steps.
    """

    command: str
    coverage: Coverage
    by_system: Mapping[str, Stats]
    distributions: Mapping[str, Distribution]
    timeline: Timeline
