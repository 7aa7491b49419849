"""Control state on SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from changeover.core.clock import Clock
from changeover.core.errors import ConflictError
from changeover.core.model import Flip
from changeover.core.ports import Document, Put
from changeover.store.documents import (
    FLIPS_KEPT,
    TOMBSTONES_KEPT_NS,
    Held,
    check_changes,
    encode,
    lease_length_ns,
)
from changeover.store.sqlite.connection import Connection
from changeover.store.sqlite.database import Database
from changeover.store.sqlite.statements import load_statements

SQL = load_statements("state")
_REVISION_BITS = 40


class SqliteState:
    """Flags, alerts, owed messages and audit of all processes that share one file.

    Args:
        database: the file; closed when the last that uses it is closed.
        clock: its wall clock decides when a lease has run out.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._is_open = True
        database.enter()

    def read(self, kind: str) -> Mapping[str, Document]:
        """All documents of a kind, by key."""
        with self._database.read() as connection:
            rows = connection.execute(SQL["documents"], {"kind": kind}).fetchall()
        with self._database.decoding():
            return {key: Document(json.loads(value), version) for key, value, version in rows}

    def commit(self, puts: Sequence[Put], flips: Sequence[Flip] = ()) -> None:
        """All of it or nothing. Raises `ConflictError` when a document has moved on.

        A value that JSON cannot hold raises `PoisonError`.
        """
        check_changes(puts, flips)
        values = [None if put.value is None else encode(put.value) for put in puts]
        if not puts and not flips:
            return
        now_ns = self._clock.wall_ns()
        with self._database.write() as connection:
            for put, value in zip(puts, values, strict=True):
                _put(connection, put, value, now_ns)
            connection.executemany(SQL["add_flip"], map(_flip_row, flips))
            connection.execute(SQL["drop_tombstones"], {"before_ns": now_ns - TOMBSTONES_KEPT_NS})
            connection.execute(SQL["drop_flips"], {"kept": FLIPS_KEPT})
            connection.execute(SQL["bump_revision"])

    def flips(self, limit: int = 100, subject: str | None = None) -> Sequence[Flip]:
        """The newest changes first, of one subject or of all; the newest 10 000 are kept."""
        statement = SQL["flips" if subject is None else "flips_of"]
        with self._database.read() as connection:
            asked = {"limit": max(0, limit), "subject": subject}
            return [Flip(*row) for row in connection.execute(statement, asked)]

    def revision(self) -> int:
        """A number that is different after every commit of anybody; one row is read for it."""
        with self._database.read() as connection:
            generation, revision = connection.execute(SQL["revision"]).fetchone()
        return int(generation) << _REVISION_BITS | int(revision)

    def lease(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or renew a lease; False while another holder's has not run out. 0 s gives it back.

        Taking or renewing writes to the disk: renew a few times within a lease, not more.
        """
        ttl_ns = lease_length_ns(ttl_s)
        now_ns = self._clock.wall_ns()
        with self._database.read() as connection:
            if _is_kept_out(connection, name, holder, now_ns):
                return False
        with self._database.write() as connection:
            if _is_kept_out(connection, name, holder, now_ns):
                return False
            taken = {"name": name, "holder": holder, "until_ns": now_ns + ttl_ns, "ttl_ns": ttl_ns}
            connection.execute(SQL["take_lease"], taken)
        return True

    def close(self) -> None:
        """Give the file back. A second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._database.leave()


def _put(connection: Connection, put: Put, value: str | None, now_ns: int) -> None:
    row = connection.execute(SQL["document"], {"kind": put.kind, "key": put.key}).fetchone()
    is_there, version = row or (0, 0)
    found = version if is_there else 0
    if put.expected is not None and put.expected != found:
        raise ConflictError(put.kind, put.key, expected=put.expected, found=found)
    if value is None and not is_there:
        return
    written = {
        "kind": put.kind,
        "key": put.key,
        "value": value,
        "version": version if value is None else version + 1,
        "at_ns": now_ns,
    }
    connection.execute(SQL["write_document"], written)


def _flip_row(flip: Flip) -> tuple[int, str, str | None, str | None, str, str]:
    return flip.at_ns, flip.subject, flip.old, flip.new, flip.actor, flip.reason


def _is_kept_out(connection: Connection, name: str, holder: str, now_ns: int) -> bool:
    row = connection.execute(SQL["lease"], {"name": name}).fetchone()
    return row is not None and Held(*row).keeps_out(holder, now_ns)
