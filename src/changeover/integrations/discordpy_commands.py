"""Where discord.py keeps the callbacks of commands, and those in cogs.

A decorator below `@app_commands.command` was passed over: it breaks under `from __future__ import
annotations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from discord import app_commands
from discord.ext import commands
from discord.ext.commands.hybrid import HybridAppCommand

from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.family_commands import Places
from changeover.integrations.family_sources import NewHandler, bound, sources_in
from changeover.integrations.hooks import Hooks

_APP_COMMANDS = (app_commands.Command, app_commands.ContextMenu)
_COMMANDS = (commands.Command, app_commands.Group, *_APP_COMMANDS)
_HYBRIDS = (commands.HybridCommand, commands.HybridGroup)


class Callbacks:
    """Routes every command that it meets, and those that are added to its groups later."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._places = Places(actions, hooks)

    def meet(self, command: Any) -> None:
        """Route a command, a group and all in it. Raises `BadValueError` (see `Registry.new`)."""
        if isinstance(command, commands.Command):
            self._places.route(command, Kind.PREFIX, command.cog)
            if isinstance(command, _HYBRIDS) and command.app_command:
                self.meet(command.app_command)
        elif isinstance(command, _APP_COMMANDS):
            self._places.route(command, Kind.SLASH, getattr(command, "binding", None))
        if isinstance(command, commands.GroupMixin | app_commands.Group):
            self.meet_later(command)
            for child in list(command.commands):
                self.meet(child)

    def meet_later(self, home: Any) -> None:
        """Route what is added from now on to a bot, a tree or a group."""
        self._places.meet_later(home, "add_command", self.meet)


def all_commands(tree: app_commands.CommandTree[Any]) -> Iterator[Any]:
    """The top commands of a tree, of every guild, context menus included."""
    yield from tree._global_commands.values()  # noqa: SLF001  # nothing public tells the guilds
    for of_guild in tree._guild_commands.values():  # noqa: SLF001
        yield from of_guild.values()
    yield from tree._context_menus.values()  # noqa: SLF001


def handlers_in(source: Any, bot: Any) -> Iterator[NewHandler]:
    """See `Integration.handlers_in`. Raises `BadValueError` (see `sources_in`)."""
    for found in sources_in(source, bot, commands.Cog, _is_command):
        if isinstance(found, tuple):
            yield found
        elif isinstance(found, commands.Cog):
            yield from _of([*found.walk_commands(), *found.walk_app_commands()], found)
        else:
            yield from _of(_walk(found), None)


def _is_command(value: Any) -> bool:
    return isinstance(value, _COMMANDS)


def _walk(command: Any) -> Iterator[Any]:
    yield command
    if isinstance(command, commands.GroupMixin | app_commands.Group):
        yield from command.walk_commands()


def _of(found: Iterable[Any], cog: commands.Cog | None) -> Iterator[NewHandler]:
    for command in found:
        if isinstance(command, app_commands.Group | HybridAppCommand):
            continue  # a group is no command; a hybrid's comes with its prefix command
        kind = Kind.PREFIX if isinstance(command, commands.Command) else Kind.SLASH
        binding = cog if cog is not None else getattr(command, "binding", None)
        callback = bound(command.callback, binding)
        yield command.qualified_name, None if isinstance(command, _HYBRIDS) else kind, callback
