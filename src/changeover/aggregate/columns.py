"""The recent executions, one by one, in two numbers each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator

from changeover.core.cell import Cell, Cells
from changeover.core.model import Series

_PIECE = 65_536  # values handled in one step that other threads cannot interrupt, about 1 ms

NEVER_NS = 2**63 - 1  # later than everything that fits a column

End = int  # when an execution ended, ns since 1970
Duration = int  # ns


class Column:
    """The executions of one series: 16 bytes each, ordered by their end.

    Attributes:
        ends, durations: arrays of signed 64-bit numbers, of equal length.
    """

    __slots__ = ("durations", "ends")

    def __init__(self) -> None:
        self.ends = array("q")
        self.durations = array("q")

    def add(self, pairs: list[tuple[End, Duration]]) -> None:
        """Take executions in any order; those behind the last one are the cheap ones."""
        pairs = sorted(pairs)
        keep = len(self.ends)
        if keep and pairs and pairs[0][0] < self.ends[-1]:
            keep = bisect_left(self.ends, pairs[0][0])
            pairs = sorted([*zip(self.ends[keep:], self.durations[keep:], strict=True), *pairs])
        # Both are made before either is put in: a number too large must not part them.
        ends = array("q", [end for end, _ in pairs])
        durations = array("q", [duration for _, duration in pairs])
        self.ends[keep:] = ends
        self.durations[keep:] = durations

    def between(self, start_ns: int, end_ns: int) -> Iterator[array[int]]:
        """The durations of `[start_ns, end_ns)`, in pieces."""
        first, last = bisect_left(self.ends, start_ns), bisect_left(self.ends, end_ns)
        for at in range(first, last, _PIECE):
            yield self.durations[at : min(at + _PIECE, last)]

    def cell(self, start_ns: int, end_ns: int) -> Cell:
        """The same, counted."""
        cell = Cell()
        for piece in self.between(start_ns, end_ns):
            cell.add_many(piece)
        return cell

    def keep(self, start_ns: int, end_ns: int) -> int:
        """Drop what ended outside `[start_ns, end_ns)`, and say how many that were."""
        first, last = bisect_left(self.ends, start_ns), bisect_left(self.ends, end_ns)
        dropped = len(self.ends) - (last - first)
        if dropped:
            self.ends = self.ends[first:last]
            self.durations = self.durations[first:last]
        return dropped


class Columns:
    """All series' columns. Not safe from several threads; `Summaries` holds the lock.

    Attributes:
        by_series: a column for each series with at least one execution.
        count: how many executions all of them hold.
    """

    def __init__(self) -> None:
        self.by_series: dict[Series, Column] = {}
        self.count = 0

    def add(self, series: Series, pairs: list[tuple[End, Duration]]) -> None:
        """Take some executions of a series."""
        column = self.by_series.get(series)
        if column is None:
            column = self.by_series[series] = Column()
        column.add(pairs)
        self.count += len(pairs)

    def cells(self, start_ns: int, end_ns: int) -> Cells:
        """What ended in `[start_ns, end_ns)`, counted; series without executions are left out."""
        cells = {s: column.cell(start_ns, end_ns) for s, column in self.by_series.items()}
        return {series: cell for series, cell in cells.items() if cell.count}

    @property
    def latest_ns(self) -> int:
        """When the latest execution ended; 0 when there is none."""
        return max((column.ends[-1] for column in self.by_series.values()), default=0)

    def keep(self, start_ns: int, end_ns: int) -> None:
        """Drop what ended outside `[start_ns, end_ns)`, and the series that are then empty."""
        for column in self.by_series.values():
            self.count -= column.keep(start_ns, end_ns)
        self.by_series = {series: c for series, c in self.by_series.items() if c.ends}
