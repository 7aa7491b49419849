"""The gateway's protocol, spoken by hand."""

from __future__ import annotations

import contextlib
import json
import zlib

import aiohttp
import pytest
from aiohttp import WSMsgType
from hypothesis import given
from hypothesis import strategies as st

from changeover.demo.loopback.flags import Intent as Bits
from changeover.demo.loopback.session import REPLAY_EVENTS, Session
from changeover.testing import Intent, LoopbackDiscord

ALL = int(Bits.GUILDS | Bits.GUILD_MESSAGES | Bits.MESSAGE_CONTENT)


class Client:
    """A client that says just what it is told to."""

    def __init__(self, socket):
        self.socket = socket

    async def send(self, op, data=None):
        await self.socket.send_json({"op": op, "d": data})

    async def frame(self):
        message = await self.socket.receive(timeout=5)
        assert message.type is WSMsgType.TEXT, message
        return json.loads(message.data)

    async def until(self, event):
        seen = [await self.frame()]
        while seen[-1]["t"] != event:
            seen.append(await self.frame())
        return seen

    async def close_code(self):
        while True:
            message = await self.socket.receive(timeout=5)
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED):
                return self.socket.close_code

    async def identify(self, token, *, intents=ALL, **more):
        await self.send(2, {"token": token, "intents": intents, **more})


@pytest.fixture
async def loopback(world):
    options = {"privileged": Intent.MESSAGE_CONTENT, "heartbeat_s": 5.0}
    async with LoopbackDiscord(world=world, **options) as running:
        yield running


@pytest.fixture
async def connect(loopback):
    async with aiohttp.ClientSession() as http, contextlib.AsyncExitStack() as stack:

        async def connect(query="v=10&encoding=json"):
            url = f"{loopback.url}/gateway?{query}"
            client = Client(await stack.enter_async_context(http.ws_connect(url)))
            if "v=10" in query and "compress" not in query:
                hello = await client.frame()
                assert hello["op"] == 10
                assert hello["d"] == {"heartbeat_interval": 5000}
            return client

        yield connect


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (42, None, 4003),
        (8, {"guild_id": "1"}, 4003),
        (2, {"token": "wrong", "intents": 1}, 4004),
        (6, {"token": "wrong", "session_id": "x", "seq": 1}, 4004),
        (2, {"intents": 1 << 40}, 4013),
        (2, {"intents": "many"}, 4013),
        (2, {"intents": int(Bits.GUILD_MEMBERS)}, 4014),
        (2, {"intents": 1, "shard": [2, 2]}, 4010),
    ],
)
async def test_what_may_not_be_said_closes_with_discords_code(loopback, connect, op, data, code):
    client = await connect()
    if isinstance(data, dict):
        data = {"token": loopback.token} | data
    await client.send(op, data)
    assert await client.close_code() == code


async def test_nonsense_closes_with_4002(connect):
    client = await connect()
    await client.socket.send_str("not json")
    assert await client.close_code() == 4002


async def test_an_unknown_version_closes_with_4012(connect):
    client = await connect("v=3")
    assert await client.close_code() == 4012


async def test_identifying_twice_closes_with_4005(loopback, connect):
    client = await connect()
    await client.identify(loopback.token)
    await client.identify(loopback.token)
    assert await client.close_code() == 4005


async def test_an_unknown_opcode_closes_with_4001(loopback, connect):
    client = await connect()
    await client.identify(loopback.token)
    await client.send(42)
    assert await client.close_code() == 4001


async def test_heartbeats_are_acknowledged_before_and_after_identifying(loopback, connect):
    client = await connect()
    await client.send(1)
    assert (await client.frame())["op"] == 11
    await client.identify(loopback.token)
    await client.until("GUILD_CREATE")
    await client.send(1, 2)
    assert (await client.frame())["op"] == 11


async def test_a_client_that_falls_silent_is_closed_with_4009(world):
    async with (
        LoopbackDiscord(world=world, heartbeat_s=0.04) as loopback,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{loopback.url}/gateway?v=10") as socket,
    ):
        client = Client(socket)
        await client.identify(loopback.token)
        assert await client.close_code() == 4009


async def test_ready_comes_first_then_the_guilds(loopback, connect, world, guild):
    client = await connect()
    await client.identify(loopback.token)
    ready, create = await client.until("GUILD_CREATE")
    assert (ready["t"], ready["s"], create["s"]) == ("READY", 1, 2)
    assert ready["d"]["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    assert ready["d"]["user"]["id"] == str(world.bot.id)
    assert create["d"]["owner_id"] == str(guild.owner_id)
    assert {role["name"] for role in create["d"]["roles"]} >= {"@everyone", "Moderator"}


async def test_events_missed_are_replayed_once_and_in_order(loopback, connect, guild):
    client = await connect()
    await client.identify(loopback.token)
    *_, last = await client.until("GUILD_CREATE")
    ready_session = await _session_id(loopback)
    await client.socket.close(code=4000)
    for number in range(3):
        await loopback.say(str(number), channel=guild.channel("general"), timeout_s=0.01)
    again = await connect()
    resume = {"token": loopback.token, "session_id": ready_session, "seq": last["s"]}
    await again.send(6, resume)
    *missed, resumed = await again.until("RESUMED")
    assert [event["d"]["content"] for event in missed] == ["0", "1", "2"]
    assert [event["s"] for event in [*missed, resumed]] == [3, 4, 5, 6]


async def test_a_resume_that_cannot_be_is_an_invalid_session(loopback, connect):
    client = await connect()
    await client.send(6, {"token": loopback.token, "session_id": "gone", "seq": 1})
    assert await client.frame() == {"op": 9, "d": False, "s": None, "t": None}
    await client.identify(loopback.token)
    assert (await client.frame())["t"] == "READY"


async def test_a_sequence_from_the_future_closes_with_4007(loopback, connect):
    client = await connect()
    await client.identify(loopback.token)
    await client.until("GUILD_CREATE")
    again = await connect()
    session = await _session_id(loopback)
    await again.send(6, {"token": loopback.token, "session_id": session, "seq": 99})
    assert await again.close_code() == 4007


@pytest.mark.parametrize(("code", "kept"), [(1000, 0), (1001, 0), (4000, 1)])
async def test_a_client_that_says_goodbye_ends_its_session(loopback, connect, code, kept):
    client = await connect()
    await client.identify(loopback.token)
    await client.until("GUILD_CREATE")
    await client.socket.close(code=code)
    await loopback.drop_connections()
    assert len(loopback._hub.gateway.sessions) == kept


async def test_zlib_stream_is_one_stream_over_all_frames(connect, loopback):
    client = await connect("v=10&encoding=json&compress=zlib-stream")
    inflate = zlib.decompressobj()
    await client.identify(loopback.token)
    seen = []
    for _ in range(3):
        message = await client.socket.receive(timeout=5)
        assert message.type is WSMsgType.BINARY
        assert message.data.endswith(b"\x00\x00\xff\xff")
        seen.append(json.loads(inflate.decompress(message.data)))
    assert [frame["t"] for frame in seen] == [None, "READY", "GUILD_CREATE"]


async def test_the_content_is_veiled_for_each_session_by_its_intents(loopback, connect):
    clients = []
    for intents in (ALL, int(Bits.GUILD_MESSAGES), int(Bits.GUILDS)):
        client = await connect()
        await client.identify(loopback.token, intents=intents)
        await client.until("READY")
        clients.append(client)
    full, veiled, deaf = clients
    await loopback.say("secret", timeout_s=0.01)
    assert (await full.until("MESSAGE_CREATE"))[-1]["d"]["content"] == "secret"
    assert (await veiled.until("MESSAGE_CREATE"))[-1]["d"]["content"] == ""
    await deaf.send(1)
    while (frame := await deaf.frame())["op"] != 11:
        assert frame["t"] == "GUILD_CREATE"


class Paper:
    """A wire that only writes down."""

    def __init__(self):
        self.frames = []

    def send_text(self, frame):
        self.frames.append(json.loads(frame))

    def ping(self, mark):
        pass


@given(st.lists(st.sampled_from(["event", "drop"]), max_size=60), st.data())
def test_whatever_happens_each_event_arrives_once(steps, data):
    session = Session("id", Bits.NONE, (0, 1))
    wire, taken, sent = Paper(), [], 0
    session.attach(wire)
    for step in steps:
        if step == "event":
            sent += 1
            session.emit("X", str(sent))
            continue
        # What was under way is lost: the client has only taken the first part of it.
        arrived = wire.frames[: data.draw(st.integers(0, len(wire.frames)))]
        taken += arrived
        session.detach(wire)
        sent += 1
        session.emit("X", str(sent))
        reached = taken[-1]["s"] if taken else 0
        assert session.can_replay(reached)
        wire = Paper()
        session.replay(wire, reached)
    taken += wire.frames
    assert [frame["d"] for frame in taken if frame["t"] == "X"] == list(range(1, sent + 1))
    assert [frame["s"] for frame in taken] == list(range(1, len(taken) + 1))


@pytest.mark.parametrize(
    ("missed", "possible"), [(REPLAY_EVENTS, True), (REPLAY_EVENTS + 1, False)]
)
def test_a_client_that_missed_too_much_must_identify_anew(missed, possible):
    session = Session("id", Bits.NONE, (0, 1))
    for number in range(missed + 5):
        session.emit("X", str(number))
    assert session.can_replay(5) is possible
    assert not session.can_replay(missed + 6)


@given(st.integers(0, 1 << 63), st.integers(1, 50))
def test_each_guild_belongs_to_exactly_one_shard(guild_id, count):
    sessions = [Session(str(number), Bits.NONE, (number, count)) for number in range(count)]
    assert sum(session.serves(guild_id) for session in sessions) == 1
    assert [session.shard[0] for session in sessions if session.serves(None)] == [0]


async def _session_id(loopback):
    return loopback._hub.gateway.sessions[0].id
