"""One action of a user is one record, with the right name, system, outcome, duration and kind."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord.ext import commands

from changeover.core.model import OTHER, UNKNOWN, Kind, Outcome

pytestmark = pytest.mark.slow

OK, FAILURE = Outcome.OK, Outcome.FAILURE


@pytest.mark.parametrize(
    ("does", "command", "outcome", "error"),
    [
        ("!hyb 2", "hyb", OK, None),
        ("/hyb", "hyb", OK, None),
        ("!hboom", "hboom", FAILURE, "KeyError"),
        ("/hboom", "hboom", FAILURE, "KeyError"),
        ("!hadmin", "hadmin", Outcome.DENIED, "MissingPermissions"),
        ("/hadmin", "hadmin", Outcome.DENIED, "MissingPermissions"),
        ("!hgrp", "hgrp", OK, None),
        ("/hgrp show", "hgrp show", OK, None),
        ("!hgrp sub 3", "hgrp sub", OK, None),
        ("/hgrp sub", "hgrp sub", OK, None),
        ("!loud sub 3", "loud sub", OK, None),
        ("!loud sub x", "loud sub", Outcome.USER_ERROR, "BadArgument"),
        ("!help", "help", OK, None),
    ],
)
async def test_hybrids_and_groups_count_once(
    run, changeover, conformance, does, command, outcome, error
):
    async with run() as (loopback, _bot):
        options = {"n": 3} if does == "/hgrp sub" else {}
        await conformance.play(conformance.Case(does, [], options=options), loopback)
        [record] = conformance.records(changeover)
        assert (record["command"], record["outcome"], record["error_type"]) == (
            command,
            outcome,
            error,
        )
        assert record["kind"] == (Kind.SLASH if does[0] == "/" else Kind.PREFIX)


async def test_a_slash_command_that_the_tree_lost_is_not_found(run, changeover, conformance):
    async with run() as (loopback, bot):
        bot.tree.remove_command("sping")
        await loopback.invoke("/sping", n=7)
        assert conformance.rows(changeover) == [
            (OTHER, UNKNOWN, Outcome.NOT_FOUND, "CommandNotFound")
        ]


async def test_a_tree_that_lets_nobody_in_has_denied_it(run, changeover, conformance, make_bot):
    class Closed(discord.app_commands.CommandTree):
        async def interaction_check(self, _interaction):
            return False

    async with run(bot=make_bot(tree_cls=Closed)) as (loopback, _bot):
        await loopback.invoke("/sping", n=7)
        assert conformance.rows(changeover) == [("sping", UNKNOWN, Outcome.DENIED, None)]


async def test_an_answer_after_the_deadline_is_a_failure(run, changeover, conformance):
    def late(bot):
        @bot.tree.command()
        async def slate(interaction: discord.Interaction):
            await asyncio.sleep(3.2)
            await interaction.response.send_message("too late")

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


async def test_what_a_command_calls_inside_itself_is_part_of_it(run, changeover, conformance):
    def nested(bot):
        @bot.command()
        async def inner(_ctx):
            raise KeyError("inner")

        @bot.command()
        async def outer(ctx):
            try:
                await ctx.invoke(bot.get_command("inner"))
            except KeyError:
                await ctx.send("caught")

    async with run(nested) as (loopback, _bot):
        await loopback.say("!outer")
        assert conformance.rows(changeover) == [("outer", "legacy", OK, None)]


async def test_autocomplete_is_no_command(run, changeover, conformance):
    def completing(bot):
        @bot.tree.command()
        async def pick(interaction: discord.Interaction, name: str):
            await interaction.response.send_message(name)

        @pick.autocomplete("name")
        async def names(_interaction, _typed):
            return [discord.app_commands.Choice(name="a", value="a")]

    async with run(completing) as (loopback, _bot):
        offered = await loopback.autocomplete("/pick", "name", "a")
        assert len(offered.choices) == 1
        assert conformance.rows(changeover) == []
