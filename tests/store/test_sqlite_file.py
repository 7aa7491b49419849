"""How the file is made, set up, kept small and copied."""

from __future__ import annotations

import random
import stat
import threading

import pytest

from changeover.core.clock import NS_PER_S
from changeover.core.errors import BadValueError, StoreUnavailableError
from changeover.core.model import (
    Batch,
    ErrorInfo,
    Execution,
    FlagCheck,
    Instance,
    MetricQuery,
    MetricType,
    Outcome,
    Reason,
    ResourceSample,
    Series,
    Status,
    Trace,
)
from changeover.core.ports import Put
from changeover.store.retention import Retention
from changeover.store.sqlite import Journal
from changeover.store.sqlite.journal import choose_journal

MINUTE = 60 * NS_PER_S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WAL = Journal("WAL", "NORMAL", "asked for by a test")
DELETE = Journal("DELETE", "FULL", "asked for by a test")


def permissions(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 6, 23), "WAL"),
        ((3, 7, 0), "DELETE"),
        ((3, 40, 1), "DELETE"),
        ((3, 44, 5), "DELETE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "DELETE"),
        ((3, 50, 6), "DELETE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "DELETE"),
        ((3, 51, 3), "WAL"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_wal_only_runs_on_versions_that_keep_every_commit(version, mode):
    journal = choose_journal(version)
    assert (journal.mode, journal.synchronous) in {("WAL", "NORMAL"), ("DELETE", "FULL")}
    assert journal.mode == mode
    assert ".".join(map(str, version)) in journal.why


@pytest.mark.parametrize("journal", [WAL, DELETE])
def test_the_file_and_what_is_beside_it_are_the_owners_alone(open_file, folder, batch, journal):
    path = folder / "new" / "deep" / "store.db"
    stores = open_file(path, journal=journal)
    stores.telemetry.append(batch())
    beside = sorted(path.parent.iterdir())
    assert len(beside) == (3 if journal is WAL else 1)
    assert {permissions(file) for file in beside} == {0o600}
    assert permissions(path.parent) == 0o700


def test_a_directory_that_was_there_keeps_its_permissions(open_file, folder):
    (folder / "mine").mkdir(mode=0o755)
    open_file(folder / "mine" / "store.db")
    assert permissions(folder / "mine") == 0o755


@pytest.mark.parametrize("journal", [WAL, DELETE])
def test_check_says_which_journal_runs_and_why(open_file, journal):
    check = open_file(journal=journal).telemetry.check()
    assert check.status is Status.HEALTHY
    assert f"journal {journal.mode}, synchronous {journal.synchronous}" in check.detail
    assert journal.why in check.detail
    assert "store.db" in check.detail
    assert "MB" in check.detail


def test_a_file_can_change_its_journal_and_keeps_what_it_holds(open_file, batch, total):
    first = open_file(journal=WAL)
    first.telemetry.append(batch(3))
    first.close()
    second = open_file(journal=DELETE)
    assert "journal DELETE" in second.telemetry.check().detail
    assert total(second.telemetry) == 3


def test_a_wal_file_that_others_have_open_is_used_as_it_is_and_that_is_said(
    open_file, batch, total
):
    other = open_file(journal=WAL)
    other.telemetry.append(batch())
    mine = open_file(journal=DELETE)
    mine.telemetry.append(batch())
    assert total(other.telemetry) == 2
    assert "journal WAL instead of DELETE, synchronous FULL" in mine.telemetry.check().detail


def test_what_was_stored_is_there_after_a_restart(open_file, batch, total):
    first = open_file()
    first.telemetry.append(batch(5))
    first.state.commit([Put("flag", "a", {"share": 5})])
    first.close()
    second = open_file()
    assert total(second.telemetry) == 5
    second.telemetry.append(batch(5))
    assert total(second.telemetry) == 10
    assert second.state.read("flag")["a"].value == {"share": 5}


def test_every_row_of_telemetry_knows_its_instance(stores, raw, batch):
    there = Instance("b" * 16, "host-b", 12, "shard-1", 99)
    for who in (batch().instance, there, there):
        made = batch(2, instance=who)
        checks = [FlagCheck(made.executions[0].at_ns, "f", True)]
        sample = ResourceSample(
            at_ns=made.executions[0].at_ns,
            rss_bytes=1,
            memory_limit_bytes=None,
            cpu_machine_percent=None,
            cpu_core_percent=None,
            threads=1,
            open_files=None,
            gc_pause_max_ns=0,
            gc_pause_total_ns=0,
            loop_lag_ns=None,
        )
        stores.telemetry.append(Batch(who, made.executions, checks, [sample]))
    for table, rows in {"executions": 2, "flag_checks": 1, "resources": 1}.items():
        found = raw(
            stores.path,
            f"SELECT uid, host, process, shard, started_ns, count(*) FROM {table} AS t "  # noqa: S608 - our own words
            "JOIN instances AS i ON i.id = t.instance GROUP BY uid ORDER BY uid",
        )
        assert found == [
            ("a" * 16, "host-a", 11, None, 0, rows),
            ("b" * 16, "host-b", 12, "shard-1", 99, 2 * rows),
        ]
    assert raw(stores.path, "SELECT count(*), sum(count) FROM slots") == [(2, 6)]


def test_the_slots_hold_their_sums_beside_the_single_executions(stores, raw, batch, clock):
    now = clock.wall_ns()
    stores.telemetry.append(batch(10, now - 26 * HOUR))
    stores.telemetry.prune(now)
    stores.telemetry.append(batch(3, now - 26 * HOUR))
    rows = raw(
        stores.path, "SELECT width_ns / 60000000000, sum(count) FROM slots GROUP BY 1 ORDER BY 1"
    )
    assert rows == [(1, 13), (60, 13), (1_440, 13)]


def test_closing_one_store_leaves_the_other_at_work(stores):
    stores.telemetry.close()
    stores.telemetry.close()
    stores.state.commit([Put("flag", "a", {})])
    stores.state.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        stores.state.read("flag")


def failures(count, at_ns):
    error = ErrorInfo("E", "x" * 500, "0" * 12)
    series = Series("list", "ddd", Outcome.FAILURE)
    return [Execution(at_ns + i * MINUTE, series, 5, error) for i in range(count)]


class TestSpace:
    def test_the_file_shrinks_when_its_records_are_old(self, open_file, clock, batch):
        stores = open_file(retention=Retention(executions_s=600, minutes_s=3_600, counts_s=7_200))
        size = stores.path.stat().st_size
        for minute in range(6):
            stores.telemetry.append(batch(5_000, clock.wall_ns() + minute * MINUTE))
        assert stores.path.stat().st_size > 4 * size + 1_000_000
        dropped = stores.telemetry.prune(clock.wall_ns() + DAY)
        assert dropped >= 30_000
        assert stores.path.stat().st_size < 2 * size

    def test_beyond_its_size_the_oldest_single_executions_go_first(
        self, open_file, clock, total, raw
    ):
        stores = open_file(retention=Retention(megabytes=1))
        dice = random.Random(4)
        now = clock.wall_ns()
        for turn in range(12):
            at = now - (12 - turn) * HOUR
            calls = [
                Execution(
                    at + i * NS_PER_S,
                    Series("add", "ddd", Outcome.OK),
                    dice.randrange(10**9),
                    None,
                    Trace(Reason.FLAG, "f", 5.0, dice.random()),
                )
                for i in range(2_000)
            ]
            stores.telemetry.append(Batch(Instance("c" * 16, "h", 1), calls))
        before = total(stores.telemetry)
        assert stores.telemetry.prune(now) > 1_000
        assert stores.path.stat().st_size <= 1_100_000
        assert total(stores.telemetry) == before == 24_000
        kept = stores.telemetry.newest(MetricQuery(MetricType.COMMAND_EXECUTION))
        assert 0 < kept.total < 24_000
        oldest = raw(stores.path, "SELECT min(at_ns) FROM executions")[0][0]
        window = stores.telemetry.count(oldest + 1, now)
        assert window.coverage.exact_to_event
        assert sum(cell.count for cell in window.cells.values()) == kept.total - 1

    def test_nothing_that_fills_the_file_keeps_it_above_its_size(self, open_file, clock, raw):
        stores = open_file(retention=Retention(megabytes=1))
        now = clock.wall_ns()
        who = Instance("c" * 16, "h", 1)
        for day in range(20):
            at = now - (20 - day) * DAY
            checks = [FlagCheck(at + i, f"flag {i}", True) for i in range(50)]
            stores.telemetry.append(Batch(who, failures(200, at), checks))
        assert stores.path.stat().st_size > 2_500_000
        stores.telemetry.prune(now)
        assert stores.path.stat().st_size <= 1_100_000
        assert raw(stores.path, "PRAGMA integrity_check") == [("ok",)]
        assert stores.telemetry.count(now - 30 * DAY, now).cells

    def test_instances_that_nothing_tells_of_any_more_go(self, stores, clock, batch, raw):
        now = clock.wall_ns()
        stores.telemetry.append(batch(1, now, Instance("c" * 16, "h", 1)))
        stores.telemetry.append(batch(1, now + 20 * DAY))
        stores.telemetry.prune(now + 33 * DAY)
        assert raw(stores.path, "SELECT uid FROM instances") == [("a" * 16,)]
        stores.telemetry.prune(now + 90 * DAY)
        stores.telemetry.append(batch(1, now + 90 * DAY))
        page = stores.telemetry.newest(MetricQuery(MetricType.COMMAND_EXECUTION))
        assert [who for who, _ in page.records] == ["a" * 16]

    def test_wal_files_shrink_too(self, open_file, clock, batch):
        stores = open_file(
            retention=Retention(executions_s=600, minutes_s=3_600, counts_s=7_200), journal=WAL
        )
        stores.telemetry.append(batch(20_000, clock.wall_ns()))
        stores.telemetry.prune(clock.wall_ns() + DAY)
        sizes = [file.stat().st_size for file in stores.path.parent.iterdir()]
        assert sum(sizes) < 400_000


class TestBackup:
    def test_the_copy_holds_everything_and_is_the_owners_alone(
        self, stores, open_file, batch, total
    ):
        stores.telemetry.append(batch(7))
        target = stores.path.with_name("copy.db")
        stores.backup(target)
        assert permissions(target) == 0o600
        assert total(open_file(target).telemetry) == 7
        assert sorted(p.name for p in target.parent.glob("*partial*")) == []

    @pytest.mark.parametrize("journal", [WAL, DELETE])
    def test_it_is_whole_although_others_write_meanwhile(self, open_file, batch, raw, journal):
        stores, writer = open_file(journal=journal), open_file(journal=journal, busy_s=5)
        stores.telemetry.append(batch(5_000))
        stop = threading.Event()

        def load():
            while not stop.is_set():
                writer.telemetry.append(batch(50))

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for number in range(3):
                target = stores.path.with_name(f"copy-{number}.db")
                stores.backup(target)
                assert raw(target, "PRAGMA integrity_check") == [("ok",)]
                counted, single = (
                    raw(target, "SELECT sum(count) FROM slots WHERE width_ns = 60000000000"),
                    raw(target, "SELECT count(*) FROM executions"),
                )
                assert counted == single
        finally:
            stop.set()
            thread.join()

    def test_it_never_overwrites(self, stores):
        target = stores.path.with_name("copy.db")
        target.write_text("mine")
        with pytest.raises(BadValueError, match="does not exist yet"):
            stores.backup(target)
        assert target.read_text() == "mine"

    def test_a_directory_that_is_not_there_is_named(self, stores, folder):
        with pytest.raises(BadValueError, match="a directory that exists"):
            stores.backup(folder / "nowhere" / "copy.db")

    def test_a_copy_that_fails_is_no_trouble_of_the_store(self, stores):
        target = stores.path.with_name("x" * 250)
        with pytest.raises(StoreUnavailableError, match="cannot be written"):
            stores.backup(target)
        assert stores.telemetry.check().status is Status.HEALTHY
