"""Whether the bot has finished with what it was told: seen in its tasks, without patching it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

_Task = asyncio.Task[Any]

_HANDLERS = (
    "discord.py: ",
    "pycord: ",
    "disnake: ",
    "nextcord: ",
    "CommandTree-invoker",
    "discord-ui-view-dispatch",
    "discord-ui-modal-dispatch",
    "discord-ui-dynamic-item",
    "disnake-ui-view-dispatch",
    "disnake-ui-modal-dispatch",
)
"""How discord.py names the tasks that run a bot's code. Source: discord.py 2.4 to 2.7,
`Client._schedule_event`, `CommandTree._from_interaction`, `View._dispatch_item` and so on; the
others (py-cord 2.8, disnake 2.12, nextcord 2.6) have names of their own for some."""

_NAMELESS = ("ModalStore.dispatch",)
"""Coroutines in tasks without a name. Source: py-cord 2.8, `parse_interaction_create`."""


class HandlerWatch:
    """Knows the event loops on which bots run, and waits until their handlers are done.

    discord.py makes the task of each handler before it ends the one that led to it, so when no
    new task is left, nothing will come of the event any more. Only tasks count that were not
    there before it: an `on_ready` that never ends delays nobody.
    """

    def __init__(self) -> None:
        self._loops: Counter[asyncio.AbstractEventLoop] = Counter()

    @property
    def knows_bots(self) -> bool:
        """Whether any bot runs in this process under our eyes."""
        return bool(self._loops)

    def add(self, loop: asyncio.AbstractEventLoop) -> None:
        """A bot starts on this loop."""
        self._loops[loop] += 1

    def remove(self, loop: asyncio.AbstractEventLoop) -> None:
        """A bot on this loop has ended."""
        self._loops[loop] -= 1
        if not self._loops[loop]:
            del self._loops[loop]

    def now(self) -> set[_Task]:
        """The handlers at work on all loops."""
        return {task for loop in list(self._loops) for task in _handlers(loop)}

    async def idle(self, before: set[_Task]) -> None:
        """Wait until every handler is done but those of `before`."""
        for loop in list(self._loops):
            if loop is asyncio.get_running_loop():
                await _idle(before)
            else:
                elsewhere = asyncio.run_coroutine_threadsafe(_idle(before), loop)
                await asyncio.wrap_future(elsewhere)


async def _idle(before: set[_Task]) -> None:
    while pending := _handlers(asyncio.get_running_loop()) - before:
        await asyncio.wait(pending)


def _handlers(loop: asyncio.AbstractEventLoop) -> set[_Task]:
    return {task for task in asyncio.all_tasks(loop) if _is_handler(task)}


def _is_handler(task: _Task) -> bool:
    coroutine = getattr(task.get_coro(), "__qualname__", "")
    return task.get_name().startswith(_HANDLERS) or coroutine in _NAMELESS
