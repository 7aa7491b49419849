"""What the buttons, selects and modals of discord.py and its forks have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import NONE_NEW, Action, Actions, running
from changeover.integrations.hooks import Hooks
from changeover.integrations.platform import shard_of
from changeover.route.router import Choice


class Watcher:
    """Makes each use of one view or modal an action, and hears what goes wrong in it.

    Only instances are touched: a class would be every bot's of the process.

    Args:
        actions: begins and ends the actions.
        hooks: what is put on views is taken back with the rest.
        bot: whose shards are meant.
    """

    def __init__(self, actions: Actions, hooks: Hooks, bot: Any) -> None:
        self.actions = actions
        self._hooks = hooks
        self._bot = bot

    def watch(self, part: Any, made_by: Choice, *, method: str = "_scheduled_task") -> None:
        """Watch a view or a modal.

        Args:
            part: which.
            made_by: the system of what made it, which is its own, too.
            method: what the library calls: with an item and an interaction for a view, with the
                interaction first for a modal.
        """
        if self._hooks.has(part, method) or not self.actions.is_attached:
            return
        run, actions = getattr(part, method), self.actions

        async def used(*args: Any) -> Any:
            if not actions.is_attached:
                return await run(*args)
            items = () if hasattr(args[0], "guild_id") else args[:1]
            name = " ".join([type(part).__name__, *map(item_name, items)])
            return await self.act(name, args[len(items)], made_by, run, *args)

        self._hooks.put(part, method, used)
        if method == "_scheduled_task":
            self._hear(part)

    def watch_added(self, part: Any, *, method: str = "_scheduled_task") -> None:
        """Watch what is given to the client now: it is of the system that runs."""
        try:
            action = running()
            self.watch(part, (action and action.choice) or NONE_NEW, method=method)
        except Exception as trouble:  # noqa: BLE001  # it works without us
            self.actions.guard.caught("attach.view", trouble)

    async def act(
        self,
        name: str,
        interaction: Any,
        made_by: Choice,
        work: Callable[..., Awaitable[Any]],
        *args: Any,
    ) -> Any:
        """Await `work(*args)` as a use of a component of this name."""

        def describe(action: Action) -> None:
            action.name = name
            action.shard = shard_of(interaction.guild_id, self._bot.shard_count)

        async def chosen(*args: Any) -> Any:
            action = running()
            if action is not None:
                action.choice = made_by  # and of what this makes
            return await work(*args)

        return await self.actions.act(Kind.COMPONENT, describe, chosen, *args)

    def _hear(self, part: Any) -> None:
        on_error = part.on_error

        async def observe_error(*args: Any) -> None:
            for arg in args:  # among the item and the interaction, in each library's own order
                if isinstance(arg, BaseException):
                    self.actions.fail(arg)
            await on_error(*args)

        self._hooks.put(part, "on_error", observe_error)
        if hasattr(part, "interaction_check"):
            check = part.interaction_check

            async def observe_check(interaction: Any, /) -> Any:
                is_allowed = await check(interaction)
                action = running()
                if not is_allowed and action is not None:
                    action.outcome, action.stopped_ns = Outcome.DENIED, self.actions.now_ns()
                return is_allowed

            self._hooks.put(part, "interaction_check", observe_check)


def item_name(item: Any) -> str:
    """What its author calls it: the callback's name, its class, its custom id or its type.

    Not its label, and no id that the library made up: a name must not change with every message.
    """
    callback = item.callback
    for inner in ("callback", "func"):  # of a decorated method
        callback = getattr(callback, inner, callback)
    name = getattr(callback, "__name__", "")
    if name and name != "callback":
        return str(name)
    if type(item).__module__.partition(".")[0] not in ("discord", "disnake", "nextcord"):
        return type(item).__name__
    if getattr(item, "_provided_custom_id", False):
        return str(item.custom_id)
    return type(item).__name__
