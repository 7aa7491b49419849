"""The door: the web server of one process, opened when it can be, from a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from changeover.core.clock import Clock
from changeover.core.errors import ChangeoverError, Guard
from changeover.core.process import Every
from changeover.service.wiring import set_apart

if TYPE_CHECKING:
    from changeover.show.server import Server

logger = logging.getLogger("changeover")

TRY_EVERY_S = 15.0


class Door:
    """Serves as soon as the port is free.

    Loading a web server takes a second, and counting and storing go on meanwhile.

    Args:
        make: a server, not started; loads what it needs.
        serves: whether there is to be one at all.
        clock: for when to try again.
        guard: takes what fails here.
    """

    def __init__(
        self, make: Callable[[], Server], *, serves: bool, clock: Clock, guard: Guard
    ) -> None:
        self._make = make
        self._serves = serves
        self._guard = guard
        self._due = Every(TRY_EVERY_S, clock)
        self._server: Server | None = None
        self._is_served = threading.Event()
        self._closed = threading.Event()
        self._is_opening = self._is_refused = False

    @property
    def url(self) -> str | None:
        """Where the page is; None while nobody serves it."""
        return None if self._server is None else self._server.url

    def wait(self, timeout_s: float) -> str | None:
        """The page's address, as soon as it is served; None when it is not in time."""
        if self._serves:
            self._is_served.wait(timeout_s)
        return self.url

    def open_if_due(self) -> None:
        """Serve. Another process of this bot may hold the port; then it is tried again."""
        if (
            not self._serves
            or self._server is not None
            or self._is_opening
            or self._closed.is_set()
        ):
            return
        if self._due.is_due():
            self._is_opening = True
            threading.Thread(target=self._open, name="changeover-door", daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._closed.set()
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def leave(self) -> None:
        """In the child of a fork: the parent keeps the port."""
        self._serves, self._server, self._is_opening = False, None, False
        self._is_served = threading.Event()

    def _open(self) -> None:
        try:
            self._try()
        except Exception as error:  # noqa: BLE001  # whatever it is, the monitor goes on without
            self._guard.caught("service.door", error)
        finally:
            self._is_opening = False

    def _try(self) -> None:
        server = self._make()
        if self._closed.is_set():  # while it was loaded
            return
        try:
            server.start()
        except ChangeoverError as error:
            if not self._is_refused:
                logger.warning("%s; tried again every %.0f s", error, TRY_EVERY_S)
            self._is_refused = True
            return
        self._server, self._is_refused = server, False
        if self._closed.is_set():  # while it started, by a `close` that saw no server yet
            self.close()
            return
        set_apart()
        self._is_served.set()
        logger.info("changeover serves %s", server.url)
