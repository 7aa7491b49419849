"""Executions as cells: what a batch adds to the slots."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from changeover.core.cell import Cell, Cells
from changeover.core.histogram import Histogram
from changeover.core.model import Execution, Series
from changeover.store.tiers import floor


def fold_executions(
    executions: Iterable[Execution], width_ns: int
) -> dict[tuple[int, Series], Cell]:
    """One cell for each slot of this width and series, keyed by the slot's start and the series."""
    durations: dict[tuple[int, Series], list[int]] = {}
    for execution in executions:
        key = (execution.at_ns - execution.at_ns % width_ns, execution.series)
        if (known := durations.get(key)) is None:
            durations[key] = [execution.duration_ns]
        else:
            known.append(execution.duration_ns)
    return {key: cell_of(values) for key, values in durations.items()}


def widen(
    cells: Mapping[tuple[int, Series], Cell], width_ns: int
) -> dict[tuple[int, Series], Cell]:
    """The same counts in slots of a greater width."""
    wide: dict[tuple[int, Series], Cell] = {}
    for (start_ns, series), cell in cells.items():
        wide.setdefault((floor(start_ns, width_ns), series), Cell()).merge(cell)
    return wide


def cell_of(durations: list[int]) -> Cell:
    """The cell of a column of durations, at least one."""
    cell = Cell(len(durations), sum(durations), max(durations))
    cell.histogram.add_many(durations)
    return cell


def add_to(cells: Cells, series: Series, cell: Cell) -> None:
    """Merge a cell that nobody else may change into the ones by series."""
    known = cells.get(series)
    if known is None:
        cells[series] = known = Cell()
    known.merge(cell)


def read_histogram(data: bytes) -> Histogram:
    """A stored histogram; bytes that are none count as an empty one, as the count stands apart."""
    try:
        return Histogram.from_bytes(data)
    except (struct.error, TypeError):
        return Histogram()
