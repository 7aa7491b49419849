"""One connection to the file. The only place that knows the `sqlite3` module."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from changeover.core.errors import PoisonError, StoreError, StoreUnavailableError
from changeover.store.fold import read_histogram
from changeover.store.sqlite.journal import Journal, Version

VERSION: Version = sqlite3.sqlite_version_info[:3]

Error = sqlite3.Error
_UNSTORABLE = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_PERM: "the file may not be accessed",
    sqlite3.SQLITE_CANTOPEN: "the file, or its journal beside it, cannot be opened or created",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database",
}


class Connection(sqlite3.Connection):
    """A connection, with the ids it knows and the file it was opened on.

    Attributes:
        ids: of each dictionary table, the id of each key; only what is committed.
        identity: device and inode of the file, to notice that another one stands in its place.
    """

    ids: defaultdict[str, dict[Any, int]]
    identity: tuple[int, int]

    def undo(self) -> None:
        """Roll back whatever is open, and forget the ids that may have gone with it."""
        self.ids.clear()
        with contextlib.suppress(Error):  # the caller tells of the error that led here
            if self.in_transaction:
                self.execute("ROLLBACK")


def connect(path: Path, identity: tuple[int, int], busy_s: float) -> Connection:
    """Open an existing file and change nothing in it.

    A connection may move between threads as long as one at a time uses it.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=busy_s,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    connection.ids = defaultdict(dict)
    connection.identity = identity
    connection.create_function("merge_histograms", 2, _merge_histograms, deterministic=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")  # a damaged page shows itself earlier
    connection.execute("PRAGMA temp_store = MEMORY")  # the rest of the disk may be read-only
    return connection


def settle(connection: Connection, journal: Journal) -> None:
    """Set how commits reach the disk; and, in an empty file, that freed space can be given back."""
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if journal_mode(connection) != journal.mode:
        try:
            connection.execute(f"PRAGMA journal_mode = {journal.mode}")
        except Error as error:
            if not is_busy(error) or journal.mode == "WAL":
                raise
            # Others have it open in WAL mode: stay with them, at least synced in full.
    connection.execute(f"PRAGMA synchronous = {journal.synchronous}")


def journal_mode(connection: Connection) -> str:
    """The journal that really runs, such as `DELETE` or `WAL`."""
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0]).upper()


def is_sound(connection: Connection) -> bool:
    """Whether every page of the file makes sense; reads all of it."""
    try:
        return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except Error as error:
        if is_corrupt(error):
            return False
        raise


def split_script(script: str) -> Iterator[str]:
    """The statements of a script, one by one; `executescript` would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def copy_into(
    source: Connection, target: Path, pages: int, progress: Callable[[int, int], None]
) -> None:
    """Copy the whole file into an existing, empty one, so many pages at a time (-1: all at once).

    Whatever `progress` (pages left, pages in all) raises ends it.
    """
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy, pages=pages, progress=lambda _, left, total: progress(left, total))
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def is_corrupt(error: BaseException) -> bool:
    """Whether an error says that the file itself is damaged."""
    return _code(error) in _CORRUPT


def is_busy(error: BaseException) -> bool:
    """Whether another connection held the lock for too long; this one is as good as before."""
    return _code(error) in _BUSY


def explain(error: BaseException, path: Path, busy_s: float) -> StoreError:
    """Our error for one of SQLite's or of the operating system's, in one clear sentence."""
    if isinstance(error, _UNSTORABLE):
        return PoisonError(f"a record can never be stored: {error}")
    if isinstance(error, OSError):
        return StoreUnavailableError(f"{path}: {error.strerror or error}")
    if is_busy(error):
        return StoreUnavailableError(f"{path}: another process has locked it for {busy_s:g} s")
    if not isinstance(error, Error):
        return StoreUnavailableError(f"{path}: holds what this version cannot read: {error}")
    sentence = _SENTENCES.get(_code(error), "SQLite reports an error")
    return StoreUnavailableError(f"{path}: {sentence} ({error})")


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says where it happened


def _merge_histograms(one: bytes, other: bytes) -> bytes:
    merged = read_histogram(one)
    merged.merge(read_histogram(other))
    return merged.to_bytes()
