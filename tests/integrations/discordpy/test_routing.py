"""A routed command runs legacy or new with the same arguments, and never answers twice."""

from __future__ import annotations

import asyncio
import collections
import threading
import time
import types

import discord
import pytest
from discord.ext import commands

from changeover import Kind
from changeover.core.errors import BadValueError
from changeover.core.model import Outcome

pytestmark = pytest.mark.slow


async def test_a_flag_flipped_in_mid_stream_decides_from_the_next_call_on(
    run, changeover, conformance, route
):
    @changeover.new("hyb")
    async def hyb(ctx, n):
        await ctx.send(f"new {n}")

    async with run() as (loopback, _bot):
        said = []
        for share in ("off", "on", "off", "on"):
            route("hyb", share=share)
            said.append((await loopback.say("!hyb 2")).content)
            said.append((await loopback.invoke("/hyb", n=3)).content)
        assert said == ["legacy 2", "legacy 3", "new 2", "new 3"] * 2
        assert [row[1] for row in conformance.rows(changeover)] == [
            "legacy",
            "legacy",
            "ddd",
            "ddd",
        ] * 2


@pytest.mark.parametrize("share", ["off", "on"])
async def test_every_kind_of_command_can_be_routed(run, changeover, route, share):
    seen = []
    names = {
        "ping": "!ping 7",
        "grp": "!grp",
        "grp sub": "!grp sub 7",
        "loud sub": "!loud sub 7",
        "sping": "/sping",
        "sgrp sub": "/sgrp sub",
        "hgrp show": "/hgrp show",
        "hgrp sub": "/hgrp sub",
        "help": "!help",
    }
    for name in names:

        def add(name=name):
            @changeover.new(name)
            async def handler(subject, *args, **kwargs):
                seen.append((name, args, kwargs))
                send = getattr(subject, "send", None) or subject.response.send_message
                await send("new")

        add()

    async with run() as (loopback, _bot):
        route(*(name.replace(" ", ".") for name in names), share=share)
        for name, does in names.items():
            options = {"n": 7} if name in ("sping", "sgrp sub", "hgrp sub") else {}
            if does[0] == "/":
                answer = await loopback.invoke(does, options)
            else:
                answer = await loopback.say(does)
            assert (answer.content == "new") is (share == "on"), name
    assert [name for name, *_ in seen] == (list(names) if share == "on" else [])


async def test_context_menus_can_be_routed(run, changeover, route, world):
    @changeover.new("Greet")
    async def greet(interaction, who):
        await interaction.response.send_message(f"new {who.name}")

    async with run() as (loopback, _bot):
        route("Greet")
        user = world.person()
        assert (await loopback.invoke("Greet", target=user)).content == f"new {user.name}"


def many_shapes(bot):
    class Shapes(commands.Cog, name="Shapes"):
        @commands.hybrid_command()
        async def mix(self, ctx, a: int, b: str = "b", *, rest: str = "rest"):
            await ctx.send(f"legacy {a} {b} {rest}")

        @commands.command()
        async def words(self, ctx, *words: str):
            await ctx.send(f"legacy {words}")

    async def setup():
        await bot.add_cog(Shapes())

    return setup


async def free(context, a, b, rest):
    await context.send(f"new {a} {b} {rest}")


async def renamed(ctx, first, second, third):
    await ctx.send(f"new {first} {second} {third}")


async def swapped(ctx, *, rest, b, a):
    await ctx.send(f"new {a} {b} {rest}")


async def some(ctx, a, **more):
    await ctx.send(f"new {a} {more['b']} {more['rest']}")


async def rest_of_it(ctx, a, /, b, rest, extra=""):
    await ctx.send(f"new {a} {b} {rest}{extra}")


async def with_self(self, ctx, a, b, *, rest):
    assert type(self).__name__ == "Shapes"
    await ctx.send(f"new {a} {b} {rest}")


class NewCog(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.hybrid_command()
    async def mix(self, ctx, a: int, b: str, *, rest: str):
        assert self.bot is ctx.bot
        await ctx.send(f"new {a} {b} {rest}")

    @commands.command()
    async def words(self, ctx, words):
        await ctx.send(f"new {words}")


@pytest.mark.parametrize("new", [free, renamed, swapped, some, rest_of_it, with_self, NewCog])
async def test_a_new_handler_gets_the_same_converted_arguments_by_position_and_by_name(
    run, changeover, route, make_bot, new
):
    bot = make_bot(None)
    await many_shapes(bot)()
    if new is NewCog:
        changeover.new_from(NewCog)
    else:
        changeover.new("mix")(new)
    async with run(bot=bot) as (loopback, _bot):
        route("shapes")  # the cog's name is the category
        assert (await loopback.say("!mix 7 x y z")).content == "new 7 x y z"
        assert (await loopback.say("!mix 7")).content == "new 7 b rest"
        assert (await loopback.invoke("/mix", a=7, b="x", rest="y z")).content == "new 7 x y z"
        assert (await loopback.invoke("/mix", a=7)).content == "new 7 b rest"
        if new is NewCog:
            assert (await loopback.say("!words a b")).content == "new ('a', 'b')"


async def test_a_module_gives_its_functions_and_commands(run, changeover, route):
    module = types.ModuleType("new_commands")

    async def ping(ctx, n):
        await ctx.send(f"new {n}")

    async def no_command():
        raise AssertionError

    @discord.app_commands.command()
    async def sping(interaction: discord.Interaction, n: int):
        await interaction.response.send_message(f"new {n}")

    for value in (ping, no_command):
        value.__module__ = "new_commands"
        setattr(module, value.__name__, value)
    module.sping = sping
    changeover.new_from(module)
    async with run() as (loopback, _bot):
        route("ping", "sping")
        assert (await loopback.say("!ping 7")).content == "new 7"
        assert (await loopback.invoke("/sping", n=7)).content == "new 7"


async def test_commands_of_one_name_may_have_new_handlers_of_their_own(run, changeover, route):
    def twins(bot):
        @bot.command(name="twin")
        async def prefix(ctx):
            await ctx.send("legacy")

        @bot.tree.command(name="twin")
        async def slash(interaction: discord.Interaction):
            await interaction.response.send_message("legacy")

    @changeover.new("twin", kind=Kind.SLASH)
    async def twin(interaction):
        await interaction.response.send_message("new")

    async with run(twins) as (loopback, _bot):
        route("twin")
        assert (await loopback.say("!twin")).content == "legacy"
        assert (await loopback.invoke("/twin")).content == "new"


async def test_a_handler_that_cannot_take_the_arguments_is_refused_before_the_bot_connects(
    changeover, make_bot
):
    @changeover.new("ping")
    async def ping(_ctx):
        raise AssertionError

    bot = make_bot()
    before = dict(vars(bot))
    with pytest.raises(BadValueError, match="no parameter for 'n'"):
        changeover.attach(bot)
    assert vars(bot) == before


async def test_a_handler_that_cannot_take_the_arguments_is_refused_after_attach(
    run, changeover, route
):
    async with run() as (loopback, _bot):
        with pytest.raises(BadValueError, match="no argument for '_b'"):

            @changeover.new("ping")
            async def ping(_ctx, _a, _b):
                raise AssertionError

        route("ping")
        assert (await loopback.say("!ping 7")).content == "legacy 7"


async def test_checks_and_cooldowns_stay_those_of_the_existing_command(run, changeover, route):
    for name in ("admin", "cool"):

        @changeover.new(name)
        async def handler(ctx):
            await ctx.send("new")

    async with run() as (loopback, bot):
        route("admin", "cool")
        assert (await loopback.say("!admin")).content is None
        assert (await loopback.say("!cool")).content == "new"
        assert (await loopback.say("!cool")).content is None
        assert [type(error).__name__ for error in bot.prefix_errors] == [
            "MissingPermissions",
            "CommandOnCooldown",
        ]


# --- fallback ---------------------------------------------------------------------------------


@pytest.mark.parametrize("does", ["!hyb 2", "/hyb"])
async def test_legacy_answers_when_the_new_handler_failed_before_it_had_sent_anything(
    run, changeover, conformance, route, does
):
    @changeover.new("hyb")
    async def hyb(ctx, n):
        async with ctx.typing() if ctx.interaction is None else _nothing():
            raise KeyError(n)

    async with run() as (loopback, bot):
        route("hyb", fallbackOnError="on")
        said = loopback.say(does) if does[0] == "!" else loopback.invoke(does, n=2)
        assert (await said).content == "legacy 2"
        assert conformance.rows(changeover) == [("hyb", "ddd", Outcome.FAILURE, "KeyError")]
        assert bot.prefix_errors == []
        checks = changeover.metrics.get_metrics("feature_flag_check")
        assert [check["flag"] for check in checks] == [
            "ddd.commands.hyb",
            "ddd.commands.fallbackOnError",
        ]


class _nothing:  # noqa: N801  # a context manager in the place of `typing`
    async def __aenter__(self):
        pass

    async def __aexit__(self, *_):
        pass


async def send_first(ctx):
    await ctx.send("half")


async def react_first(ctx):
    await ctx.message.add_reaction("✅")


async def defer_first(ctx):
    await ctx.defer()


@pytest.mark.parametrize(
    ("does", "first"),
    [("!hyb 2", send_first), ("/hyb", send_first), ("!hyb 2", react_first), ("/hyb", defer_first)],
)
async def test_nobody_is_answered_twice(run, changeover, route, conformance, does, first):
    @changeover.new("hyb")
    async def hyb(ctx, n):
        await first(ctx)
        raise KeyError(n)

    async with run() as (loopback, bot):
        route("hyb", fallbackOnError="on")
        answer = await (loopback.say(does) if does[0] == "!" else loopback.invoke(does, n=2))
        assert "legacy 2" not in [reply.content for reply in answer.replies]
        assert conformance.rows(changeover) == [("hyb", "ddd", Outcome.FAILURE, "KeyError")]
        assert len(bot.prefix_errors) == 1


async def test_a_command_not_safe_to_repeat_and_a_users_mistake_have_no_fallback(
    run, changeover, route, conformance
):
    @changeover.new("hyb", safe_to_repeat=False)
    async def hyb(_ctx, n):
        raise KeyError(n)

    @changeover.new("ping")
    async def ping(_ctx, n):
        raise commands.BadArgument(str(n))

    async with run() as (loopback, _bot):
        route("hyb", "ping", fallbackOnError="on")
        assert (await loopback.say("!hyb 2")).content is None
        assert (await loopback.say("!ping 2")).content is None
        assert [row[2] for row in conformance.rows(changeover)] == [
            Outcome.FAILURE,
            Outcome.USER_ERROR,
        ]


# --- everybody at once ------------------------------------------------------------------------


async def test_a_thousand_commands_in_a_burst_with_replies_lose_nothing(
    run, changeover, route, conformance
):
    @changeover.new("ping")
    async def ping(ctx, n):
        await ctx.send(f"new {n}")

    async with run() as (loopback, _bot):
        route("ping", share="50%")
        for n in range(1_000):
            loopback.post_message(f"!ping {n}")
        deadline = asyncio.get_running_loop().time() + 15
        while len(rows := conformance.rows(changeover)) < 1_000:  # of which it gives that many
            assert asyncio.get_running_loop().time() < deadline, loopback.counters
            await asyncio.sleep(0.1)
        assert loopback.counters.answers == 1_000
        assert changeover.summary("5m")["command_executions"]["total"] == 1_000
        assert {row[1:3] for row in rows} <= {("legacy", Outcome.OK), ("ddd", Outcome.OK)}


async def test_a_thousand_commands_within_a_second_are_each_answered_and_recorded_once(
    run, changeover, route, conformance
):
    @changeover.new("ping")
    async def ping(ctx, n):
        await ctx.send(f"new {n}")

    said = collections.Counter()

    def hear(message):
        if message.author.bot:
            said[int(message.content.split()[1])] += 1

    async with run() as (loopback, _bot):
        loopback._hub.listeners.add(hear)
        route("ping", share="50%")
        began = asyncio.get_running_loop().time()

        def offer():
            """A thousand a second; however slow the bot is, it is offered that many."""
            for n in range(1_000):
                loopback.post_message(f"!ping {n}")
                threading.Event().wait(max(0, began + n / 1_000 - time.monotonic()))

        await asyncio.to_thread(offer)
        deadline = began + 17
        while sum(said.values()) < 1_000 or len(conformance.rows(changeover)) < 1_000:
            assert asyncio.get_running_loop().time() < deadline, loopback.counters
            await asyncio.sleep(0.05)
        assert said == dict.fromkeys(range(1_000), 1)
        assert len(conformance.rows(changeover)) == 1_000
        assert {row[2] for row in conformance.rows(changeover)} == {Outcome.OK}
        assert loopback.counters.errors == 0
