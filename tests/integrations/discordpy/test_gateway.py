"""What is told of the gateway is true, or not told."""

from __future__ import annotations

import asyncio
import logging
import math

import pytest
from discord.ext import commands

from changeover.core.model import Status

pytestmark = pytest.mark.slow


async def until(is_so, within_s=5.0):
    deadline = asyncio.get_running_loop().time() + within_s
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


def gateway(changeover):
    return changeover.snapshot("5m")["gateway"]


def check(changeover):
    return {one.name: one for one in changeover.health().checks}.get("gateway")


async def test_before_it_is_attached_there_is_no_gateway(changeover):
    assert gateway(changeover) is None
    assert check(changeover) is None


async def test_before_connecting_nothing_false_is_told(changeover, make_bot):
    bot = make_bot()
    changeover.attach(bot)
    assert math.isnan(bot.latency)
    told = gateway(changeover)
    assert told == {
        "ready": False,
        "latency_ms": {},
        "guilds": 0,
        "reconnects": 0,
        "rate_limited": 0,
    }
    assert check(changeover).status is Status.DEGRADED
    assert not changeover.health().ready


async def test_latency_guilds_and_readiness_are_told(changeover, run):
    async with run() as (_loopback, bot):
        await until(lambda: math.isfinite(bot.latency))
        told = gateway(changeover)
        assert told["ready"]
        assert told["guilds"] == 1
        assert 0 < told["latency_ms"]["0"] < 1_000
        assert check(changeover).status is Status.HEALTHY
        assert changeover.health().ready
    assert not gateway(changeover)["ready"]


async def test_a_young_shard_tells_no_latency_before_its_second_heartbeat(
    changeover, run, make_bot
):
    bot = make_bot(cls=commands.AutoShardedBot, shard_count=2)
    async with run(bot=bot, shards=2, heartbeat_s=1.0) as (_loopback, _bot):
        await until(lambda: len(gateway(changeover)["latency_ms"]) == 2)
        assert set(gateway(changeover)["latency_ms"].values()) == {None}
        await until(lambda: None not in gateway(changeover)["latency_ms"].values())
        assert set(gateway(changeover)["latency_ms"]) == {"0", "1"}


async def test_reconnects_are_counted(changeover, run):
    async with run() as (loopback, bot):
        await until(lambda: gateway(changeover)["latency_ms"])
        assert gateway(changeover)["reconnects"] == 0
        first = bot.ws
        assert await loopback.drop_connections() == 1
        await until(lambda: bot.ws is not first)
        await until(lambda: gateway(changeover)["reconnects"] == 1)


async def test_rate_limits_are_counted_and_python_still_says_them(changeover, run, caplog):
    before = list(logging.getLogger("discord.http").filters)
    async with run() as (loopback, _bot):
        loopback.rate_limit_next("POST /channels/*/messages", 0.05)
        with caplog.at_level(logging.WARNING, "discord.http"):
            assert (await loopback.say("!ping 7")).content == "legacy 7"
        assert gateway(changeover)["rate_limited"] == 1
        assert "rate limited" in caplog.text
    assert logging.getLogger("discord.http").filters == before
