"""Where py-cord keeps the callbacks of commands, and how a router is put in their places.

A bridge command is a prefix command and a slash command of one name; each is met on its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from importlib import import_module
from types import MethodType, ModuleType
from typing import Any

from changeover.core.errors import BadValueError
from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.hooks import Hooks

# As in `pycord_outcomes`: the type checker knows another library of this name.
discord: Any = import_module("discord")
commands: Any = import_module("discord.ext.commands")

NewHandler = tuple[str, Kind | None, Callable[..., Any]]


class Callbacks:
    """Routes every command that it meets, and those that are added to its groups later."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._actions = actions
        self._hooks = hooks

    def meet(self, command: Any) -> None:
        """Route a command, a group and all in it. Raises `BadValueError` (see `Registry.new`)."""
        if isinstance(command, discord.SlashCommandGroup):
            self.meet_later(command, "add_command")
            self.meet_later(command, "create_subgroup")
            children = command.subcommands
        else:
            is_prefix = isinstance(command, commands.Command)
            self._route(command, Kind.PREFIX if is_prefix else Kind.SLASH)
            children = []
        if isinstance(command, commands.GroupMixin):
            self.meet_later(command, "add_command")
            children = command.commands
        for child in list(children):
            self.meet(child)
        if hasattr(command, "_injected"):  # the help command, which sets its callback anew
            self._follow_help(command)

    def meet_later(self, home: Any, method: str) -> None:
        """Route what a method of a bot or a group adds to it from now on."""
        if self._hooks.has(home, method):
            return
        before: Callable[..., Any] = getattr(home, method)

        @wraps(before)
        def add(*args: Any, **kwargs: Any) -> Any:
            made = before(*args, **kwargs)
            command = args[0] if made is None else made  # `create_subgroup` makes it itself
            if self._actions.is_attached:
                try:
                    self.meet(command)
                except Exception as trouble:  # noqa: BLE001  # then it stays with legacy
                    self._actions.guard.caught("attach.add_command", trouble)
            return made

        self._hooks.put(home, method, add)

    def _route(self, command: Any, kind: Kind) -> None:
        if self._hooks.has(command, "_callback"):
            return
        routed = self._actions.routed(
            command._callback,  # noqa: SLF001  # the setter may parse the signature again
            command.qualified_name,
            category=_category(command.cog),
            kind=kind,
            has_self=command.cog is not None and not _is_help(command),
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


def _is_help(command: Any) -> bool:
    return hasattr(command, "_injected")  # its callback is bound to the help command itself


def _category(cog: Any) -> str | None:
    name = getattr(cog, "qualified_name", None)
    return name.lower() if isinstance(name, str) and name else None


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
    """The commands of a cog, a cog's class or a module, by qualified name.

    Plain async functions of a module count by their own name.

    Raises:
        BadValueError: it is none of these, or a class that cannot be made without arguments.
    """
    if isinstance(source, ModuleType):
        yield from _in_module(source, bot)
    elif isinstance(source, type) and issubclass(source, discord.Cog):
        yield from handlers_in(_made(source, bot), bot)
    elif isinstance(source, discord.Cog):
        yield from _of(source.__cog_commands__, source)
    elif _is_command(source):
        yield from _of([source], None)
    else:
        raise BadValueError("new_from", repr(source), "a cog or a module", "new_from(NewCog(bot))")


def _is_command(value: Any) -> bool:
    return isinstance(value, commands.Command | discord.ApplicationCommand) or _is_bridge(value)


def _is_bridge(value: Any) -> bool:
    return getattr(type(value), "__bridge__", False) is True


def _in_module(module: ModuleType, bot: Any) -> Iterator[NewHandler]:
    for name, value in list(vars(module).items()):
        is_own = getattr(value, "__module__", None) == module.__name__
        is_cog = isinstance(value, type) and issubclass(value, discord.Cog)
        if _is_command(value) or (is_cog and is_own):
            yield from handlers_in(value, bot)
        elif inspect.iscoroutinefunction(value) and is_own and not name.startswith("_"):
            yield name, None, value


def _made(cog: type[Any], bot: Any) -> Any:
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
    callback = command.callback
    if cog is not None and not isinstance(callback, MethodType):
        callback = MethodType(callback, cog)
    return command.qualified_name, kind, callback
