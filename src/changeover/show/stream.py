"""Server-sent events: the snapshot at once, and again when it has changed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from changeover.core.errors import Guard
from changeover.show.problems import RefusedError, encode

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

HEARTBEAT = b": nothing new\n\n"
_PASSING = frozenset({"as_of", "age_s", "uptime_s", "counted_from", "counted_to"})
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the events back
]


class Rendered(NamedTuple):
    """A snapshot as it is sent.

    Attributes:
        body: JSON on one line.
        substance: equal for two snapshots that differ in nothing but the time that went by.
    """

    body: bytes
    substance: bytes


def render(snapshot: Mapping[str, Any]) -> Rendered:
    """Encode once for all who watch."""
    substance = hashlib.blake2b(encode(_substance(snapshot)), digest_size=16).digest()
    return Rendered(encode(snapshot), substance)


class Streams:
    """All open streams: bounded in number, and ended together.

    Args:
        read: the snapshot of a window (its text); shared by all who watch it.
        guard: counts readings that failed; the stream goes on with a heartbeat.
        every_s: how often to look.
        renew_every: after so many looks without a change the snapshot is sent all the same,
            so that whoever watches sees `as_of` move.
        most: streams at a time.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[Rendered]],
        *,
        guard: Guard,
        every_s: float = 2.0,
        renew_every: int = 3,
        most: int = 100,
    ) -> None:
        self._read = read
        self._guard = guard
        self._every_s = every_s
        self._renew_every = renew_every
        self._most = most
        self._lock = threading.Lock()
        self._stops: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._is_stopped = False

    @property
    def watching(self) -> int:
        """How many streams are open."""
        return len(self._stops)

    def stop(self) -> None:
        """End all streams now and refuse new ones. From any thread; a second call does nothing."""
        with self._lock:
            self._is_stopped = True
            stops = dict(self._stops)
        for event, loop in stops.items():
            with contextlib.suppress(RuntimeError):  # its loop is closed, and it with it
                loop.call_soon_threadsafe(event.set)

    async def answer(
        self,
        window: str,
        receive: Receive,
        send: Send,
        *,
        is_welcome: Callable[[], bool] = lambda: True,
    ) -> None:
        """Serve one stream until the client goes, is welcome no longer, or `stop` is called.

        Raises:
            RefusedError: 503, before anything is sent, when too many are open already.
        """
        stop = self._open()
        gone = asyncio.ensure_future(_disconnected(receive, stop))
        try:
            first = await self._read(window)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            async for event in self._events(window, first, stop, is_welcome):
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            with self._lock:
                self._stops.pop(stop, None)

    def _open(self) -> asyncio.Event:
        stop = asyncio.Event()
        with self._lock:
            if self._is_stopped or len(self._stops) >= self._most:
                raise RefusedError(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "too_many_streams",
                    f"at most {self._most} streams are served at a time; ask /api/snapshot",
                    headers={"retry-after": "10"},
                )
            self._stops[stop] = asyncio.get_running_loop()
        return stop

    async def _events(
        self,
        window: str,
        first: Rendered,
        stop: asyncio.Event,
        is_welcome: Callable[[], bool],
    ) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n" + _event(first.body)
        sent, quiet = first, 0
        while not await _is_set_within(stop, self._every_s) and is_welcome():
            newest = await self._newest(window)
            quiet += 1
            if newest is None or (quiet < self._renew_every and newest.substance == sent.substance):
                yield HEARTBEAT
            else:
                sent, quiet = newest, 0
                yield _event(newest.body)

    async def _newest(self, window: str) -> Rendered | None:
        try:
            return await self._read(window)
        except RefusedError:  # the store is away for now; /health says so
            return None
        except Exception as error:  # noqa: BLE001  # counted, and the stream lives on
            self._guard.caught("show.stream", error)
            return None


def _substance(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _substance(item) for key, item in value.items() if key not in _PASSING}
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [_substance(item) for item in value]
    return value


def _event(snapshot: bytes) -> bytes:
    # JSON on one line, as `encode` writes it, so one `data` field holds it
    return b"event: snapshot\ndata: " + snapshot + b"\n\n"


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _disconnected(receive: Receive, stop: asyncio.Event) -> None:
    """Set `stop` when the client has gone; a body it may have sent is nobody's business."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stop.set()
