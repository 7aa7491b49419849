"""The last hour in memory: every execution of all instances, exact to the event."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable

from changeover.aggregate.columns import Columns, Duration, End
from changeover.aggregate.figures import Tallies, by_system, count_cells
from changeover.aggregate.running import Runnings
from changeover.aggregate.steps import Figures, KeptSteps, Step
from changeover.core.cell import Cell, Cells
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.model import Execution, Series

_SLACK_NS = 300 * NS_PER_S  # so much longer than asked for it is kept: pruning is not for free
_MINUTE_NS = 60 * NS_PER_S


class Memory:
    """Holds what ended in the last while, and counts windows and steps of it.

    All methods may be called from any thread; the lock is held for milliseconds.

    Args:
        clock: for now, and for the age of what is remembered.
        keep_s: how long executions are held at least.
        max_events: how many of them at most; beyond it the oldest tenth goes earlier.

    Attributes:
        known_since_ns: from this moment on every execution is held; at first, since this was
            made.
    """

    def __init__(self, clock: Clock, *, keep_s: int, max_events: int) -> None:
        self._clock = clock
        self._keep_ns = keep_s * NS_PER_S
        self._max_events = max_events
        self._lock = threading.Lock()
        self._columns = Columns()
        self._runnings = Runnings(self._columns)
        self._totals: Cells = {}
        self._held_since_ns = self.known_since_ns = clock.wall_ns()
        self._steps = KeptSteps()

    @property
    def count(self) -> int:
        """How many executions are held."""
        return self._columns.count

    # --- what comes in -------------------------------------------------------------------------

    def add(self, executions: Iterable[Execution], *, is_history: bool = False) -> None:
        """Take executions in any order. Those before what is held count in the totals only.

        History (what the store knew before this process started) does not count in the totals.
        """
        groups: defaultdict[Series, list[tuple[End, Duration]]] = defaultdict(list)
        for at_ns, series, duration_ns, *_ in executions:
            groups[series].append((at_ns, duration_ns))
        with self._lock:
            self._follow_clock()
            for series, pairs in groups.items():
                if not is_history:
                    cell = self._totals.setdefault(series, Cell())
                    cell.add_many([duration for _, duration in pairs])
                self._hold(series, pairs)
            if self._columns.count > self._max_events:
                self._make_room()

    def hold_from(self, since_ns: int) -> None:
        """Hold from now on what ended since this moment, though not all of it is known yet."""
        with self._lock:
            self._held_since_ns = min(self._held_since_ns, since_ns)

    def know_all_held(self) -> None:
        """All that ended since the moment of `hold_from` has been added now."""
        with self._lock:
            self.known_since_ns = min(self.known_since_ns, self._held_since_ns)

    # --- what is asked -------------------------------------------------------------------------

    def window(self, length_ns: int, now_ns: int) -> tuple[int, Tallies]:
        """The counts of what memory knows of the window that ends now, and where they begin."""
        with self._lock:
            self._follow_clock()
            start_ns = now_ns - length_ns
            # Longer windows all end in the same: everything that is known.
            key = length_ns if start_ns >= self.known_since_ns else "all"
            first_ns = max(start_ns, self.known_since_ns)
            return first_ns, self._read(key, first_ns, now_ns + 1)

    def step(self, step: Step, now_ns: int, before: Cells) -> Figures:
        """The figures of what memory knows of a step up to now, added to the cells before that."""
        with self._lock:
            first_ns = max(step.start_ns, self.known_since_ns)
            if step.end_ns > now_ns:  # the step that goes on, so read again and again
                tallies = self._read(("step", step.length_ns), first_ns, now_ns + 1)
            elif not before and (kept := self._steps.get(step, first_ns)) is not None:
                return kept
            else:
                tallies = {}
                count_cells(tallies, self._columns.cells(first_ns, step.end_ns))
            count_cells(tallies, before)
            figures = by_system(tallies)
            if step.end_ns <= now_ns and not before:
                self._steps.put(step, first_ns, figures)
            return figures

    def totals(self) -> Cells:
        """All executions added since this was made, as copies; no count ever goes down."""
        with self._lock:
            return {series: cell.copy() for series, cell in self._totals.items()}

    # --- under the lock ------------------------------------------------------------------------

    def _hold(self, series: Series, pairs: list[tuple[End, Duration]]) -> None:
        held = [pair for pair in pairs if pair[0] >= self._held_since_ns]
        if held:
            self._columns.add(series, held)
            self._runnings.add(series, held)
            self._steps.forget(min(held)[0])

    def _read(self, key: Hashable, first_ns: int, end_ns: int) -> Tallies:
        return self._runnings.read(key, first_ns, end_ns, asked_ns=self._clock.monotonic_ns())

    def _follow_clock(self) -> None:
        """Drop what is old, and what nobody looks at; keep up with a clock that was set."""
        now_ns = self._clock.wall_ns()
        self._runnings.forget_unused(self._clock.monotonic_ns())
        if now_ns + 1 < self.known_since_ns:
            # Set back to before all that is known: what was then is the store's to say.
            self.known_since_ns = now_ns
            self._held_since_ns = min(self._held_since_ns, now_ns)
        if now_ns - self._held_since_ns > self._keep_ns + _SLACK_NS:
            start_ns = (now_ns - self._keep_ns) // _MINUTE_NS * _MINUTE_NS
            self._drop_outside(start_ns, now_ns + self._keep_ns)

    def _make_room(self) -> None:
        """Drop what lies far ahead of the clock, then the oldest tenth of the time till all fits."""
        now_ns = self._clock.wall_ns()
        end_ns = now_ns + _MINUTE_NS  # other hosts' clocks may be a little ahead
        self._drop_outside(self._held_since_ns, end_ns)
        while self._columns.count > self._max_events:
            if self._held_since_ns > now_ns:
                end_ns = self._held_since_ns  # all that is left lies ahead
            tenth_ns = max((now_ns - self._held_since_ns) // 10, NS_PER_S)
            self._drop_outside(min(self._held_since_ns + tenth_ns, now_ns + 1), end_ns)

    def _drop_outside(self, start_ns: int, end_ns: int) -> None:
        self._runnings.leave(start_ns)
        if self._columns.latest_ns >= end_ns:
            self._runnings.clear()
        self._columns.keep(start_ns, end_ns)
        self._held_since_ns = max(self._held_since_ns, start_ns)
        self.known_since_ns = max(self.known_since_ns, start_ns)
