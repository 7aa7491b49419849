"""py-cord: the bot is as it was - what it syncs, its error handlers, every object after `detach`."""

import asyncio
import gc
import inspect
import logging
import sys
import threading
import weakref
from types import SimpleNamespace

import pytest
from discord.ext import bridge, commands

from changeover import Changeover, Settings
from changeover.core.errors import ChangeoverError
from changeover.core.model import Outcome
from changeover.integrations import find
from changeover.testing import LoopbackDiscord


def payload(bot):
    """What py-cord sends when it syncs."""
    return [command.to_dict() for command in bot.pending_application_commands]


def everything(bot):
    """Every object of a bot and what its attributes are, by identity."""
    objects = [bot, bot.http, bot._connection, *bot.walk_commands()]
    for command in bot.pending_application_commands:
        objects += [command, *(command.walk_commands() if hasattr(command, "subcommands") else [])]
    assert len(objects) > 30
    return {
        id(one): (type(one), {name: id(value) for name, value in vars(one).items()})
        for one in objects
    }


async def test_it_knows_which_library_it_is(make_bot):
    assert find(make_bot()).library.startswith("py-cord 2.")


async def test_what_is_synced_is_the_same_with_and_without(changeover, make_bot):
    bot = make_bot()
    before = payload(bot)
    assert len(before) >= 12
    changeover.attach(bot)
    assert payload(bot) == before


async def test_help_and_signatures_are_the_same(run, make_bot):
    bare = make_bot()
    async with run(bot=bare, attach=False) as (loopback, _bot):
        helped = (await loopback.say("!help ping")).content
    bot = make_bot()
    async with run(bot=bot) as (loopback, _bot):
        assert (await loopback.say("!help ping")).content == helped
        now = {c.qualified_name: c.signature for c in bot.walk_commands()}
        assert now == {c.qualified_name: c.signature for c in bare.walk_commands()}
        assert inspect.signature(bot.get_command("ping").callback) == inspect.signature(
            bare.get_command("ping").callback
        )


async def test_detach_restores_every_object(changeover, make_bot):
    bot = make_bot()
    before = everything(bot)
    for _ in range(2):
        changeover.attach(bot)
        assert everything(bot) != before
        changeover.detach()
        assert everything(bot) == before


async def test_detached_in_mid_flight_the_bot_goes_on_with_legacy(
    run, changeover, conformance, route
):
    @changeover.new("ping")
    async def ping(ctx, n):
        await ctx.send(f"new {n}")

    async with run() as (loopback, bot):
        route("ping")
        kept = bot.get_command("ping").callback  # somebody holds on to what was there
        assert (await loopback.say("!ping 7")).content == "new 7"
        changeover.detach()
        assert (await loopback.say("!ping 7")).content == "legacy 7"
        assert (await loopback.invoke("/sping", n=7)).content == "legacy 7"
        sent = []
        await kept(SimpleNamespace(send=lambda text: _later(sent, text)), 8)
        assert sent == ["legacy 8"]
        assert len(conformance.rows(changeover)) == 1


async def _later(sent, text):
    sent.append(text)


async def test_error_handlers_get_the_same_exceptions_whenever_they_were_set(run):
    seen, real = [], KeyError("the very object")

    class WithHandlers(commands.Cog):
        @bridge.bridge_command()
        async def c(self, _ctx):
            raise real

        async def cog_command_error(self, _ctx, error):
            seen.append(("cog", error))

    def setup(bot):
        @bot.slash_command()
        async def local(_ctx):
            raise real

        @local.error
        async def on_local(_ctx, error):
            seen.append(("local", error))

        async def early(_ctx, error):
            seen.append(("early", error))

        bot.add_listener(early, "on_application_command_error")
        bot.add_cog(WithHandlers())

    async with run(setup) as (loopback, bot):
        await loopback.say("!c")
        await loopback.invoke("/c")
        await loopback.invoke("/local")
    assert [name for name, _ in seen] == ["cog", "cog", "early", "local", "early"]
    assert all(error.original is real for _, error in seen)
    assert [error.original for error in bot.prefix_errors] == [real]
    assert [error.original for error in bot.slash_errors] == [real, real]


async def test_hooks_and_events_of_the_bot_go_on(run, changeover, conformance):
    ran = []

    def setup(bot):
        @bot.slash_command()
        async def c(ctx):
            ran.append("c")
            await ctx.respond("c")

    async with run(setup) as (loopback, bot):

        @bot.before_invoke
        async def before(_ctx):
            ran.append("before")

        @bot.after_invoke
        async def after(_ctx):
            ran.append("after")

        @bot.listen()
        async def on_application_command(_ctx):
            ran.append("event")

        @bot.listen()
        async def on_application_command_completion(_ctx):
            ran.append("completion")

        await loopback.invoke("/c")
        assert sorted(ran) == ["after", "before", "c", "completion", "event"]
        assert conformance.rows(changeover) == [("c", "legacy", Outcome.OK, None)]


EXTENSION = """
import discord
from discord.ext import bridge, commands

class Ext(commands.Cog, name="Ext"):
    @bridge.bridge_command()
    async def ext(self, ctx, n: int = 1):
        await ctx.respond(f"VERSION {n}")

    @commands.group()
    async def outer(self, ctx): ...

def setup(bot):
    bot.add_cog(Ext())
"""


async def test_extensions_loaded_and_reloaded_after_attach_are_routed(
    run, changeover, conformance, route, tmp_path
):
    file = tmp_path / "late_extension.py"
    file.write_text(EXTENSION.replace("VERSION", "one"))
    sys.path.insert(0, str(tmp_path))

    @changeover.new("ext")
    async def ext(ctx, n):
        await ctx.respond(f"new {n}")

    try:
        async with run(None) as (loopback, bot):
            bot.load_extension("late_extension")
            await bot.sync_commands()
            assert (await loopback.say("!ext 2")).content == "one 2"
            assert (await loopback.invoke("/ext", n=3)).content == "one 3"
            file.write_text(EXTENSION.replace("VERSION", "second"))
            old = weakref.ref(bot.get_command("ext"))
            bot.reload_extension("late_extension")
            await bot.sync_commands()
            assert (await loopback.say("!ext 2")).content == "second 2"
            assert (await loopback.invoke("/ext", n=3)).content == "second 3"
            route("ext")
            assert (await loopback.say("!ext 2")).content == "new 2"
            assert (await loopback.invoke("/ext", n=3)).content == "new 3"
            outer = bot.get_command("outer")

            @outer.command()
            async def inner(ctx):
                await ctx.send("inner")

            await loopback.say("!outer inner")
            systems = [row[:2] for row in conformance.rows(changeover)]
            assert systems == [("ext", "legacy")] * 4 + [("ext", "ddd")] * 2 + [
                ("outer inner", "legacy")
            ]
            bot._connection._messages.clear()
            await asyncio.sleep(0)
            gc.collect()
            assert old() is None, "a reloaded extension's commands are kept alive"
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("late_extension", None)


async def test_groups_and_commands_made_after_attach_are_recorded(
    run, changeover, conformance, make_bot
):
    bot = make_bot(None)
    changeover.attach(bot)
    group = bot.create_group("late", "A group")
    inner = group.create_subgroup("inner", "A group in it")

    @inner.command()
    async def deep(ctx):
        await ctx.respond("deep")

    @bot.bridge_command()
    async def both(ctx):
        await ctx.respond("both")

    @bot.user_command(name="Wave")
    async def wave(ctx, who):
        await ctx.respond(f"hello {who.name}")

    async with run(bot=bot, attach=False) as (loopback, _bot):
        await loopback.invoke("/late inner deep")
        await loopback.say("!both")
        await loopback.invoke("/both")
        await loopback.invoke("Wave", target=loopback.world.person())
        names = [row[0] for row in conformance.rows(changeover)]
        assert names == ["late inner deep", "both", "both", "Wave"]


async def test_only_one_bot_can_be_attached(changeover, make_bot):
    changeover.attach(make_bot())
    with pytest.raises(ChangeoverError, match="detach"):
        changeover.attach(make_bot())


# --- its life ---------------------------------------------------------------------------------


async def test_the_monitor_runs_from_attach_on_and_stops_with_the_bot_within_two_seconds(
    world, make_bot, tmp_path
):
    settings = Settings(data_dir=tmp_path, port=0)
    changeover = Changeover(settings)
    bot = make_bot()
    changeover.attach(bot)
    assert await asyncio.to_thread(changeover.wait_until_served)
    async with LoopbackDiscord(world=world) as loopback, loopback.running(bot):
        await loopback.say("!ping 7")
        started = asyncio.get_running_loop().time()
        await bot.close()
        assert asyncio.get_running_loop().time() - started < 2
    assert not {"changeover", "changeover-http"} & {t.name for t in threading.enumerate()}
    with Changeover(settings) as again:
        assert again.catch_up().snapshot("1h")["totals"]["total"] == 1


async def test_the_bots_loop_is_watched_and_its_readiness_told(changeover, run):
    async with run() as (_loopback, _bot):
        deadline = asyncio.get_running_loop().time() + 5
        while changeover.loops.blocked_for_s() is None:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        assert changeover.is_ready()
    assert not changeover.is_ready()


async def test_a_loop_that_never_runs_is_not_watched(make_bot):
    loop = asyncio.new_event_loop()  # as py-cord makes one for a bot that is made before it runs
    bot = make_bot(loop=loop)
    assert bot.loop is loop
    assert find(bot).loop() is None
    loop.close()


@pytest.mark.parametrize("shards", [None, 2])
async def test_the_gateway_is_told(run, make_bot, shards):
    cls = bridge.Bot if shards is None else bridge.AutoShardedBot
    bot = make_bot(cls=cls, **({} if shards is None else {"shard_count": shards}))
    integration = find(bot)
    before = integration.gateway(60)
    assert (before.ready, before.guilds, dict(before.latency_ns)) == (False, 0, {})
    async with run(bot=bot, shards=shards or 1) as (loopback, _bot):
        deadline = asyncio.get_running_loop().time() + 5
        while set(integration.gateway(60).latency_ns) != set(range(shards or 1)):
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        now = integration.gateway(60)
        assert (now.ready, now.guilds, now.reconnects) == (True, 1, 0)
        if shards is None:  # of several, the first latencies are false
            while integration.gateway(60).latency_ns[0] is None:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.05)
            assert 0 < integration.gateway(60).latency_ns[0] < 1e9
            await loopback.drop_connections()
            while not integration.gateway(60).reconnects:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.05)
        else:
            assert set(now.latency_ns.values()) == {None}


async def test_rate_limits_are_counted(changeover, run, caplog):
    caplog.set_level(logging.WARNING, "discord.http")
    async with run() as (loopback, bot):
        integration = changeover._bot
        loopback.rate_limit_next("POST /channels/*/messages", 0.05)
        assert (await loopback.say("!ping 7")).content == "legacy 7"
        assert integration.gateway(60).rate_limited == 1
        assert bot.is_ready()
