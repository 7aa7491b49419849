"""The cells of one window that slides: what comes in is added, what leaves is taken back."""

from __future__ import annotations

from collections.abc import Hashable

from changeover.aggregate.columns import NEVER_NS, Column, Columns, Duration, End
from changeover.core.cell import Cell, Cells
from changeover.core.clock import NS_PER_S
from changeover.core.model import Series


class Running:
    """Everything in the columns from `start_ns` on, counted.

    Sliding by a second costs a second's executions, not a window's; the first slide of a new
    one starts after everything and so counts the whole window.

    Attributes:
        start_ns: executions that ended at or after it are in the cells.
        used_ns: when it was last read, by the monotonic clock.
    """

    __slots__ = ("_cells", "start_ns", "used_ns")

    def __init__(self) -> None:
        self.start_ns = NEVER_NS
        self.used_ns = 0
        self._cells: Cells = {}

    def add(self, series: Series, pairs: list[tuple[End, Duration]]) -> None:
        """Count executions that were just put into the columns."""
        durations = [duration for end, duration in pairs if end >= self.start_ns]
        if durations:
            self._cells.setdefault(series, Cell()).add_many(durations)

    def slide(self, columns: Columns, start_ns: int) -> None:
        """Begin at another moment, later or earlier; the columns must still hold what is between."""
        before_ns, self.start_ns = self.start_ns, start_ns
        for series, column in columns.by_series.items():
            if start_ns > before_ns:
                self._remove(series, column, before_ns)
            else:
                for piece in column.between(start_ns, before_ns):
                    self._cells.setdefault(series, Cell()).add_many(piece)

    def read(self, columns: Columns, end_ns: int) -> Cells:
        """The cells of `[start_ns, end_ns)`, as copies."""
        cells: Cells = {}
        for series, cell in self._cells.items():
            column = columns.by_series[series]
            if column.ends[-1] < end_ns:
                cells[series] = cell.copy()
            else:  # the clock was set back, or another host's is ahead: rare, so counted anew
                known = column.cell(self.start_ns, end_ns)
                if known.count:
                    cells[series] = known
        return cells

    def _remove(self, series: Series, column: Column, before_ns: int) -> None:
        """Take back what ended in `[before_ns, start_ns)`."""
        longest_ns = -1
        for piece in column.between(before_ns, self.start_ns):
            cell = self._cells[series]
            cell.count -= len(piece)
            cell.sum_ns -= sum(piece)
            cell.histogram.remove_many(piece)
            longest_here_ns = max(piece)
            longest_ns = max(longest_ns, longest_here_ns)
        if longest_ns < 0:
            return
        if not self._cells[series].count:
            del self._cells[series]
        elif longest_ns >= self._cells[series].max_ns:  # a maximum cannot be taken back
            rest = column.between(self.start_ns, NEVER_NS)
            self._cells[series].max_ns = max(max(piece) for piece in rest)


class Runnings:
    """The running cells of the windows that somebody looks at. Not safe from several threads."""

    MOST = 12
    UNUSED_NS = 150 * NS_PER_S  # a little over two rounds of the alerts' evaluation

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._by_key: dict[Hashable, Running] = {}

    def add(self, series: Series, pairs: list[tuple[End, Duration]]) -> None:
        """Count executions that were just put into the columns."""
        for running in self._by_key.values():
            running.add(series, pairs)

    def read(self, key: Hashable, start_ns: int, end_ns: int, *, asked_ns: int) -> Cells:
        """The cells of `[start_ns, end_ns)`, cheap when the key's last read was close by.

        `asked_ns` is the monotonic clock's: of more than 12 keys the longest unread one goes.
        """
        running = self._by_key.get(key)
        if running is None:
            if len(self._by_key) >= self.MOST:
                del self._by_key[min(self._by_key, key=lambda key: self._by_key[key].used_ns)]
            running = self._by_key[key] = Running()
        running.used_ns = asked_ns
        running.slide(self._columns, start_ns)
        return running.read(self._columns, end_ns)

    def leave(self, start_ns: int) -> None:
        """Let go of what is older; called before it is dropped from the columns."""
        for running in self._by_key.values():
            if running.start_ns < start_ns:
                running.slide(self._columns, start_ns)

    def forget_unused(self, now_ns: int) -> None:
        """Nobody looks at these any more; `now_ns` is the monotonic clock's."""
        unused = [k for k, r in self._by_key.items() if now_ns - r.used_ns > self.UNUSED_NS]
        for key in unused:
            del self._by_key[key]

    def clear(self) -> None:
        """Count everything anew at the next read."""
        self._by_key.clear()
