"""The bot is as it was: what it syncs, its error handlers, every object after `detach`."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import weakref
from types import SimpleNamespace

import discord
import pytest
from discord.ext import commands

from changeover import Changeover, Settings
from changeover.core.errors import ChangeoverError
from changeover.core.model import Outcome
from changeover.integrations import find
from changeover.integrations.port import UnsupportedBotError

pytestmark = pytest.mark.slow


def payload(bot):
    """What `tree.sync` would send."""
    return [command.to_dict(bot.tree) for command in bot.tree._get_all_commands()]


def everything(bot):
    """Every object of a bot and what its attributes are, by identity."""
    objects = [bot, bot.tree, bot.http, bot._connection._view_store, *bot.walk_commands()]
    found = [*bot.tree.walk_commands(), *bot.tree._context_menus.values()]
    groups = [c for c in bot.tree.get_commands() if isinstance(c, discord.app_commands.Group)]
    objects += [*found, *groups]
    for command in bot.walk_commands():
        objects += [app] if (app := getattr(command, "app_command", None)) else []
    seen = {}
    for one in objects:
        facts = {name: id(value) for name, value in vars(one).items()}
        seen[id(one)] = (type(one), facts)
    seen["parsers"] = dict(bot._connection.parsers)
    return seen


async def test_what_is_synced_is_the_same_with_and_without(changeover, make_bot):
    bot = make_bot()
    before = payload(bot)
    assert len(before) >= 10
    changeover.attach(bot)
    assert payload(bot) == before


async def test_help_and_signatures_are_the_same(run, changeover, make_bot, world):
    bare = make_bot()
    async with run(bot=bare, attach=False) as (loopback, _bot):
        helped = (await loopback.say("!help ping")).content
        signatures = {c.qualified_name: c.signature for c in bare.walk_commands()}
    bot = make_bot()
    changeover.attach(bot)
    async with run(bot=bot, attach=False, world=world) as (loopback, _bot):
        assert (await loopback.say("!help ping")).content == helped
        assert {c.qualified_name: c.signature for c in bot.walk_commands()} == signatures
        assert inspect.signature(bot.get_command("ping").callback) == inspect.signature(
            bare.get_command("ping").callback
        )


async def test_detach_restores_every_object(changeover, make_bot):
    bot = make_bot()
    changeover.detach()  # of nothing does nothing
    before = everything(bot)
    changeover.attach(bot)
    assert everything(bot) != before
    changeover.detach()
    assert everything(bot) == before
    changeover.attach(bot)  # and again
    changeover.detach()
    assert everything(bot) == before


async def test_detached_in_mid_flight_the_bot_goes_on_with_legacy(
    run, changeover, conformance, route
):
    @changeover.new("ping")
    async def ping(ctx, n):
        await ctx.send(f"new {n}")

    async with run() as (loopback, _bot):
        route("ping")
        kept = _bot.get_command("ping").callback  # somebody holds on to what was there
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


async def test_error_handlers_get_the_same_exceptions_whenever_they_were_set(
    run, changeover, make_bot
):
    raised, seen = [], []
    real = KeyError("the very object")

    def setup(bot):
        @bot.tree.error
        async def early(_interaction, error):
            seen.append(("early", error))

        class WithHandlers(commands.Cog):
            @commands.command()
            async def c(self, _ctx):
                raise real

            async def cog_command_error(self, _ctx, error):
                seen.append(("cog", error))

        @bot.command()
        async def local(_ctx):
            raise real

        @local.error
        async def on_local(_ctx, error):
            seen.append(("local", error))

        @bot.tree.command()
        async def s(_interaction: discord.Interaction):
            raise real

        raised.append(WithHandlers())

    bot = make_bot(setup)
    assert bot.tree.on_error is not None
    await bot.add_cog(raised.pop())
    changeover.attach(bot)
    assert bot.tree.on_error.__name__ == "on_error"
    async with run(bot=bot, attach=False) as (loopback, _bot):
        await loopback.say("!c")
        await loopback.say("!local")
        await loopback.invoke("/s")
    assert [name for name, _ in seen] == ["cog", "local"]  # "early" was replaced by the fixture
    assert all(error.original is real for _, error in seen)
    assert [error.original for error in bot.prefix_errors] == [real, real]
    assert [error.original for error in bot.tree_errors] == [real]


async def test_hooks_set_after_attach_run(run, changeover, conformance):
    ran = []

    def setup(bot):
        @bot.command()
        async def c(_ctx):
            ran.append("c")

    async with run(setup) as (loopback, bot):

        @bot.before_invoke
        async def before(_ctx):
            ran.append("before")

        @bot.after_invoke
        async def after(_ctx):
            ran.append("after")

        await loopback.say("!c")
        assert ran == ["before", "c", "after"]
        assert conformance.rows(changeover) == [("c", "legacy", Outcome.OK, None)]


EXTENSION = """
from discord.ext import commands

class Ext(commands.Cog, name="Ext"):
    @commands.hybrid_command()
    async def ext(self, ctx, n: int = 1):
        await ctx.send(f"VERSION {n}")

    @commands.group()
    async def outer(self, ctx): ...

async def setup(bot):
    await bot.add_cog(Ext())
"""


async def test_extensions_loaded_and_reloaded_after_attach_are_routed(
    run, changeover, conformance, route, tmp_path
):
    file = tmp_path / "late_extension.py"
    file.write_text(EXTENSION.replace("VERSION", "one"))
    sys.path.insert(0, str(tmp_path))

    @changeover.new("ext")
    async def ext(ctx, n):
        await ctx.send(f"new {n}")

    try:
        async with run(None) as (loopback, bot):
            await bot.load_extension("late_extension")
            assert (await loopback.say("!ext 2")).content == "one 2"
            file.write_text(EXTENSION.replace("VERSION", "second"))
            old = weakref.ref(bot.get_command("ext"))
            await bot.reload_extension("late_extension")
            await bot.tree.sync()
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
            assert [row[:3] for row in conformance.rows(changeover)] == [
                ("ext", "legacy", Outcome.OK),
                ("ext", "legacy", Outcome.OK),
                ("ext", "legacy", Outcome.OK),
                ("ext", "ddd", Outcome.OK),
                ("ext", "ddd", Outcome.OK),
                ("outer inner", "legacy", Outcome.OK),
            ]
            bot.tree._state._messages.clear()
            await asyncio.sleep(0)
            gc.collect()
            assert old() is None, "a reloaded extension's commands are kept alive"
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("late_extension", None)


async def test_cogs_are_instances_of_their_own(changeover, make_bot):
    class Shared(commands.Cog):
        @commands.hybrid_command()
        async def c(self, ctx):
            await ctx.send("x")

    original = Shared.__cog_commands__[0].callback
    first, second = make_bot(None), make_bot(None)
    await first.add_cog(Shared())
    await second.add_cog(Shared())
    changeover.attach(first)
    assert Shared.__cog_commands__[0].callback is original
    assert second.get_command("c").callback is original
    assert first.get_command("c").callback is not original


async def test_a_bot_of_no_known_library_gets_an_error_that_names_what_is_supported(changeover):
    with pytest.raises(UnsupportedBotError, match=r"discord\.py"):
        changeover.attach(SimpleNamespace())
    with pytest.raises(UnsupportedBotError, match=r"builtins\.int"):
        find(7)


async def test_only_one_bot_can_be_attached(changeover, make_bot):
    changeover.attach(make_bot())
    with pytest.raises(ChangeoverError, match="detach"):
        changeover.attach(make_bot())


# --- its life ---------------------------------------------------------------------------------


async def test_the_monitor_runs_from_attach_on_and_stops_with_the_bot_within_two_seconds(
    world, make_bot, tmp_path
):
    import threading

    from changeover.testing import LoopbackDiscord

    settings = Settings(data_dir=tmp_path, port=0)
    changeover = Changeover(settings)
    bot = make_bot()
    changeover.attach(bot)

    @bot.event
    async def setup_hook():  # what a bot may overwrite must not matter
        await bot.tree.sync()

    assert await asyncio.to_thread(changeover.wait_until_served)
    async with LoopbackDiscord(world=world) as loopback:
        async with loopback.running(bot):
            await loopback.say("!ping 7")
        started = asyncio.get_running_loop().time()
        await bot.close()
        assert asyncio.get_running_loop().time() - started < 2
    assert not {"changeover", "changeover-http"} & {t.name for t in threading.enumerate()}
    with Changeover(settings) as again:
        assert again.catch_up().snapshot("1h")["totals"]["total"] == 1


async def test_who_started_the_monitor_stops_it(changeover, run, conformance):
    changeover.start()
    async with run() as (loopback, _bot):
        await loopback.say("!ping 7")
    assert conformance.rows(changeover) == [("ping", "legacy", Outcome.OK, None)]


async def test_the_bots_loop_is_watched_and_its_readiness_told(changeover, run):
    async with run() as (_loopback, _bot):
        deadline = asyncio.get_running_loop().time() + 5
        while changeover.loops.blocked_for_s() is None:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        assert changeover.is_ready()
    assert not changeover.is_ready()


async def test_a_new_handler_for_a_command_that_is_not_there_is_told_with_the_nearest(
    changeover, run, caplog
):
    @changeover.new("pign")
    async def ping(_ctx, _n):
        raise AssertionError

    async with run() as (_loopback, _bot):
        deadline = asyncio.get_running_loop().time() + 5
        while "did you mean 'ping'" not in caplog.text:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
