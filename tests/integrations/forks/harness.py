"""The fixtures of the suite, as a plugin: it runs in its library's own virtual environment."""

from __future__ import annotations

import contextlib

import bots
import pytest

from changeover import Changeover, Settings
from changeover.testing import LoopbackDiscord, World


@pytest.fixture(scope="session", name="bots")
def _bots():
    return bots


@pytest.fixture(scope="session")
def conformance():
    return bots.conformance


@pytest.fixture
def world():
    """One guild with two plain members."""
    world = World.build(guilds=1, users=0)
    guild = next(iter(world.guilds.values()))
    for name in ("ada", "bob"):
        world.add_member(guild, world.add_user(name))
    return world


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
    """Sends commands to the new system: `route("ping")`."""

    def send(*names, **more):
        for name in ("enabled", "integration", *names):
            changeover.set_flag(f"ddd.commands.{name}", "on", actor="test")
        for name, value in more.items():
            changeover.set_flag(f"ddd.commands.{name}", value, actor="test")

    return send


@pytest.fixture
def make_sharded():
    """A bot with so many shards."""
    return lambda shards: bots.make_bot(cls=bots.commands.AutoShardedBot, shard_count=shards)


@pytest.fixture
def run(world, changeover):
    """`async with run() as (discord, bot)`: an attached bot that is ready."""

    @contextlib.asynccontextmanager
    async def run(setup=bots.add_commands, *, bot=None, attach=True, **options):
        options.setdefault("world", world)
        bot = bot or bots.make_bot(setup)
        if attach:
            changeover.attach(bot)
        bots.listen(bot)  # after attach, as most bots do
        async with LoopbackDiscord(**options) as loopback, loopback.running(bot):
            yield loopback, bot
        assert loopback.unhandled == []

    return run


@pytest.fixture
def rows(changeover):
    """Command, system, outcome and error type of each record so far."""
    return lambda: bots.conformance.rows(changeover)


@pytest.fixture
def records(changeover):
    """Each record so far."""
    return lambda: bots.conformance.records(changeover)
