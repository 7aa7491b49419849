"""Bots of discord.py with every kind of command, attached to, on a loopback Discord."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import time
import warnings
from pathlib import Path

import pytest

with warnings.catch_warnings():  # discord.py imports a module that Python 3.13 has dropped
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord
    from discord import app_commands
    from discord.ext import commands

from changeover import Changeover, Settings
from changeover.testing import LoopbackDiscord, World


def _load_conformance():
    spec = importlib.util.spec_from_file_location(
        "conformance", Path(__file__).parents[1] / "conformance.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONFORMANCE = _load_conformance()
Interaction = discord.Interaction


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


class Even(app_commands.Transformer):
    async def transform(self, _interaction, value):
        raise ValueError(value)


def add_commands(bot):
    """The commands of `conformance.COMMANDS`, and discord.py's own kinds."""
    add_prefix_commands(bot)
    add_unruly_commands(bot)
    add_slash_commands(bot)
    add_hybrids(bot)


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
    tree = bot.tree

    @tree.command()
    async def sping(interaction: Interaction, n: int):
        await interaction.response.send_message(f"legacy {n}")

    @tree.command()
    async def sboom(_interaction: Interaction):
        raise KeyError("boom")

    @tree.command()
    async def sblock(interaction: Interaction):
        time.sleep(CONFORMANCE.BLOCK_S)  # noqa: ASYNC251  # as above
        await interaction.response.send_message("late")

    @tree.command()
    @app_commands.checks.cooldown(1, 60)
    async def scool(interaction: Interaction):
        await interaction.response.send_message("cool")

    @tree.command()
    @app_commands.check(lambda _interaction: False)
    async def scheck(interaction: Interaction):
        await interaction.response.send_message("never")

    @tree.command()
    async def stransform(interaction: Interaction, n: app_commands.Transform[int, Even]):
        await interaction.response.send_message(f"never {n}")

    group = app_commands.Group(name="sgrp", description="A group")

    @group.command()
    async def sub(interaction: Interaction, n: int):
        await interaction.response.send_message(f"sub {n}")

    tree.add_command(group)

    @tree.context_menu(name="Greet")
    async def greet(interaction: Interaction, member: discord.Member):
        await interaction.response.send_message(f"hello {member.name}")

    @tree.context_menu(name="Quote")
    async def quote(interaction: Interaction, message: discord.Message):
        await interaction.response.send_message(f"> {message.content}")


def add_hybrids(bot):
    @bot.hybrid_command()
    async def hyb(ctx, n: int = 1):
        await ctx.send(f"legacy {n}")

    @bot.hybrid_command()
    async def hboom(_ctx):
        raise KeyError("boom")

    @bot.hybrid_command()
    @commands.has_permissions(administrator=True)
    async def hadmin(ctx):
        await ctx.send("admin")

    @bot.hybrid_group(fallback="show")
    async def hgrp(ctx):
        await ctx.send("hgrp")

    @hgrp.command()
    async def sub(ctx, n: int):
        await ctx.send(f"hsub {n}")


@pytest.fixture
def make_bot():
    """Makes bots whose slash commands are synced when they log in."""

    def make(setup=add_commands, *, cls=commands.Bot, **options):
        intents = discord.Intents.default()
        intents.message_content = True

        class TestBot(cls):
            async def setup_hook(self):
                await self.tree.sync()

            async def before_identify_hook(self, shard_id, *, initial=False):
                """Without discord.py's pause of 5 s between two shards."""

        bot = TestBot(command_prefix="!", intents=intents, **options)
        bot.prefix_errors, bot.tree_errors = [], []
        if setup is not None:
            setup(bot)
        return bot

    return make


def listen(bot):
    """Error handlers as bots have them; `bot.prefix_errors`, `bot.tree_errors` keep the objects."""

    @bot.event
    async def on_command_error(_ctx, error):
        bot.prefix_errors.append(error)

    @bot.tree.error
    async def on_tree_error(_interaction, error):
        bot.tree_errors.append(error)


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
    return lambda shards: make_bot(cls=commands.AutoShardedBot, shard_count=shards)


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
