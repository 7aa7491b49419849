"""The bot of disnake or nextcord is as it was: errors, what is synced, every object."""

from __future__ import annotations


async def test_error_handlers_get_the_same_exceptions(run, bots):
    error = KeyError("mine")

    def setup(bot):
        @bot.command()
        async def fails(_ctx):
            raise error

        @bots.slash(bot)
        async def sfails(_inter):
            raise error

    async with run(setup) as (loopback, bot):
        await loopback.say("!fails")
        await loopback.invoke("/sfails")
        assert [each.original for each in bot.prefix_errors] == [error]
        assert [each.original for each in bot.slash_errors] == [error]
        assert [type(each).__name__ for each in bot.prefix_errors] == ["CommandInvokeError"]


async def test_what_is_synced_is_the_same_with_and_without(run):
    def synced(loopback):
        found = [*loopback._hub.commands.listed(None)]
        return sorted(
            ({k: v for k, v in c.items() if k not in ("id", "version")} for c in found),
            key=lambda command: (command["type"], command["name"]),
        )

    async with run(attach=False) as (loopback, _bot):
        without = synced(loopback)
    async with run() as (loopback, _bot):
        assert synced(loopback) == without
        assert len(without) >= 8


def _objects(bot, bots):
    """Everything that may be hooked: what it is, and what its attributes are."""
    state = bot._connection
    found = [bot, bot.http, state, state._view_store, state._modal_store, *bot.walk_commands()]
    if bots.IS_DISNAKE:
        tops = list(bot.application_commands)
    else:
        tops = [*bot.get_all_application_commands(), *bot._application_commands_to_add]
    while tops:
        top = tops.pop()
        found.append(top)
        tops += getattr(top, "children", {}).values()
    return {id(one): (type(one), dict(vars(one))) for one in found}


async def test_detach_restores_every_object(changeover, bots):
    bot = bots.make_bot()
    before = _objects(bot, bots)
    changeover.attach(bot)
    assert _objects(bot, bots) != before
    changeover.detach()
    assert _objects(bot, bots) == before


async def test_a_detached_bot_works_and_records_nothing(run, changeover, rows):
    async with run() as (loopback, _bot):
        changeover.detach()
        assert (await loopback.say("!ping 7")).content == "legacy 7"
        assert (await loopback.invoke("/sping", n=7)).content == "legacy 7"
        assert (await loopback.invoke("/sgrp sub", n=7)).content == "sub 7"
        assert rows() == []


async def test_signatures_and_help_are_the_same(run, bots):
    bare = bots.make_bot()
    async with run() as (_loopback, bot):
        for command in bare.walk_commands():
            attached = bot.get_command(command.qualified_name)
            assert (attached.signature, attached.help) == (command.signature, command.help)
