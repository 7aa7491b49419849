"""disnake: how its slash commands and context menus are routed and recorded.

`process_application_commands` begins and ends an action. Each command's own error handler is
asked first and may keep an error from the event, so it is heard there. A slash command's callback
gets everything by name, the interaction under a name of the author's; a command with sub-commands
runs its own callback before theirs, in one action.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from typing import Any

import disnake
from disnake.ext import commands
from disnake.ext.commands.params import collect_params

from changeover.core.model import Kind
from changeover.integrations.actions import LEGACY_OF, Actions
from changeover.integrations.family import Library
from changeover.integrations.family_commands import Places
from changeover.integrations.family_outcomes import Speech
from changeover.integrations.family_sources import category_of
from changeover.integrations.forks import ForkBot
from changeover.integrations.forks_commands import Sources
from changeover.integrations.hooks import Hooks

_LIBRARY = Library("disnake", disnake, commands, Speech(disnake, commands))
_ADD = ("add_slash_command", "add_user_command", "add_message_command")
_SUB = ("sub_command", "sub_command_group")  # decorators that a command with sub-commands has


class Bot(ForkBot):
    """A `commands.Bot` or `commands.InteractionBot`; a plain `disnake.Client` has no commands."""

    def __init__(self, bot: Any) -> None:
        super().__init__(bot, _LIBRARY)

    def _sources(self) -> Sources:
        slash = (commands.InvokableApplicationCommand,)
        return Sources(
            commands.Cog, commands.Command, slash, commands.Cog.get_application_commands, _walk
        )

    def _hook_slash(self, actions: Actions) -> None:
        bot = self._bot
        if not hasattr(bot, "process_application_commands"):
            return
        callbacks, places = SlashCallbacks(actions, self._hooks), Places(actions, self._hooks)
        for method in _ADD:
            places.meet_later(bot, method, callbacks.meet)
        for command in list(bot.application_commands):
            callbacks.meet(command)
        self._hook_process(actions, lambda _interaction: True, partial(_name_of, bot))


class SlashCallbacks:
    """Routes every slash command and context menu that it meets, and sub-commands made later."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._actions = actions
        self._hooks = hooks

    def meet(self, command: Any) -> None:
        """Route a command and all below it. Raises `BadValueError` (see `Registry.new`)."""
        if not self._hooks.has(command, "_callback"):
            callback = getattr(command.callback, LEGACY_OF, command.callback)
            leading = _leading(command, callback)
            routed = self._actions.routed(
                _interaction_first(callback, leading),
                command.qualified_name,
                category=category_of(command.cog),
                kind=Kind.SLASH,
                has_self=command.cog is not None,
            )
            self._hooks.put(command, "_callback", _by_position(routed, callback, leading))
            self._hear_errors(command)
        for method in _SUB:
            if hasattr(command, method):
                self._meet_made(command, method)
        for child in list(getattr(command, "children", {}).values()):
            self.meet(child)

    def _meet_made(self, command: Any, method: str) -> None:
        """Meet what the decorator `@command.sub_command()` makes from now on."""
        if self._hooks.has(command, method):
            return
        before = getattr(command, method)

        def decorator(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
            make = before(*args, **kwargs)

            def made(function: Any) -> Any:
                child = make(function)
                if self._actions.is_attached:
                    try:
                        self.meet(child)
                    except Exception as trouble:  # noqa: BLE001  # then it stays with legacy
                        self._actions.guard.caught(f"attach.{method}", trouble)
                return child

            return made

        self._hooks.put(command, method, decorator)

    def _hear_errors(self, command: Any) -> None:
        before = command._call_local_error_handler  # noqa: SLF001  # of sub-commands, nothing else

        async def call_local_error_handler(interaction: Any, error: Exception) -> Any:
            self._actions.fail(error)
            return await before(interaction, error)

        self._hooks.put(command, "_call_local_error_handler", call_local_error_handler)


def _leading(command: Any, callback: Callable[..., Any]) -> list[str]:
    """The names of the cog's parameter, if it is in one, and of the interaction's."""
    names = list(inspect.signature(callback).parameters)
    count = 1 + (command.cog is not None)
    if hasattr(command, "connectors"):  # has options, among which the interaction may stand
        _, interaction, *_ = collect_params(callback)
        names = [*names[: count - 1], interaction or names[count - 1]]
    return names[:count]


def _interaction_first(callback: Callable[..., Any], leading: list[str]) -> Callable[..., Any]:
    """The callback; where its interaction is not its first parameter, one where it is."""
    shape = inspect.signature(callback)
    if list(shape.parameters)[: len(leading)] == leading:
        return callback

    async def ordered(*args: Any, **kwargs: Any) -> Any:
        return await callback(**dict(zip(leading, args, strict=False)), **kwargs)

    first = [
        shape.parameters[name].replace(
            kind=inspect.Parameter.POSITIONAL_OR_KEYWORD, default=inspect.Parameter.empty
        )
        for name in leading
    ]
    rest = [parameter for name, parameter in shape.parameters.items() if name not in leading]
    ordered.__signature__ = shape.replace(parameters=[*first, *rest])  # type: ignore[attr-defined]
    return ordered


def _by_position(
    routed: Callable[..., Any], legacy: Callable[..., Any], leading: list[str]
) -> Callable[..., Any]:
    """Pass the cog and the interaction by position, as every other library does.

    It looks like the legacy callback: disnake reads the signature again at each call.
    """

    async def callback(*args: Any, **kwargs: Any) -> Any:
        if not args:
            args = tuple(kwargs.pop(name) for name in leading)
        return await routed(*args, **kwargs)

    update_wrapper(callback, legacy)
    setattr(callback, LEGACY_OF, legacy)
    return callback


def _walk(command: Any) -> Iterator[Any]:
    """A command and all below it; in disnake each one's callback runs."""
    yield command
    for child in getattr(command, "children", {}).values():
        yield from _walk(child)


def _name_of(bot: Any, interaction: Any) -> str | None:
    """The qualified name of the command that was used, as far down as the bot has it."""
    types = disnake.ApplicationCommandType
    known = {
        types.chat_input: bot.all_slash_commands,
        types.user: bot.all_user_commands,
        types.message: bot.all_message_commands,
    }
    command = known.get(interaction.data.type, {}).get(interaction.data.name)
    if command is None:
        return None
    chain, _ = interaction.data._get_chain_and_kwargs()  # noqa: SLF001  # options, walked
    for name in chain:
        command = getattr(command, "children", {}).get(name, command)
    return str(command.qualified_name)
