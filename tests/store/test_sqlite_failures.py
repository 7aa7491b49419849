"""What goes wrong with the file degrades the store, is said, and is over when its cause is."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager, suppress

import pytest

from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Instance, MetricQuery, MetricType, Status
from changeover.core.ports import Put
from changeover.store.sqlite import Journal, files

WAL = Journal("WAL", "NORMAL", "asked for by a test")
DELETE = Journal("DELETE", "FULL", "asked for by a test")
NOBODY = 65_534
ROWS = MetricQuery(MetricType.COMMAND_EXECUTION)


def assert_works(stores, batch):
    """Both ports do what they should, and the check says so."""
    before = stores.telemetry.newest(ROWS).total
    stores.telemetry.append(batch())
    assert stores.telemetry.newest(ROWS).total == before + 1
    stores.state.commit([Put("flag", "after", {})])
    assert stores.telemetry.check().status is Status.HEALTHY


def assert_fails(stores, batch, sentence):
    """Writing fails with one clear sentence that names the file; the check says it too."""
    with pytest.raises(StoreUnavailableError, match=sentence) as caught:
        stores.telemetry.append(batch())
    assert str(stores.path) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreUnavailableError):
        stores.state.commit([Put("flag", "a", {})])
    check = stores.telemetry.check()
    assert check.status is Status.DEGRADED
    assert "cannot write since" in check.detail


@pytest.fixture(params=[DELETE, WAL], ids=["delete", "wal"])
def journal(request):
    return request.param


class TestLocked:
    def test_a_lock_held_by_another_degrades_until_it_goes(self, open_file, batch, journal):
        stores = open_file(journal=journal)
        with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert_fails(stores, batch, "another process has locked it for 0.05 s")
            other.execute("COMMIT")
        assert_works(stores, batch)

    def test_the_check_of_a_file_known_to_be_locked_waits_for_nobody(self, open_file, batch):
        stores = open_file()
        stores.telemetry.append(batch())
        with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreUnavailableError):
                stores.telemetry.append(batch())
            stores.telemetry._database._busy_s = 3_600.0  # the test's time limit is 20 s
            check = stores.telemetry.check()
            assert check.status is Status.DEGRADED
            assert "another process has locked it" in check.detail
            other.execute("COMMIT")
        assert_works(stores, batch)

    def test_whoever_only_reads_waits_for_nobody_who_prepares_a_write(
        self, open_file, batch, total
    ):
        stores = open_file()
        stores.telemetry.append(batch())
        with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert total(stores.telemetry) == 1
            assert stores.state.read("flag") == {}

    def test_a_locked_file_can_be_opened_and_works_later(self, folder, open_file, batch):
        open_file().close()
        with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            stores = open_file()
            with pytest.raises(StoreUnavailableError, match="locked"):
                stores.telemetry.count(0, 1)
            assert stores.telemetry.check().status is Status.DEGRADED
            other.execute("ROLLBACK")
        assert_works(stores, batch)

    def test_the_log_has_the_trouble_once_and_its_end(self, stores, batch, caplog):
        caplog.set_level(logging.WARNING, "changeover")
        with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(5):
                with pytest.raises(StoreUnavailableError):
                    stores.telemetry.append(batch())
        stores.telemetry.append(batch())
        begin, end = [record.getMessage() for record in caplog.records]
        assert "cannot write" in begin
        assert "works again" in end

    def test_how_long_it_has_been_so_is_said(self, stores, batch, clock):
        with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError):
                stores.telemetry.append(batch())
            clock.advance(125)
            assert "cannot write since 2 min 5 s" in stores.telemetry.check().detail


class TestFull:
    def test_a_file_that_may_not_grow_degrades_until_it_may(self, stores, batch):
        stores.telemetry.append(batch())
        with stores._database.plain() as connection:
            connection.execute("PRAGMA max_page_count = 1")  # means: what it has now
        with pytest.raises(StoreUnavailableError, match="the disk is full"):
            stores.telemetry.append(batch(5_000))
        assert stores.telemetry.check().status is Status.DEGRADED
        assert stores.telemetry.newest(ROWS).total == 1
        assert_works(stores, batch)

    @pytest.mark.slow
    def test_a_disk_that_is_full_degrades_until_there_is_space(
        self, open_file, tmp_path, batch, raw, journal
    ):
        with small_disk(tmp_path / "disk") as disk:
            stores = open_file(disk / "data" / "store.db", journal=journal)
            stored = self._fill(stores, batch)
            assert stored
            assert stores.telemetry.check().status is Status.DEGRADED
            assert stores.telemetry.newest(ROWS).total == stored
            remount(disk, "size=16m")
            assert_works(stores, batch)
            assert raw(stores.path, "PRAGMA integrity_check") == [("ok",)]
            stores.close()

    def _fill(self, stores, batch):
        for number in range(200):
            try:
                stores.telemetry.append(batch(1_000))
            except StoreUnavailableError as error:
                assert "the disk" in str(error)  # noqa: PT017 - which batch fails is not known
                return 1_000 * number
        pytest.fail("200 000 executions do not fit on this disk")

    @pytest.mark.slow
    def test_a_disk_that_turns_read_only_degrades_until_it_is_writable(
        self, open_file, tmp_path, batch, total
    ):
        with small_disk(tmp_path / "disk") as disk:
            first = open_file(disk / "store.db")
            first.telemetry.append(batch(3))
            first.close()  # nothing remounts below a file that is open for writing
            remount(disk, "ro")
            stores = open_file(disk / "store.db")
            assert_fails(stores, batch, "read-only|cannot be opened")
            assert total(stores.telemetry) == 3
            remount(disk, "rw")
            assert_works(stores, batch)
            stores.close()


@contextmanager
def small_disk(folder):
    """A disk of 2 MB in memory, where this user may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(command, check=False, capture_output=True).returncode
    ):
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@contextmanager
def as_nobody(*paths):
    """Without root's right to write everywhere; does nothing for other users."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    for path in paths:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


class TestReadOnly:
    def test_a_read_only_file_is_read_and_degrades_until_it_is_writable(
        self, open_file, folder, batch, total
    ):
        first = open_file()
        first.telemetry.append(batch(2))
        first.close()
        with as_nobody(folder, first.path):
            first.path.chmod(0o400)
            stores = open_file()
            assert total(stores.telemetry) == 2
            assert_fails(stores, batch, "read-only")
            first.path.chmod(0o600)
            assert_works(stores, batch)
            stores.close()

    def test_a_read_only_directory_degrades_until_it_is_writable(
        self, open_file, folder, batch, total
    ):
        first = open_file(journal=DELETE)
        first.telemetry.append(batch(2))
        with as_nobody(folder, first.path):
            folder.chmod(0o500)
            try:
                assert_fails(first, batch, "read-only|cannot be opened")
                assert total(first.telemetry) == 2
            finally:
                folder.chmod(0o700)
            assert_works(first, batch)
            first.close()

    def test_a_directory_that_may_not_be_made_degrades_until_it_may(self, open_file, folder, batch):
        with as_nobody(folder):
            folder.chmod(0o500)
            try:
                stores = open_file(folder / "data" / "store.db")
                assert_fails(stores, batch, "Permission denied")
            finally:
                folder.chmod(0o700)
            assert_works(stores, batch)
            stores.close()

    def test_a_file_where_the_directory_should_be_degrades_until_it_goes(
        self, open_file, folder, batch
    ):
        (folder / "data").write_text("not a directory")
        stores = open_file(folder / "data" / "store.db")
        assert_fails(stores, batch, "File exists|Not a directory")
        (folder / "data").unlink()
        assert_works(stores, batch)


def set_aside(folder):
    return sorted(p for p in folder.iterdir() if ".corrupt-" in p.name)


class TestCorrupt:
    def test_a_file_that_is_no_database_is_set_aside_and_a_new_one_begun(
        self, open_file, folder, batch, total, caplog
    ):
        (folder / "store.db").write_bytes(b"garbage " * 1_000)
        stores = open_file()
        assert stores.telemetry.check().status is Status.DEGRADED
        stores.telemetry.append(batch(2))
        assert total(stores.telemetry) == 2
        [aside] = set_aside(folder)
        assert aside.name == "store.db.corrupt-20260101T120000"
        assert aside.read_bytes() == b"garbage " * 1_000
        check = stores.telemetry.check()
        assert check.status is Status.DEGRADED
        assert "was damaged: it is kept as store.db.corrupt-20260101T120000" in check.detail
        told = [r for r in caplog.records if "was damaged" in r.getMessage()]
        assert len(told) == 1

    def test_what_happened_is_told_on_but_degrades_for_a_day_only(
        self, open_file, folder, batch, clock
    ):
        (folder / "store.db").write_bytes(b"garbage " * 1_000)
        stores = open_file()
        stores.telemetry.append(batch())
        clock.advance(86_400)
        check = stores.telemetry.check()
        assert check.status is Status.HEALTHY
        assert "was damaged" in check.detail

    @pytest.mark.parametrize("other_process", [False, True])
    def test_a_damaged_page_is_noticed_while_running(
        self, open_file, folder, batch, total, journal, other_process
    ):
        stores = open_file(journal=journal)
        other = open_file(journal=journal)
        stores.telemetry.append(batch(3_000))
        other.telemetry.append(batch(1))
        if journal is WAL:
            with stores._database.plain() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        damage(stores.path)
        (other if other_process else stores)._database._pool.drain()  # nothing is cached
        user = other if other_process else stores
        for _ in range(4):
            with suppress(StoreUnavailableError):
                user.telemetry.count(0, 2**62)
                user.telemetry.append(batch(2_000))
                user.telemetry.newest(ROWS)
        [aside, *_] = set_aside(folder)
        assert aside.stat().st_size > 100_000
        for one in (stores, other):
            with suppress(StoreUnavailableError):
                one.telemetry.count(0, 1)
            before = total(one.telemetry)
            one.telemetry.append(batch(4))
            assert total(one.telemetry) == before + 4
        assert total(stores.telemetry) == total(other.telemetry)
        assert len([p for p in set_aside(folder) if not p.name.endswith(("-wal", "-shm"))]) == 1

    def test_a_file_cut_short_is_set_aside(self, open_file, folder, batch, total):
        first = open_file()
        first.telemetry.append(batch(3_000))
        first.close()
        os.truncate(first.path, 20_000)
        stores, stored = open_file(), 0
        for _ in range(3):
            with suppress(StoreUnavailableError):
                stores.telemetry.append(batch(2))
                stored += 2
        assert len(set_aside(folder)) == 1
        assert total(stores.telemetry) == stored > 0

    def test_two_damaged_files_within_a_second_are_both_kept(self, open_file, folder, batch):
        for content in (b"first " * 1_000, b"second " * 1_000):
            (folder / "store.db").write_bytes(content)
            stores = open_file()
            stores.telemetry.append(batch())
            stores.close()
        contents = {p.read_bytes()[:5] for p in set_aside(folder)}
        assert contents == {b"first", b"secon"}

    def test_a_good_file_is_never_set_aside_for_what_a_reader_thought(
        self, stores, folder, batch, total
    ):
        """The second look decides: here the file is sound."""
        stores.telemetry.append(batch(5))
        identity = stores._database._opened
        stores._database._rescue(identity)
        assert set_aside(folder) == []
        assert total(stores.telemetry) == 5

    def test_a_journal_goes_with_its_file_and_is_not_played_into_the_next(self, folder):
        path = folder / "store.db"
        for name in ("", "-journal", "-wal", "-shm"):
            (folder / f"store.db{name}").write_text(name)
        aside = files.set_aside(path, files.identity_of(path), 0)
        assert aside is not None
        assert sorted((p.name, p.read_text()) for p in folder.iterdir()) == [
            (f"store.db.corrupt-19700101T000000{name}", name)
            for name in ("", "-journal", "-shm", "-wal")
        ]

    def test_a_file_that_another_process_has_just_begun_is_not_set_aside(self, folder):
        path = folder / "store.db"
        path.write_text("damaged")
        identity = files.identity_of(path)
        path.rename(folder / "kept")
        path.write_text("new")
        assert files.set_aside(path, identity, 0) is None
        assert path.read_text() == "new"


def damage(path):
    """Overwrite the middle of the file, pages of tables and indexes."""
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(size // 4096 // 3 * 4096)
        file.write(b"\xa5" * (size // 3))


class TestGone:
    def test_a_file_deleted_while_running_is_begun_anew_and_that_is_said(
        self, stores, batch, total
    ):
        stores.telemetry.append(batch(5))
        stores.path.unlink()
        stores.telemetry.append(batch(2))
        assert total(stores.telemetry) == 2
        check = stores.telemetry.check()
        assert check.status is Status.DEGRADED
        assert "was gone; a new file is begun" in check.detail

    def test_a_directory_deleted_while_running_is_made_anew(self, open_file, folder, batch, total):
        stores = open_file(folder / "data" / "store.db")
        stores.telemetry.append(batch(5))
        shutil.rmtree(folder / "data")
        stores.telemetry.append(batch(2))
        assert total(stores.telemetry) == 2

    def test_who_follows_sees_the_new_file_from_its_beginning(self, stores, open_file, batch):
        reader, me = open_file(), Instance("b" * 16, "host-b", 12)
        cursor = reader.telemetry.follow(None, but=me).cursor
        stores.telemetry.append(batch(3))
        cursor = reader.telemetry.follow(cursor, but=me).cursor
        stores.path.unlink()
        stores.telemetry.append(batch(2))
        page = reader.telemetry.follow(cursor, but=me)
        assert len(page.executions) == 2
        assert not reader.telemetry.follow(page.cursor, but=me).executions

    def test_the_revision_of_a_new_file_is_another(self, stores):
        stores.state.commit([Put("flag", "a", {})])
        before = stores.state.revision()
        stores.path.unlink()
        stores.state.commit([Put("flag", "a", {})])
        assert stores.state.revision() != before

    def test_a_file_put_in_its_place_is_used_from_then_on(self, stores, open_file, batch, total):
        stores.telemetry.append(batch(5))
        backup = stores.path.with_name("backup.db")
        stores.backup(backup)
        stores.telemetry.append(batch(5))
        backup.rename(stores.path)
        assert total(stores.telemetry) == 5
        stores.telemetry.append(batch(1))
        assert total(open_file().telemetry) == 6
