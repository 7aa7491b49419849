"""Connections, each used by one thread at a time and by one process only."""

from __future__ import annotations

import threading

from changeover.core.errors import StoreUnavailableError
from changeover.store.fork import rest_over_fork
from changeover.store.sqlite.connection import Connection

_IDLE = 4  # more than writer, monitor and two readers of the page are rarely at work at once
_REST_WITHIN_S = 0.2


class Pool:
    """Idle connections. Taking the one used last keeps its page cache warm.

    A connection a thread was rejected: a web server's worker threads would keep forty open.

    A process forks without any: SQLite's notes of which locks it holds are copied into the
    child, where they are wrong. So a fork waits for a transaction that is under way, and if
    that takes too long the child leaves the file alone.
    Source: "How To Corrupt An SQLite Database File", section 2.6.
    """

    def __init__(self) -> None:
        self._lost: set[Connection] = set()
        self._is_closed = self._is_resting = False
        self._begin()
        rest_over_fork(self)

    def take(self, identity: tuple[int, int] | None) -> Connection | None:
        """A connection to that very file; those to another file that once stood there go.

        Raises `StoreUnavailableError` in a process that was forked in the middle of something.
        """
        if self._lost:
            raise StoreUnavailableError("this process was forked in the middle of a transaction")
        with self._changed:
            while self._idle:
                connection = self._idle.pop()
                if connection.identity == identity:
                    return connection
                self._close(connection)
        return None

    def adopt(self, connection: Connection) -> None:
        """A new connection is in use."""
        with self._changed:
            self._open.add(connection)

    def give_back(self, connection: Connection) -> None:
        """It is as good as new; kept, or closed if enough are waiting."""
        with self._changed:
            if self._is_closed or len(self._idle) >= _IDLE:
                self._close(connection)
            else:
                self._idle.append(connection)
                self._changed.notify_all()

    def discard(self, connection: Connection) -> None:
        """It had an error and may not know what the file is like now."""
        with self._changed:
            self._close(connection)

    def drain(self) -> None:
        """Close what is idle."""
        with self._changed:
            while self._idle:
                self._close(self._idle.pop())

    def close(self) -> None:
        """Close what is idle, and what is in use as soon as it comes back."""
        self._is_closed = True
        self.drain()

    def rest(self) -> None:
        """Before a fork: have none open, and let nobody take one until it is over."""
        self._is_resting = self._changed.acquire(timeout=_REST_WITHIN_S)
        if self._is_resting:
            self._changed.wait_for(lambda: len(self._open) == len(self._idle), _REST_WITHIN_S)
            self.drain()

    def resume(self) -> None:
        """After the fork, in the parent."""
        if self._is_resting:
            self._changed.release()

    def begin_anew(self) -> None:
        """After the fork, in the child: what is still open is the parent's, never to be closed.

        Closing would roll back, in the file, what the parent is about to commit.
        """
        self._lost |= self._open
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()

    def _close(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.close()
        self._changed.notify_all()
