"""Readings run in threads, so that a slow store never stops the server's loop, and are shared."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Generic, NamedTuple, TypeVar

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.threads import in_thread
from changeover.show.problems import RefusedError

T = TypeVar("T")


class Workers:
    """Runs a few readings at a time and lets a bounded number wait.

    Few, because every busy thread takes the interpreter from the bot's loop for some
    milliseconds at a time.
    """

    AT_ONCE = 3
    MOST_WAITING = 64

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(self.AT_ONCE)
        self._waiting = 0

    async def run(self, read: Callable[[], T]) -> T:
        """Call the function in a thread; raises `RefusedError` (503) when too many wait."""
        slots = self._of_this_loop()
        if self._waiting >= self.MOST_WAITING:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy",
                "too many readings wait already",
                headers={"retry-after": "2"},
            )
        self._waiting += 1
        try:
            await slots.acquire()
        finally:
            self._waiting -= 1
        try:
            return await in_thread(read)
        finally:
            slots.release()

    def _of_this_loop(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # served again by another server, in another loop
            self._loop, self._slots, self._waiting = loop, asyncio.Semaphore(self.AT_ONCE), 0
        return self._slots


class _Shared(NamedTuple, Generic[T]):
    task: asyncio.Task[T]
    asked_ns: int


class Shared(Generic[T]):
    """One reading for all who ask for the same key within a moment.

    Args:
        read: makes the value for a key; awaited in a task of its own, so that one impatient
            client does not cancel it for the others.
        clock: for the moment.
        keep_s: how long a value is given out again.
    """

    MOST_KEYS = 16

    def __init__(self, read: Callable[[str], Awaitable[T]], *, clock: Clock, keep_s: float) -> None:
        self._read = read
        self._clock = clock
        self._keep_ns = round(keep_s * NS_PER_S)
        self._kept: OrderedDict[str, _Shared[T]] = OrderedDict()

    async def get(self, key: str) -> T:
        """The value, at most `keep_s` old when it was asked for; raises what `read` raises."""
        kept = self._kept.get(key)
        if kept is None or not self._is_fresh(kept):
            kept = self._start(key)
        return await asyncio.shield(kept.task)

    def _is_fresh(self, kept: _Shared[T]) -> bool:
        task = kept.task
        if task.get_loop() is not asyncio.get_running_loop():
            return False
        if not task.done():
            return True
        is_old = self._clock.monotonic_ns() - kept.asked_ns >= self._keep_ns
        return not is_old and not task.cancelled() and task.exception() is None

    def _start(self, key: str) -> _Shared[T]:
        task = asyncio.ensure_future(self._await(key))
        task.add_done_callback(_retrieve)
        kept = self._kept[key] = _Shared(task, self._clock.monotonic_ns())
        self._kept.move_to_end(key)
        if len(self._kept) > self.MOST_KEYS:
            self._kept.popitem(last=False)
        return kept

    async def _await(self, key: str) -> T:
        return await self._read(key)


def _retrieve(task: asyncio.Task[T]) -> None:
    """Look at the error, which all who asked may have left meanwhile, so that nobody warns."""
    if not task.cancelled():
        task.exception()
