"""One client's websocket to the gateway: what it may say, and the close codes if it may not.

Source: Discord's reference, "Gateway" and "Opcodes and Status Codes".
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from changeover.demo.loopback.messages import Json
from changeover.demo.loopback.session import Session, Wire

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, MEMBERS, INVALID, HELLO, ACK = (
    1, 2, 3, 4, 6, 8, 9, 10, 11,
)  # fmt: skip
_VERSIONS = ("9", "10")
_ACK_AFTER_S = 0.05  # as far away as Discord is; discord.py notes its heartbeat after sending it


class Desk(Protocol):
    """What a connection asks the gateway for."""

    def identify(self, data: Json, wire: Wire) -> Session:
        """Open a session; raises Closed."""

    def resume(self, data: Json, wire: Wire) -> Session | None:
        """Take a session up again, `None` if it is gone; raises Closed."""

    def forget(self, session: Session) -> None:
        """Make a session unresumable."""

    def chunk(self, session: Session, data: Json) -> None:
        """Answer a request for guild members."""


class Closed(Exception):  # noqa: N818 - a close frame is no error of ours
    """Ends a connection with one of Discord's close codes."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(f"{code} {reason}")


class Connection:
    """One websocket: reads what the client says, and watches that it goes on saying something."""

    def __init__(
        self,
        desk: Desk,
        request: web.Request,
        socket: web.WebSocketResponse,
        wire: Wire,
        *,
        heartbeat_s: float,
    ) -> None:
        self._desk = desk
        self._heartbeat_s = heartbeat_s
        self._request = request
        self._socket = socket
        self._wire = wire
        self._session: Session | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def serve(self, version: str) -> None:
        """Say HELLO, then listen until the end."""
        try:
            _check_version(version)
            self._wire.send(HELLO, {"heartbeat_interval": round(self._heartbeat_s * 1000)})
            self._wind_up()
            async for message in self._socket:
                await self._read(message)
        except Closed as closed:
            await self._wire.close(closed.code, closed.reason)
        finally:
            self._leave()

    async def cut(self, code: int | None) -> None:
        """End it from our side."""
        if code is None:
            if self._request.transport is not None:
                self._request.transport.abort()
        else:
            await self._wire.close(code, "")

    def _leave(self) -> None:
        self._wire.stop()
        if self._alarm is not None:
            self._alarm.cancel()
        if self._session is not None:
            self._session.detach(self._wire)
            if self._said_goodbye():
                self._desk.forget(self._session)

    def _said_goodbye(self) -> bool:
        """Whether the client ended the session itself. Source: "Disconnecting" there."""
        goodbyes = (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
        return not self._wire.is_ours_to_end and self._socket.close_code in goodbyes

    async def _read(self, message: WSMessage) -> None:
        if message.type is WSMsgType.PING:
            await self._socket.pong(message.data)
        elif message.type is WSMsgType.PONG:
            if self._session is not None:
                self._session.pong(bytes(message.data))
        elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):  # hikari sends its JSON so
            self._obey(*_frame(message.data))

    def _obey(self, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            self._wind_up()
            # Were it at once, an answer could be there before the note, and the latency a whole
            # interval: "Can't keep up, shard ID None websocket is 41.3s behind".
            asyncio.get_running_loop().call_later(_ACK_AFTER_S, self._wire.send, ACK)
        elif op in (IDENTIFY, RESUME):
            self._log_in(op, data)
        elif self._session is None:
            raise Closed(4003, "Not authenticated.")
        elif op == MEMBERS:
            self._desk.chunk(self._session, data)
        elif op not in (PRESENCE, VOICE):
            raise Closed(4001, "Unknown opcode.")

    def _log_in(self, op: int, data: Json) -> None:
        if self._session is not None:
            raise Closed(4005, "Already authenticated.")
        if op == IDENTIFY:
            self._session = self._desk.identify(data, self._wire)
            return
        self._session = self._desk.resume(data, self._wire)
        if self._session is None:
            self._wire.send(INVALID, data=False)

    def _wind_up(self) -> None:
        """Set the alarm for a client that falls silent."""
        if self._alarm is not None:
            self._alarm.cancel()
        patience_s = self._heartbeat_s * 1.5
        self._alarm = asyncio.get_running_loop().call_later(patience_s, self._bury)

    def _bury(self) -> None:
        task = asyncio.create_task(self._wire.close(4009, "Session timed out"))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _check_version(version: str) -> None:
    if version not in _VERSIONS:
        raise Closed(4012, "Invalid API version.")


def _frame(text: str | bytes) -> tuple[int, Any]:
    try:
        frame = json.loads(text)
        return int(frame["op"]), frame.get("d")
    except (ValueError, TypeError, KeyError) as wrong:
        raise Closed(4002, "Error while decoding payload.") from wrong
