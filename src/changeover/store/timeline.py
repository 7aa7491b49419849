"""Building a timeline in cells, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.core.cell import Cell, Cells, CellSlot
from changeover.core.errors import BadValueError
from changeover.core.model import Series
from changeover.store.fold import add_to
from changeover.store.tiers import MINUTE_NS, floor


class TimelineBuilder:
    """Collects cells and samples by step; steps without either are left out.

    Raises `BadValueError` when the step is not a multiple of a minute.
    """

    def __init__(self, step_ns: int) -> None:
        if step_ns < MINUTE_NS or step_ns % MINUTE_NS:
            raise BadValueError("step_ns", str(step_ns), "a multiple of a minute", str(MINUTE_NS))
        self._step_ns = step_ns
        self._cells: dict[int, Cells] = {}
        self._rss: dict[int, int] = {}
        self._lag: dict[int, int] = {}

    def add(self, at_ns: int, series: Series, cell: Cell) -> None:
        """Merge what was counted at a moment, or from a moment on within one step."""
        add_to(self._cells.setdefault(floor(at_ns, self._step_ns), {}), series, cell)

    def add_sample(self, at_ns: int, rss_bytes: int, loop_lag_ns: int | None) -> None:
        """Keep the highest figures of each step."""
        step = floor(at_ns, self._step_ns)
        self._rss[step] = max(rss_bytes, self._rss.get(step, 0))
        if loop_lag_ns is not None:
            self._lag[step] = max(loop_lag_ns, self._lag.get(step, 0))

    def slots(self) -> Sequence[CellSlot]:
        """The steps that hold anything, oldest first."""
        starts = sorted({*self._cells, *self._rss})
        return [
            CellSlot(start, self._cells.get(start, {}), self._rss.get(start), self._lag.get(start))
            for start in starts
        ]
