"""A store that is a list, so that the truth about any window can be read off it."""

import math
from collections import Counter

import pytest

from changeover.core.cell import Cell, CellSlot, Counted
from changeover.core.clock import ManualClock
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import ERRORS, Coverage, Execution, Instance, Outcome, Series
from changeover.core.ports import Followed

SELF = Instance("self", "host", 1)
OTHER = Instance("other", "host", 2)


class ListTelemetry:
    """What `Summaries` uses of the port. Rows are (instance id, row), in the order stored."""

    def __init__(self):
        self.rows = []
        self.resources = []
        self.is_away = False
        self.asked = 0
        self.page = 10_000

    def store(self, instance, executions, resources=()):
        self.rows += [(instance.id, row) for row in executions]
        self.resources += [(instance.id, row) for row in resources]

    def count(self, start_ns, end_ns):
        self._ask()
        coverage = Coverage(start_ns=start_ns, end_ns=end_ns, exact_to_event=True)
        return Counted(coverage, self._cells(start_ns, end_ns))

    def slots(self, start_ns, end_ns, step_ns):
        self._ask()
        found = []
        for start in range(start_ns // step_ns * step_ns, end_ns, step_ns):
            span = max(start, start_ns), min(start + step_ns, end_ns)
            cells = self._cells(*span)
            sizes = [r.rss_bytes for _, r in self.resources if span[0] <= r.at_ns < span[1]]
            if cells or sizes:
                found.append(CellSlot(start, cells, max(sizes, default=None), None))
        return found

    def follow(self, cursor, *, but, since_ns=None, limit=10_000):
        self._ask()
        if cursor is None:
            late = [i for i, (_, row) in enumerate(self.rows) if row.at_ns >= (since_ns or 0)]
            cursor = min(late, default=len(self.rows))
        end = min(cursor + min(limit, self.page), len(self.rows))
        rows = [row for instance, row in self.rows[cursor:end] if instance != but.id]
        resources = [row for instance, row in self.resources if instance != but.id]
        return Followed(end, rows, resources if cursor == 0 else (), end < len(self.rows))

    def _ask(self):
        self.asked += 1
        if self.is_away:
            raise StoreUnavailableError("away")

    def _cells(self, start_ns, end_ns):
        cells = {}
        for _, row in self.rows:
            if start_ns <= row.at_ns < end_ns:
                cells.setdefault(row.series, Cell()).add_many([row.duration_ns])
        return cells


@pytest.fixture
def clock():
    """It starts in the middle of every step and slot."""
    return ManualClock(1_767_225_600_000_000_000 + 12_345_678_901_234)


@pytest.fixture
def telemetry():
    return ListTelemetry()


@pytest.fixture
def call():
    """Makes an execution."""

    def make(at_ns, command="add", system="ddd", outcome=Outcome.OK, duration_ns=1_000_000):
        return Execution(at_ns, Series(command, system, outcome), duration_ns)

    return make


@pytest.fixture
def agree():
    """Checks every set of a summary against the plain list of what happened."""

    def check(summary, rows):
        coverage = summary.coverage
        rows = [row for row in rows if coverage.start_ns <= row.at_ns <= coverage.end_ns]
        sets = {
            "by_command": lambda s: s.command,
            "by_system": lambda s: s.system,
            "by_command_and_system": lambda s: (s.command, s.system),
        }
        for name, key in sets.items():
            told = getattr(summary, name)
            assert set(told) == {key(row.series) for row in rows}
            for group, stats in told.items():
                _stats_agree(stats, [row for row in rows if key(row.series) == group])
        _stats_agree(summary.total, rows)

    return check


def _stats_agree(stats, rows):
    durations = sorted(row.duration_ns for row in rows)
    assert stats.total == len(rows)
    assert stats.by_outcome == Counter(row.series.outcome for row in rows)
    assert stats.errors == sum(row.series.outcome in ERRORS for row in rows)
    if not rows:
        assert (stats.error_ratio, stats.mean_ns, stats.p50_ns, stats.max_ns) == (None,) * 4
        return
    assert stats.error_ratio == stats.errors / len(rows)
    assert stats.mean_ns == sum(durations) / len(rows)
    assert stats.max_ns == durations[-1]
    for level, value in ((0.5, stats.p50_ns), (0.95, stats.p95_ns), (0.99, stats.p99_ns)):
        truth = durations[math.ceil(level * len(rows)) - 1]
        assert abs(value - truth) <= 0.01 * truth
        assert value <= stats.max_ns
