"""What a client knows of its gateway, read from outside: nothing here runs on the bot's loop."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.model import Gateway

_MOST_WARNINGS = 10_000
_LIMITED = "rate limit"  # in each of the library's warnings about one


class GatewayWatch:
    """Latencies, reconnects and rate limits of one client.

    A shard's first latency is not told where there are several: the library sends the first
    heartbeat at once, and reads its answer after the pause of 5 s between two shards.

    Args:
        client: which.
        discord: its library.
        clock: for the window of the rate limits.
    """

    def __init__(self, client: Any, discord: Any, clock: Clock) -> None:
        self._client = client
        self._discord = discord
        self._now_ns = clock.monotonic_ns
        self._sockets: dict[int, _Socket] = {}
        self._reconnects = 0
        self._warned_ns: deque[int] = deque(maxlen=_MOST_WARNINGS)
        self._logger = logging.getLogger(f"{discord.__name__}.http")

    def start(self) -> None:
        """Listen to warnings: as a filter, since a handler would silence Python's own last one."""
        self._logger.addFilter(self._hear)

    def stop(self) -> None:
        """Listen no more."""
        self._logger.removeFilter(self._hear)

    def look(self) -> None:
        """Note new connections and answered heartbeats."""
        with suppress(RuntimeError):  # a shard was added in this moment: seen the next time
            for shard, socket in _sockets(self._client, self._discord):
                known = self._sockets.get(shard)
                if known is None or known.socket is not socket:
                    self._reconnects += known is not None
                    known = self._sockets[shard] = _Socket(socket)
                known.look()

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that the client runs on; None while it does not."""
        loop = getattr(self._client, "loop", None)
        if isinstance(loop, asyncio.AbstractEventLoop) and loop.is_running():
            return loop
        return None  # py-cord names one that may never run

    def read(self, window_s: float) -> Gateway:
        """What is known now."""
        self.look()
        client = self._client
        is_sharded = isinstance(client, self._discord.AutoShardedClient)
        since_ns = self._now_ns() - round(window_s * NS_PER_S)
        return Gateway(
            ready=client.is_ready() and not client.is_closed(),
            latency_ns={
                shard: socket.latency_ns(is_sharded) for shard, socket in self._sockets.items()
            },
            guilds=len(client.guilds),
            reconnects=self._reconnects,
            rate_limited=sum(at_ns >= since_ns for at_ns in list(self._warned_ns)),
        )

    def _hear(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING and _LIMITED in str(record.msg).lower():
            self._warned_ns.append(self._now_ns())
        return True


class _Socket:
    """One connection of one shard."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self._first_ack: float | None = None
        self._is_old = False

    def look(self) -> None:
        """See whether a second heartbeat has been answered."""
        heart = getattr(self.socket, "_keep_alive", None)
        if heart is None or not math.isfinite(heart.latency):
            return
        ack = heart._last_ack  # noqa: SLF001  # nothing public tells one answer from the next
        if self._first_ack is None:
            self._first_ack = ack
        self._is_old = self._is_old or ack != self._first_ack

    def latency_ns(self, is_sharded: bool) -> int | None:
        """Of the last heartbeat; None while nothing true is known."""
        latency_s: float = self.socket.latency
        if not math.isfinite(latency_s) or (is_sharded and not self._is_old):
            return None
        return round(latency_s * NS_PER_S)


def _sockets(client: Any, discord: Any) -> Iterator[tuple[int, Any]]:
    """The connection of each shard that has one."""
    if isinstance(client, discord.AutoShardedClient):
        for shard, info in client.shards.items():
            yield shard, info._parent.ws  # noqa: SLF001  # ShardInfo tells no identity
    elif isinstance(client.ws, discord.gateway.DiscordWebSocket):
        yield client.shard_id or 0, client.ws
