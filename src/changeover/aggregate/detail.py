"""The detail of one command, from the cells of a window's steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from changeover.aggregate.figures import Tallies, by_system, count_cells
from changeover.aggregate.steps import step_of
from changeover.core.cell import Cells, CellSlot
from changeover.core.clock import NS_PER_S
from changeover.core.detail import CommandDetail, Distribution
from changeover.core.histogram import Histogram, bucket_middle
from changeover.core.model import Coverage, Outcome, Slot, Timeline
from changeover.core.window import Window

_SHORTEST_STEP_NS = 60 * NS_PER_S  # what the store cuts in
PER_DOUBLING = 6  # buckets of a distribution: each is 12 % wider than the one before
_SHORTEST_NS = 1_000.0  # everything faster is in the first bucket


def span_of(window: Window, now_ns: int) -> tuple[int, int]:
    """Where the steps of a window that ends now begin, and how long each is, in ns."""
    step_ns = max(_SHORTEST_STEP_NS, step_of(window))
    steps = max(1, -(-window.ns // step_ns))
    return (now_ns // step_ns - steps + 1) * step_ns, step_ns


def command_detail(
    command: str, slots: Sequence[CellSlot], *, start_ns: int, step_ns: int, now_ns: int
) -> CommandDetail:
    """Both systems of one command.

    Args:
        command: its name.
        slots: of all commands; steps without executions may be left out.
        start_ns: where the first step begins.
        step_ns: how long a step is.
        now_ns: where the last step is cut.
    """
    own = {slot.start_ns: _of(command, slot.cells) for slot in slots}
    tallies: Tallies = {}
    histograms: dict[str, Histogram] = {}
    for cells in own.values():
        count_cells(tallies, cells)
        for series, cell in cells.items():
            if series.outcome is Outcome.OK:  # a fast exception is no fast command
                histograms.setdefault(series.system, Histogram()).merge(cell.histogram)
    return CommandDetail(
        command=command,
        coverage=Coverage(start_ns=start_ns, end_ns=now_ns, exact_to_event=False),
        by_system=by_system(tallies),
        distributions={name: distribution(histograms[name]) for name in sorted(histograms)},
        timeline=_timeline(own, start_ns, step_ns, now_ns),
    )


def distribution(histogram: Histogram) -> Distribution:
    """A histogram in buckets wide enough to be looked at: edges and counts, without gaps."""
    counts: dict[int, int] = {}
    for bucket, count in histogram.counts.items():
        place = _place(bucket_middle(bucket))
        counts[place] = counts.get(place, 0) + count
    if not counts:
        return ()
    return tuple(
        (_SHORTEST_NS * 2 ** ((place + 1) / PER_DOUBLING), counts.get(place, 0))
        for place in range(min(counts), max(counts) + 1)
    )


def _place(value_ns: float) -> int:
    return max(0, math.floor(PER_DOUBLING * math.log2(max(value_ns, 1.0) / _SHORTEST_NS)))


def _of(command: str, cells: Cells) -> Cells:
    return {series: cell for series, cell in cells.items() if series.command == command}


def _timeline(own: Mapping[int, Cells], start_ns: int, step_ns: int, now_ns: int) -> Timeline:
    slots = []
    for slot_ns in range(start_ns, now_ns + 1, step_ns):
        tallies: Tallies = {}
        count_cells(tallies, own.get(slot_ns, {}))
        slots.append(Slot(start_ns=slot_ns, by_system=by_system(tallies)))
    return Timeline(step_ns, slots)
