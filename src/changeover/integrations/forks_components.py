"""Buttons, selects and modals of disnake and nextcord: each use of one is an action."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.hooks import Hooks
from changeover.route.router import Choice


class Components:
    """Watches the views and modals that a client listens to, through its connection's state.

    The state has a store for each, but nextcord makes a new one at every login. Only instances are touched: a class would be every bot's of the process.
    """

    def __init__(self, actions: Actions, hooks: Hooks, shards: int | None) -> None:
        self._actions = actions
        self._hooks = hooks
        self._shards = shards

    def watch(self, state: Any) -> None:
        """Watch what the client listens to, and what is added later."""
        for part in list(_stored(state)):
            self._watch_part(part, None)
        self._watch_added(state, "store_view")
        self._watch_added(state, "store_modal")

    def _watch_added(self, state: Any, method: str) -> None:
        add = getattr(state, method)

        def added(*args: Any, **kwargs: Any) -> None:
            try:
                action = running()
                made_by = action.choice if action is not None else None
                for part in (*args, *kwargs.values()):  # one is the view or modal, one an id
                    if hasattr(part, "_scheduled_task"):
                        self._watch_part(part, made_by)
            except Exception as trouble:  # noqa: BLE001  # the view works without us
                self._actions.guard.caught("attach.view", trouble)
            add(*args, **kwargs)

        self._hooks.put(state, method, added)

    def _watch_part(self, part: Any, made_by: Choice | None) -> None:
        if not hasattr(part, "__dict__"):  # a bare disnake.ui.Modal, which has no callback either
            return
        if self._hooks.has(part, "_scheduled_task") or not self._actions.is_attached:
            return
        run, on_error = part._scheduled_task, part.on_error  # noqa: SLF001  # what the store starts
        actions = self._actions

        async def scheduled(*args: Any) -> Any:  # (item, interaction), or (interaction) of a modal
            if not actions.is_attached:
                return await run(*args)
            name = " ".join([type(part).__name__, *map(_item_name, args[:-1])])
            tell = partial(self._describe, args[-1], name, made_by)
            return await actions.act(Kind.COMPONENT, tell, run, *args)

        async def observe_error(error: Exception, *args: Any) -> None:
            actions.fail(error)
            await on_error(error, *args)

        self._hooks.put(part, "_scheduled_task", scheduled)
        self._hooks.put(part, "on_error", observe_error)
        if hasattr(part, "interaction_check"):
            self._hooks.put(part, "interaction_check", self._observed_check(part.interaction_check))

    def _observed_check(self, check: Any) -> Any:
        async def observe_check(interaction: Any, /) -> bool:
            is_allowed: bool = await check(interaction)
            action = running()
            if not is_allowed and action is not None:
                action.outcome, action.stopped_ns = Outcome.DENIED, self._actions.now_ns()
            return is_allowed

        return observe_check

    def _describe(
        self, interaction: Any, name: str, made_by: Choice | None, action: Action
    ) -> None:
        action.name, action.choice = name, made_by
        action.shard = shard_of(interaction.guild_id, self._shards)


def shard_of(guild_id: int | None, shards: int | None) -> int:
    """The shard that a guild's events come through; direct messages come through the first.

    Source: Discord's reference, "Sharding".
    """
    return 0 if guild_id is None or not shards else (guild_id >> 22) % shards


def _item_name(item: Any) -> str:
    """What its author calls it: the callback's name, its class, its custom id or its type.

    Not its label, and no id that the library made up: a name must not change with every message.
    """
    callback = getattr(item.callback, "func", item.callback)  # of a decorated method
    name = getattr(callback, "__name__", "")
    if name and name != "callback":
        return str(name)
    if not type(item).__module__.startswith(("disnake.", "nextcord.")):
        return type(item).__name__
    if getattr(item, "_provided_custom_id", False):
        return str(item.custom_id)
    return type(item).__name__


def _stored(state: Any) -> Iterator[Any]:
    for view, _item in state._view_store._views.values():  # noqa: SLF001  # public: the persistent
        yield view
    yield from state._modal_store._modals.values()  # noqa: SLF001
