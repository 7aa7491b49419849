"""The file: transactions on it, what goes wrong with it, and how it recovers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from changeover.core.clock import Clock
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Check
from changeover.store.fork import begin_anew_after_fork
from changeover.store.sqlite import files
from changeover.store.sqlite.connection import (
    VERSION,
    Connection,
    Error,
    connect,
    explain,
    is_busy,
    is_corrupt,
    is_sound,
    journal_mode,
    settle,
)
from changeover.store.sqlite.health import Health
from changeover.store.sqlite.journal import Journal, choose_journal
from changeover.store.sqlite.pool import Pool
from changeover.store.sqlite.schema import check_version, migrate
from changeover.store.sqlite.statements import MIGRATIONS

_ERRORS = (Error, OSError, OverflowError, UnicodeEncodeError)


class Database:
    """Short transactions on one file that others use too.

    Nothing is tried twice in here: who called decides when. Every call looks whether the file
    is still the one it was, so that whatever was wrong is over with the next call after its
    cause has gone.

    Args:
        path: the file; created with its directory when missing, for its owner alone.
        clock: for "since when", and the name of a file set aside.
        busy_s: how long to wait for another process's lock.
        journal: instead of the one that suits this SQLite's version.
        migrations: the folder of numbered scripts that make the schema.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        busy_s: float = 1.0,
        journal: Journal | None = None,
        migrations: Path = MIGRATIONS,
    ) -> None:
        self.path = path.absolute()
        self.health = Health(clock, self.path)
        self._clock, self._busy_s, self._migrations = clock, busy_s, migrations
        self._journal = journal or choose_journal(VERSION)
        self._pool = Pool()
        self._opened: tuple[int, int] | None = None
        self._rescuing = threading.Lock()
        self._users = 0
        self._is_closed = self._is_locked = False
        begin_anew_after_fork(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the file from its first look to its last."""
        with self._using("read") as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that takes the lock at once: a later upgrade could not be waited for.

        Raises `PoisonError` for a value that the file can never hold.
        """
        with self._using("write") as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def plain(self) -> Iterator[Connection]:
        """A connection outside any transaction, for vacuum, checkpoint and backup."""
        with self._using("write") as connection:
            yield connection

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Around making sense of rows: what this version does not know is a trouble of the file."""
        try:
            yield
        except (KeyError, ValueError) as error:
            raise self._failed("read", error, None) from error

    def check(self) -> Check:
        """How the file is, by a look at it now. Never raises.

        Without a look while it was found locked: that would wait for the lock again, and keep
        whoever asks for the health from hearing of anything. Reads and writes go on trying.
        """
        if self._is_locked:
            return Check("store", *self.health.told(str(self.path)))
        try:
            with self._using("read") as connection:
                mode = journal_mode(connection)
            size = files.bytes_on_disk(self.path) / 1e6
            wanted = "" if mode == self._journal.mode else f" instead of {self._journal.mode}"
            sync = f"{mode}{wanted}, synchronous {self._journal.synchronous}"
            plain = f"{self.path}, {size:.1f} MB, journal {sync}: {self._journal.why}"
        except Exception as error:  # noqa: BLE001 - a check tells, it never raises
            plain = str(error)
            self.health.failed("read", plain)
        return Check("store", *self.health.told(plain))

    def begin_anew(self) -> None:
        """In the child of a fork."""
        self._rescuing = threading.Lock()
        self.health.begin_anew()
        self._pool.begin_anew()

    def enter(self) -> None:
        """One more object uses this."""
        self._users += 1

    def leave(self) -> None:
        """One less; the last one closes it."""
        self._users -= 1
        if self._users <= 0:
            self._is_closed = True
            self._pool.close()

    @contextmanager
    def _using(self, what: str) -> Iterator[Connection]:
        try:
            connection = self._take()
        except _ERRORS as error:
            raise self._failed(what, error, self._opened) from error
        try:
            yield connection
        except BaseException as error:
            connection.undo()
            if isinstance(error, Error) and not is_busy(error):
                self._pool.discard(connection)
            else:
                self._pool.give_back(connection)
            if isinstance(error, _ERRORS):
                raise self._failed(what, error, connection.identity) from error
            raise
        self._pool.give_back(connection)
        self._is_locked = False
        self.health.worked(what)

    def _take(self) -> Connection:
        if self._is_closed:
            raise StoreUnavailableError(f"{self.path}: the store is closed")
        if self.health.has_trouble:
            self._pool.drain()  # what was opened meanwhile may be read-only, or worse
        known = self._pool.take(files.identity_of(self.path))
        if known is not None:
            return known
        if files.make_private(self.path) and self._opened is not None:
            self.health.note(f"{self.path} was gone; a new file is begun")
        identity = files.identity_of(self.path)
        if identity is None:
            raise StoreUnavailableError(f"{self.path}: gone while it was opened")
        self._opened = identity
        return self._open(identity)

    def _open(self, identity: tuple[int, int]) -> Connection:
        connection = connect(self.path, identity, self._busy_s)
        self._pool.adopt(connection)
        try:
            check_version(connection, self.path, self._migrations)
            settle(connection, self._journal)
            migrate(connection, self.path, self._migrations)
        except BaseException:
            self._pool.discard(connection)
            raise
        if files.identity_of(self.path) == identity:
            return connection
        self._pool.discard(connection)
        raise StoreUnavailableError(f"{self.path}: replaced while it was opened")

    def _failed(
        self, what: str, error: BaseException, identity: tuple[int, int] | None
    ) -> Exception:
        """Note what happened, set a damaged file aside, and say which error of ours it is."""
        self._is_locked = isinstance(error, Error) and is_busy(error)
        failure = explain(error, self.path, self._busy_s)
        if not isinstance(failure, StoreUnavailableError):
            return failure
        self.health.failed(what, str(failure))
        if is_corrupt(error) and identity is not None:
            try:
                self._rescue(identity)
            except _ERRORS as trouble:
                self.health.failed(what, f"{failure}; it could not be set aside: {trouble}")
        return failure

    def _rescue(self, identity: tuple[int, int]) -> None:
        with self._rescuing:
            if files.identity_of(self.path) != identity or not self._is_damaged(identity):
                return
            self._pool.drain()
            aside = files.set_aside(self.path, identity, self._clock.wall_ns())
            if aside is not None:
                self._opened = None
                self.health.note(
                    f"{self.path} was damaged: it is kept as {aside.name}, a new file is begun"
                )

    def _is_damaged(self, identity: tuple[int, int]) -> bool:
        """A second look, by a fresh connection: a good file must never be set aside."""
        try:
            with closing(connect(self.path, identity, self._busy_s)) as connection:
                return not is_sound(connection)
        except Error as error:
            if is_corrupt(error):
                return True
            raise
