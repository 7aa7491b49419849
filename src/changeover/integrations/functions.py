"""Commands that no chat library calls: plain functions, async or not."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, Protocol, TypeVar, cast

from changeover.core.errors import BadValueError
from changeover.integrations.actions import Actions
from changeover.integrations.registry import Registry

_H = TypeVar("_H")


class Function(Protocol):
    """A routed function: called as before."""

    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the implementation that is chosen."""

    def new(self, function: _H) -> _H:
        """Make the decorated function the new implementation. May raise `BadValueError`."""


class Functions:
    """Makes plain functions commands."""

    def __init__(self, actions: Actions, registry: Registry) -> None:
        self._actions = actions
        self._registry = registry

    def command(self, name: str, *, category: str | None = None) -> Callable[[Any], Function]:
        """See `Changeover.command`."""

        def decorate(legacy: Any) -> Function:
            if not callable(legacy):
                raise BadValueError(f"command({name!r})", repr(legacy), "a function", "def ping()")
            is_async = iscoroutinefunction(legacy)
            wrap = self._actions.routed if is_async else self._actions.routed_plain
            routed: Any = wrap(legacy, name, category=category)

            def new(function: _H) -> _H:
                if not is_async and iscoroutinefunction(function):
                    allowed = "a plain function, as the legacy one is"
                    raise BadValueError(f"new({name!r})", repr(function), allowed, "def ping()")
                self._registry.new(name, function)
                return function

            routed.new = new
            return cast("Function", routed)

        return decorate
