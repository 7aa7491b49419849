"""Buttons, selects and modals of py-cord: each use is an action, named by its view and item."""

from __future__ import annotations

from functools import partial
from typing import Any

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import NONE_NEW, Action, Actions, running
from changeover.integrations.discordpy_components import shard_of
from changeover.integrations.hooks import Hooks
from changeover.route.router import Choice


class Components:
    """Watches the views and modals that a client listens to, through its state.

    Only instances are touched: a class would be every bot's of the process.
    """

    def __init__(self, actions: Actions, hooks: Hooks, bot: Any) -> None:
        self._actions = actions
        self._hooks = hooks
        self._bot = bot

    def watch(self, state: Any) -> None:
        """Watch what the client's state holds, and what it is given later.

        The state itself, since it makes new stores when it connects anew.
        """
        for view, _ in list(state._view_store._views.values()):  # noqa: SLF001  # public only for some
            self._watch_view(view, NONE_NEW)
        for modal in list(state._modal_store._modals.values()):  # noqa: SLF001  # nothing public
            self._watch_modal(modal, NONE_NEW)
        self._follow(state, "store_view", self._watch_view)
        self._follow(state, "store_modal", self._watch_modal)

    def _follow(self, state: Any, method: str, watch: Any) -> None:
        before = getattr(state, method)

        def add(added: Any, *args: Any, **kwargs: Any) -> None:
            try:
                action = running()
                watch(added, (action and action.choice) or NONE_NEW)
            except Exception as trouble:  # noqa: BLE001  # it works without us
                self._actions.guard.caught("attach.view", trouble)
            before(added, *args, **kwargs)

        self._hooks.put(state, method, add)

    def _watch_view(self, view: Any, made_by: Choice) -> None:
        if self._hooks.has(view, "_scheduled_task") or not self._actions.is_attached:
            return
        run, on_error, check = view._scheduled_task, view.on_error, view.interaction_check  # noqa: SLF001  # what a view starts
        actions, hooks = self._actions, self._hooks

        async def scheduled(item: Any, interaction: Any) -> Any:
            if not actions.is_attached:
                return await run(item, interaction)
            name = f"{type(view).__name__} {_item_name(item)}"
            tell, work = partial(self._describe, interaction, name), partial(_made_by, made_by, run)
            return await actions.act(Kind.COMPONENT, tell, work, item, interaction)

        async def observe_error(error: Exception, *args: Any) -> None:
            actions.fail(error)
            await on_error(error, *args)

        async def observe_check(interaction: Any) -> Any:
            is_allowed = await check(interaction)
            action = running()
            if not is_allowed and action is not None:
                action.outcome, action.stopped_ns = Outcome.DENIED, actions.now_ns()
            return is_allowed

        hooks.put(view, "_scheduled_task", scheduled)
        hooks.put(view, "on_error", observe_error)
        hooks.put(view, "interaction_check", observe_check)

    def _watch_modal(self, modal: Any, made_by: Choice) -> None:
        if self._hooks.has(modal, "callback") or not self._actions.is_attached:
            return
        run, actions = modal.callback, self._actions

        async def callback(interaction: Any) -> Any:
            if not actions.is_attached:
                return await run(interaction)
            tell = partial(self._describe, interaction, type(modal).__name__)
            work = partial(_made_by, made_by, run)
            return await actions.act(Kind.COMPONENT, tell, work, interaction)

        self._hooks.put(modal, "callback", callback)

    def _describe(self, interaction: Any, name: str, action: Action) -> None:
        action.name = name
        action.shard = shard_of(interaction.guild_id, self._bot.shard_count)


async def _made_by(choice: Choice, work: Any, *args: Any) -> Any:
    """A component is of the system that made its view, and so is what it makes."""
    action = running()
    if action is not None:
        action.choice = choice
    return await work(*args)


def _item_name(item: Any) -> str:
    """What its author calls it: the callback's name, its class, its custom id or its type.

    Not its label, and no id that py-cord made up: a name must not change with every message.
    """
    callback = getattr(item.callback, "func", item.callback)  # of a decorated method
    name = getattr(callback, "__name__", "")
    if name and name != "callback":
        return str(name)
    if not type(item).__module__.startswith("discord."):
        return type(item).__name__
    if getattr(item, "_provided_custom_id", False):
        return str(item.custom_id)
    return type(item).__name__
