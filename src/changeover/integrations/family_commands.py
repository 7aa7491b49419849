"""How a router is put in the places where discord.py and its forks keep commands' callbacks.

The callback is replaced after registration: nothing is looked at again, so checks, cooldowns,
converters and what is synced stay those of the existing command.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from changeover.core.model import Kind
from changeover.integrations.actions import Actions
from changeover.integrations.family_sources import category_of
from changeover.integrations.hooks import Hooks


class Places:
    """The places of one bot's callbacks."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self.actions = actions
        self.hooks = hooks

    def route(self, command: Any, kind: Kind, cog: Any) -> bool:
        """Route one command's `_callback`; False where it is routed already.

        Raises:
            BadValueError: its new handler cannot take its arguments.
        """
        if self.hooks.has(command, "_callback"):
            return False
        is_help = hasattr(command, "_injected")  # its callback is bound to the help command itself
        routed = self.actions.routed(
            command._callback,  # noqa: SLF001  # the setter would parse the signature again
            command.qualified_name,
            category=category_of(cog),
            kind=kind,
            has_self=cog is not None and not is_help,
        )
        self.hooks.put(command, "_callback", routed)
        if is_help:
            self._follow_help(command)
        return True

    def meet_later(self, home: Any, method: str, meet: Callable[[Any], None]) -> None:
        """Meet what a method of a bot, a tree or a group adds to it from now on."""
        if self.hooks.has(home, method):
            return
        before: Callable[..., Any] = getattr(home, method)
        makes_it = method.startswith("create")  # itself, and returns it

        @wraps(before)
        def add(*args: Any, **kwargs: Any) -> Any:
            result = before(*args, **kwargs)
            if self.actions.is_attached:
                try:
                    meet(result if makes_it else args[0] if args else kwargs["command"])
                except Exception as trouble:  # noqa: BLE001  # then it stays with legacy
                    self.actions.guard.caught(f"attach.{method}", trouble)
            return result

        self.hooks.put(home, method, add)

    def _follow_help(self, command: Any) -> None:
        """Route the help command again each time: it sets its callback anew for each use."""
        prepare = command.prepare

        async def prepare_routed(ctx: Any) -> None:
            await prepare(ctx)
            if self.actions.is_attached and self.actions.registry.has_new(command.name):
                command._callback = self.actions.routed(  # noqa: SLF001  # as above
                    command._callback,  # noqa: SLF001
                    command.qualified_name,
                    kind=Kind.PREFIX,
                )

        self.hooks.put(command, "prepare", prepare_routed)
