"""Calls that keep coming while flags flip and shards share them: none lost, none twice."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from changeover.core.model import Kind, Outcome

CALLS = 120


async def respond(subject, text):
    """Answer, whatever the library handed over."""
    if hasattr(subject, "respond"):
        await subject.respond(text)
    elif getattr(subject, "response", None) is not None:
        await subject.response.send_message(text)
    else:
        await subject.send(text)


@pytest.mark.parametrize("does", ["!ping {}", "/sping"])
async def test_flags_flipped_while_calls_stream_in_lose_none_and_answer_none_twice(
    run, changeover, records, route, does
):
    for name in ("ping", "sping"):

        @changeover.new(name)
        async def handler(subject, n):
            await asyncio.sleep(0)  # a flip may come here
            await respond(subject, f"new {n}")

    async with run() as (loopback, _bot):
        name = "ping" if does[0] == "!" else "sping"
        interactions = []
        for n in range(CALLS):
            route(**{name: "on" if n // 10 % 2 else "off"})
            if does[0] == "/":
                interactions.append(loopback.post_interaction(does, {"n": n}))
            else:
                loopback.post_message(does.format(n))
            if n % 3 == 0:
                await asyncio.sleep(0.002)
        await until(lambda: len(records()) >= CALLS)
        await until(lambda: loopback.counters.answers >= CALLS)
        found = records()
        assert len(found) == loopback.counters.answers == CALLS
        assert {r["outcome"] for r in found} == {Outcome.OK}
        systems = [r["system"] for r in found]
        assert {"legacy", "ddd"} == set(systems)
        flips = sum(a != b for a, b in itertools.pairwise(systems))
        assert flips >= 3  # it decided anew, again and again


async def until(is_so, within_s=15.0):
    deadline = asyncio.get_running_loop().time() + within_s
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("shards", [1, 2])
async def test_each_record_tells_the_shard_that_it_came_through(
    run, records, make_sharded, shards, world
):
    for _ in range(3):  # so that with two shards, each has a guild
        guild = world.add_guild("More")
        world.add_member(guild, world.person("ada"))
        world.add_member(guild, world.person("bob"))
    bot = make_sharded(shards)
    async with run(bot=bot, shards=shards) as (loopback, _bot):
        expected = []
        for guild in loopback.world.guilds.values():
            channel = next(iter(guild.channels.values()))
            await loopback.say("!ping 7", channel=channel)
            await loopback.invoke("/sping", n=7, channel=channel)
            shard = (guild.id >> 22) % shards
            expected += [("ping", Kind.PREFIX, shard), ("sping", Kind.SLASH, shard)]
        dm = loopback.world.dm(loopback.world.person("ada"))
        await loopback.say("!ping 7", channel=dm)
        expected.append(("ping", Kind.PREFIX, 0))
        told = [(r["command"], r["kind"], r["shard"]) for r in records()]
        assert told == expected
        assert {shard for *_, shard in told} == set(range(shards))
