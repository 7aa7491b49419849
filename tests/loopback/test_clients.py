"""Logging in, losing the connection, shards and caches, through the real discord.py client."""

from __future__ import annotations

import asyncio
import contextlib

import discord
import pytest
from discord.ext import commands

from changeover.testing import Intent, LoopbackDiscord, World


def echo(bot):
    bot.seen = []

    @bot.listen()
    async def on_message(message):
        if message.author != bot.user:
            bot.seen.append(message.content)

    @bot.command()
    async def ping(ctx):
        await ctx.send("Pong!")


async def test_a_wrong_token_fails_the_login(world, make_bot):
    async with LoopbackDiscord(world=world) as loopback:
        with pytest.raises(discord.LoginFailure):
            async with loopback.running(make_bot(), token="wrong"):
                pytest.fail("it must not get here")


async def test_a_privileged_intent_that_is_off_fails_the_start(world, make_bot):
    async with LoopbackDiscord(world=world, privileged=Intent.MESSAGE_CONTENT) as loopback:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with loopback.running(make_bot()):
                pytest.fail("it must not get here")


async def test_the_bot_sees_the_world_as_it_is(run, world, guild):
    async with run() as (loopback, bot):
        home = bot.get_guild(guild.id)
        assert home.name == guild.name
        assert home.chunked
        assert {member.name for member in home.members} >= {"ada", "bob", "mod", world.bot.name}
        news = home.get_channel(guild.channel("news").id)
        assert not news.permissions_for(home.me).send_messages
        assert news.permissions_for(home.get_member(world.person("mod").id)).send_messages
        assert home.owner_id == guild.owner_id
        assert bot.application.owner.name == world.owner.name
        fetched = await bot.fetch_guild(guild.id)
        assert fetched.name == guild.name
        assert (await home.fetch_member(world.person("bob").id)).name == "bob"
        fetched = [member.id async for member in home.fetch_members()]
        assert sorted(fetched) == sorted(guild.members)
        assert len(await home.fetch_roles()) == len(guild.roles)
        assert len(await home.fetch_channels()) == len(guild.channels)
        assert [g.id async for g in bot.fetch_guilds()] == [guild.id]
    assert loopback.unhandled == []


async def test_without_the_members_intent_members_come_by_asking(run, make_bot, guild):
    async with run(bot=make_bot(intents=discord.Intents.default())) as (_, bot):
        home = bot.get_guild(guild.id)
        assert [member.name for member in home.members] == [bot.user.name]
        assert [member.name for member in await home.query_members("bob")] == ["bob"]


async def test_a_large_guild_is_chunked(run):
    world = World.build(guilds=1, users=300)
    async with run(world=world) as (_, bot):
        assert bot.guilds[0].chunked
        assert len(bot.guilds[0].members) == len(bot.guilds[0]._members) == 301


async def test_no_event_is_lost_when_the_connection_drops(run):
    async with run(echo) as (loopback, bot):
        resumed = asyncio.Event()

        async def on_resumed():
            resumed.set()

        bot.add_listener(on_resumed)
        await loopback.say("before")
        await loopback.drop_connections()
        for number in range(20):
            loopback.post_message(f"meanwhile {number}")
        exchange = await loopback.say("!ping")
        await asyncio.wait_for(resumed.wait(), 5)
        assert exchange.content == "Pong!"
        meanwhile = [f"meanwhile {number}" for number in range(20)]
        assert bot.seen == ["before", *meanwhile, "!ping"]


@pytest.mark.parametrize("code", [1000, 4000, 4009])
async def test_close_codes_that_allow_it_are_resumed(run, code):
    async with run(echo) as (loopback, bot):
        assert await loopback.drop_connections(code=code) == 1
        assert (await loopback.say("!ping")).content == "Pong!"
        assert bot.seen == ["!ping"]


async def test_a_session_that_is_gone_is_opened_anew(run):
    async with run(echo) as (loopback, bot):
        ready = asyncio.Event()

        async def on_ready():
            ready.set()

        bot.add_listener(on_ready)
        await loopback.drop_connections(resumable=False)
        await asyncio.wait_for(ready.wait(), 10)
        assert (await loopback.say("!ping")).content == "Pong!"


async def test_shards_get_the_guilds_that_are_theirs(run, make_bot):
    world = World.build(guilds=4, users=20)
    bot = make_bot(echo, cls=commands.AutoShardedBot)
    async with run(bot=bot, world=world, shards=2) as (loopback, bot):
        assert bot.shard_count == 2
        assert len(bot.guilds) == 4
        for guild in world.guilds.values():
            assert bot.get_guild(guild.id).shard_id == (guild.id >> 22) % 2
            answer = await loopback.say("!ping", channel=guild.channel("general"))
            assert answer.content == "Pong!"
        dm = world.dm(world.person())
        assert (await loopback.say("!ping", channel=dm)).content == "Pong!"
        assert len(bot.seen) == 5


async def test_discord_py_points_back_afterwards(world, make_bot):
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    before = (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE)
    async with LoopbackDiscord(world=world) as loopback:
        with contextlib.suppress(ZeroDivisionError), loopback.redirected():
            assert Route.BASE.startswith(loopback.url)
            _ = 1 / 0
        async with loopback.running(make_bot()):
            pass
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE)


async def test_a_bot_that_syncs_in_on_ready_is_waited_for(run, make_bot):
    bot = make_bot()

    async def on_ready():
        @bot.tree.command()
        async def hello(interaction: discord.Interaction):
            await interaction.response.send_message("hello")

        await bot.tree.sync()

    bot.add_listener(on_ready)
    async with run(bot=bot) as (loopback, _):
        assert (await loopback.invoke("/hello")).content == "hello"


async def test_a_rate_limited_request_is_tried_again(run):
    async with run(echo) as (loopback, _):
        loopback.rate_limit_next("POST /channels/*/messages", 0.05, times=2)
        assert (await loopback.say("!ping")).content == "Pong!"
        assert loopback.counters.errors == 2


async def test_what_no_route_handles_is_remembered(run, guild):
    async with run() as (loopback, bot):
        with pytest.raises(discord.NotFound) as caught:
            await bot.get_guild(guild.id).invites()
        assert (caught.value.status, caught.value.code) == (404, 0)
        assert loopback.unhandled == [f"GET /guilds/{guild.id}/invites"]


async def test_unknown_things_have_discords_codes(run, guild):
    async with run() as (_, bot):
        home = bot.get_guild(guild.id)
        for request, code in (
            (bot.fetch_channel(1), 10003),
            (bot.fetch_guild(1), 10004),
            (home.fetch_member(1), 10007),
            (bot.fetch_user(1), 10013),
        ):
            with pytest.raises(discord.NotFound) as caught:
                await request
            assert caught.value.code == code


async def test_the_latency_is_that_of_the_newest_heartbeat_not_of_the_one_before(run):
    """discord.py notes a heartbeat after sending it; an answer must not be there before that."""
    interval_s = 0.25
    async with run(heartbeat_s=interval_s) as (_, bot):
        keeper = bot.ws._keep_alive
        for _ in range(3):
            before = keeper._last_ack
            while keeper._last_ack == before:  # noqa: ASYNC110  # discord.py tells nobody of it
                await asyncio.sleep(0.01)
            assert bot.latency < interval_s
