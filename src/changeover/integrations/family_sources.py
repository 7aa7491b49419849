"""How new implementations are found in cogs and modules: the same for discord.py and its forks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import MethodType, ModuleType
from typing import Any

from changeover.core.errors import BadValueError
from changeover.core.model import Kind

NewHandler = tuple[str, Kind | None, Callable[..., Any]]

_OF_EXTENSIONS = ("setup", "teardown")  # functions that are no commands


def sources_in(
    source: Any, bot: Any, cog: type[Any], is_command: Callable[[Any], bool]
) -> Iterator[Any]:
    """What there is in what `new_from` was given: instances of cogs, commands, `NewHandler`s.

    The last are a module's plain async functions, which count by their own name.

    Args:
        source: a cog, a cog's class, a command or a module.
        bot: for a cog's class that wants one argument.
        cog: the library's class of cogs.
        is_command: whether something is a command of the library.

    Raises:
        BadValueError: it is none of these, or a class that cannot be made without arguments.
    """
    if isinstance(source, ModuleType):
        yield from _in_module(source, bot, cog, is_command)
    elif isinstance(source, type) and issubclass(source, cog):
        yield _made(source, bot)
    elif isinstance(source, cog) or is_command(source):
        yield source
    else:
        raise BadValueError("new_from", repr(source), "a cog or a module", "new_from(NewCog(bot))")


def _in_module(
    module: ModuleType, bot: Any, cog: type[Any], is_command: Callable[[Any], bool]
) -> Iterator[Any]:
    for name, value in list(vars(module).items()):
        is_own = getattr(value, "__module__", None) == module.__name__
        if is_command(value):
            yield value
        elif is_own and isinstance(value, type) and issubclass(value, cog):
            yield _made(value, bot)
        elif is_own and inspect.iscoroutinefunction(value) and _is_handler(name):
            yield name, None, value


def _is_handler(function: str) -> bool:
    return not function.startswith("_") and function not in _OF_EXTENSIONS


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


def bound(callback: Callable[..., Any], cog: Any) -> Callable[..., Any]:
    """A callback with its cog, if it has one and is not bound yet."""
    if cog is None or isinstance(callback, MethodType):
        return callback
    return MethodType(callback, cog)


def category_of(cog: Any) -> str | None:
    """The cog's name, in lower case."""
    name = getattr(cog, "qualified_name", None)
    return name.lower() if isinstance(name, str) and name else None
