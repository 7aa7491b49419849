"""Points the discord.py or py-cord of this process at a loopback Discord; alone imports it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from changeover.core.errors import MissingExtraError
from changeover.demo.loopback.errors import LoopbackError

_GUILDS_READY_S = 0.05
"""All guilds arrive at once here, so there is nothing to wait for (discord.py waits 2 s)."""

_CLOSE_S = 0.5
"""How long a bot that was closed may take to end by itself."""


@contextlib.contextmanager
def pointed_at(url: str, gateway_url: str) -> Iterator[None]:
    """Let discord.py talk to `url` while inside, and to whom it talked before afterwards."""
    try:
        # Here, because the server itself works without discord.py.
        import yarl  # noqa: PLC0415
        from discord import asset  # noqa: PLC0415
        from discord.gateway import DiscordWebSocket  # noqa: PLC0415
        from discord.http import Route  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("pointing discord.py at a loopback Discord", "discord") from missing
    with contextlib.ExitStack() as undo:
        # py-cord has its own name for the first, and asks the API for the second.
        base = "BASE" if hasattr(Route, "BASE") else "API_BASE_URL"
        _set(undo, Route, base, f"{url}/api/v10")
        if hasattr(DiscordWebSocket, "DEFAULT_GATEWAY"):
            _set(undo, DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(gateway_url))
        _set(undo, asset.Asset, "BASE", f"{url}/cdn")
        yield


@contextlib.asynccontextmanager
async def connected(bot: Any, token: str, timeout_s: float) -> AsyncIterator[None]:
    """Run a `discord.Client` while inside, from the moment it is ready.

    Raises:
        LoopbackError: it is not ready in time, or stops before that.
        discord.DiscordException: what `bot.start` raised.
    """
    state = bot._connection  # noqa: SLF001 - the timeout can only be given to the constructor
    state.guild_ready_timeout = min(state.guild_ready_timeout, _GUILDS_READY_S)
    async with bot:
        running = asyncio.create_task(bot.start(token), name="loopback bot")
        try:
            await _until_ready(bot, running, timeout_s)
            yield
        finally:
            await bot.close()
            failure = await _end_of(running)
    if failure is not None:
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
