"""Work in a thread for a loop that must not wait: the server's, or the bot's."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, name: str = "changeover-read") -> T:
    """Call a function in a thread of its own and give back what it gave or raised.

    A daemon thread, not `asyncio.to_thread`: the interpreter waits for that one's threads at
    exit, and work that hangs on a locked file would keep the bot from ending. And that one's
    threads are the bot's, too, and few.

    Raises:
        RuntimeError: no thread is to be had.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001  # it is the caller's, and goes there
            _post(loop, future, partial(future.set_exception, error))
        else:
            _post(loop, future, partial(future.set_result, result))

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future


def _post(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[T], settle: Callable[[], None]
) -> None:
    def settle_once() -> None:
        if not future.done():  # else whoever waited was cancelled
            settle()

    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile; nobody waits
        loop.call_soon_threadsafe(settle_once)
