"""Where disnake and nextcord keep the callbacks of typed commands, and those in cogs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.family_commands import Places
from changeover.integrations.family_sources import NewHandler, bound, sources_in
from changeover.integrations.hooks import Hooks


class Callbacks:
    """Routes every typed command that it meets, and those that are added to its groups later."""

    def __init__(self, actions: Actions, hooks: Hooks, commands: Any) -> None:
        self._places = Places(actions, hooks)
        self._commands = commands

    def meet(self, command: Any) -> None:
        """Route a command, a group and all in it. Raises `BadValueError` (see `Registry.new`)."""
        if self._places.route(command, Kind.PREFIX, command.cog):
            self._hear_errors(command)
        if isinstance(command, self._commands.GroupMixin):
            self.meet_later(command)
            for child in list(command.commands):
                self.meet(child)

    def meet_later(self, home: Any) -> None:
        """Route what is added from now on to a bot or a group."""
        self._places.meet_later(home, "add_command", self.meet)

    def _hear_errors(self, command: Any) -> None:
        """Before any handler, for in disnake one may keep an error from those behind it."""
        before, actions = command.dispatch_error, self._places.actions

        async def dispatch_error(ctx: Any, error: Exception) -> None:
            actions.fail(error)
            await before(ctx, error)

        self._places.hooks.put(command, "dispatch_error", dispatch_error)


class Sources(NamedTuple):
    """Finds the commands of a cog, a cog's class or a module, by qualified name.

    Attributes:
        cog: the library's class of cogs.
        typed: its class of typed commands.
        slash: its classes of slash commands and context menus.
        slash_of: those of a cog.
        walk: a slash command and all below it that have a callback that runs.
    """

    cog: type[Any]
    typed: type[Any]
    slash: tuple[type[Any], ...]
    slash_of: Callable[[Any], list[Any]]
    walk: Callable[[Any], Iterator[Any]]

    def handlers_in(self, source: Any, bot: Any) -> Iterator[NewHandler]:
        """See `Integration.handlers_in`. Raises `BadValueError` (see `sources_in`)."""
        for found in sources_in(source, bot, self.cog, self._is_command):
            if isinstance(found, tuple):
                yield found
            elif isinstance(found, self.cog):
                for command in getattr(found, "walk_commands", list)():
                    yield command.qualified_name, Kind.PREFIX, bound(command.callback, found)
                for top in self.slash_of(found):
                    yield from self._slash(top, found)
            elif isinstance(found, self.slash):
                yield from self._slash(found, None)
            else:
                for command in [found, *getattr(found, "walk_commands", list)()]:
                    yield command.qualified_name, Kind.PREFIX, command.callback

    def _is_command(self, value: Any) -> bool:
        return isinstance(value, (self.typed, *self.slash))

    def _slash(self, top: Any, cog: Any) -> Iterator[NewHandler]:
        for command in self.walk(top):
            yield command.qualified_name, Kind.SLASH, bound(command.callback, cog)
