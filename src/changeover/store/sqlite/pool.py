"""Connections, each used by one thread at a time and by one process only."""

from __future__ import annotations

import ctypes
import threading

from changeover.store.sqlite.connection import Connection

_IDLE = 4  # more than writer, monitor and two readers of the page are rarely at work at once


class Pool:
    """Idle connections. Taking the one used last keeps its page cache warm.

    A connection a thread was rejected: a web server's worker threads would keep forty open.
    """

    def __init__(self) -> None:
        self._begin()

    def drain(self) -> None:
        """Close what is idle, so that the file can be renamed where open ones cannot."""
        with self._lock:
            while self._idle:
                self._close(self._idle.pop())

    def take(self, identity: tuple[int, int] | None) -> Connection | None:
        """A connection to that very file; those to another file that once stood there go."""
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.identity == identity:
                    return connection
                self._close(connection)
        return None

    def adopt(self, connection: Connection) -> None:
        """A new connection is in use."""
        with self._lock:
            self._open.add(connection)

    def give_back(self, connection: Connection) -> None:
        """It is as good as new; kept, or closed if enough are waiting."""
        with self._lock:
            if self._is_closed or len(self._idle) >= _IDLE:
                self._close(connection)
            elif connection in self._open:  # else it came through a fork with its thread
                self._idle.append(connection)

    def discard(self, connection: Connection) -> None:
        """It had an error and may not know what the file is like now."""
        with self._lock:
            self._close(connection)

    def close(self) -> None:
        """Close what is idle, and what is in use as soon as it comes back."""
        self._is_closed = True
        self.drain()

    def begin_anew(self) -> None:
        """In the child of a fork: never touch what was the parent's.

        Closing a connection that had a transaction open would roll back, in the file, what the
        parent is about to commit. A further reference keeps Python's own shutdown off it.
        Source: "How To Corrupt An SQLite Database File", section 2.6.
        """
        for connection in self._open:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._is_closed = False

    def _close(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            connection.close()
