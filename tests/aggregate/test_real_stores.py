"""The promises of `Summaries`, over the stores that people run."""

import random

import pytest

from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_S
from changeover.core.model import Batch, Instance, Outcome
from changeover.core.window import PRESETS, parse_window
from changeover.store.memory.telemetry import MemoryTelemetry
from changeover.store.sqlite import open_stores

FIRST, SECOND = Instance("1" * 16, "host", 1), Instance("2" * 16, "host", 2)
WINDOWS = [parse_window(text) for text in PRESETS]


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path, clock):
    if request.param == "memory":
        telemetry = MemoryTelemetry()
    else:
        telemetry = open_stores(tmp_path / "changeover.sqlite3", clock=clock).telemetry
    yield telemetry
    telemetry.close()


@pytest.fixture
def story(clock, call):
    """Some minutes of calls: twenty seconds at a time, as long as asked."""
    rng = random.Random(7)

    def tell(rounds):
        for _ in range(rounds):
            clock.advance(20)
            yield [
                call(
                    clock.wall_ns() - rng.randrange(NS_PER_S),
                    rng.choice(["add", "list"]),
                    rng.choice(["legacy", "ddd"]),
                    rng.choice([Outcome.OK, Outcome.FAILURE]),
                    int(rng.lognormvariate(16, 1)),
                )
                for _ in range(rng.randrange(6))
            ]

    return tell


def test_after_a_restart_everything_goes_on_as_if_there_had_been_none(store, clock, story, agree):
    rows = []
    for fresh in story(400):
        store.append(Batch(FIRST, fresh))
        rows += fresh
    summaries = Summaries(store, clock=clock)
    summaries.load(SECOND)
    for fresh in story(20):
        rows += fresh
        summaries.add(fresh)
        clock.advance(11)
        for window in WINDOWS:
            agree(summaries.summary(window), rows)
            assert summaries.summary(window).coverage.exact_to_event
        store.append(Batch(SECOND, fresh))
        for window in WINDOWS:
            agree(summaries.summary(window), rows)


def test_two_processes_on_one_store_say_the_same_once_they_have_followed(
    store, clock, story, agree
):
    rows = []
    pair = {who.id: (who, Summaries(store, clock=clock)) for who in (FIRST, SECOND)}
    cursors = {key: summaries.load(who) for key, (who, summaries) in pair.items()}
    for number, fresh in enumerate(story(60)):
        who, summaries = pair[(FIRST, SECOND)[number % 2].id]
        summaries.add(fresh)
        store.append(Batch(who, fresh))
        rows += fresh
        for key, (reader, others) in pair.items():
            page = store.follow(cursors[key], but=reader)
            cursors[key] = page.cursor
            others.add(page.executions)
    for _, summaries in pair.values():
        for window in WINDOWS:
            agree(summaries.summary(window), rows)
            told = summaries.timeline(window).slots
            first_ns = told[0].start_ns
            counted = sum(stats.total for slot in told for stats in slot.by_system.values())
            assert counted == sum(row.at_ns >= first_ns for row in rows)
