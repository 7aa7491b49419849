"""The bot itself: a discord.py bot with its legacy handlers; `build_bot` attaches it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

import discord
from discord import app_commands
from discord.ext import commands

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.demo.bot import outcomes
from changeover.demo.bot.commands import COGS
from changeover.demo.bot.glue import BotHandler, Context, answering, call_of, send
from changeover.demo.call import BotFacts, Handler
from changeover.demo.catalogue import COMMANDS
from changeover.demo.database.opener import Database
from changeover.demo.ddd.handlers import ddd_handlers
from changeover.demo.legacy.conversation import hear
from changeover.demo.legacy.handlers import legacy_handlers
from changeover.integrations.discordpy_outcomes import unwrap
from changeover.service import Changeover

logger = logging.getLogger("changeover.demo")


class Spoiler(Protocol):
    """Makes handlers worse on purpose; see `faults.Faults`."""

    def wrap(self, command: str, handler: Handler) -> Handler:
        """A handler that is as bad as was asked for."""


class DemoBot(commands.Bot):
    """Personalities by prefix and by slash. Made by `build_bot`.

    Attributes:
        legacy: what answers each command where nothing else is attached.
    """

    def __init__(
        self,
        legacy: Mapping[str, BotHandler],
        database: Database,
        *,
        prefix: str,
        clock: Clock,
        options: dict[str, Any],
    ) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(
            command_prefix=prefix,
            strip_after_prefix=True,
            case_insensitive=True,
            help_command=None,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            tree_cls=_Tree,
            **options,
        )
        self.legacy = legacy
        self._database = database
        self._prefix = prefix
        self._clock = clock
        self._started_s = self.now_s()

    async def setup_hook(self) -> None:
        """Learn who owns the bot, and publish the slash commands."""
        application = self.application
        if application is not None:
            team = application.team
            members = team.members if team else [application.owner]
            self.owner_ids = {member.id for member in members}
        for cog in COGS:
            await self.add_cog(cog())
        await self.tree.sync()

    def now_s(self) -> int:
        """Epoch seconds."""
        return self._clock.wall_ns() // NS_PER_S

    def facts(self) -> BotFacts:
        """What the bot knows of itself now."""
        return BotFacts(
            prefix=self._prefix,
            latency_s=self.latency,
            servers=len(self.guilds),
            started_s=self._started_s,
        )

    async def on_message(self, message: discord.Message, /) -> None:
        """A command is run; ordinary chat is heard, and makes no record."""
        if message.author.bot:
            return
        ctx: Context = await self.get_context(message)
        if ctx.prefix is not None:
            await self.invoke(ctx)
        elif message.content:
            reply = hear(self._database, call_of(ctx), message.content)
            if reply is not None:
                await send(ctx, reply)

    async def on_command_error(
        self, context: commands.Context[Any], exception: commands.CommandError, /
    ) -> None:
        """Everything that goes wrong with a command, hybrid slash commands included."""
        known = context.command.qualified_name if context.command else None
        typed = known or context.invoked_with or ""
        _log(typed, exception)
        if self.is_closed():  # the call was still at work when the bot was told to end
            return
        try:
            await context.send(outcomes.explain(exception, self._prefix, typed), ephemeral=True)
        except discord.HTTPException as refused:
            logger.info("no answer to %s: %s", typed, refused)

    async def on_tree_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        """What goes wrong before a slash command is found, or outside the bot's own."""
        known = interaction.command.qualified_name if interaction.command else None
        data: Any = interaction.data or {}
        typed = known or str(data.get("name", ""))
        _log(typed, error)
        if interaction.response.is_done() or self.is_closed():
            return
        try:
            text = outcomes.explain(error, self._prefix, typed)
            await interaction.response.send_message(text, ephemeral=True)
        except discord.HTTPException as refused:
            logger.info("no answer to /%s: %s", typed, refused)


class _Tree(app_commands.CommandTree[DemoBot]):
    async def on_error(
        self, interaction: discord.Interaction[DemoBot], error: app_commands.AppCommandError, /
    ) -> None:
        await self.client.on_tree_error(interaction, error)


def build_bot(
    changeover: Changeover,
    database: Database,
    *,
    prefix: str = "!tz ",
    clock: Clock | None = None,
    faults: Spoiler | None = None,
    **options: Any,
) -> DemoBot:
    """The bot, attached to, with a new implementation of each command; `start(token)` runs it.

    Args:
        changeover: routes and records the 18 commands.
        database: the file that both implementations work on; the caller closes it.
        prefix: what a typed command begins with, its space included.
        clock: where replies and expiries read the time.
        faults: makes the new implementation worse.
        options: passed on to `commands.Bot`.
    """
    legacy = {name: answering(handler) for name, handler in legacy_handlers(database).items()}
    bot = DemoBot(legacy, database, prefix=prefix, clock=clock or SystemClock(), options=options)
    changeover.attach(bot)
    for name, handler in ddd_handlers(database).items():
        spoiled = faults.wrap(name, handler) if faults else handler
        command = COMMANDS[name]
        changeover.new(name, category=command.category, safe_to_repeat=command.safe_to_repeat)(
            answering(spoiled)
        )
    return bot


def _log(command: str, error: Exception) -> None:
    """Failures for the operator; what users get wrong is no news."""
    real = unwrap(error)
    level = logging.WARNING if outcomes.classify(error).is_error else logging.DEBUG
    logger.log(level, "%s: %s: %s", command or "?", type(real).__name__, real)
