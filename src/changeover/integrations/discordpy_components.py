"""Buttons, selects and modals: each use of one is an action, named by its view and item."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import NONE_NEW, Action, Actions, running
from changeover.integrations.hooks import Hooks
from changeover.route.router import Choice


class Components:
    """Watches the views that a client listens to, through its view store.

    Only instances are touched: a class would be every bot's of the process.
    """

    def __init__(self, actions: Actions, hooks: Hooks, shards: int | None) -> None:
        self._actions = actions
        self._hooks = hooks
        self._shards = shards

    def watch(self, store: Any) -> None:
        """Watch the views of a store, and those that are added later."""
        for view in list(_views(store)):
            self._watch_view(view, NONE_NEW)
        add, call = store.add_view, store.schedule_dynamic_item_call

        def add_view(view: Any, *args: Any, **kwargs: Any) -> None:
            try:
                action = running()
                self._watch_view(view, (action and action.choice) or NONE_NEW)
            except Exception as trouble:  # noqa: BLE001  # the view works without us
                self._actions.guard.caught("attach.view", trouble)
            add(view, *args, **kwargs)

        async def schedule(kind: int, factory: Any, interaction: Any, *args: Any) -> None:
            if not self._actions.is_attached:
                await call(kind, factory, interaction, *args)
                return
            watched = _DynamicFactory(self._actions, factory)
            tell = partial(self._describe, interaction, factory.__name__)
            work = partial(_made_by, NONE_NEW, call)
            await self._actions.act(Kind.COMPONENT, tell, work, kind, watched, interaction, *args)

        self._hooks.put(store, "add_view", add_view)
        self._hooks.put(store, "schedule_dynamic_item_call", schedule)

    def _watch_view(self, view: Any, made_by: Choice) -> None:
        if self._hooks.has(view, "_scheduled_task") or not self._actions.is_attached:
            return
        run, on_error, check = view._scheduled_task, view.on_error, view.interaction_check  # noqa: SLF001  # what the store starts
        actions, hooks = self._actions, self._hooks

        async def scheduled(*args: Any) -> Any:
            if not actions.is_attached:
                return await run(*args)
            item, interaction = (None, args[0]) if view.__discord_ui_modal__ else args[:2]
            name = type(view).__name__ + (f" {_item_name(item)}" if item is not None else "")
            tell = partial(self._describe, interaction, name)
            return await actions.act(Kind.COMPONENT, tell, partial(_made_by, made_by, run), *args)

        async def observe_error(interaction: Any, error: Exception, *args: Any) -> None:
            actions.fail(error)
            await on_error(interaction, error, *args)

        async def observe_check(interaction: Any, /) -> bool:
            is_allowed: bool = await check(interaction)
            action = running()
            if not is_allowed and action is not None:
                action.outcome, action.stopped_ns = Outcome.DENIED, actions.now_ns()
            return is_allowed

        hooks.put(view, "_scheduled_task", scheduled)
        hooks.put(view, "on_error", observe_error)
        hooks.put(view, "interaction_check", observe_check)

    def _describe(self, interaction: Any, name: str, action: Action) -> None:
        action.name = name
        action.shard = shard_of(interaction.guild_id, self._shards)


async def _made_by(choice: Choice, work: Any, *args: Any) -> Any:
    """A component is of the system that made its view, and so is what it makes."""
    action = running()
    if action is not None:
        action.choice = choice
    return await work(*args)


class _DynamicFactory:
    """A dynamic item's class for one use: the item it makes tells of its errors."""

    def __init__(self, actions: Actions, factory: Any) -> None:
        self._actions = actions
        self._factory = factory

    def __repr__(self) -> str:
        return repr(self._factory)

    async def from_custom_id(self, *args: Any) -> Any:
        try:
            item = await self._factory.from_custom_id(*args)
        except Exception as error:
            self._actions.fail(error)
            raise
        callback = item.callback

        async def observed(interaction: Any) -> None:
            try:
                await callback(interaction)
            except Exception as error:
                self._actions.fail(error)
                raise

        item.callback = observed  # made for this one use
        return item


def shard_of(guild_id: int | None, shards: int | None) -> int:
    """The shard that a guild's events come through; direct messages come through the first.

    Source: Discord's reference, "Sharding".
    """
    return 0 if guild_id is None or not shards else (guild_id >> 22) % shards


def _item_name(item: Any) -> str:
    """What its author calls it: the callback's name, its class, its custom id or its type.

    Not its label, and no id that discord.py made up: a name must not change with every message.
    """
    callback = getattr(item.callback, "callback", item.callback)  # of a decorated method
    name = getattr(callback, "__name__", "")
    if name and name != "callback":
        return str(name)
    if not type(item).__module__.startswith("discord."):
        return type(item).__name__
    if getattr(item, "_provided_custom_id", False):
        return str(item.custom_id)
    return type(item).__name__


def _views(store: Any) -> Iterator[Any]:
    for items in store._views.values():  # noqa: SLF001  # public only for persistent ones
        for item in items.values():
            if item.view is not None:
                yield item.view
    yield from store._modals.values()  # noqa: SLF001
