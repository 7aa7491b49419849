"""A small world, and bots on the real discord.py client."""

from __future__ import annotations

import contextlib
import warnings

import pytest

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python 3.11 and 3.12 warn about.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord
    from discord.ext import commands

from changeover.testing import LoopbackDiscord, World


@pytest.fixture
def world() -> World:
    """One guild "Home" with three plain members, a moderator, and the channels of `build`."""
    world = World.build(guilds=1, users=0)
    guild = next(iter(world.guilds.values()))
    for name in ("ada", "bob", "cleo"):
        world.add_member(guild, world.add_user(name))
    world.add_member(guild, world.add_user("mod"), [guild.role("Moderator")])
    return world


@pytest.fixture
def guild(world):
    return next(iter(world.guilds.values()))


@pytest.fixture
def make_bot():
    """Makes bots whose commands are synced when they log in."""

    def make(setup=None, *, intents=None, cls=commands.Bot, **options):
        class TestBot(cls):
            async def setup_hook(self):
                await self.tree.sync()

            async def before_identify_hook(self, shard_id, *, initial=False):
                """Without discord.py's pause of 5 s between two shards."""

            async def on_command_error(self, _ctx, error):
                self.errors.append(getattr(error, "original", error))

        if intents is None:
            intents = discord.Intents.default()
            intents.message_content = True
            intents.members = True
        bot = TestBot(command_prefix="!", intents=intents, **options)
        bot.errors = []

        @bot.tree.error
        async def on_error(_interaction, error):
            bot.errors.append(getattr(error, "original", error))

        if setup is not None:
            setup(bot)
        return bot

    return make


@pytest.fixture
def run(world, make_bot):
    """`async with run(setup) as (discord, bot)`: a loopback Discord with a bot that is ready."""

    @contextlib.asynccontextmanager
    async def run(setup=None, *, bot=None, **options):
        options.setdefault("world", world)
        bot = bot or make_bot(setup)
        async with LoopbackDiscord(**options) as loopback, loopback.running(bot):
            yield loopback, bot

    return run
