"""Where disnake and nextcord keep the callbacks of typed commands, and those in cogs.

As in discord.py, the callback is replaced after registration, so that nothing is looked at again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import MethodType, ModuleType
from typing import Any, NamedTuple

from changeover.core.errors import BadValueError
from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.hooks import Hooks

NewHandler = tuple[str, Kind | None, Callable[..., Any]]


class Callbacks:
    """Routes every typed command that it meets, and those that are added to its groups later."""

    def __init__(self, actions: Actions, hooks: Hooks, commands: Any) -> None:
        self._actions = actions
        self._hooks = hooks
        self._commands = commands

    def meet(self, command: Any) -> None:
        """Route a command, a group and all in it. Raises `BadValueError` (see `Registry.new`)."""
        is_help = hasattr(command, "_injected")  # which sets its callback anew each time
        if not self._hooks.has(command, "_callback"):
            routed = self._actions.routed(
                command._callback,  # noqa: SLF001  # the setter would parse the signature again
                command.qualified_name,
                category=category_of(command.cog),
                kind=Kind.PREFIX,
                has_self=command.cog is not None and not is_help,
            )
            self._hooks.put(command, "_callback", routed)
            self._hear_errors(command)
        if isinstance(command, self._commands.GroupMixin):
            self.meet_later(command)
            for child in list(command.commands):
                self.meet(child)
        if is_help:
            self._follow_help(command)

    def meet_later(self, home: Any) -> None:
        """Route what is added from now on to a bot or a group."""
        meet_added(home, "add_command", self.meet, self._actions, self._hooks)

    def _hear_errors(self, command: Any) -> None:
        """Before any handler, for in disnake one may keep an error from those behind it."""
        before = command.dispatch_error

        async def dispatch_error(ctx: Any, error: Exception) -> None:
            self._actions.fail(error)
            await before(ctx, error)

        self._hooks.put(command, "dispatch_error", dispatch_error)

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


def meet_added(
    home: Any, method: str, meet: Callable[[Any], None], actions: Actions, hooks: Hooks
) -> None:
    """Meet each command that is given to a method of `home` from now on, after it is added."""
    if hooks.has(home, method):
        return
    add: Callable[..., Any] = getattr(home, method)

    def added(command: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = add(command, *args, **kwargs)
        if actions.is_attached:
            try:
                meet(command)
            except Exception as trouble:  # noqa: BLE001  # then it stays with legacy
                actions.guard.caught(f"attach.{method}", trouble)
        return result

    hooks.put(home, method, added)


def category_of(cog: Any) -> str | None:
    """The cog's name, in lower case."""
    name = getattr(cog, "qualified_name", None)
    return name.lower() if isinstance(name, str) and name else None


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
        """The handlers; plain async functions of a module count by their own name.

        Raises:
            BadValueError: it is none of these, or a class that cannot be made without arguments.
        """
        if isinstance(source, ModuleType):
            yield from self._in_module(source, bot)
        elif isinstance(source, type) and issubclass(source, self.cog):
            yield from self.handlers_in(_made(source, bot), bot)
        elif isinstance(source, self.cog):
            for command in getattr(source, "walk_commands", list)():
                yield command.qualified_name, Kind.PREFIX, _bound(command.callback, source)
            for top in self.slash_of(source):
                yield from self._slash(top, source)
        elif isinstance(source, self.typed):
            for command in [source, *getattr(source, "walk_commands", list)()]:
                yield command.qualified_name, Kind.PREFIX, command.callback
        elif isinstance(source, self.slash):
            yield from self._slash(source, None)
        else:
            allowed, example = "a cog or a module", "new_from(NewCog(bot))"
            raise BadValueError("new_from", repr(source), allowed, example)

    def _slash(self, top: Any, cog: Any) -> Iterator[NewHandler]:
        for command in self.walk(top):
            yield command.qualified_name, Kind.SLASH, _bound(command.callback, cog)

    def _in_module(self, module: ModuleType, bot: Any) -> Iterator[NewHandler]:
        for name, value in list(vars(module).items()):
            is_own = getattr(value, "__module__", None) == module.__name__
            is_cog = isinstance(value, type) and issubclass(value, self.cog)
            if isinstance(value, (self.typed, *self.slash)) or (is_cog and is_own):
                yield from self.handlers_in(value, bot)
            elif inspect.iscoroutinefunction(value) and is_own and _is_handler(name):
                yield name, None, value


def _is_handler(function: str) -> bool:
    return not function.startswith("_") and function not in ("setup", "teardown")  # of extensions


def _bound(callback: Callable[..., Any], cog: Any) -> Callable[..., Any]:
    if cog is None or isinstance(callback, MethodType):
        return callback
    return MethodType(callback, cog)


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
