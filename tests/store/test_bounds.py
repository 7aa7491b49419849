"""What keeps a store within bounds, and what it says then."""

from __future__ import annotations

import threading

import pytest

from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.errors import BadValueError, StoreUnavailableError
from changeover.core.model import MetricQuery, MetricType, Outcome, Series, Status
from changeover.core.ports import Put
from changeover.store.memory import MemoryTelemetry
from changeover.store.retention import Retention
from changeover.store.sqlite import open_stores

MINUTE = 60 * NS_PER_S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ROWS = MetricQuery(MetricType.COMMAND_EXECUTION)


@pytest.mark.parametrize(
    "ages",
    [
        {"executions_s": 59},
        {"executions_s": 90_000, "minutes_s": 80_000},
        {"minutes_s": 40 * 86_400},
        {"failures_s": 0},
        {"resources_s": 10},
        {"megabytes": 0},
    ],
)
def test_a_retention_that_makes_no_sense_is_refused(ages):
    with pytest.raises(BadValueError):
        Retention(**ages)


class TestMemory:
    def test_beyond_its_limit_the_oldest_executions_go_and_counts_stay(self, clock, batch, total):
        telemetry = MemoryTelemetry(limit_records=1_000)
        now = clock.wall_ns()
        for minute in range(50):
            telemetry.append(batch(100, now + minute * MINUTE))
        kept = telemetry.newest(ROWS).total
        assert 800 <= kept <= 1_000
        assert total(telemetry) == 5_000
        exact = telemetry.count(now + 41 * MINUTE + 50, now + HOUR)
        assert exact.coverage.exact_to_event
        assert sum(cell.count for cell in exact.cells.values()) == 850
        rounded = telemetry.count(now + 20 * MINUTE + 50, now + HOUR)
        assert rounded.coverage.start_ns == now + 20 * MINUTE
        assert not rounded.coverage.exact_to_event

    def test_a_flood_within_one_minute_stays_within_bounds(self, clock, batch, total):
        telemetry = MemoryTelemetry(limit_records=1_000)
        for _ in range(5):
            telemetry.append(batch(700, clock.wall_ns()))
        assert telemetry.newest(ROWS).total <= 1_000
        assert total(telemetry) == 3_500
        covered = telemetry.count(clock.wall_ns() + 5, clock.wall_ns() + HOUR).coverage
        assert covered.start_ns == clock.wall_ns()

    def test_the_cells_are_bounded_and_the_newest_hour_stays(self, clock, batch, total):
        telemetry = MemoryTelemetry(limit_cells=30)
        now = clock.wall_ns()
        for hour in range(100):
            for minute in range(0, 60, 20):
                telemetry.append(batch(1, now + hour * HOUR + minute * MINUTE))
        assert sum(len(tier) for tier in telemetry._tiers._tiers.values()) < 90
        counted = telemetry.count(now, now + 100 * HOUR)
        assert counted.coverage.start_ns > now
        counted_hours = (now + 100 * HOUR - counted.coverage.start_ns) // HOUR
        assert total(telemetry) == 3 * counted_hours
        newest = telemetry.count(now + 99 * HOUR, now + 100 * HOUR)
        assert sum(cell.count for cell in newest.cells.values()) == 3


class TestUpkeep:
    def test_several_at_once_drop_and_sum_up_everything_once(self, open_file, clock, batch, total):
        kept = Retention(executions_s=600, minutes_s=3_600)
        now = clock.wall_ns()
        first = open_file(retention=kept, busy_s=10)
        for hour in range(12):
            first.telemetry.append(batch(500, now - hour * HOUR))
        dropped = []

        def prune():
            stores = open_stores(first.path, clock=clock, retention=kept, busy_s=10)
            dropped.append(stores.telemetry.prune(now))
            stores.telemetry.append(batch(7, now - 5 * HOUR))
            dropped.append(stores.telemetry.prune(now))
            stores.close()

        threads = [threading.Thread(target=prune) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert total(first.telemetry) == 6_021
        assert first.telemetry.newest(ROWS).total == 500

    def test_one_call_takes_its_time_and_no_more(self, folder, batch):
        class Hasty(ManualClock):
            """A quarter of a second passes with every look at it."""

            def monotonic_ns(self):
                self.advance(0.25)
                return super().monotonic_ns()

        clock = Hasty()
        stores = open_stores(folder / "store.db", clock=clock, retention=Retention(executions_s=60))
        now = clock.wall_ns()
        stores.telemetry.append(batch(3_000, now - DAY))
        assert stores.telemetry.prune(now) == 0
        covered = stores.telemetry.count(now - DAY, now).coverage
        assert covered.start_ns <= now - DAY
        stores.close()

    def test_a_slot_whose_histogram_is_damaged_still_counts(self, stores, clock, batch, raw, total):
        now = clock.wall_ns()
        stores.telemetry.append(batch(3, now - HOUR))
        raw(stores.path, "UPDATE slots SET histogram = x'00'")
        assert total(stores.telemetry) == 3
        stores.telemetry.append(batch(3, now - HOUR))
        stores.telemetry.prune(now)
        assert total(stores.telemetry) == 6
        assert stores.telemetry.check().status is Status.HEALTHY

    def test_a_word_this_version_does_not_know_is_a_trouble_not_a_crash(
        self, stores, batch, raw, clock
    ):
        stores.telemetry.append(batch(3))
        raw(stores.path, "UPDATE series SET outcome = 'exploded'")
        with pytest.raises(StoreUnavailableError, match="cannot read"):
            stores.telemetry.count(clock.wall_ns(), clock.wall_ns() + 1)
        with pytest.raises(StoreUnavailableError, match="cannot read"):
            stores.telemetry.newest(ROWS)
        stores.state.commit([Put("flag", "a", {})])


def test_names_come_back_whatever_characters_they_hold(stores, batch):
    for name in ("", "a'b\"c;--", "\x00", "💥", "x" * 5_000):
        stores.telemetry.append(batch(1, series=Series(name, name, Outcome.OK)))
        [(_, record)] = stores.telemetry.newest(MetricQuery(ROWS.type, limit=1)).records
        assert record.series.command == name
