"""The server: uvicorn in a thread and a loop of its own, beside the bot and never in its way."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from changeover.core.errors import ChangeoverError
from changeover.show.gate import MOST_HEADER_BYTES, App, Receive, Scope, Send

# What strangers send (half a request, a port scan) is no news for the bot's log.
_wire_logger = logging.getLogger("changeover.http")
_wire_logger.setLevel(logging.ERROR)

_REASONS = {
    errno.EADDRINUSE: "another program uses it",
    errno.EACCES: "this user may not open it",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class ListenError(ChangeoverError):
    """The address cannot be listened on; the message says why and what to set."""


class Server:
    """Serves an application until it is stopped.

    Installs no signal handlers, writes no access log, changes no logger but its own, and can
    not end the process: the socket is bound before uvicorn, which would exit, sees it.

    Args:
        app: from `create_app`.
        host: the address to bind; `127.0.0.1`, `::1`, `0.0.0.0` ...
        port: the port; 0 takes a free one.
    """

    START_WITHIN_S = 5.0
    FINISH_WITHIN_S = 0.5  # then the connections that are still open are cut

    def __init__(self, app: FastAPI, *, host: str = "127.0.0.1", port: int = 3001) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._uvicorn = _Uvicorn(_config(self._serve))

    @property
    def port(self) -> int:
        """The port that is listened on, which matters when 0 was asked for."""
        return self._port

    @property
    def url(self) -> str:
        """Where the page is, for a person on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  # compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/"

    def start(self) -> None:
        """Bind, start the thread, and return when requests are answered.

        Raises:
            ListenError: the address is taken, forbidden or not there.
        """
        listener = listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="changeover-http", daemon=True
        )
        self._thread.start()
        if not self._uvicorn.is_serving.wait(self.START_WITHIN_S):
            self.stop()
            raise ListenError(f"the server on {self.url} did not start; the log says why")

    def stop(self) -> None:
        """End streams, finish requests, close; at most about a second. A second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._app.state.streams.stop()
        self._uvicorn.should_exit = True
        thread.join(self.FINISH_WITHIN_S)
        if thread.is_alive() and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it closed at this very moment
                self._loop.call_soon_threadsafe(self._uvicorn.cut)
            thread.join(self.FINISH_WITHIN_S)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._uvicorn.force_exit:  # else cut at the stop, which is no error to log
                raise

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner() as runner, listener:
            self._loop = runner.get_loop()
            runner.run(self._uvicorn.serve(sockets=[listener]))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `ListenError` with the reason."""
    if not 0 <= port <= 65_535:
        raise ListenError(f"cannot listen on port {port} of {host}: ports end at 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        is_dual = host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(
            (host, port), family=family, backlog=128, dualstack_ipv6=is_dual
        )
        # asyncio switches Nagle's delay (40 ms an answer) off only where the protocol is named
        return socket.socket(
            family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach()
        )
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, str(error))
        raise ListenError(
            f"cannot listen on port {port} of {host}: {reason}; "
            f"set HEALTH_CHECK_PORT to another port, for example {port % 65_535 + 1}"
        ) from error


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, which says when it serves and can cut what does not end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_serving = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_serving.set()

    def cut(self) -> None:
        """Close the connections of clients that do not take their answer."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


class _Protocol(H11Protocol):
    """HTTP/1.1 where a request's head must come in time, and connections are bounded; quietly.

    Without the limits a client that sends a byte now and then holds connections, and the
    bot's file descriptors, for ever. When there are too many, an idle one goes: uvicorn's own
    limit answers 503 to everybody, `/health` included, and a platform would restart the bot.
    """

    HEAD_WITHIN_S = 10.0
    MOST_CONNECTIONS = 256

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _wire_logger
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as theirs
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self.MOST_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.is_idle:
            self._forget_head()
        elif self._head_timer is None:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _make_room(self) -> None:
        others = (other for other in self.connections if other is not self)
        idle = next((other for other in others if getattr(other, "is_idle", False)), self)
        idle.transport.abort()

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.HEAD_WITHIN_S, self.transport.abort)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,  # the same limits with and without uvicorn's optional parsers
        interface="asgi3",
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # anybody can send X-Forwarded-For
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    )
