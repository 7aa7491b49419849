"""A routed command of disnake or nextcord runs legacy or new with the same arguments."""

from __future__ import annotations

import gc
import weakref

import pytest

from changeover.core.model import Outcome

OK, FAILURE = Outcome.OK, Outcome.FAILURE


async def test_new_handlers_get_the_same_converted_arguments(run, changeover, route, rows):
    seen = []

    @changeover.new("ping")
    async def ping(ctx, n):
        seen.append(n)
        await ctx.send(f"new {n}")

    @changeover.new("sping")
    async def sping(interaction, n):  # the legacy one calls it otherwise
        seen.append(n)
        await interaction.response.send_message(f"new {n}")

    @changeover.new("sgrp sub")
    async def sub(inter, *, number=0, n):
        seen.append(n + number)
        await inter.response.send_message(f"new sub {n}")

    @changeover.new("Greet")
    async def greet(inter, user):
        await inter.response.send_message(f"new hello {user.name}")

    async with run() as (loopback, _bot):
        assert (await loopback.say("!ping 7")).content == "legacy 7"
        route("ping", "sping", "sgrp.sub", "Greet")
        assert (await loopback.say("!ping 7")).content == "new 7"
        assert (await loopback.invoke("/sping", n=8)).content == "new 8"
        assert (await loopback.invoke("/sgrp sub", n=9)).content == "new sub 9"
        person = loopback.world.person()
        assert (await loopback.invoke("Greet", target=person)).content == f"new hello {person.name}"
        assert seen == [7, 8, 9]
        assert [row[1] for row in rows()] == ["legacy", "ddd", "ddd", "ddd", "ddd"]


def make_cogs(bots):
    commands = bots.commands

    class Old(commands.Cog, name="Games"):
        def __init__(self, bot):
            self.bot = bot

        @commands.command()
        async def roll(self, ctx, n: int):
            await ctx.send(f"legacy {n}")

        @bots.lib_slash()
        async def sroll(self, inter, n: int):
            await inter.response.send_message(f"legacy {n}")

    class New(commands.Cog, name="NewGames"):
        def __init__(self, bot):
            self.bot = bot

        @commands.command()
        async def roll(self, ctx, n: int):
            await ctx.send(f"new {n} {type(self).__name__}")

        @bots.lib_slash()
        async def sroll(self, inter, n: int):
            await inter.response.send_message(f"new {n} {type(self).__name__}")

    return Old, New


async def test_a_whole_cog_is_the_new_implementation(run, changeover, route, bots):
    old, new = make_cogs(bots)
    changeover.new_from(new)

    def setup(bot):
        bot.add_cog(old(bot))

    async with run(setup) as (loopback, _bot):
        assert (await loopback.say("!roll 7")).content == "legacy 7"
        assert (await loopback.invoke("/sroll", n=7)).content == "legacy 7"
        route("roll", "sroll")
        assert (await loopback.say("!roll 7")).content == "new 7 New"
        assert (await loopback.invoke("/sroll", n=7)).content == "new 7 New"


async def test_a_handler_without_self_answers_for_a_command_of_a_cog(run, changeover, route, bots):
    old, _new = make_cogs(bots)

    @changeover.new("sroll")
    async def sroll(inter, n):
        await inter.response.send_message(f"new {n}")

    @changeover.new("roll")
    async def roll(self, ctx, n):
        await ctx.send(f"new {n} {type(self).__name__}")

    bot = bots.make_bot(None)
    changeover.attach(bot)
    bot.add_cog(old(bot))  # later than attach
    async with run(bot=bot, attach=False) as (loopback, _bot):
        route("roll", "sroll")
        assert (await loopback.say("!roll 7")).content == "new 7 Old"
        assert (await loopback.invoke("/sroll", n=7)).content == "new 7"


async def test_a_cog_that_is_loaded_again_is_routed_again(run, changeover, route, bots, rows):
    old, new = make_cogs(bots)
    changeover.new_from(new)
    async with run(lambda bot: bot.add_cog(old(bot))) as (loopback, bot):
        route("roll")
        bot.remove_cog("Games")
        bot.add_cog(old(bot))
        assert (await loopback.say("!roll 7")).content == "new 7 New"
        assert rows() == [("roll", "ddd", OK, None)]


async def test_commands_made_after_attach_are_routed(run, changeover, route, bots, rows):
    @changeover.new("late")
    async def late(ctx):
        await ctx.send("new")

    @changeover.new("slate one")
    async def new_one(inter):
        await inter.response.send_message("new one")

    bot = bots.make_bot(None)
    changeover.attach(bot)

    @bot.command(name="late")
    async def late_legacy(ctx):
        await ctx.send("legacy")

    @bots.slash(bot)
    async def slate(inter):
        pass

    @bots.sub_command(slate)
    async def one(inter):
        await inter.response.send_message("legacy one")

    async with run(bot=bot, attach=False) as (loopback, _bot):
        route("late", "slate.one")
        assert (await loopback.say("!late")).content == "new"
        assert (await loopback.invoke("/slate one")).content == "new one"
        assert [row[:2] for row in rows()] == [("late", "ddd"), ("slate one", "ddd")]


async def test_legacy_answers_once_when_the_new_handler_failed_unheard(
    run, changeover, route, rows
):
    @changeover.new("ping")
    async def ping(_ctx, n):
        raise KeyError(n)

    @changeover.new("sping")
    async def sping(_inter, n):
        raise KeyError(n)

    async with run() as (loopback, bot):
        route("ping", "sping", fallbackOnError="on")
        said = await loopback.say("!ping 7")
        assert [reply.content for reply in said.replies] == ["legacy 7"]
        assert (await loopback.invoke("/sping", n=7)).content == "legacy 7"
        assert rows() == [
            ("ping", "ddd", FAILURE, "KeyError"),
            ("sping", "ddd", FAILURE, "KeyError"),
        ]
        assert bot.prefix_errors == bot.slash_errors == []


async def test_nobody_is_answered_twice(run, changeover, route, rows):
    @changeover.new("ping")
    async def ping(ctx, n):
        await ctx.send("half")
        raise KeyError(n)

    @changeover.new("sping")
    async def sping(inter, n):
        await inter.response.send_message("half")
        raise KeyError(n)

    async with run() as (loopback, bot):
        route("ping", "sping", fallbackOnError="on")
        said = await loopback.say("!ping 7")
        assert [reply.content for reply in said.replies] == ["half"]
        answer = await loopback.invoke("/sping", n=7)
        assert [reply.content for reply in answer.replies] == ["half"]
        assert len(bot.prefix_errors) == len(bot.slash_errors) == 1
        assert [row[2] for row in rows()] == [FAILURE, FAILURE]


async def test_an_interaction_that_is_not_the_first_parameter_is_found(
    run, changeover, route, rows, bots
):
    if not bots.IS_DISNAKE:
        pytest.skip("in nextcord it is always the first")

    def setup(bot):
        async def odd(n: int, inter: bots.lib.ApplicationCommandInteraction, *, more: int = 1):
            await inter.response.send_message(f"legacy {n} {more}")

        odd.__annotations__["inter"] = bots.lib.ApplicationCommandInteraction
        bots.slash(bot)(odd)

    @changeover.new("odd")
    async def odd(interaction, n, more):
        await interaction.response.send_message(f"new {n} {more}")

    async with run(setup) as (loopback, _bot):
        assert (await loopback.invoke("/odd", n=7)).content == "legacy 7 1"
        assert (await loopback.invoke("/odd", n=7, more=2)).content == "legacy 7 2"
        route("odd")
        assert (await loopback.invoke("/odd", n=7)).content == "new 7 1"
        assert [row[1] for row in rows()] == ["legacy", "legacy", "ddd"]


EXTENSION = """
from {name}.ext import commands

class Late(commands.Cog):
    @commands.command()
    async def ext(self, ctx, n: int):
        await ctx.send(f"VERSION {{n}}")

    @{slash}(description="Words")
    async def sext(self, inter, n: int):
        await inter.response.send_message(f"VERSION {{n}}")

def setup(bot):
    bot.add_cog(Late())
"""


async def test_an_extension_that_is_loaded_later_and_again_is_routed(
    run, changeover, route, bots, tmp_path, monkeypatch
):
    slash = "commands.slash_command" if bots.IS_DISNAKE else "commands.commands_slash"
    text = EXTENSION.format(name=bots.NAME, slash=slash)
    if not bots.IS_DISNAKE:
        text = "import nextcord\n" + text.replace(
            "commands.commands_slash", "nextcord.slash_command"
        )
    file = tmp_path / "late_extension.py"
    file.write_text(text.replace("VERSION", "one"))
    monkeypatch.syspath_prepend(tmp_path)

    @changeover.new("ext")
    async def ext(ctx, n):
        await ctx.send(f"new {n}")

    @changeover.new("sext")
    async def sext(inter, n):
        await inter.response.send_message(f"new {n}")

    def setup(bot):
        bot.load_extension("late_extension")

    async with run(setup) as (loopback, bot):
        assert (await loopback.say("!ext 2")).content == "one 2"
        old = weakref.ref(bot.get_command("ext"))
        file.write_text(text.replace("VERSION", "second"))
        bot.reload_extension("late_extension")
        assert (await loopback.say("!ext 2")).content == "second 2"
        assert (await loopback.invoke("/sext", n=3)).content == "second 3"
        route("ext", "sext")
        assert (await loopback.say("!ext 2")).content == "new 2"
        assert (await loopback.invoke("/sext", n=3)).content == "new 3"
        gc.collect()
        assert old() is None
