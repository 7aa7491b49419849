"""py-cord: one action of a user is one record, with its name, system, outcome, time and kind."""

import asyncio

import discord
import pytest
from discord.ext import commands

from changeover.core.model import OTHER, UNKNOWN, Kind, Outcome

OK, FAILURE, DENIED = Outcome.OK, Outcome.FAILURE, Outcome.DENIED


@pytest.mark.parametrize(
    ("does", "command", "outcome", "error"),
    [
        ("!hyb 2", "hyb", OK, None),
        ("/hyb", "hyb", OK, None),
        ("!hboom", "hboom", FAILURE, "KeyError"),
        ("/hboom", "hboom", FAILURE, "KeyError"),
        ("!hadmin", "hadmin", DENIED, "MissingPermissions"),
        ("/hadmin", "hadmin", DENIED, "MissingPermissions"),
        ("!hgrp", "hgrp", OK, None),
        ("/hgrp show", "hgrp show", OK, None),
        ("!hgrp sub 3", "hgrp sub", OK, None),
        ("/hgrp sub", "hgrp sub", OK, None),
        ("!loud sub 3", "loud sub", OK, None),
        ("!loud sub x", "loud sub", Outcome.USER_ERROR, "BadArgument"),
        ("!help", "help", OK, None),
        ("/sgrp inner deep", "sgrp inner deep", OK, None),
        ("/scancelled", "scancelled", Outcome.CANCELLED, "CancelledError"),
        ("/shut sub", "shut sub", DENIED, "CheckFailure"),
    ],
)
async def test_bridges_and_groups_count_once(
    run, changeover, conformance, does, command, outcome, error
):
    async with run() as (loopback, _bot):
        options = {"n": 3} if does in ("/hgrp sub", "/sgrp inner deep") else {}
        await conformance.play(conformance.Case(does, [], options=options), loopback)
        [record] = conformance.records(changeover)
        assert (record["command"], record["outcome"], record["error_type"]) == (
            command,
            outcome,
            error,
        )
        assert record["kind"] == (Kind.SLASH if does[0] == "/" else Kind.PREFIX)


async def test_a_synced_command_that_the_bot_has_not_is_not_found(run, changeover, conformance):
    async with run() as (loopback, bot):
        gone = discord.utils.get(bot.pending_application_commands, name="sping")
        bot.remove_application_command(gone)
        await loopback.invoke("/sping", n=7)
        assert conformance.rows(changeover) == [(OTHER, UNKNOWN, Outcome.NOT_FOUND, None)]


async def test_a_check_for_all_commands_denies(run, changeover, conformance):
    def guarded(bot):
        @bot.check_once
        async def never(_ctx):
            return False

        @bot.slash_command()
        async def s(ctx):
            await ctx.respond("never")

    async with run(guarded) as (loopback, _bot):
        await loopback.invoke("/s")
        assert conformance.rows(changeover) == [("s", UNKNOWN, DENIED, "CheckFailure")]


async def test_an_answer_after_the_deadline_is_a_failure(run, changeover, conformance):
    def late(bot):
        @bot.slash_command()
        async def slate(ctx):
            await asyncio.sleep(3.2)
            await ctx.respond("too late")

    async with run(late) as (loopback, _bot):
        await loopback.invoke("/slate")
        [record] = conformance.records(changeover)
        assert (record["outcome"], record["error_type"]) == (FAILURE, "NotFound")
        assert record["duration_ms"] == pytest.approx(3200, rel=0.05)


async def test_what_the_bot_may_not_do_is_a_failure(run, changeover, conformance):
    def lacking(bot):
        @bot.command()
        @commands.bot_has_permissions(administrator=True)
        async def lack(ctx):
            await ctx.send("never")

    async with run(lacking) as (loopback, _bot):
        await loopback.say("!lack")
        assert conformance.rows(changeover) == [("lack", UNKNOWN, FAILURE, "BotMissingPermissions")]


async def test_what_a_command_calls_inside_itself_is_part_of_it(
    run, changeover, conformance, make_bot
):
    def nested(bot):
        @bot.slash_command()
        async def inner(_ctx):
            raise KeyError("inner")

        @bot.slash_command()
        async def outer(ctx):
            try:
                await ctx.invoke(inner)
            except KeyError:
                await ctx.respond("caught")

    bot = make_bot(nested, cls=commands.Bot)  # `invoke` of a bridge's context is not implemented
    async with run(bot=bot) as (loopback, _bot):
        await loopback.invoke("/outer")
        assert conformance.rows(changeover) == [("outer", "legacy", OK, None)]


@pytest.mark.parametrize("cls", [discord.Bot, discord.AutoShardedBot])
async def test_bots_without_a_prefix_are_recorded(run, changeover, conformance, make_bot, cls):
    def slash(bot):
        @bot.slash_command()
        async def sping(ctx, n: int):
            await ctx.respond(f"legacy {n}")

    async with run(bot=make_bot(slash, cls=cls)) as (loopback, _bot):
        await loopback.say("!ping 7")
        await loopback.invoke("/sping", n=7)
        assert conformance.rows(changeover) == [("sping", "legacy", OK, None)]


async def test_a_bot_that_invokes_its_slash_commands_itself_counts_them_once(
    run, changeover, conformance, make_bot
):
    bot = make_bot()

    @bot.event
    async def on_interaction(interaction):
        known = {command.name: command for command in bot.application_commands}
        ctx = await bot.get_application_context(interaction)
        interaction.command = known[interaction.data["name"]]
        await bot.invoke_application_command(ctx)

    async with run(bot=bot) as (loopback, _bot):
        await loopback.invoke("/sgrp sub", n=7)
        await loopback.invoke("/sboom")
        assert conformance.rows(changeover) == [
            ("sgrp sub", "legacy", OK, None),
            ("sboom", "legacy", FAILURE, "KeyError"),
        ]


async def test_autocomplete_is_no_command(run, changeover, conformance):
    async def names(_ctx):
        return ["a"]

    def completing(bot):
        @bot.slash_command()
        async def pick(ctx, name: discord.Option(str, autocomplete=names)):
            await ctx.respond(name)

    async with run(completing) as (loopback, _bot):
        offered = await loopback.autocomplete("/pick", "name", "a")
        assert len(offered.choices) == 1
        assert conformance.rows(changeover) == []
