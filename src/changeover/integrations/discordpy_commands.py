"""Where discord.py keeps the callbacks of commands, and how a router is put in their places.

The callback is replaced after registration: nothing is looked at again, so checks, cooldowns,
converters and what is synced stay those of the existing command. A decorator below
`@app_commands.command` was passed over: it breaks under `from __future__ import annotations`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from types import MethodType, ModuleType
from typing import Any

from discord import app_commands
from discord.ext import commands
from discord.ext.commands.hybrid import HybridAppCommand

from changeover.core.errors import BadValueError
from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.hooks import Hooks

NewHandler = tuple[str, Kind | None, Callable[..., Any]]

_APP_COMMANDS = (app_commands.Command, app_commands.ContextMenu)
_COMMANDS = (commands.Command, app_commands.Group, *_APP_COMMANDS)
_HYBRIDS = (commands.HybridCommand, commands.HybridGroup)


class Callbacks:
    """Routes every command that it meets, and those that are added to its groups later."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._actions = actions
        self._hooks = hooks

    def meet(self, command: Any) -> None:
        """Route a command, a group and all in it. Raises `BadValueError` (see `Registry.new`)."""
        if isinstance(command, commands.Command):
            self._route(command, Kind.PREFIX, command.cog)
            if isinstance(command, _HYBRIDS) and command.app_command:
                self.meet(command.app_command)
        elif isinstance(command, _APP_COMMANDS):
            self._route(command, Kind.SLASH, getattr(command, "binding", None))
        if isinstance(command, commands.GroupMixin | app_commands.Group):
            self.meet_later(command)
            for child in list(command.commands):
                self.meet(child)
        if hasattr(command, "_injected"):  # the help command, which sets its callback anew
            self._follow_help(command)

    def meet_later(self, home: Any) -> None:
        """Route what is added from now on to a bot, a tree or a group."""
        if self._hooks.has(home, "add_command"):
            return
        add: Callable[..., None] = home.add_command

        def add_command(command: Any, /, *args: Any, **kwargs: Any) -> None:
            add(command, *args, **kwargs)
            if self._actions.is_attached:
                try:
                    self.meet(command)
                except Exception as trouble:  # noqa: BLE001  # then it stays with legacy
                    self._actions.guard.caught("attach.add_command", trouble)

        self._hooks.put(home, "add_command", add_command)

    def _route(self, command: Any, kind: Kind, cog: Any) -> None:
        if self._hooks.has(command, "_callback"):
            return
        routed = self._actions.routed(
            command._callback,  # noqa: SLF001  # the setter would parse the signature again
            command.qualified_name,
            category=_category(cog),
            kind=kind,
            has_self=cog is not None and not hasattr(command, "_injected"),
        )
        self._hooks.put(command, "_callback", routed)

    def _follow_help(self, command: Any) -> None:
        if self._hooks.has(command, "prepare"):
            return
        prepare = command.prepare

        async def prepare_routed(ctx: Any) -> None:
            await prepare(ctx)
            if self._actions.is_attached and self._actions.registry.has_new(command.name):
                command._callback = self._actions.routed(  # noqa: SLF001  # as above
                    command._callback,  # noqa: SLF001
                    command.qualified_name,
                    kind=Kind.PREFIX,
                )

        self._hooks.put(command, "prepare", prepare_routed)


def _category(cog: Any) -> str | None:
    name = getattr(cog, "qualified_name", None)
    return name.lower() if isinstance(name, str) and name else None


def all_commands(tree: app_commands.CommandTree[Any]) -> Iterator[Any]:
    """The top commands of a tree, of every guild, context menus included."""
    yield from tree._global_commands.values()  # noqa: SLF001  # nothing public tells the guilds
    for of_guild in tree._guild_commands.values():  # noqa: SLF001
        yield from of_guild.values()
    yield from tree._context_menus.values()  # noqa: SLF001


def handlers_in(source: Any, bot: Any) -> Iterator[NewHandler]:
    """The commands of a cog, a cog's class or a module, by qualified name.

    Plain async functions of a module count by their own name.

    Raises:
        BadValueError: it is none of these, or a class that cannot be made without arguments.
    """
    if isinstance(source, ModuleType):
        yield from _in_module(source, bot)
    elif isinstance(source, type) and issubclass(source, commands.Cog):
        yield from handlers_in(_made(source, bot), bot)
    elif isinstance(source, commands.Cog):
        found = [*source.walk_commands(), *source.walk_app_commands()]
        yield from _of(found, source)
    elif isinstance(source, _COMMANDS):
        yield from _of(_walk(source), None)
    else:
        raise BadValueError("new_from", repr(source), "a cog or a module", "new_from(NewCog(bot))")


def _in_module(module: ModuleType, bot: Any) -> Iterator[NewHandler]:
    for name, value in list(vars(module).items()):
        is_own = getattr(value, "__module__", None) == module.__name__
        is_cog = isinstance(value, type) and issubclass(value, commands.Cog)
        if isinstance(value, _COMMANDS) or (is_cog and is_own):
            yield from handlers_in(value, bot)
        elif inspect.iscoroutinefunction(value) and is_own and _is_handler(name):
            yield name, None, value


def _is_handler(function: str) -> bool:
    return not function.startswith("_") and function not in ("setup", "teardown")  # of extensions


def _made(cog: type[commands.Cog], bot: Any) -> commands.Cog:
    """An instance of a cog's class, with the bot where it wants one argument."""
    required = [
        parameter
        for parameter in inspect.signature(cog).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(required) > 1 or (required and bot is None):
        raise BadValueError(
            "new_from", cog.__qualname__, "an instance of the cog", f"new_from({cog.__name__}(bot))"
        )
    return cog(*([bot] if required else []))


def _walk(command: Any) -> Iterator[Any]:
    yield command
    if isinstance(command, commands.GroupMixin | app_commands.Group):
        yield from command.walk_commands()


def _of(found: Iterable[Any], cog: commands.Cog | None) -> Iterator[NewHandler]:
    for command in found:
        if isinstance(command, app_commands.Group | HybridAppCommand):
            continue  # a group is no command; a hybrid's comes with its prefix command
        kind = Kind.PREFIX if isinstance(command, commands.Command) else Kind.SLASH
        callback = command.callback
        binding = cog if cog is not None else getattr(command, "binding", None)
        if binding is not None and not isinstance(callback, MethodType):
            callback = MethodType(callback, binding)
        yield command.qualified_name, None if isinstance(command, _HYBRIDS) else kind, callback
