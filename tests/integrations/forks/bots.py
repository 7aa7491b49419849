"""Bots of disnake and nextcord with the commands of the conformance cases.

Runs in the library's own virtual environment; `CHANGEOVER_TEST_LIBRARY` says which.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import time
from pathlib import Path

from changeover.core.model import OTHER, UNKNOWN, Outcome

NAME = os.environ["CHANGEOVER_TEST_LIBRARY"]
lib = importlib.import_module(NAME)
commands = importlib.import_module(f"{NAME}.ext.commands")
IS_DISNAKE = NAME == "disnake"


def _load_conformance():
    path = Path(__file__).parents[1] / "conformance.py"
    spec = importlib.util.spec_from_file_location("conformance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


conformance = _load_conformance()
CASES = conformance.CASES  # of this process, which is for this library alone

# What differs, and why.
CASES["slash transformer"] = CASES["slash transformer"]._replace(
    # Both have no error of their own for an option's converter: it says itself what it means.
    expected=conformance.one("stransform", Outcome.USER_ERROR, "BadArgument", system=UNKNOWN)
)
if not IS_DISNAKE:
    del CASES["slash cooldown"]  # nextcord has none for slash commands
    CASES["slash check"] = CASES["slash check"]._replace(
        expected=conformance.one(
            "scheck", Outcome.DENIED, "ApplicationCheckFailure", system=UNKNOWN
        )
    )
NOWHERE = [(OTHER, UNKNOWN, Outcome.NOT_FOUND, None)]


def slash(bot, **options):
    return bot.slash_command(description="Words", **options)


def sub_command(parent):
    make = parent.sub_command if IS_DISNAKE else parent.subcommand
    return make(description="Words")


def check(predicate):
    if IS_DISNAKE:
        return commands.check(predicate)
    checks = importlib.import_module("nextcord.ext.application_checks")
    return checks.check(predicate)


async def refuse(_inter, value):
    raise commands.BadArgument(value)


if not IS_DISNAKE:

    class Refusing(lib.OptionConverter):
        async def convert(self, _interaction, value):
            raise commands.BadArgument(value)


def add_prefix_commands(bot):
    @bot.command()
    async def ping(ctx, n: int):
        await ctx.send(f"legacy {n}")

    @bot.command()
    async def boom(_ctx):
        raise KeyError("boom")

    @bot.command()
    @commands.has_permissions(administrator=True)
    async def admin(ctx):
        await ctx.send("admin")

    @bot.command()
    @commands.cooldown(1, 60, commands.BucketType.user)
    async def cool(ctx):
        await ctx.send("cool")

    @bot.command()
    async def cancelled(_ctx):
        raise asyncio.CancelledError

    @bot.command()
    async def timeout(_ctx):
        raise TimeoutError

    @bot.command()
    async def wanted(_ctx):
        raise conformance.Wanted


def add_slow_commands_and_groups(bot):
    @bot.command()
    async def block(_ctx):
        time.sleep(conformance.BLOCK_S)  # noqa: ASYNC251  # an author who does not know better

    @bot.command()
    async def nap(_ctx):
        await asyncio.sleep(conformance.BLOCK_S)

    @bot.group(invoke_without_command=True)
    async def grp(ctx):
        await ctx.send("grp")

    @grp.command()
    async def sub(ctx, n: int):
        await ctx.send(f"sub {n}")

    @bot.group()
    async def loud(ctx):
        await ctx.send("loud")

    @loud.command(name="sub")
    async def loud_sub(ctx, n: int):
        await ctx.send(f"loud sub {n}")


def add_slash_commands(bot):
    @slash(bot)
    async def sping(inter, n: int):
        await inter.response.send_message(f"legacy {n}")

    @slash(bot)
    async def sboom(_inter):
        raise KeyError("boom")

    @slash(bot)
    async def sblock(inter):
        time.sleep(conformance.BLOCK_S)  # noqa: ASYNC251  # as above
        await inter.response.send_message("late")


def add_refused_slash_commands(bot):
    @slash(bot)
    @check(lambda _inter: False)
    async def scheck(inter):
        await inter.response.send_message("never")

    if IS_DISNAKE:

        @slash(bot)
        @commands.cooldown(1, 60)
        async def scool(inter):
            await inter.response.send_message("cool")

        @slash(bot)
        async def stransform(inter, n: str = commands.Param(converter=refuse)):
            await inter.response.send_message(f"never {n}")
    else:

        @slash(bot)
        async def stransform(inter, n: Refusing):
            await inter.response.send_message(f"never {n}")


def add_slash_groups_and_menus(bot):
    @slash(bot)
    async def sgrp(_inter):
        bot.parents.append("sgrp")

    @sub_command(sgrp)
    async def sub(inter, n: int):
        await inter.response.send_message(f"sub {n}")

    @sub_command(sgrp)
    async def boom(_inter):
        raise KeyError("sub boom")

    @bot.user_command(name="Greet")
    async def greet(inter, member):
        await inter.response.send_message(f"hello {member.name}")

    @bot.message_command(name="Quote")
    async def quote(inter, message):
        await inter.response.send_message(f"> {message.content}")


def add_commands(bot):
    add_prefix_commands(bot)
    add_slow_commands_and_groups(bot)
    add_slash_commands(bot)
    add_refused_slash_commands(bot)
    add_slash_groups_and_menus(bot)


def make_bot(setup=add_commands, *, cls=commands.Bot, **options):
    intents = lib.Intents.default()
    intents.message_content = True

    class TestBot(cls):
        async def before_identify_hook(self, shard_id, *, initial=False):
            """Without the pause of 5 s between two shards."""

    bot = TestBot(command_prefix="!", intents=intents, **options)
    bot.parents, bot.prefix_errors, bot.slash_errors = [], [], []
    if setup is not None:
        setup(bot)
    return bot


def listen(bot):
    """Error handlers as bots have them: they keep the very objects."""

    @bot.event
    async def on_command_error(_ctx, error):
        bot.prefix_errors.append(error)

    async def on_slash_error(_inter, error):
        bot.slash_errors.append(error)

    if IS_DISNAKE:
        for kind in ("slash", "user", "message"):
            bot.add_listener(on_slash_error, f"on_{kind}_command_error")
    elif hasattr(bot, "add_listener"):  # a plain Client has none
        bot.add_listener(on_slash_error, "on_application_command_error")


def lib_slash():
    """The decorator for a slash command in a cog."""
    make = commands.slash_command if IS_DISNAKE else lib.slash_command
    return make(description="Words")
