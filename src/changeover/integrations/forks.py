"""What disnake and nextcord share beyond all of discord.py's family."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions
from changeover.integrations.family import FamilyBot
from changeover.integrations.family_sources import NewHandler
from changeover.integrations.forks_commands import Callbacks, Sources
from changeover.integrations.forks_components import Components
from changeover.integrations.platform import shard_of


class ForkBot(FamilyBot):
    """A bot of disnake or nextcord; `_hook_slash` and `_sources` are each one's own."""

    @abstractmethod
    def _hook_slash(self, actions: Actions) -> None:
        """Route and record slash commands and context menus."""

    @abstractmethod
    def _sources(self) -> Sources:
        """Finds the handlers in a cog or module."""

    def handlers_in(self, source: Any) -> Iterator[NewHandler]:
        """See `Integration.handlers_in`."""
        return self._sources().handlers_in(source, self._bot)

    def _hook_commands(self, actions: Actions) -> None:
        bot = self._bot
        if isinstance(bot, self._lib.commands.bot.BotBase):
            callbacks = Callbacks(actions, self._hooks, self._lib.commands)
            callbacks.meet_later(bot)
            for command in list(bot.commands):
                callbacks.meet(command)
            self._hook_prefix(actions)
            self._hook_dispatch(actions)  # of an unknown command; for the others see `Callbacks`
        self._hook_slash(actions)

    def _watch_components(self, actions: Actions) -> None:
        components = Components(actions, self._hooks, self._bot)
        components.watch(self._bot._connection)  # noqa: SLF001  # nothing public tells of views

    def _hook_process(
        self, actions: Actions, is_command: Callable[[Any], bool], name_of: Callable[[Any], Any]
    ) -> None:
        """Make each interaction with a command an action: both forks call this for them."""
        bot = self._bot
        before = bot.process_application_commands

        async def process(interaction: Any, /) -> None:
            if actions.is_attached and is_command(interaction):
                await actions.act(Kind.SLASH, partial(describe, interaction), before, interaction)
            else:
                await before(interaction)

        def describe(interaction: Any, action: Action) -> None:
            action.shard = shard_of(interaction.guild_id, bot.shard_count)
            name = name_of(interaction)
            if name is None:  # both pass over in silence what they do not know
                action.outcome = action.outcome or Outcome.NOT_FOUND
            action.name = name

        self._hooks.put(bot, "process_application_commands", process)
