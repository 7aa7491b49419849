"""Points the discord.py of this process, or its kin, at a loopback Discord; alone imports it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

from changeover.core.errors import MissingExtraError
from changeover.demo.loopback.errors import LoopbackError

_LIBRARIES = ("discord", "disnake", "nextcord")  # py-cord goes by the name of discord.py
_GUILDS_READY_S = 0.05
"""All guilds arrive at once here, so there is nothing to wait for (discord.py waits 2 s)."""

_CLOSE_S = 0.5
"""How long a bot that was closed may take to end by itself."""

_CLOSED = "Session is closed"
"""What py-cord raises if it tries to reconnect while it closes: it closes its HTTP session first,
and only then says that it is closed. Source: py-cord 2.8, `Client.close`."""


@contextlib.contextmanager
def pointed_at(url: str, gateway_url: str) -> Iterator[None]:
    """Let discord.py talk to `url` while inside, and to whom it talked before afterwards.

    Or the other libraries that this process has imported, all of which are its kin.
    """
    with contextlib.ExitStack() as undo:
        for library in _libraries():
            _point(undo, library, url, gateway_url)
        yield


def _libraries() -> list[str]:
    """Those that are imported; if none is, the first that is installed."""
    found = [name for name in _LIBRARIES if name in sys.modules]
    found = found or [name for name in _LIBRARIES if importlib.util.find_spec(name)][:1]
    if not found:
        raise MissingExtraError("pointing discord.py at a loopback Discord", "discord")
    return found


def _point(undo: contextlib.ExitStack, library: str, url: str, gateway_url: str) -> None:
    route = importlib.import_module(f"{library}.http").Route
    socket = importlib.import_module(f"{library}.gateway").DiscordWebSocket
    # py-cord has its own name for the first; only discord.py does not ask the API for the second.
    base = "BASE" if hasattr(route, "BASE") else "API_BASE_URL"
    _set(undo, route, base, f"{url}/api/v10")
    if hasattr(socket, "DEFAULT_GATEWAY"):
        _set(undo, socket, "DEFAULT_GATEWAY", type(socket.DEFAULT_GATEWAY)(gateway_url))
    _set(undo, importlib.import_module(f"{library}.asset").Asset, "BASE", f"{url}/cdn")


@contextlib.asynccontextmanager
async def connected(bot: Any, token: str, timeout_s: float) -> AsyncIterator[None]:
    """Run a `discord.Client` while inside, from the moment it is ready.

    Raises:
        LoopbackError: it is not ready in time, or stops before that.
        discord.DiscordException: what `bot.start` raised.
    """
    state = bot._connection  # noqa: SLF001 - the timeout can only be given to the constructor
    state.guild_ready_timeout = min(state.guild_ready_timeout, _GUILDS_READY_S)
    async with contextlib.AsyncExitStack() as ending:
        if hasattr(bot, "__aenter__"):  # disnake and nextcord have none
            await ending.enter_async_context(bot)
        running = asyncio.create_task(bot.start(token), name="loopback bot")
        try:
            await _until_ready(bot, running, timeout_s)
            yield
        finally:
            await bot.close()
            failure = await _end_of(running)
    if failure is not None and str(failure) != _CLOSED:
        raise failure


async def _end_of(running: asyncio.Task[None]) -> BaseException | None:
    """Wait for a closed bot to end, and return what it raised, if anything."""
    await asyncio.wait([running], timeout=_CLOSE_S)
    if not running.done():  # closed within its setup_hook, which nobody else ends
        running.cancel()
        await asyncio.wait([running])
    return None if running.cancelled() else running.exception()


async def _until_ready(bot: Any, running: asyncio.Task[None], timeout_s: float) -> None:
    ready = asyncio.create_task(bot.wait_until_ready())
    await asyncio.wait([running, ready], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    is_ready = ready.done() and not ready.cancelled() and ready.exception() is None
    ready.cancel()
    if running.done():
        running.result()
        raise LoopbackError("the bot stopped before it was ready")
    if not is_ready:
        raise LoopbackError(f"the bot was not ready within {timeout_s:g} s")


def _set(undo: contextlib.ExitStack, owner: Any, name: str, value: Any) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)
