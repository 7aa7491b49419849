"""Commands that no chat library calls: routed and recorded by a decorator."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace

import pytest

from changeover import Changeover, Settings
from changeover.core.errors import BadValueError
from changeover.core.model import Kind, Outcome


def fail(error):
    raise error


@pytest.fixture
def changeover():
    with Changeover(Settings(store="memory", http=False), on_error=fail) as one:
        for flag in ("enabled", "integration"):
            one.set_flag(f"ddd.commands.{flag}", "on", actor="test")
        yield one


def rows(changeover):
    found = changeover.metrics.get_metrics("command_execution")
    return [(r["command"], r["system"], r["outcome"], r["kind"]) for r in found]


def test_a_plain_function_is_routed_and_stays_one(changeover):
    @changeover.command("import", category="data")
    def import_rows(user_id, n, *, dry=False):
        """Import rows."""
        return f"legacy {user_id} {n} {dry}"

    @import_rows.new
    def anew(user_id, n, dry):
        return f"new {user_id} {n} {dry}"

    assert import_rows.__doc__ == "Import rows."
    assert list(inspect.signature(import_rows).parameters) == ["user_id", "n", "dry"]
    assert import_rows(7, 3) == "legacy 7 3 False"
    changeover.set_flag("ddd.commands.data", "on", actor="test")
    assert import_rows(7, n=3, dry=True) == "new 7 3 True"
    assert anew(7, 1, False) == "new 7 1 False"
    assert rows(changeover) == [
        ("import", "legacy", Outcome.OK, Kind.CALL),
        ("import", "ddd", Outcome.OK, Kind.CALL),
    ]


async def test_an_async_function_is_routed_and_its_exception_is_the_same_object(changeover):
    error = KeyError("very own")

    @changeover.command("sync")
    async def sync(_message):
        return "legacy"

    @sync.new
    async def anew(_message):
        await asyncio.sleep(0)
        raise error

    message = SimpleNamespace(author=SimpleNamespace(id=7))
    assert inspect.iscoroutinefunction(sync)
    assert await sync(message) == "legacy"
    changeover.set_flag("ddd.commands.sync", "on", actor="test")
    with pytest.raises(KeyError) as caught:
        await sync(message)
    assert caught.value is error
    changeover.set_flag("ddd.commands.fallbackOnError", "on", actor="test")
    assert await sync(message) == "legacy"
    assert [row[1:3] for row in rows(changeover)] == [
        ("legacy", Outcome.OK),
        ("ddd", Outcome.FAILURE),
        ("ddd", Outcome.FAILURE),
    ]


def test_a_share_goes_by_the_first_argument(changeover):
    @changeover.command("pick")
    def pick(_user_id):
        return "legacy"

    @pick.new
    def anew(_user_id):
        return "new"

    changeover.set_flag("ddd.commands.pick", "50%", actor="test")
    answers = [pick(user) for user in range(200)]
    assert 60 < answers.count("new") < 140
    assert [pick(user) for user in range(200)] == answers


def test_a_command_inside_a_command_counts_once(changeover):
    @changeover.command("inner")
    def inner():
        return "inner"

    @changeover.command("outer")
    def outer():
        return inner()

    assert outer() == "inner"
    assert [row[0] for row in rows(changeover)] == ["outer"]


def test_a_class_is_no_implementation(changeover):
    class Ping:
        async def callback(self, _ctx):
            raise AssertionError

    with pytest.raises(BadValueError, match=r"new\('ping'\).*: expected a function"):
        changeover.new("ping")(Ping)
    changeover.new("ping")(Ping().callback)  # a method of an instance is one


def test_an_async_handler_cannot_stand_in_for_a_plain_function(changeover):
    @changeover.command("plain")
    def plain():
        return 1

    with pytest.raises(BadValueError, match="a plain function"):

        @plain.new
        async def anew():
            return 2
