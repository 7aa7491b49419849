"""A bench to run either implementation on, without Discord."""

from __future__ import annotations

import inspect
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from changeover.core.model import Kind
from changeover.demo.call import BotFacts, Call, Channel, Handler, Person, Reply, Server
from changeover.demo.database.opener import Database
from changeover.demo.ddd.handlers import ddd_handlers
from changeover.demo.legacy.conversation import hear
from changeover.demo.legacy.handlers import legacy_handlers

with warnings.catch_warnings():  # discord.py imports a module that Python 3.13 has dropped
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import discord  # noqa: F401  # so that no test's import of it warns

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
