"""A window cut in steps, for charts: memory's steps behind the store's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from changeover.aggregate.figures import Tallies, by_system, count_cells
from changeover.aggregate.memory import Memory
from changeover.aggregate.steps import Figures, Step, step_of
from changeover.aggregate.stored import Stored
from changeover.core.cell import Cells, CellSlot
from changeover.core.model import ResourceSample, Slot, Timeline
from changeover.core.window import Window

_MOST_WINDOWS = 32

_Peak = tuple[int | None, int | None]  # of memory in bytes, of loop lag in nanoseconds


class Timelines:
    """Puts timelines together.

    Args:
        memory: knows everything since its `known_since_ns`.
        stored: knows what was before.
    """

    def __init__(self, memory: Memory, stored: Stored) -> None:
        self._memory = memory
        self._stored = stored
        # by window: the store's answer and its figures, so that one answer is computed once
        self._old: dict[int, tuple[Sequence[CellSlot], Mapping[int, Figures]]] = {}

    def read(self, window: Window, now_ns: int, samples: Iterable[ResourceSample]) -> Timeline:
        """The steps of the window, oldest first; the last is the one that goes on.

        Args:
            window: how much of the past.
            now_ns: where it ends.
            samples: of resources, as far back as memory goes; the store knows the others.
        """
        length_ns = step_of(window)
        last_ns = now_ns // length_ns * length_ns
        first_ns = last_ns - (-(-window.ns // length_ns) - 1) * length_ns
        known_ns = self._memory.known_since_ns
        old = self._before(window, first_ns, known_ns, length_ns)
        old_figures = self._figures(window, old)
        before = {slot.start_ns: slot.cells for slot in old}
        peaks = _peaks(old, samples, length_ns)
        slots: list[Slot] = []
        for start_ns in range(first_ns, last_ns + 1, length_ns):
            step = Step(start_ns, length_ns)
            if step.end_ns <= known_ns:
                figures = old_figures.get(start_ns, {})
            else:
                figures = self._memory.step(step, now_ns, before.get(start_ns, {}))
            rss_bytes, lag_ns = peaks.get(start_ns, (None, None))
            slots.append(
                Slot(
                    start_ns=start_ns,
                    by_system=figures,
                    rss_bytes_max=rss_bytes,
                    loop_lag_ns_max=lag_ns,
                )
            )
        return Timeline(length_ns, slots)

    def _before(
        self, window: Window, first_ns: int, known_ns: int, length_ns: int
    ) -> Sequence[CellSlot]:
        """What the store says of the time before memory; nothing while it is away."""
        if first_ns >= known_ns:
            return ()
        return self._stored.slots(window, first_ns, known_ns, length_ns) or ()

    def _figures(self, window: Window, slots: Sequence[CellSlot]) -> Mapping[int, Figures]:
        known_slots, figures = self._old.get(window.seconds, (None, {}))
        if known_slots is not slots:
            figures = {slot.start_ns: _figures_of(slot.cells) for slot in slots}
            if len(self._old) >= _MOST_WINDOWS:
                self._old.clear()
            self._old[window.seconds] = (slots, figures)
        return figures


def _figures_of(cells: Cells) -> Figures:
    tallies: Tallies = {}
    count_cells(tallies, cells)
    return by_system(tallies)


def _peaks(
    slots: Iterable[CellSlot], samples: Iterable[ResourceSample], length_ns: int
) -> dict[int, _Peak]:
    """The highest memory and lag of each step, by its start."""
    peaks = {slot.start_ns: (slot.rss_bytes_max, slot.loop_lag_ns_max) for slot in slots}
    for sample in samples:
        start_ns = sample.at_ns // length_ns * length_ns
        rss_bytes, lag_ns = peaks.get(start_ns, (None, None))
        peaks[start_ns] = (
            _higher(rss_bytes, sample.rss_bytes),
            _higher(lag_ns, sample.loop_lag_ns),
        )
    return peaks


def _higher(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)
