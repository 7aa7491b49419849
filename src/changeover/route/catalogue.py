"""The registered commands as a document, so that a process without a bot knows them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from changeover.core.model import CommandState
from changeover.core.ports import Put, State
from changeover.route.router import Router

KIND, KEY = "setting", "commands"


class Catalogue:
    """Keeps the document in step with the router of a bot, or a router with the document.

    The processes of one bot register the same commands; the last that started is right.
    """

    def __init__(self, state: State, router: Router) -> None:
        self._state = state
        self._router = router
        self._told: Mapping[str, Any] | None = None

    def tell(self) -> None:
        """Store what is registered, if that is new. Raises `StoreUnavailableError`."""
        commands = _encode(self._router.states())
        if not commands or commands == self._told:
            return
        known = self._state.read(KIND).get(KEY)
        if known is None or known.value != commands:
            self._state.commit([Put(KIND, KEY, commands)])
        self._told = commands

    def learn(self) -> None:
        """Register what the bot's processes stored. Raises `StoreUnavailableError`."""
        known = self._state.read(KIND).get(KEY)
        if known is None or known.value == self._told:
            return
        for command, facts in known.value.items():
            self._router.register(command, **facts)
        self._told = known.value


def _encode(states: Sequence[CommandState]) -> dict[str, Any]:
    return {
        state.command: {
            "category": state.category,
            "has_legacy": state.has_legacy,
            "has_new": state.has_new,
            "safe_to_repeat": state.safe_to_repeat,
            "legacy_at": state.legacy_at,
            "new_at": state.new_at,
        }
        for state in states
    }
