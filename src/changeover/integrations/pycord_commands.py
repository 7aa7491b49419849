"""Where py-cord keeps the callbacks of commands, and how a router is put in their places.

A bridge command is a prefix command and a slash command of one name; each is met on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.family_commands import Places
from changeover.integrations.family_sources import NewHandler, bound, sources_in
from changeover.integrations.hooks import Hooks

# As in `pycord`: the type checker knows another library of this name.
discord: Any = import_module("discord")
commands: Any = import_module("discord.ext.commands")


class Callbacks:
    """Routes every command that it meets, and those that are added to its groups later."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._places = Places(actions, hooks)

    def meet(self, command: Any) -> None:
        """Route a command, a group and all in it. Raises `BadValueError` (see `Registry.new`)."""
        if isinstance(command, discord.SlashCommandGroup):
            self.meet_later(command, "add_command")
            self.meet_later(command, "create_subgroup")
            children = command.subcommands
        else:
            is_prefix = isinstance(command, commands.Command)
            self._places.route(command, Kind.PREFIX if is_prefix else Kind.SLASH, command.cog)
            children = []
        if isinstance(command, commands.GroupMixin):
            self.meet_later(command, "add_command")
            children = command.commands
        for child in list(children):
            self.meet(child)

    def meet_later(self, home: Any, method: str) -> None:
        """Route what a method of a bot or a group adds to it from now on."""
        self._places.meet_later(home, method, self.meet)


def all_commands(bot: Any) -> Iterator[Any]:
    """The top commands of a bot, synced or not yet, of every guild, menus included."""
    yield from list(getattr(bot, "prefixed_commands", {}).values())
    found = [*bot.pending_application_commands, *bot.application_commands]
    yield from {id(command): command for command in found}.values()  # they have no hash


def words_of(data: Any) -> list[str]:
    """What somebody typed, from an interaction's data: the command and its sub-command."""
    words = []
    while data:
        words.append(str(data["name"]))
        inner = data.get("options") or []
        data = inner[0] if inner and inner[0].get("type") in _INNER else None
    return words


_INNER = (1, 2)  # SUB_COMMAND and SUB_COMMAND_GROUP. Source: "Application Command Option Type"


def handlers_in(source: Any, bot: Any) -> Iterator[NewHandler]:
    """See `Integration.handlers_in`. Raises `BadValueError` (see `sources_in`)."""
    for found in sources_in(source, bot, discord.Cog, _is_command):
        if isinstance(found, tuple):
            yield found
        elif isinstance(found, discord.Cog):
            yield from _of(found.__cog_commands__, found)
        else:
            yield from _of([found], None)


def _is_command(value: Any) -> bool:
    return isinstance(value, commands.Command | discord.ApplicationCommand) or _is_bridge(value)


def _is_bridge(value: Any) -> bool:
    return getattr(type(value), "__bridge__", False) is True


def _of(found: Iterable[Any], cog: Any) -> Iterator[NewHandler]:
    for command in found:
        if _is_bridge(command):
            if cog is None:  # a cog lists both variants beside it
                yield from _of([command.ext_variant, command.slash_variant], None)
        elif isinstance(command, discord.SlashCommandGroup):
            yield from _of(command.subcommands, cog)  # a group itself is no command
        else:
            yield _handler(command, cog)
            if cog is None and isinstance(command, commands.GroupMixin):
                yield from _of(command.commands, None)  # a cog lists them, too


def _handler(command: Any, cog: Any) -> NewHandler:
    kind = Kind.PREFIX if isinstance(command, commands.Command) else Kind.SLASH
    return command.qualified_name, kind, bound(command.callback, cog)
