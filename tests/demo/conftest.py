"""A bench to run either implementation on without Discord, and a stage to run the bot on with."""

from __future__ import annotations

import inspect
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from changeover import Changeover, Settings
from changeover.core.model import Kind, Outcome
from changeover.demo.call import BotFacts, Call, Channel, Handler, Person, Reply, Server
from changeover.demo.catalogue import COMMANDS
from changeover.demo.database.opener import Database
from changeover.demo.ddd.handlers import ddd_handlers
from changeover.demo.legacy.conversation import hear
from changeover.demo.legacy.handlers import legacy_handlers
from changeover.demo.loopback import LoopbackDiscord, World

with warnings.catch_warnings():  # discord.py imports a module that Python 3.13 has dropped
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    from changeover.demo.bot.bot import build_bot

SYSTEMS = {"legacy": legacy_handlers, "ddd": ddd_handlers}
NOW = 1_767_225_600


class Bench:
    """One implementation on one file; `run` is what the adapter would do."""

    ann = Person(id=1001, name="Ann")
    bob = Person(id=1002, name="Bob")
    moderator = Person(id=1003, name="Mo", can_manage=True)
    admin = Person(id=1004, name="Ada", is_admin=True)
    bot_owner = Person(id=1005, name="Olga", is_bot_owner=True)

    general = Channel(id=700)
    adults = Channel(id=701, is_nsfw=True)
    direct = Channel(id=702)

    def __init__(self, system: str, path: Path) -> None:
        self.system = system
        self.database = Database(path, secret=b"a secret of 16 b")
        self.handlers: dict[str, Handler] = SYSTEMS[system](self.database)
        self.now_s = NOW

    def call(self, by=ann, at=general, kind=Kind.PREFIX, **facts) -> Call:
        guild = None if at.id == self.direct.id else Server(500)
        bot = BotFacts(**({"servers": 5, "started_s": NOW} | facts))
        return Call(author=by, guild=guild, channel=at, bot=bot, now_s=self.now_s, kind=kind)

    async def run(self, command, /, by=ann, at=general, kind=Kind.PREFIX, facts=None, **args):
        call = self.call(by, at, kind, **(facts or {}))
        result = self.handlers[command](call, args)
        return await result if inspect.isawaitable(result) else result

    async def text(self, command, /, **options) -> str:
        return (await self.run(command, **options)).text

    async def ask_for_code(self, **options) -> str:
        text = await self.text("auth", action="start", at=self.direct, **options)
        return text.split("`")[1]

    def hear(self, text, by=ann, at=general) -> Reply | None:
        return hear(self.database, self.call(by, at), text)

    def contents(self) -> dict[str, list[tuple]]:
        """Every row of every table but the file's own secret."""
        return contents(self.database.connection)


def contents(connection: sqlite3.Connection) -> dict[str, list[tuple]]:
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    tables = {name for (name,) in found} - {"meta"}
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)  # noqa: S608  # names of our own schema
        for name in sorted(tables)
    }


@pytest.fixture(params=SYSTEMS)
def bench(request, tmp_path) -> Iterator[Bench]:
    one = Bench(request.param, tmp_path / "bot.sqlite")
    yield one
    one.database.close()


@pytest.fixture(scope="session")
def benches_in():
    """Legacy and ddd, each on a file of its own in a folder; close their databases."""
    return lambda folder: tuple(Bench(system, folder / f"{system}.sqlite") for system in SYSTEMS)


@pytest.fixture
def shared(tmp_path) -> Iterator[tuple[Bench, Bench]]:
    """Legacy and ddd, each with a connection of its own to one file."""
    benches = tuple(Bench(system, tmp_path / "bot.sqlite") for system in SYSTEMS)
    yield benches
    for one in benches:
        one.database.close()


class Record(NamedTuple):
    command: str
    system: str
    outcome: Outcome
    kind: Kind
    error: str | None


@dataclass
class Stage:
    """A bot that is running, and the Discord that it runs on."""

    discord: LoopbackDiscord
    bot: Any
    system: str
    changeover: Changeover
    seen: int = 0

    @property
    def world(self):
        return self.discord.world

    @property
    def guild(self):
        return next(iter(self.world.guilds.values()))

    @property
    def admin(self):
        return self.world.users[self.guild.owner_id]

    def took(self):
        """What was recorded since the last time."""
        told = self.changeover.metrics.get_metrics("command_execution")
        taken, self.seen = told[self.seen :], len(told)
        return [
            Record(
                r["command"], r["system"], Outcome(r["outcome"]), Kind(r["kind"]), r["error_type"]
            )
            for r in taken
        ]

    async def both(self, name, /, admin=False, **options):
        """A command by prefix and by slash: what was said, what was recorded."""
        user = self.admin if admin else None
        typed = " ".join(["!tz", name, *map(str, options.values())])
        said = await self.discord.say(typed, user=user)
        by_prefix = self.took()
        answer = await self.discord.invoke(f"/{name}", options, user=user)
        return (said, by_prefix), (answer, self.took())


def _fail(error):
    raise error


@asynccontextmanager
async def _staged(path, system, *, faults=None, clock=None, world=None):
    database = Database(path)
    changeover = Changeover(Settings(store="memory", http=False), on_error=_fail)
    share = "on" if system == "ddd" else "off"
    for name in ["enabled", "integration", *{command.category for command in COMMANDS.values()}]:
        changeover.set_flag(f"ddd.commands.{name}", share, actor="test")
    world = world or World.build(guilds=1, users=12)
    options = {"clock": clock} if clock else {}
    async with LoopbackDiscord(world=world, **options) as discord:
        bot = build_bot(
            changeover.start(), database, faults=faults, clock=clock, guild_ready_timeout=0.1
        )
        async with discord.running(bot):
            yield Stage(discord, bot, system, changeover)
        assert discord.unhandled == []
    changeover.stop()
    database.close()


@pytest.fixture
def staged(tmp_path):
    """Runs the bot on a loopback Discord: `async with staged("ddd") as stage`."""
    return lambda system, **options: _staged(tmp_path / "bot.sqlite", system, **options)
