"""One action of a user of disnake or nextcord is one record, with the right name and outcome."""

from __future__ import annotations

import asyncio

import pytest

from changeover.core.model import Outcome

OK, FAILURE, UNKNOWN = Outcome.OK, Outcome.FAILURE, "unknown"


async def test_a_sub_command_and_the_callback_above_it_are_one_record(run, rows, bots):
    async with run() as (loopback, bot):
        assert (await loopback.invoke("/sgrp sub", n=3)).content == "sub 3"
        assert (await loopback.say("!loud sub 3")).replies[-1].content == "loud sub 3"
        await loopback.say("!loud sub x")
        await loopback.invoke("/sgrp boom")
        assert bot.parents == (["sgrp", "sgrp"] if bots.IS_DISNAKE else [])
        assert rows() == [
            ("sgrp sub", "legacy", OK, None),
            ("loud sub", "legacy", OK, None),
            ("loud sub", UNKNOWN, Outcome.USER_ERROR, "BadArgument"),
            ("sgrp boom", "legacy", FAILURE, "KeyError"),
        ]


async def test_a_slash_command_that_the_bot_lost_is_not_found(run, rows, bots):
    if not bots.IS_DISNAKE:
        pytest.skip("nextcord then deletes the command from Discord")
    async with run() as (loopback, bot):
        bot.remove_slash_command("sping")
        await loopback.invoke("/sping", n=7)
        assert rows() == bots.NOWHERE


def keep_slash_errors(bot, bots):
    @bots.slash(bot)
    async def top(_inter):
        raise KeyError("top")

    @top.error
    async def on_top(inter, _error):
        await inter.response.send_message("sorry")
        return True  # in disnake: nobody else needs to know

    @bots.slash(bot)
    async def over(_inter):
        pass

    @bots.sub_command(over)
    async def under(_inter):
        raise KeyError("under")

    @under.error
    async def on_under(inter, _error):
        await inter.response.send_message("sorry")
        return True


def keep_typed_errors(bot, bots):
    @bot.command()
    async def local(_ctx):
        raise KeyError("local")

    @local.error
    async def on_local(ctx, _error):
        await ctx.send("sorry")
        return True

    @bot.command()
    @bots.commands.has_permissions(administrator=True)
    async def closed(_ctx):
        raise AssertionError

    @closed.error
    async def on_closed(ctx, _error):
        await ctx.send("sorry")
        return True


async def test_errors_that_a_handler_keeps_to_itself_are_recorded(run, rows, bots):
    def setup(bot):
        keep_slash_errors(bot, bots)
        keep_typed_errors(bot, bots)

    async with run(setup) as (loopback, bot):
        assert (await loopback.invoke("/top")).content == "sorry"
        assert (await loopback.say("!local")).content == "sorry"
        assert (await loopback.invoke("/over under")).content == "sorry"
        assert (await loopback.say("!closed")).content == "sorry"
        assert [row[0] for row in rows()] == ["top", "local", "over under", "closed"]
        assert {row[1:] for row in rows()[:3]} == {("legacy", FAILURE, "KeyError")}
        assert rows()[3][1:] == (UNKNOWN, Outcome.DENIED, "MissingPermissions")
        if bots.IS_DISNAKE:
            assert bot.prefix_errors == bot.slash_errors == []


@pytest.mark.parametrize("shards", [1, 2])
async def test_sharded_bots_are_recorded_the_same(run, rows, bots, shards, changeover):
    bot = bots.make_bot(cls=bots.commands.AutoShardedBot, shard_count=shards)
    async with run(bot=bot, shards=shards) as (loopback, _bot):
        await loopback.say("!ping 7")
        await loopback.invoke("/sping", n=7)
        assert [row[:3] for row in rows()] == [("ping", "legacy", OK), ("sping", "legacy", OK)]
        assert set(changeover._gateway(60.0).latency_ns) == set(range(shards))


async def test_autocomplete_is_no_command(run, rows, bots):
    def setup(bot):
        @bots.slash(bot)
        async def pick(inter, name: str):
            await inter.response.send_message(name)

        register = pick.autocomplete if bots.IS_DISNAKE else pick.on_autocomplete

        @register("name")
        async def names(inter, _typed):
            if bots.IS_DISNAKE:
                return ["a"]
            await inter.response.send_autocomplete(["a"])
            return None

    async with run(setup) as (loopback, _bot):
        offered = await loopback.autocomplete("/pick", "name", "a")
        assert len(offered.choices) == 1
        assert rows() == []


async def test_an_answer_after_the_deadline_is_a_failure(run, records, bots):
    def late(bot):
        @bots.slash(bot)
        async def slate(inter):
            await asyncio.sleep(3.2)
            await inter.response.send_message("too late")

    async with run(late) as (loopback, _bot):
        await loopback.invoke("/slate")
        [record] = records()
        assert (record["command"], record["outcome"]) == ("slate", FAILURE)
        assert record["error_type"] in ("NotFound", "InteractionTimedOut")
        assert record["duration_ms"] == pytest.approx(3200, rel=0.05)


async def test_what_fails_before_the_command_runs_is_recorded(run, rows, bots):
    def setup(bot):
        @bot.command()
        @bots.commands.bot_has_permissions(administrator=True)
        async def lack(ctx):
            await ctx.send("never")

        @bots.slash(bot)
        async def hooked(inter):
            await inter.response.send_message("never")

        @hooked.before_invoke
        async def before(*_args):
            raise KeyError("hook")

    async with run(setup) as (loopback, _bot):
        await loopback.say("!lack")
        await loopback.invoke("/hooked")
        assert rows() == [
            ("lack", UNKNOWN, FAILURE, "BotMissingPermissions"),
            ("hooked", UNKNOWN, FAILURE, "KeyError"),
        ]


async def test_bots_without_typed_commands_are_attached_to(run, rows, bots):
    intents = bots.lib.Intents.default()
    bot = bots.commands.InteractionBot() if bots.IS_DISNAKE else bots.lib.Client(intents=intents)

    @bots.slash(bot)
    async def only(inter):
        await inter.response.send_message("legacy")

    async with run(bot=bot) as (loopback, _bot):
        assert (await loopback.invoke("/only")).content == "legacy"
        assert rows() == [("only", "legacy", OK, None)]


async def test_a_command_in_a_group_in_a_command_is_one_record(run, rows, bots, route, changeover):
    def setup(bot):
        @bots.slash(bot)
        async def a(_inter):
            bot.parents.append("a")

        if bots.IS_DISNAKE:
            b = a.sub_command_group(name="b")(make_group(bot))
        else:
            b = a.subcommand(name="b", description="Words")(make_group(bot))

        @bots.sub_command(b)
        async def c(inter, n: int):
            await inter.response.send_message(f"legacy {n}")

    @changeover.new("a b c")
    async def c(inter, n):
        await inter.response.send_message(f"new {n}")

    async with run(setup) as (loopback, bot):
        assert (await loopback.invoke("/a b c", n=3)).content == "legacy 3"
        route("a.b.c")
        assert (await loopback.invoke("/a b c", n=3)).content == "new 3"
        assert bot.parents == (["a", "b"] * 2 if bots.IS_DISNAKE else [])
        assert rows() == [("a b c", "legacy", OK, None), ("a b c", "ddd", OK, None)]


def make_group(bot):
    async def group(_inter):
        bot.parents.append("b")

    return group
