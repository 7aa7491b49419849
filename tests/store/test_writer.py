"""The thread before the store: order, bounds, retries, poison; nothing lost uncounted."""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.core.clock import ManualClock
from changeover.core.errors import Guard, StoreUnavailableError
from changeover.core.model import (
    Batch,
    Execution,
    FlagCheck,
    Instance,
    MetricQuery,
    MetricType,
    Status,
)
from changeover.store.batches import split_at, split_up, take_together
from changeover.store.memory import MemoryTelemetry
from changeover.store.writer import Writer

SOON_S = 10.0
THERE = Instance("b" * 16, "host-b", 12)


class Moody(MemoryTelemetry):
    """A store that is away when told so, and remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.given, self.attempts = [], 0
        self.error = None
        self.asked = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def append(self, batch):
        self.attempts += 1
        self.asked.set()
        assert self.may_go_on.wait(SOON_S)
        if self.error is not None:
            raise self.error
        super().append(batch)
        self.given.append(batch)

    def stored(self):
        return [e.duration_ns for batch in self.given for e in batch.executions]


@pytest.fixture
def store():
    return Moody()


@pytest.fixture
def writer(store, clock):
    writer = Writer(store, clock=clock)
    yield writer
    store.may_go_on.set()
    writer.stop(0)


def numbered(batch, first, count=1, instance=None):
    made = batch(count) if instance is None else batch(count, instance=instance)
    return replace(
        made, executions=[e._replace(duration_ns=first + i) for i, e in enumerate(made.executions)]
    )


def test_what_is_put_is_stored_without_being_asked_for(store, writer, batch):
    stored = threading.Event()
    append = store.append
    store.append = lambda part: (append(part), stored.set())
    writer.put(batch(3))
    assert stored.wait(SOON_S)
    assert len(store.given[0]) == 3


def test_flush_waits_for_all_that_was_put_before(store, writer, batch):
    for number in range(50):
        writer.put(numbered(batch, number))
    assert writer.flush(SOON_S)
    assert store.stored() == list(range(50))


def test_flush_of_nothing_is_at_once(writer):
    assert writer.flush(0)


def test_an_empty_batch_is_nothing(store, writer, batch):
    writer.put(Batch(batch().instance))
    assert writer.flush(SOON_S)
    assert not store.attempts


def test_putting_never_waits_for_the_store(store, writer, batch):
    store.may_go_on.clear()
    writer.put(batch())
    assert store.asked.wait(SOON_S)
    for _ in range(100):
        writer.put(batch())  # the store is still at the first
    assert not writer.flush(0.01)
    store.may_go_on.set()
    assert writer.flush(SOON_S)
    assert len(store.stored()) == 101


def test_what_waits_is_stored_together_but_never_two_instances_in_one(store, writer, batch):
    store.may_go_on.clear()
    writer.put(numbered(batch, 0))
    assert store.asked.wait(SOON_S)
    for number in range(1, 5):
        writer.put(numbered(batch, number))
    writer.put(numbered(batch, 5, 2, THERE))
    writer.put(numbered(batch, 7))
    store.may_go_on.set()
    assert writer.flush(SOON_S)
    assert [len(part) for part in store.given] == [1, 4, 2, 1]
    assert store.stored() == list(range(8))
    assert [part.instance.id[0] for part in store.given] == ["a", "a", "b", "a"]


def test_a_very_large_batch_goes_in_parts(store, writer, batch):
    writer.put(numbered(batch, 0, 12_000))
    assert writer.flush(SOON_S)
    assert [len(part) for part in store.given] == [5_000, 5_000, 2_000]
    assert store.stored() == list(range(12_000))


class TestUnavailable:
    def test_batches_wait_in_order_until_the_store_is_back(self, store, writer, batch):
        store.error = StoreUnavailableError("locked")
        for number in range(20):
            writer.put(numbered(batch, number))
        assert store.asked.wait(SOON_S)
        assert not writer.flush(0.01)
        store.error = None
        assert writer.flush(SOON_S)
        assert store.stored() == list(range(20))
        assert writer.dropped == {}

    def test_the_check_says_since_when_how_much_waits_and_why(self, store, writer, batch, clock):
        assert writer.check().status is Status.HEALTHY
        store.error = StoreUnavailableError("the disk is full")
        writer.put(batch(3))
        while writer.check().status is Status.HEALTHY:
            assert store.asked.wait(SOON_S)
        clock.advance(65)
        check = writer.check()
        assert check.status is Status.DEGRADED
        assert check.detail == "3 records wait since 1 min 5 s: the disk is full"
        store.error = None
        assert writer.flush(SOON_S)
        assert writer.check().status is Status.HEALTHY

    def test_beyond_the_limit_what_comes_is_dropped_and_counted(self, store, clock, batch, caplog):
        caplog.set_level(logging.WARNING, "changeover")
        store.error = StoreUnavailableError("locked")
        writer = Writer(store, clock=clock, limit_records=10)
        for number in range(0, 20, 4):
            writer.put(numbered(batch, number, 4))
        assert writer.dropped == {"store_backlog": 12}
        assert "12 dropped (store_backlog)" in writer.check().detail
        store.error = None
        assert writer.flush(SOON_S)
        assert store.stored() == list(range(8))
        writer.put(numbered(batch, 20, 4))
        assert writer.flush(SOON_S)
        assert store.stored() == [*range(8), *range(20, 24)]
        assert len(caplog.records) == 1
        assert writer.stop(SOON_S)

    def test_it_does_not_ask_a_store_that_is_away_all_the_time(self, store, writer, batch):
        store.error = StoreUnavailableError("locked")
        writer.put(batch())
        assert not writer.flush(0.5)
        assert 2 <= store.attempts <= 8

    def test_a_real_file_locked_by_another_gets_everything_afterwards(
        self, open_file, clock, batch, total
    ):
        stores = open_file()
        writer = Writer(stores.telemetry, clock=clock)
        with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            for number in range(10):
                writer.put(numbered(batch, number, 10))
            assert not writer.flush(0.2)
            assert "another process has locked it" in writer.check().detail
            other.execute("ROLLBACK")
        assert writer.flush(SOON_S)
        assert total(stores.telemetry) == 100
        assert writer.stop(SOON_S)


def poisoned(execution):
    return execution._replace(duration_ns=-1)


class TestPoison:
    @settings(
        max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(st.booleans(), min_size=1, max_size=40))
    def test_a_poison_record_costs_itself_only(self, batch, is_poison):
        store = Moody()
        writer = Writer(store, clock=ManualClock())
        made = numbered(batch, 0, len(is_poison))
        executions = [
            poisoned(e) if bad else e for e, bad in zip(made.executions, is_poison, strict=True)
        ]
        writer.put(Batch(made.instance, executions))
        assert writer.flush(SOON_S)
        assert store.stored() == [i for i, bad in enumerate(is_poison) if not bad]
        assert writer.dropped == ({"poison": sum(is_poison)} if any(is_poison) else {})
        assert writer.stop(SOON_S)

    def test_it_is_found_among_many_in_few_attempts(self, store, writer, batch):
        made = numbered(batch, 0, 4_096)
        made.executions[1_234] = poisoned(made.executions[1_234])
        writer.put(made)
        assert writer.flush(SOON_S)
        assert len(store.stored()) == 4_095
        assert store.attempts <= 2 * 12 + 1

    def test_other_kinds_in_its_batch_survive(self, store, writer, batch):
        made = batch(1)
        checks = [FlagCheck(1, "f", True), FlagCheck(1, "\ud800", True), FlagCheck(2, "f", True)]
        writer.put(replace(made, flag_checks=checks))
        assert writer.flush(SOON_S)
        assert store.newest(MetricQuery(MetricType.FEATURE_FLAG_CHECK)).total == 2
        assert store.stored() == [made.executions[0].duration_ns]
        assert writer.dropped == {"poison": 1}

    def test_an_error_that_is_not_the_stores_costs_its_records_and_is_told(
        self, store, clock, batch
    ):
        told = []
        writer = Writer(store, clock=clock, guard=Guard(clock, told.append))
        store.error = ZeroDivisionError("a defect")
        writer.put(batch(2))
        assert writer.flush(SOON_S)
        assert writer.dropped == {"store_error": 2}
        assert store.error in told
        store.error = None
        writer.put(batch(2))
        assert writer.flush(SOON_S)
        assert len(store.stored()) == 2
        assert writer.stop(SOON_S)


class TestStop:
    def test_it_stores_what_waits_and_ends_its_thread(self, store, writer, batch):
        for number in range(30):
            writer.put(numbered(batch, number))
        assert writer.stop(SOON_S)
        assert store.stored() == list(range(30))
        assert "changeover-writer" not in {thread.name for thread in threading.enumerate()}
        assert writer.stop(SOON_S)

    def test_what_could_not_be_stored_in_time_is_counted(self, store, writer, batch):
        store.error = StoreUnavailableError("locked")
        writer.put(batch(3))
        assert store.asked.wait(SOON_S)
        writer.put(batch(4))
        assert not writer.stop(0.05)
        assert writer.flush(SOON_S)  # the thread lets go of what it had under way
        assert writer.dropped == {"stopped": 7}

    def test_what_comes_after_it_is_counted(self, store, writer, batch):
        assert writer.stop(0)
        writer.put(batch(2))
        assert writer.dropped == {"stopped": 2}
        assert not store.attempts


class TestBatches:
    @given(st.integers(0, 9), st.integers(0, 5), st.integers(0, 5), st.integers(1, 7))
    def test_parts_hold_every_record_once_in_order(self, executions, checks, samples, limit):
        whole = Batch(
            THERE,
            [Execution(i, None, 0) for i in range(executions)],
            [FlagCheck(i, "f", True) for i in range(checks)],
            list(range(samples)),
        )
        for parts in (split_up(whole, limit), split_at(whole, min(limit, len(whole)))):
            assert [e for part in parts for e in part.executions] == whole.executions
            assert [c for part in parts for c in part.flag_checks] == whole.flag_checks
            assert [s for part in parts for s in part.resources] == whole.resources
        assert all(len(part) <= limit for part in split_up(whole, limit))
        waiting = split_up(whole, limit)
        again = take_together(waiting, len(whole))
        assert not waiting
        assert again.executions == whole.executions
        assert len(again) == len(whole)


def test_a_thread_that_was_started_early_takes_the_first_batch(store, batch, writer):
    before = threading.active_count()
    writer.start()
    assert threading.active_count() == before + 1
    writer.put(batch(1))
    assert writer.flush(SOON_S)
    assert threading.active_count() == before + 1
    assert len(store.stored()) == 1
