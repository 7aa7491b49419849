"""From cells to figures: what a summary and a timeline say of a set of executions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

from changeover.core.cell import Cell
from changeover.core.model import ERRORS, Coverage, Outcome, Series, Stats, Summary

_Key = TypeVar("_Key", str, tuple[str, str])
_From = TypeVar("_From", str, tuple[str, str])


class Tally:
    """A set of executions of several outcomes, as counts that add up."""

    __slots__ = ("by_outcome", "cell")

    def __init__(self) -> None:
        self.cell = Cell()
        self.by_outcome: Counter[Outcome] = Counter()

    def count(self, outcome: Outcome, cell: Cell) -> None:
        """Add the executions of one outcome."""
        self.cell.merge(cell)
        self.by_outcome[outcome] += cell.count

    def copy(self) -> Tally:
        """The same set, to be changed alone."""
        tally = Tally()
        tally.merge(self)
        return tally

    def merge(self, other: Tally) -> None:
        """Add another set; the other stays as it is."""
        self.cell.merge(other.cell)
        self.by_outcome.update(other.by_outcome)

    def stats(self) -> Stats:
        """The figures of the set. Quantiles are within 0.8 %, and never above the maximum."""
        cell = self.cell
        quantiles = cell.histogram.quantiles(0.5, 0.95, 0.99)
        if quantiles is None or not cell.count:
            return Stats()
        errors = sum(self.by_outcome[outcome] for outcome in ERRORS)
        p50_ns, p95_ns, p99_ns = (min(value, float(cell.max_ns)) for value in quantiles)
        return Stats(
            total=cell.count,
            by_outcome={outcome: n for outcome in Outcome if (n := self.by_outcome[outcome])},
            errors=errors,
            error_ratio=errors / cell.count,
            mean_ns=cell.sum_ns / cell.count,
            p50_ns=p50_ns,
            p95_ns=p95_ns,
            p99_ns=p99_ns,
            max_ns=cell.max_ns,
        )


Pair = tuple[str, str]  # command and system
Tallies = dict[Pair, Tally]


def count_cells(tallies: Tallies, cells: Mapping[Series, Cell]) -> None:
    """Add the executions of cells; the cells stay as they are, and are not shared."""
    for (command, system, outcome), cell in cells.items():
        tallies.setdefault((command, system), Tally()).count(outcome, cell)


def summarize(coverage: Coverage, tallies: Tallies) -> Summary:
    """The figures of a window, each set in alphabetical order."""
    systems = regroup(tallies, lambda pair: pair[1])
    return Summary(
        coverage=coverage,
        total=regroup(systems, lambda _: "").get("", Tally()).stats(),
        by_system=figures(systems),
        by_command=figures(regroup(tallies, lambda pair: pair[0])),
        by_command_and_system=figures(tallies),
    )


def by_system(tallies: Tallies) -> dict[str, Stats]:
    """The figures of each system."""
    return figures(regroup(tallies, lambda pair: pair[1]))


def regroup(tallies: Mapping[_From, Tally], key: Callable[[_From], str]) -> dict[str, Tally]:
    """Add up what has the same key."""
    groups: dict[str, Tally] = {}
    for name, tally in tallies.items():
        groups.setdefault(key(name), Tally()).merge(tally)
    return groups


def figures(tallies: Mapping[_Key, Tally]) -> dict[_Key, Stats]:
    """Each set's figures, in alphabetical order."""
    return {key: tallies[key].stats() for key in sorted(tallies)}
