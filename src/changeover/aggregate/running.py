"""The counts of one window that slides: what comes in is added, what leaves is taken back."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from changeover.aggregate.columns import NEVER_NS, Columns, Duration, End
from changeover.aggregate.figures import Pair, Tallies, Tally
from changeover.core.clock import NS_PER_S
from changeover.core.model import Series


class Running:
    """Everything in the columns from `start_ns` on, counted by command and system.

    Sliding by a second costs a second's executions, not a window's; the first slide of a new
    one starts after everything and so counts the whole window.

    Attributes:
        start_ns: executions that ended at or after it are counted.
        used_ns: when it was last read, by the monotonic clock.
    """

    __slots__ = ("_tallies", "start_ns", "used_ns")

    def __init__(self) -> None:
        self.start_ns = NEVER_NS
        self.used_ns = 0
        self._tallies: Tallies = {}

    def add(self, series: Series, pairs: list[tuple[End, Duration]]) -> None:
        """Count executions that were just put into the columns."""
        durations = [duration for end, duration in pairs if end >= self.start_ns]
        if durations:
            self._count(series, durations)

    def slide(self, columns: Columns, start_ns: int) -> None:
        """Begin at another moment, later or earlier; the columns must still hold what is between."""
        before_ns, self.start_ns = self.start_ns, start_ns
        outdone: set[Pair] = set()
        for series, column in columns.by_series.items():
            for piece in column.between(before_ns, start_ns):
                if self._remove(series, piece):
                    outdone.add(series[:2])
            for piece in column.between(start_ns, before_ns):
                self._count(series, piece)
        if outdone:  # a maximum cannot be taken back
            self._find_longest(outdone, columns)

    def read(self, columns: Columns, end_ns: int) -> Tallies:
        """What ended in `[start_ns, end_ns)`, as copies."""
        # Those with executions after the end (the clock was set back, or another host's is
        # ahead) are few, if any, and counted anew.
        ahead = {s[:2] for s, column in columns.by_series.items() if column.ends[-1] >= end_ns}
        known = self._tallies.items()
        tallies = {pair: tally.copy() for pair, tally in known if pair not in ahead}
        for series, column in columns.by_series.items():
            if series[:2] in ahead:
                cell = column.cell(self.start_ns, end_ns)
                if cell.count:
                    tallies.setdefault(series[:2], Tally()).count(series.outcome, cell)
        return tallies

    def _count(self, series: Series, durations: Sequence[Duration]) -> None:
        tally = self._tallies.setdefault(series[:2], Tally())
        tally.cell.add_many(durations)
        tally.by_outcome[series.outcome] += len(durations)

    def _remove(self, series: Series, durations: Sequence[Duration]) -> bool:
        """Take some back, and say whether the longest may have been among them."""
        tally = self._tallies[series[:2]]
        cell = tally.cell
        cell.count -= len(durations)
        cell.sum_ns -= sum(durations)
        cell.histogram.remove_many(durations)
        tally.by_outcome[series.outcome] -= len(durations)
        if not cell.count:
            del self._tallies[series[:2]]
            return False
        return max(durations) >= cell.max_ns

    def _find_longest(self, pairs: set[Pair], columns: Columns) -> None:
        longest_ns = dict.fromkeys(pairs, 0)
        for series, column in columns.by_series.items():
            if (pair := series[:2]) in longest_ns:
                for piece in column.between(self.start_ns, NEVER_NS):
                    longest_here_ns = max(piece)
                    longest_ns[pair] = max(longest_ns[pair], longest_here_ns)
        for pair in pairs & self._tallies.keys():
            self._tallies[pair].cell.max_ns = longest_ns[pair]


class Runnings:
    """The running counts of the windows that somebody looks at. Not safe from several threads."""

    MOST = 12
    UNUSED_NS = 150 * NS_PER_S  # a little over two rounds of the alerts' evaluation

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._by_key: dict[Hashable, Running] = {}

    def add(self, series: Series, pairs: list[tuple[End, Duration]]) -> None:
        """Count executions that were just put into the columns."""
        for running in self._by_key.values():
            running.add(series, pairs)

    def read(self, key: Hashable, start_ns: int, end_ns: int, *, asked_ns: int) -> Tallies:
        """What ended in `[start_ns, end_ns)`, cheap when the key's last read was close by.

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
