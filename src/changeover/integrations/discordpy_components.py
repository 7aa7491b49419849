"""Buttons, selects and modals of discord.py: each use of one is an action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from changeover.integrations.actions import NONE_NEW, Actions
from changeover.integrations.family_components import Watcher
from changeover.integrations.hooks import Hooks


class Components:
    """Watches the views that a client listens to, through its view store."""

    def __init__(self, actions: Actions, hooks: Hooks, bot: Any) -> None:
        self._actions = actions
        self._hooks = hooks
        self._watcher = Watcher(actions, hooks, bot)

    def watch(self, store: Any) -> None:
        """Watch the views of a store, and those that are added later."""
        for view in list(_views(store)):
            self._watcher.watch(view, NONE_NEW)
        add, call = store.add_view, store.schedule_dynamic_item_call

        def add_view(view: Any, *args: Any, **kwargs: Any) -> None:
            self._watcher.watch_added(view)
            add(view, *args, **kwargs)

        async def schedule(kind: int, factory: Any, interaction: Any, *args: Any) -> None:
            if not self._actions.is_attached:
                await call(kind, factory, interaction, *args)
                return
            observed = _DynamicFactory(self._actions, factory)
            named = (factory.__name__, interaction, NONE_NEW, call)
            await self._watcher.act(*named, kind, observed, interaction, *args)

        self._hooks.put(store, "add_view", add_view)
        self._hooks.put(store, "schedule_dynamic_item_call", schedule)


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


def _views(store: Any) -> Iterator[Any]:
    for items in store._views.values():  # noqa: SLF001  # public only for persistent ones
        for item in items.values():
            if item.view is not None:
                yield item.view
    yield from store._modals.values()  # noqa: SLF001
