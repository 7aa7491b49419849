from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import Guard, StoreUnavailableError
from changeover.show.problems import RefusedError
from changeover.show.stream import HEARTBEAT, Rendered, Streams, render

QUICK_S = 0.02


async def piece(answer) -> str:
    """The next event or comment."""
    return (await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5)).decode()


async def no_watchers(site) -> None:
    """Wait until the server has noticed that its clients went."""
    async with asyncio.timeout(5):
        while site.streams.watching:  # noqa: ASYNC110  # another thread's loop; nothing to wait on
            await asyncio.sleep(0.005)


def data(event: str):
    lines = dict(line.split(": ", 1) for line in event.strip().split("\n"))
    assert lines["event"] == "snapshot"
    return json.loads(lines["data"])


async def test_a_stream_begins_with_a_snapshot_at_once(site):
    async with site.request("GET", "/api/stream?window=5m") as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        snapshot = data(await piece(answer))
    assert snapshot == (await site.get("/api/snapshot?window=5m"))[1]


async def test_a_change_is_told_and_quiet_times_give_heartbeats(open_site, world):
    site = open_site(stream_every_s=QUICK_S, share_s=0)
    async with site.request("GET", "/api/stream") as answer:
        assert data(await piece(answer))["totals"]["total"] == 100
        assert (await piece(answer)).encode() == HEARTBEAT
        world.total = 200
        changed = await piece(answer)
        while changed.encode() == HEARTBEAT:
            changed = await piece(answer)
        assert data(changed)["totals"]["total"] == 200


async def test_without_a_change_the_snapshot_is_renewed_so_that_its_time_moves(open_site, world):
    site = open_site(stream_every_s=QUICK_S, share_s=0)
    async with site.request("GET", "/api/stream") as answer:
        first = data(await piece(answer))
        world.clock.advance(3)
        pieces = [await piece(answer) for _ in range(3)]
        assert [text.encode() == HEARTBEAT for text in pieces] == [True, True, False]
        assert data(pieces[2])["as_of"] > first["as_of"]


async def test_all_watchers_of_a_window_share_one_reading(site, world):
    async with AsyncExitStack() as stack:
        answers = [
            await stack.enter_async_context(site.request("GET", "/api/stream")) for _ in range(50)
        ]
        events = [await piece(answer) for answer in answers]
    assert len(set(events)) == 1
    assert world.calls["summary"] == 1


async def test_a_hundred_watch_and_the_next_is_told_to_ask(site):
    async with AsyncExitStack() as stack:
        for _ in range(100):
            await stack.enter_async_context(site.request("GET", "/api/stream"))
        status, body = await site.get("/api/stream")
        assert (status, body["error"]["code"]) == (503, "too_many_streams")
        assert (await site.get("/api/snapshot"))[0] == 200
        assert (await site.get("/health"))[0] == 200


async def test_a_watcher_that_goes_gives_its_place_back(open_site):
    site = open_site(most_streams=1)
    for _ in range(3):
        async with site.request("GET", "/api/stream") as answer:
            assert answer.status == 200
            await piece(answer)
            answer.close()
        await no_watchers(site)


async def test_a_store_that_goes_away_leaves_the_stream_alive(open_site, world):
    site = open_site(stream_every_s=QUICK_S, share_s=0)

    def away(name: str) -> None:
        if name == "summary":
            raise StoreUnavailableError("locked")

    async with site.request("GET", "/api/stream") as answer:
        await piece(answer)
        world.before = away
        pieces = [await piece(answer) for _ in range(6)]
        assert HEARTBEAT.decode() in pieces[-3:]
        world.before = lambda _: None
        world.total = 300
        last = await piece(answer)
        while last.encode() == HEARTBEAT:
            last = await piece(answer)
        assert data(last)["totals"]["total"] == 300


async def test_a_stream_that_cannot_begin_is_refused_with_a_reason(site, world):
    def away(name: str) -> None:
        if name == "summary":
            raise StoreUnavailableError("locked")

    world.before = away
    status, body = await site.get("/api/stream")
    assert (status, body["error"]["code"]) == (503, "store_unavailable")


async def test_stopping_ends_every_stream_at_once(site):
    async with AsyncExitStack() as stack:
        answers = [
            await stack.enter_async_context(site.request("GET", "/api/stream")) for _ in range(20)
        ]
        for answer in answers:
            await piece(answer)
        site.streams.stop()
        for answer in answers:
            assert await asyncio.wait_for(answer.content.read(), 2) == b""
        assert (await site.get("/api/stream"))[0] == 503


async def test_a_head_of_a_stream_is_not_allowed_rather_than_endless(site):
    async with site.request("HEAD", "/api/stream") as answer:
        assert answer.status == 405


async def test_a_client_that_takes_nothing_holds_nothing_but_itself():
    """The stream waits for its client; it does not queue snapshots for it."""
    reads = 0

    async def read(_: str) -> Rendered:
        nonlocal reads
        reads += 1
        return Rendered(b"%d" % reads, b"%d" % reads)

    async def silence():
        await asyncio.Event().wait()

    stuck = asyncio.Event()

    async def send(message) -> None:
        if message.get("body"):
            stuck.set()
            await asyncio.Event().wait()

    streams = Streams(read, guard=Guard(), every_s=0.001)
    task = asyncio.ensure_future(streams.answer("1h", silence, send))
    await asyncio.wait_for(stuck.wait(), 5)
    for _ in range(50):
        await asyncio.sleep(0)
    assert reads == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert streams.watching == 0


async def test_a_stopped_house_opens_no_stream():
    streams = Streams(None, guard=Guard())
    streams.stop()
    streams.stop()
    with pytest.raises(RefusedError):
        await streams.answer("1h", None, None)


@given(st.text(), st.integers(), st.floats(allow_nan=False))
def test_only_time_going_by_is_no_change(text, number, age):
    def snapshot(**changes):
        values = {"as_of": "1", "flags": [{"name": "a", "age_s": 1.0}], "n": 1, "health": {}}
        return values | changes

    one = render(snapshot())
    passed = snapshot(as_of=text, flags=[{"name": "a", "age_s": age}], health={"uptime_s": age})
    assert render(passed).substance == one.substance
    assert (render(snapshot(n=number)).substance == one.substance) is (number == 1)
    assert (render(snapshot(flags=[{"name": text, "age_s": 1.0}])).substance == one.substance) is (
        text == "a"
    )
