"""nextcord: how its slash commands and context menus are routed and recorded.

No event tells that a command starts, and its end is told past `bot.dispatch`, through the
connection's state; so `process_application_commands` is the action, and the state's `dispatch`
tells of errors before any handler runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import nextcord
from nextcord.ext import application_checks, commands

from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.family import Library
from changeover.integrations.family_commands import Places
from changeover.integrations.family_outcomes import Speech
from changeover.integrations.family_sources import category_of
from changeover.integrations.forks import ForkBot
from changeover.integrations.forks_commands import Sources
from changeover.integrations.hooks import Hooks

_LIBRARY = Library(
    "nextcord", nextcord, commands, Speech(nextcord, commands, nextcord.errors, application_checks)
)
_SUB_COMMAND, _GROUP = 1, 2  # option types. Source: "Application Command Option Type"


class Bot(ForkBot):
    """A `commands.Bot`, or a `nextcord.Client`, which has slash commands too."""

    def __init__(self, bot: Any) -> None:
        super().__init__(bot, _LIBRARY)

    def _sources(self) -> Sources:
        slash = (nextcord.BaseApplicationCommand, nextcord.SlashApplicationSubcommand)
        return Sources(nextcord.ClientCog, commands.Command, slash, _slash_of, _walk)

    def _hook_slash(self, actions: Actions) -> None:
        bot, state = self._bot, self._bot._connection  # noqa: SLF001  # all ends there
        callbacks = SlashCallbacks(actions, self._hooks)
        # The state's method sees them all: decorated ones reach it only when the bot logs in.
        places = Places(actions, self._hooks)
        places.meet_later(state, "add_application_command", callbacks.meet)
        decorated = bot._application_commands_to_add  # noqa: SLF001
        for command in {*bot.get_all_application_commands(), *decorated}:
            callbacks.meet(command)
        self._hook_process(actions, _is_command, partial(_name_of, bot))
        dispatch_before = state.dispatch

        def dispatch(event: str, /, *args: Any, **kwargs: Any) -> Any:
            if event == "application_command_error" and len(args) > 1:
                actions.fail(args[1])
            return dispatch_before(event, *args, **kwargs)

        self._hooks.put(state, "dispatch", dispatch)


class SlashCallbacks:
    """Routes every slash command and context menu that it meets."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._actions = actions
        self._hooks = hooks

    def meet(self, top: Any) -> None:
        """Route a command or all below it. Raises `BadValueError` (see `Registry.new`)."""
        for command in _walk(top):
            if self._hooks.has(command, "callback"):
                continue
            routed = self._actions.routed(
                command.callback,
                _qualified_name(command),
                category=category_of(command.parent_cog),
                kind=Kind.SLASH,
                has_self=command.parent_cog is not None,
            )
            self._hooks.put(command, "callback", routed)


def _slash_of(cog: Any) -> list[Any]:
    return list(cog.application_commands)


def _walk(command: Any) -> Iterator[Any]:
    """What below a command, itself included, is ever run: in nextcord, what has no children."""
    children = list(getattr(command, "children", {}).values())
    for child in children:
        yield from _walk(child)
    if not children and command.callback is not None:
        yield command


def _qualified_name(command: Any) -> str:
    """As nextcord's own, for a command that has not got its name yet too."""
    name = command.name or command.callback.__name__
    parent = getattr(command, "parent_cmd", None)
    return f"{_qualified_name(parent)} {name}" if parent is not None else str(name)


def _is_command(interaction: Any) -> bool:
    return bool(interaction.type is nextcord.InteractionType.application_command)


def _name_of(bot: Any, interaction: Any) -> str | None:
    """The qualified name of the command that was used, as far down as the bot has it."""
    data = interaction.data
    command = bot.get_application_command(int(data["id"]))
    if command is None:
        return None
    options = data.get("options") or []
    while options and options[0]["type"] in (_SUB_COMMAND, _GROUP):
        command = command.children.get(options[0]["name"], command)
        options = options[0].get("options") or []
    return _qualified_name(command)
