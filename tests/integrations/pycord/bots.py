"""A pytest plugin: bots of py-cord with every kind of command, on a loopback Discord.

`test_pycord.py` loads it in py-cord's own environment. No `conftest.py`, since pytest would load
that where discord.py is installed under the same name. Nor `from __future__ import annotations`:
py-cord reads the annotations of slash commands.
"""

import asyncio
import contextlib
import importlib.util
import time
import warnings
from pathlib import Path

import pytest

with warnings.catch_warnings():  # py-cord imports a module that Python 3.13 has dropped
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord
    from discord.ext import bridge, commands

from changeover import Changeover, Settings
from changeover.core.model import UNKNOWN, Outcome
from changeover.testing import LoopbackDiscord, World

# What py-cord cannot do: it has converters in the place of transformers, and they are part of
# what it runs.
_OTHERWISE = {
    "slash transformer": ("stransform", UNKNOWN, Outcome.USER_ERROR, "BadArgument"),
}


def _load_conformance():
    spec = importlib.util.spec_from_file_location(
        "conformance", Path(__file__).parents[1] / "conformance.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, row in _OTHERWISE.items():
        module.CASES[name] = module.CASES[name]._replace(expected=[row])
    return module


CONFORMANCE = _load_conformance()


@pytest.fixture(scope="session")
def conformance():
    return CONFORMANCE


@pytest.fixture
def world():
    """One guild with two plain members."""
    world = World.build(guilds=1, users=0)
    guild = next(iter(world.guilds.values()))
    for name in ("ada", "bob"):
        world.add_member(guild, world.add_user(name))
    return world


class Even(commands.Converter):
    async def convert(self, _ctx, argument):
        raise commands.BadArgument(argument)


def add_commands(bot):
    """The commands of `conformance.COMMANDS`, and py-cord's own kinds."""
    add_prefix_commands(bot)
    add_unruly_commands(bot)
    add_slash_commands(bot)
    add_groups(bot)
    add_menus(bot)
    add_bridges(bot)


def add_prefix_commands(bot):
    @bot.command()
    async def ping(ctx, n: int):
        await ctx.send(f"legacy {n}")

    @bot.command()
    @commands.has_permissions(administrator=True)
    async def admin(ctx):
        await ctx.send("admin")

    @bot.command()
    @commands.cooldown(1, 60, commands.BucketType.user)
    async def cool(ctx):
        await ctx.send("cool")

    @bot.group(invoke_without_command=True)
    async def grp(ctx):
        await ctx.send("grp")

    @grp.command()
    async def sub(ctx, n: int):
        await ctx.send(f"sub {n}")

    @bot.group()
    async def loud(ctx):
        await ctx.send("loud")

    @loud.command(name="sub")
    async def loud_sub(ctx, n: int):
        await ctx.send(f"loud sub {n}")


def add_unruly_commands(bot):
    @bot.command()
    async def boom(_ctx):
        raise KeyError("boom")

    @bot.command()
    async def cancelled(_ctx):
        raise asyncio.CancelledError

    @bot.command()
    async def timeout(_ctx):
        raise TimeoutError

    @bot.command()
    async def wanted(_ctx):
        raise CONFORMANCE.Wanted

    @bot.command()
    async def block(_ctx):
        time.sleep(CONFORMANCE.BLOCK_S)  # noqa: ASYNC251  # an author who does not know better

    @bot.command()
    async def nap(_ctx):
        await asyncio.sleep(CONFORMANCE.BLOCK_S)


def add_slash_commands(bot):
    @bot.slash_command()
    async def sping(ctx, n: int):
        await ctx.respond(f"legacy {n}")

    @bot.slash_command()
    async def sboom(_ctx):
        raise KeyError("boom")

    @bot.slash_command()
    async def sblock(ctx):
        time.sleep(CONFORMANCE.BLOCK_S)  # noqa: ASYNC251  # as above
        await ctx.respond("late")

    @bot.slash_command()
    async def scancelled(_ctx):
        raise asyncio.CancelledError

    @bot.slash_command()
    @commands.cooldown(1, 60)
    async def scool(ctx):
        await ctx.respond("cool")

    @bot.slash_command()
    @commands.check(lambda _ctx: False)
    async def scheck(ctx):
        await ctx.respond("never")

    @bot.slash_command()
    async def stransform(ctx, n: discord.Option(Even())):
        await ctx.respond(f"never {n}")


def add_groups(bot):
    group = bot.create_group("sgrp", "A group")

    @group.command()
    async def sub(ctx, n: int):
        await ctx.respond(f"sub {n}")

    inner = group.create_subgroup("inner", "A group in it")

    @inner.command()
    async def deep(ctx, n: int):
        await ctx.respond(f"deep {n}")

    shut = bot.create_group("shut", "A group", checks=[lambda _ctx: False])

    @shut.command(name="sub")
    async def shut_sub(ctx):
        await ctx.respond("never")


def add_menus(bot):
    @bot.user_command(name="Greet")
    async def greet(ctx, member):
        await ctx.respond(f"hello {member.name}")

    @bot.message_command(name="Quote")
    async def quote(ctx, message):
        await ctx.respond(f"> {message.content}")


def add_bridges(bot):
    @bot.bridge_command()
    async def hyb(ctx, n: int = 1):
        await ctx.respond(f"legacy {n}")

    @bot.bridge_command()
    async def hboom(_ctx):
        raise KeyError("boom")

    @bot.bridge_command()
    @commands.has_permissions(administrator=True)
    async def hadmin(ctx):
        await ctx.respond("admin")

    @bot.bridge_group(invoke_without_command=True)
    @bridge.map_to("show")
    async def hgrp(ctx):
        await ctx.respond("hgrp")

    @hgrp.command()
    async def sub(ctx, n: int):
        await ctx.respond(f"hsub {n}")


@pytest.fixture
def make_bot():
    """Makes bots; py-cord syncs their slash commands when they connect."""

    def make(setup=add_commands, *, cls=bridge.Bot, **options):
        intents = discord.Intents.default()
        intents.message_content = True

        class TestBot(cls):
            async def before_identify_hook(self, shard_id, *, initial=False):
                """Without py-cord's pause of 5 s between two shards."""

        if issubclass(cls, commands.bot.BotBase):
            options.setdefault("command_prefix", "!")
        bot = TestBot(intents=intents, **options)
        bot.prefix_errors, bot.slash_errors = [], []
        if setup is not None:
            setup(bot)
        return bot

    return make


def listen(bot):
    """Error handlers as bots have them; `prefix_errors` and `slash_errors` keep the objects."""

    @bot.event
    async def on_command_error(_ctx, error):
        bot.prefix_errors.append(error)

    @bot.event
    async def on_application_command_error(_ctx, error):
        bot.slash_errors.append(error)


def fail(error):
    """An error of ours on the bot's road fails the test."""
    raise error


@pytest.fixture
def changeover():
    one = Changeover(Settings(store="memory", http=False), on_error=fail)
    yield one
    one.stop()


@pytest.fixture
def route(changeover):
    """Sends commands of the new system there: `route("ping", "grp")`."""

    def send(*names, share="on", **more):
        for name in ("enabled", "integration"):
            changeover.set_flag(f"ddd.commands.{name}", "on", actor="test")
        for name in names:
            changeover.set_flag(f"ddd.commands.{name}", share, actor="test")
        for name, value in more.items():
            changeover.set_flag(f"ddd.commands.{name}", value, actor="test")

    return send


@pytest.fixture
def make_sharded(make_bot):
    """A bot with so many shards."""
    return lambda shards: make_bot(cls=bridge.AutoShardedBot, shard_count=shards)


@pytest.fixture
def rows(changeover):
    """Command, system, outcome and error type of each record so far."""
    return lambda: CONFORMANCE.rows(changeover)


@pytest.fixture
def records(changeover):
    """Each record so far."""
    return lambda: CONFORMANCE.records(changeover)


@pytest.fixture
def run(world, changeover, make_bot):
    """`async with run() as (discord, bot)`: an attached bot that is ready."""

    @contextlib.asynccontextmanager
    async def run(setup=add_commands, *, bot=None, attach=True, **options):
        options.setdefault("world", world)
        bot = bot or make_bot(setup)
        if attach:
            changeover.attach(bot)
        listen(bot)  # after attach, as most bots do
        async with LoopbackDiscord(**options) as loopback, loopback.running(bot):
            yield loopback, bot
        assert loopback.unhandled == []

    return run
