"""One command closely: nothing of another command, nothing lost, edges that can be drawn."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.aggregate.detail import PER_DOUBLING, distribution
from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.histogram import Histogram
from changeover.core.model import Batch, Instance, Outcome, Stats
from changeover.core.window import parse_window
from changeover.store.memory.telemetry import MemoryTelemetry

FIRST = Instance("1" * 16, "host", 1)
HOUR = parse_window("1h")


@pytest.fixture
def stored(clock, call):
    """Forty minutes of two commands in both systems; `add` fails now and then on the new one."""
    telemetry = MemoryTelemetry()
    rng = random.Random(3)
    calls = []
    for _ in range(400):
        clock.advance(6)
        system = rng.choice(["legacy", "ddd"])
        fails = system == "ddd" and rng.random() < 0.2
        outcome = Outcome.FAILURE if fails else Outcome.OK
        duration_ns = rng.randrange(5, 500) * NS_PER_MS
        calls.append(
            call(clock.wall_ns(), rng.choice(["add", "list"]), system, outcome, duration_ns)
        )
    telemetry.append(Batch(FIRST, calls))
    return telemetry, calls


def test_it_counts_the_command_alone_over_the_whole_window(stored, clock):
    telemetry, calls = stored
    detail = Summaries(telemetry, clock=clock).detail("add", HOUR)
    for system in ("legacy", "ddd"):
        own = [row for row in calls if row.series[:2] == ("add", system)]
        assert detail.by_system[system].total == len(own)
        slots = [slot.by_system.get(system, Stats()) for slot in detail.timeline.slots]
        assert sum(stats.total for stats in slots) == len(own)
        ok = [row for row in own if row.series.outcome is Outcome.OK]
        assert sum(count for _, count in detail.distributions[system]) == len(ok)
    assert detail.by_system["ddd"].errors > 0


def test_a_command_that_nobody_called_has_steps_and_no_figures(stored, clock):
    telemetry, _ = stored
    detail = Summaries(telemetry, clock=clock).detail("nobody", HOUR)
    assert detail.by_system == {}
    assert detail.distributions == {}
    assert len(detail.timeline.slots) == 60
    assert detail.timeline.slots[-1].start_ns <= clock.wall_ns()


@pytest.mark.parametrize("text", ["30s", "5m", "24h", "30d"])
def test_every_window_is_cut_in_whole_minutes(stored, clock, text):
    telemetry, _ = stored
    detail = Summaries(telemetry, clock=clock).detail("add", parse_window(text))
    assert detail.timeline.step_ns % (60 * NS_PER_S) == 0
    assert all(slot.start_ns % detail.timeline.step_ns == 0 for slot in detail.timeline.slots)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_a_distribution_loses_nothing_and_its_edges_ascend_by_one_factor(values):
    histogram = Histogram()
    histogram.add_many(values)
    buckets = distribution(histogram)
    assert sum(count for _, count in buckets) == len(values)
    edges = [edge for edge, _ in buckets]
    for before, after in itertools.pairwise(edges):
        assert math.isclose(after / before, 2 ** (1 / PER_DOUBLING), rel_tol=1e-9)
    assert edges[-1] * 1.01 >= max(values)


def test_nothing_has_no_distribution():
    assert distribution(Histogram()) == ()
