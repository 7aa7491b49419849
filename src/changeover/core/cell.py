"""Counts that add up: the cell, and what is told in cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.core.histogram import Histogram
from changeover.core.model import Coverage, Series


class Cell:
    """A count that adds up: how many, how long together, the longest, and the histogram."""

    __slots__ = ("count", "histogram", "max_ns", "sum_ns")

    def __init__(
        self, count: int = 0, sum_ns: int = 0, max_ns: int = 0, histogram: Histogram | None = None
    ) -> None:
        self.count = count
        self.sum_ns = sum_ns
        self.max_ns = max_ns
        self.histogram = Histogram() if histogram is None else histogram

    def add_many(self, durations_ns: Sequence[int]) -> None:
        """Count a column of durations."""
        if not durations_ns:
            return
        self.count += len(durations_ns)
        self.sum_ns += sum(durations_ns)
        longest_ns = max(durations_ns)
        self.max_ns = max(self.max_ns, longest_ns)
        self.histogram.add_many(durations_ns)

    def copy(self) -> Cell:
        """Another cell with the same counts."""
        return Cell(self.count, self.sum_ns, self.max_ns, Histogram(self.histogram.counts))

    def merge(self, other: Cell) -> None:
        """Add another cell to this one; the other stays as it is."""
        self.count += other.count
        self.sum_ns += other.sum_ns
        self.max_ns = max(self.max_ns, other.max_ns)
        self.histogram.merge(other.histogram)


Cells = dict[Series, Cell]


@dataclass(frozen=True, slots=True)
class Counted:
    """The cells of one span of time, and which span it really was."""

    coverage: Coverage
    cells: Cells


@dataclass(frozen=True, slots=True)
class CellSlot:
    """One step of a timeline in cells. Resource figures are None without a sample."""

    start_ns: int
    cells: Cells
    rss_bytes_max: int | None = None
    loop_lag_ns_max: int | None = None
