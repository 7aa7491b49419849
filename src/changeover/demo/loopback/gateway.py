"""The gateway: the websocket that tells the bot what happens.

Source: Discord's reference, "Gateway" and "Opcodes and Status Codes".
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from changeover.demo.loopback import payloads
from changeover.demo.loopback.connection import Closed, Connection
from changeover.demo.loopback.flags import Intent
from changeover.demo.loopback.messages import Json
from changeover.demo.loopback.nouns import Guild, Member
from changeover.demo.loopback.session import Session, Wire
from changeover.demo.loopback.world import World

_CHUNK = 1000  # members in one GUILD_MEMBERS_CHUNK
_GOODBYE_S = 0.5  # how long a client may take to answer a close frame
_LARGE = 250  # discord.py's `large_threshold`: more members than this are asked for


class Gateway:
    """All sessions, and the handler for their websockets.

    Args:
        world: whom READY and GUILD_CREATE tell of.
        token: the only one that may identify.
        privileged: the privileged intents that are "switched on in the portal".
        heartbeat_s: how often a client must send a heartbeat; after one and a half of it in
            silence it is a zombie, and closed with 4009.

    Attributes:
        url: where clients find it; set when the server listens.
    """

    def __init__(self, world: World, *, token: str, privileged: Intent, heartbeat_s: float) -> None:
        self.url = ""
        self._world = world
        self._token = token
        self._privileged = privileged
        self._heartbeat_s = heartbeat_s
        self._sessions: dict[str, Session] = {}
        self._open: dict[web.WebSocketResponse, Connection] = {}

    @property
    def sessions(self) -> list[Session]:
        """Those that are connected or could be resumed."""
        return list(self._sessions.values())

    def dispatch(
        self,
        event: str,
        data: Json,
        *,
        guild_id: int | None,
        needs: Intent = Intent.NONE,
        veiled: Json | None = None,
    ) -> list[Session]:
        """Send an event to each session that asked for it; returns those.

        Args:
            event: such as `MESSAGE_CREATE`.
            data: its `d`.
            guild_id: for the shard; `None` for direct messages.
            needs: an intent that a session must have to be told.
            veiled: what sessions without the message-content intent get instead.
        """
        told = [s for s in self.sessions if s.serves(guild_id) and needs in s.intents]
        full = json.dumps(data)
        bare = full if veiled is None else json.dumps(veiled)
        for session in told:
            session.emit(event, full if Intent.MESSAGE_CONTENT in session.intents else bare)
        return told

    async def taken(self, sessions: Iterable[Session]) -> None:
        """Wait until the clients of these sessions have taken all that was sent to them."""
        await asyncio.gather(*(session.taken() for session in sessions))

    async def drop(self, code: int | None, *, resumable: bool) -> int:
        """Cut every connection: with a close code, or with `None` as if the cable was pulled.

        Returns how many there were. Without `resumable` the sessions are forgotten too.
        """
        if not resumable:
            for session in self.sessions:
                self.forget(session)
        connections = list(self._open.values())
        await asyncio.gather(*(connection.cut(code) for connection in connections))
        return len(connections)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket until it ends."""
        # Pings and pongs are ours: a pong tells how far the client has come.
        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=4096, timeout=_GOODBYE_S
        )
        await socket.prepare(request)
        # A client that asks for zstd gets plain text, which every library takes as well.
        packed = request.query.get("compress") == "zlib-stream"
        wire = Wire(socket, compressed=packed)
        connection = Connection(self, request, socket, wire, heartbeat_s=self._heartbeat_s)
        self._open[socket] = connection
        try:
            await connection.serve(request.query.get("v", "10"))
        finally:
            del self._open[socket]
        return socket

    def identify(self, data: Json, wire: Wire) -> Session:
        """Open a session; raises Closed with 4004, 4010, 4013 or 4014."""
        self._check_token(data)
        intents = _intents(data.get("intents", 0), self._privileged)
        session = Session(secrets.token_hex(16), intents, _shard(data.get("shard")))
        self._sessions[session.id] = session
        session.attach(wire)
        guilds = [g for g in self._world.guilds.values() if session.serves(g.id)]
        session.emit("READY", json.dumps(self._ready(session, guilds)))
        if Intent.GUILDS in intents:
            for guild in guilds:
                session.emit("GUILD_CREATE", json.dumps(self._guild_create(guild, intents)))
        return session

    def resume(self, data: Json, wire: Wire) -> Session | None:
        """Take a session up again; `None` if it cannot be, Closed with 4004 or 4007."""
        self._check_token(data)
        session = self._sessions.get(str(data.get("session_id")))
        sequence = data.get("seq")
        if session is None or not isinstance(sequence, int):
            return None
        if sequence > session.sequence:
            raise Closed(4007, "Invalid seq")
        if not session.can_replay(sequence):
            self.forget(session)
            return None
        session.replay(wire, sequence)
        return session

    def forget(self, session: Session) -> None:
        """Make a session unresumable."""
        self._sessions.pop(session.id, None)
        session.end()

    def chunk(self, session: Session, data: Json) -> None:
        """Answer a request for guild members with GUILD_MEMBERS_CHUNK events."""
        guild = self._world.guilds.get(int(data.get("guild_id", 0)))
        if guild is None:
            return
        found = _asked_for(guild, data)
        parts = [found[i : i + _CHUNK] for i in range(0, len(found), _CHUNK)] or [[]]
        for index, part in enumerate(parts):
            chunk: Json = {
                "guild_id": str(guild.id),
                "members": [payloads.member(each) for each in part],
                "chunk_index": index,
                "chunk_count": len(parts),
                "nonce": data.get("nonce"),
            }
            session.emit("GUILD_MEMBERS_CHUNK", json.dumps(chunk))

    def _check_token(self, data: Json) -> None:
        if data.get("token") != self._token:
            raise Closed(4004, "Authentication failed.")

    def _ready(self, session: Session, guilds: list[Guild]) -> Json:
        bot = self._world.bot
        return {
            "v": 10,
            "user": payloads.user(bot) | {"verified": True, "mfa_enabled": True, "flags": 0},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": str(bot.id), "flags": 0},
        }

    def _guild_create(self, guild: Guild, intents: Intent) -> Json:
        everybody = list(guild.members.values())
        told = everybody[:_LARGE] if Intent.GUILD_MEMBERS in intents else []
        me = guild.members[self._world.bot.id]
        members = told if me in told else [me, *told]
        large = len(everybody) > _LARGE
        return payloads.guild_create(guild, self._world, members, large=large)


def _intents(value: Any, privileged: Intent) -> Intent:
    if not isinstance(value, int) or not 0 <= value <= Intent.KNOWN:
        raise Closed(4013, "Invalid intent(s).")
    if value & int(Intent.PRIVILEGED) & ~int(privileged):
        raise Closed(4014, "Disallowed intent(s).")
    return Intent(value)


def _shard(value: Any) -> tuple[int, int]:
    if value is None:
        return 0, 1
    number, count = value
    if not 0 <= number < count:
        raise Closed(4010, "Invalid shard.")
    return number, count


def _asked_for(guild: Guild, data: Json) -> list[Member]:
    wanted = data.get("user_ids")
    if wanted is not None:
        ids = map(int, wanted if isinstance(wanted, list) else [wanted])
        return [guild.members[i] for i in ids if i in guild.members]
    start = str(data.get("query") or "").lower()
    found = [m for m in guild.members.values() if m.user.name.lower().startswith(start)]
    return found[: int(data.get("limit") or len(found))]
