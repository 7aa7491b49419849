"""Opens the bot's SQLite file."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from changeover.demo.database.queries import load_queries


class Database:
    """The bot's file, open. One connection: the bot's loop is its only user.

    Calls block the loop for well under a millisecond; a pool of threads would cost more.

    Args:
        path: the file, made if it is not there (readable by its owner only).
        secret: what codes are derived from, 16 bytes or more; by default the file's own,
            made with it.
    """

    def __init__(self, path: Path, *, secret: bytes | None = None) -> None:
        path.touch(mode=0o600)
        # Opened by whoever wires the demo, used by the bot's loop, which may be another thread.
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.executescript((files(__package__) / "schema.sql").read_text("utf-8"))
        self.secret = secret or self._own_secret()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing. Do not await inside: the connection is shared."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Give the file back. A second call does nothing."""
        self.connection.close()

    def _own_secret(self) -> bytes:
        queries = load_queries(__package__, "secret.sql")
        self.connection.execute(queries["keep_secret"], (secrets.token_bytes(32),))
        return bytes(self.connection.execute(queries["secret"]).fetchone()[0])
