"""A gateway session: numbered events, kept for a resume, and the socket it has at the moment."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from typing import Any

from aiohttp import web

from changeover.demo.loopback.flags import Intent

REPLAY_EVENTS = 4096
"""How many events a session keeps for a client that comes back; one that missed more must
identify anew, as on Discord."""

_DISPATCH = 0


class Wire:
    """One websocket to a client: frames leave in order, from a task of its own.

    So nobody who sends ever waits for a slow client.

    Attributes:
        is_ours_to_end: whether we closed it, not the client.
    """

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.is_ours_to_end = False
        self._socket = socket
        self._deflate = zlib.compressobj() if compressed else None
        self._frames: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="loopback gateway writer")

    def send(self, op: int, data: Any = None) -> None:
        """Queue a frame that is no event."""
        self.send_text(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def send_text(self, frame: str) -> None:
        """Queue a frame that is JSON already."""
        self._frames.put_nowait(frame)

    def ping(self, mark: bytes) -> None:
        """Queue a websocket ping; the client's pong says that it has taken all before it."""
        self._frames.put_nowait(mark)

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code; what is still queued is dropped."""
        self.is_ours_to_end = True
        self._writer.cancel()
        await self._socket.close(code=code, message=reason.encode())

    def stop(self) -> None:
        """Send nothing more."""
        self._writer.cancel()

    async def _write(self) -> None:
        while True:
            frame = await self._frames.get()
            try:
                await self._put(frame)
            except ConnectionError:  # the client is gone; its session keeps the events
                return

    async def _put(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            await self._socket.ping(frame)
        elif self._deflate is None:
            await self._socket.send_str(frame)
        else:
            packed = self._deflate.compress(frame.encode())
            await self._socket.send_bytes(packed + self._deflate.flush(zlib.Z_SYNC_FLUSH))


class Session:
    """What an IDENTIFY opened; outlives its socket until it is resumed or forgotten.

    Attributes:
        id: what the client shows to resume.
        intents: what it asked to be told.
        shard: (its number, of how many).
        sequence: the number of the newest event.
    """

    def __init__(self, session_id: str, intents: Intent, shard: tuple[int, int]) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self._events: deque[tuple[int, str]] = deque(maxlen=REPLAY_EVENTS)
        self._wire: Wire | None = None
        self._marks: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def is_connected(self) -> bool:
        """Whether a client listens right now."""
        return self._wire is not None

    def serves(self, guild_id: int | None) -> bool:
        """Whether a guild's events (or with `None` the direct messages) belong to this shard."""
        number, count = self.shard
        return (0 if guild_id is None else (guild_id >> 22) % count) == number

    def emit(self, event: str, data: str) -> None:
        """Number an event whose data is JSON already, keep it and send it."""
        self.sequence += 1
        frame = f'{{"t":"{event}","s":{self.sequence},"op":{_DISPATCH},"d":{data}}}'
        self._events.append((self.sequence, frame))
        if self._wire is not None:
            self._wire.send_text(frame)

    def attach(self, wire: Wire) -> None:
        """Talk to the client over this wire from now on."""
        self._wire = wire
        if self._marks:
            self._ping()

    def detach(self, wire: Wire) -> None:
        """Talk to nobody, unless a newer wire took over already."""
        if self._wire is wire:
            self._wire = None

    def can_replay(self, after: int) -> bool:
        """Whether all events since number `after` are still kept."""
        oldest = self._events[0][0] if self._events else self.sequence + 1
        return oldest - 1 <= after <= self.sequence

    def replay(self, wire: Wire, after: int) -> None:
        """Send what the client missed, then RESUMED."""
        for number, frame in self._events:
            if number > after:
                wire.send_text(frame)
        self.attach(wire)
        self.emit("RESUMED", '{"_trace":[]}')

    async def taken(self) -> None:
        """Wait until the client has taken every event sent so far (over a resume, if need be)."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._marks.append((self.sequence, done))
        self._ping()
        await done

    def pong(self, mark: bytes) -> None:
        """Note that the client has come as far as `mark`."""
        reached = int(mark) if mark.isdigit() else 0
        while self._marks and self._marks[0][0] <= reached:
            _, done = self._marks.popleft()
            if not done.done():
                done.set_result(None)

    def end(self) -> None:
        """Let those who wait for the client go: it will not come back to this session."""
        while self._marks:
            _, done = self._marks.popleft()
            if not done.done():
                done.set_result(None)

    def _ping(self) -> None:
        if self._wire is not None:
            self._wire.ping(str(self.sequence).encode())
