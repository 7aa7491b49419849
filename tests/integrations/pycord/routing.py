"""py-cord: a routed command runs legacy or new with the same arguments, and answers once."""

import types

import discord
import pytest
from discord.ext import bridge, commands

from changeover import Kind
from changeover.core.errors import BadValueError
from changeover.core.model import Outcome


async def test_a_flag_flipped_in_mid_stream_decides_from_the_next_call_on(
    run, changeover, conformance, route
):
    @changeover.new("hyb")
    async def hyb(ctx, n):
        await ctx.respond(f"new {n}")

    async with run() as (loopback, _bot):
        said = []
        for share in ("off", "on", "off", "on"):
            route("hyb", share=share)
            said.append((await loopback.say("!hyb 2")).content)
            said.append((await loopback.invoke("/hyb", n=3)).content)
        assert said == ["legacy 2", "legacy 3", "new 2", "new 3"] * 2
        systems = [row[1] for row in conformance.rows(changeover)]
        assert systems == ["legacy", "legacy", "ddd", "ddd"] * 2


ROUTED = {
    "ping": "!ping 7",
    "grp": "!grp",
    "grp sub": "!grp sub 7",
    "loud sub": "!loud sub 7",
    "sping": "/sping",
    "sgrp sub": "/sgrp sub",
    "sgrp inner deep": "/sgrp inner deep",
    "hgrp": "!hgrp",
    "hgrp show": "/hgrp show",
    "hgrp sub": "/hgrp sub",
    "help": "!help",
}


@pytest.mark.parametrize("share", ["off", "on"])
async def test_every_kind_of_command_can_be_routed(run, changeover, route, share):
    seen = []
    for name in ROUTED:

        def add(name=name):
            @changeover.new(name)
            async def handler(ctx, *args, **kwargs):
                seen.append((name, args, kwargs))
                await getattr(ctx, "respond", ctx.send)("new")

        add()

    async with run() as (loopback, _bot):
        route(*(name.replace(" ", ".") for name in ROUTED), share=share)
        for name, does in ROUTED.items():
            options = {} if name == "hgrp show" else {"n": 7}
            if does[0] == "/":
                answer = await loopback.invoke(does, options)
            else:
                answer = await loopback.say(does)
            assert (answer.content == "new") is (share == "on"), name
    assert [name for name, *_ in seen] == (list(ROUTED) if share == "on" else [])


async def test_context_menus_can_be_routed(run, changeover, route, world):
    @changeover.new("Greet")
    async def greet(ctx, who):
        await ctx.respond(f"new {who.name}")

    async with run() as (loopback, _bot):
        route("Greet")
        user = world.person()
        assert (await loopback.invoke("Greet", target=user)).content == f"new {user.name}"


class Shapes(commands.Cog, name="Shapes"):
    @bridge.bridge_command()
    async def mix(self, ctx, a: int, b: str = "b", *, rest: str = "rest"):
        await ctx.respond(f"legacy {a} {b} {rest}")

    @commands.command()
    async def words(self, ctx, *words: str):
        await ctx.send(f"legacy {words}")

    sets = discord.SlashCommandGroup("sets", "A group of a cog")

    @sets.command(name="one")
    async def sets_one(self, ctx, a: int):
        await ctx.respond(f"legacy {a}")


async def free(context, a, b, rest):
    await context.respond(f"new {a} {b} {rest}")


async def renamed(ctx, first, second, third):
    await ctx.respond(f"new {first} {second} {third}")


async def swapped(ctx, *, rest, b, a):
    await ctx.respond(f"new {a} {b} {rest}")


async def some(ctx, a, **more):
    await ctx.respond(f"new {a} {more['b']} {more['rest']}")


async def with_self(self, ctx, a, b, *, rest):
    assert type(self).__name__ == "Shapes"
    await ctx.respond(f"new {a} {b} {rest}")


class NewCog(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @bridge.bridge_command()
    async def mix(self, ctx, a: int, b: str = "b", *, rest: str = "rest"):
        assert self.bot is ctx.bot
        await ctx.respond(f"new {a} {b} {rest}")

    @commands.command()
    async def words(self, ctx, words):
        await ctx.send(f"new {words}")

    sets = discord.SlashCommandGroup("sets", "A group of a cog")

    @sets.command(name="one")
    async def sets_one(self, ctx, a: int):
        assert self.bot is ctx.bot
        await ctx.respond(f"new {a}")


@pytest.mark.parametrize("new", [free, renamed, swapped, some, with_self, NewCog])
async def test_a_new_handler_gets_the_same_converted_arguments_by_position_and_by_name(
    run, changeover, route, make_bot, new
):
    bot = make_bot(None)
    bot.add_cog(Shapes())
    if new is NewCog:
        changeover.new_from(NewCog)
    else:
        changeover.new("mix")(new)
    async with run(bot=bot) as (loopback, _bot):
        route("shapes")  # the cog's name is the category
        assert (await loopback.say("!mix 7 x y z")).content == "new 7 x y z"
        assert (await loopback.say("!mix 7")).content == "new 7 b rest"
        assert (await loopback.invoke("/mix", a=7, b="x", rest="y z")).content == "new 7 x y z"
        if new is NewCog:
            assert (await loopback.say("!words a b")).content == "new ('a', 'b')"
            assert (await loopback.invoke("/sets one", a=7)).content == "new 7"


async def test_a_module_gives_its_functions_and_commands(run, changeover, route):
    module = types.ModuleType("new_commands")

    async def ping(ctx, n):
        await ctx.send(f"new {n}")

    @discord.slash_command()
    async def sping(ctx, n: int):
        await ctx.respond(f"new {n}")

    @bridge.bridge_command()
    async def hyb(ctx, n: int = 1):
        await ctx.respond(f"new {n}")

    ping.__module__ = "new_commands"
    module.ping, module.sping, module.hyb = ping, sping, hyb
    changeover.new_from(module)
    async with run() as (loopback, _bot):
        route("ping", "sping", "hyb")
        assert (await loopback.say("!ping 7")).content == "new 7"
        assert (await loopback.invoke("/sping", n=7)).content == "new 7"
        assert (await loopback.say("!hyb 7")).content == "new 7"
        assert (await loopback.invoke("/hyb", n=7)).content == "new 7"


async def test_what_is_no_source_of_commands_is_refused(changeover, make_bot):
    changeover.attach(make_bot())
    with pytest.raises(BadValueError, match="a cog or a module"):
        changeover.new_from(7)


async def test_commands_of_one_name_may_have_new_handlers_of_their_own(run, changeover, route):
    @changeover.new("hyb", kind=Kind.SLASH)
    async def hyb(ctx, n):
        await ctx.respond(f"new {n}")

    async with run() as (loopback, _bot):
        route("hyb")
        assert (await loopback.say("!hyb 2")).content == "legacy 2"
        assert (await loopback.invoke("/hyb", n=2)).content == "new 2"


async def test_a_handler_that_cannot_take_the_arguments_is_refused_before_the_bot_connects(
    changeover, make_bot
):
    @changeover.new("sping")
    async def sping(_ctx):
        raise AssertionError

    bot = make_bot()
    before = dict(vars(bot))
    with pytest.raises(BadValueError, match="no parameter for 'n'"):
        changeover.attach(bot)
    assert vars(bot) == before


async def test_checks_and_cooldowns_stay_those_of_the_existing_command(run, changeover, route):
    for name in ("admin", "cool", "scool", "scheck"):

        @changeover.new(name)
        async def handler(ctx):
            await getattr(ctx, "respond", ctx.send)("new")

    async with run() as (loopback, bot):
        route("admin", "cool", "scool", "scheck")
        assert (await loopback.say("!admin")).content is None
        assert (await loopback.say("!cool")).content == "new"
        assert (await loopback.say("!cool")).content is None
        assert (await loopback.invoke("/scool")).content == "new"
        assert (await loopback.invoke("/scool")).content is None
        assert (await loopback.invoke("/scheck")).content is None
        assert [type(error).__name__ for error in bot.prefix_errors] == [
            "MissingPermissions",
            "CommandOnCooldown",
        ]
        assert [type(error).__name__ for error in bot.slash_errors] == [
            "CommandOnCooldown",
            "CheckFailure",
        ]


# --- fallback ---------------------------------------------------------------------------------


@pytest.mark.parametrize("does", ["!hyb 2", "/hyb"])
async def test_legacy_answers_when_the_new_handler_failed_before_it_had_sent_anything(
    run, changeover, conformance, route, does
):
    @changeover.new("hyb")
    async def hyb(ctx, n):
        if not ctx.is_app:
            await ctx.defer()  # no more than "typing"
        raise KeyError(n)

    async with run() as (loopback, bot):
        route("hyb", fallbackOnError="on")
        said = loopback.say(does) if does[0] == "!" else loopback.invoke(does, n=2)
        assert (await said).content == "legacy 2"
        assert conformance.rows(changeover) == [("hyb", "ddd", Outcome.FAILURE, "KeyError")]
        assert bot.prefix_errors + bot.slash_errors == []


async def respond_first(ctx):
    await ctx.respond("half")


async def send_first(ctx):
    await ctx.channel.send("half")


async def react_first(ctx):
    await ctx.message.add_reaction("✅")


async def defer_first(ctx):
    await ctx.defer()


@pytest.mark.parametrize(
    ("does", "first"),
    [
        ("!hyb 2", respond_first),
        ("/hyb", respond_first),
        ("!hyb 2", react_first),
        ("/hyb", defer_first),
        ("/hyb", send_first),
    ],
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
        assert len(bot.prefix_errors + bot.slash_errors) == 1


async def test_a_users_mistake_and_what_must_not_be_repeated_have_no_fallback(
    run, changeover, route, conformance
):
    @changeover.new("hyb", safe_to_repeat=False)
    async def hyb(_ctx, n):
        raise KeyError(n)

    @changeover.new("sping")
    async def sping(_ctx, n):
        raise commands.BadArgument(str(n))

    async with run() as (loopback, _bot):
        route("hyb", "sping", fallbackOnError="on")
        assert (await loopback.say("!hyb 2")).content is None
        assert (await loopback.invoke("/sping", n=2)).content is None
        outcomes = [row[2] for row in conformance.rows(changeover)]
        assert outcomes == [Outcome.FAILURE, Outcome.USER_ERROR]


# --- everybody at once ------------------------------------------------------------------------
