"""discord.py: what is hooked in a bot so that each thing a user does is one record.

`Bot.invoke` and the tree's `_call` begin and end an action; the tap on `dispatch` and the tree's
`on_error` hear the errors on the way to the bot's own handlers, which may be set before or
after. Listeners of events were passed over: discord.py only schedules them, so a command that
does not wait is over before its own start is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions
from changeover.integrations.discordpy_commands import Callbacks, all_commands, handlers_in
from changeover.integrations.discordpy_components import Components
from changeover.integrations.discordpy_outcomes import SPEECH
from changeover.integrations.family import FamilyBot, Library
from changeover.integrations.family_sources import NewHandler
from changeover.integrations.hooks import observed_class
from changeover.integrations.platform import shard_of

_LIBRARY = Library("discord.py", discord, commands, SPEECH)


class Bot(FamilyBot):
    """A `commands.Bot`, or a `discord.Client` with a command tree."""

    def __init__(self, bot: discord.Client) -> None:
        super().__init__(bot, _LIBRARY)

    def handlers_in(self, source: Any) -> Iterator[NewHandler]:
        """See `Integration.handlers_in`."""
        return handlers_in(source, self._bot)

    def _hook_commands(self, actions: Actions) -> None:
        bot, tree = self._bot, self._bot._connection._command_tree  # noqa: SLF001  # a Client has no `tree`
        callbacks = Callbacks(actions, self._hooks)
        if isinstance(bot, commands.bot.BotBase):
            callbacks.meet_later(bot)
            for command in list(bot.commands):
                callbacks.meet(command)
            self._hook_prefix(actions)
            self._hook_dispatch(actions)
        if tree is not None:
            callbacks.meet_later(tree)
            for command in list(all_commands(tree)):
                callbacks.meet(command)
            self._hooks.put(tree, "__class__", _observed_class(type(tree), actions, bot))

    def _watch_components(self, actions: Actions) -> None:
        store = self._bot._connection._view_store  # noqa: SLF001  # nothing public tells of views
        Components(actions, self._hooks, self._bot).watch(store)


def _observed_class(
    base: type[app_commands.CommandTree[Any]], actions: Actions, bot: Any
) -> type[app_commands.CommandTree[Any]]:
    """A class for one tree: each interaction is an action, and every error handler is heard.

    `on_error` is one attribute, which `@tree.error` sets. As a property it takes the bot's handler
    at any time, into the tree's own dictionary, where it also stands without us.
    """

    def call(tree: Any, interaction: discord.Interaction[Any]) -> Awaitable[None]:
        before = super(observed, tree)._call
        if interaction.type is discord.InteractionType.autocomplete:
            return before(interaction)  # type: ignore[no-any-return]
        return actions.act(Kind.SLASH, partial(describe, interaction), before, interaction)

    def describe(interaction: discord.Interaction[Any], action: Action) -> None:
        command = interaction.command
        if command is not None:
            action.name = command.qualified_name
        if interaction.command_failed and action.error is None:
            action.outcome = Outcome.DENIED  # by `interaction_check`, which raises nothing
        action.shard = shard_of(interaction.guild_id, bot.shard_count)

    def get_on_error(tree: Any) -> Any:
        handler = vars(tree).get("on_error") or super(observed, tree).on_error

        async def on_error(
            interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
        ) -> None:
            actions.fail(error)
            await handler(interaction, error)

        return on_error

    def set_on_error(tree: Any, handler: Any) -> None:
        vars(tree)["on_error"] = handler

    def delete_on_error(tree: Any) -> None:
        del vars(tree)["on_error"]

    methods = {
        "_call": call,
        "on_error": property(get_on_error, set_on_error, delete_on_error),
    }
    observed: Any = observed_class(base, methods)
    return observed  # type: ignore[no-any-return]  # made here
