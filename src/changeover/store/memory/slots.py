"""Cells in memory, by the minute, the hour and the day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from changeover.core.cell import Cell, Cells
from changeover.core.model import Series
from changeover.store.fold import add_to, widen
from changeover.store.tiers import DAY_NS, HOUR_NS, MINUTE_NS, floor


class SlotTiers:
    """Every count three times: in its minute, its hour and its day."""

    def __init__(self) -> None:
        self._tiers: dict[int, dict[int, Cells]] = {MINUTE_NS: {}, HOUR_NS: {}, DAY_NS: {}}

    def add(self, minutes: Mapping[tuple[int, Series], Cell]) -> None:
        """Add cells by the minute to all tiers."""
        for width_ns, tier in self._tiers.items():
            for (start_ns, series), cell in widen(minutes, width_ns).items():
                add_to(tier.setdefault(start_ns, {}), series, cell)

    def read(self, width_ns: int, start_ns: int, end_ns: int) -> Iterator[tuple[int, Series, Cell]]:
        """Start, series and cell of each slot of one width that starts in `[start_ns, end_ns)`."""
        for at_ns, cells in self._tiers[width_ns].items():
            if start_ns <= at_ns < end_ns:
                for series, cell in cells.items():
                    yield at_ns, series, cell

    def drop_before(self, width_ns: int, at_ns: int) -> int:
        """Forget slots of one width that start before a moment; say how many cells went."""
        tier = self._tiers[width_ns]
        old = [start_ns for start_ns in tier if start_ns < at_ns]
        return sum(len(tier.pop(start_ns)) for start_ns in old)

    def oldest_but(self, width_ns: int, kept: int) -> int:
        """The hour before which cells have to go so that about `kept` stay; 0 for none.

        Never later than the newest hour, whatever it holds.
        """
        tier = self._tiers[width_ns]
        excess = sum(map(len, tier.values())) - kept
        cut = 0
        for start_ns in sorted(tier):
            if excess <= 0:
                break
            excess -= len(tier[start_ns])
            cut = start_ns + width_ns
        return min(-(-cut // HOUR_NS) * HOUR_NS, floor(max(tier, default=0), HOUR_NS))
