"""Buttons, selects and modals of disnake, nextcord and py-cord: each use of one is an action."""

from __future__ import annotations

from typing import Any

from changeover.integrations.actions import NONE_NEW, Actions
from changeover.integrations.family_components import Watcher
from changeover.integrations.hooks import Hooks


class Components:
    """Watches the views and modals that a client listens to, through its connection's state.

    The state has a store for each, but some make new ones at every login.

    Args:
        modals: what the library calls of a modal that was sent.
    """

    def __init__(
        self, actions: Actions, hooks: Hooks, bot: Any, *, modals: str = "_scheduled_task"
    ) -> None:
        self._hooks = hooks
        self._watcher = Watcher(actions, hooks, bot)
        self._modals = modals

    def watch(self, state: Any) -> None:
        """Watch what the client listens to, and what is added later."""
        for view, _item in list(state._view_store._views.values()):  # noqa: SLF001  # public: some
            self._watcher.watch(view, NONE_NEW)
        for modal in list(state._modal_store._modals.values()):  # noqa: SLF001  # nothing public
            if hasattr(modal, "__dict__"):
                self._watcher.watch(modal, NONE_NEW, method=self._modals)
        self._follow(state, "store_view", "_scheduled_task")
        self._follow(state, "store_modal", self._modals)

    def _follow(self, state: Any, adder: str, method: str) -> None:
        add = getattr(state, adder)

        def added(*args: Any, **kwargs: Any) -> None:
            for part in (*args, *kwargs.values()):  # one is the view or modal, one an id
                # A bare disnake.ui.Modal has no dictionary, and no callback either.
                if hasattr(part, method) and hasattr(part, "__dict__"):
                    self._watcher.watch_added(part, method=method)
            add(*args, **kwargs)

        self._hooks.put(state, adder, added)
