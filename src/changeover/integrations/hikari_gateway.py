"""What hikari knows of its gateway, and when its bot starts and stops, by its own events."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import hikari

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.model import Gateway

_MOST_WARNINGS = 10_000
_LOGGERS = ("hikari.rest", "hikari.ratelimits")
_LIMITED = "rate limited"  # in each of their warnings about a limit that was hit

Listener = Callable[[Any], Any]


class GatewayWatch:
    """Latencies, reconnects and rate limits of one bot, and its loop.

    Args:
        app: the bot.
        clock: for the window of the rate limits.

    Attributes:
        loop: the bot's event loop; None before it starts.
    """

    def __init__(self, app: Any, clock: Clock | None = None) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._app = app
        self._now_ns = (clock or SystemClock()).monotonic_ns
        self._greeted: set[int] = set()
        self._reconnects = 0
        self._warned_ns: deque[int] = deque(maxlen=_MOST_WARNINGS)
        self._listeners: list[tuple[Any, Listener]] = []

    def start(self, on_close: Callable[[], None]) -> None:
        """Listen; `on_close` is called in a thread when the bot has stopped."""
        if self._app.is_alive:
            self._note_what_runs()

        async def on_starting(_event: hikari.StartingEvent) -> None:
            self.loop = asyncio.get_running_loop()

        async def on_shard(event: hikari.ShardReadyEvent | hikari.ShardResumedEvent) -> None:
            self._reconnects += event.shard.id in self._greeted
            self._greeted.add(event.shard.id)

        async def on_stopped(_event: hikari.StoppedEvent) -> None:
            await asyncio.to_thread(on_close)

        self._listeners = [
            (hikari.StartingEvent, on_starting),
            (hikari.ShardReadyEvent, on_shard),
            (hikari.ShardResumedEvent, on_shard),
            (hikari.StoppedEvent, on_stopped),
        ]
        for event, listener in self._listeners:
            self._app.event_manager.subscribe(event, listener)
        for name in _LOGGERS:  # as a filter, since a handler would silence Python's own last one
            logging.getLogger(name).addFilter(self._hear)

    def stop(self) -> None:
        """Listen no more."""
        for event, listener in self._listeners:
            with suppress(ValueError):  # somebody removed it
                self._app.event_manager.unsubscribe(event, listener)
        self._listeners = []
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._hear)

    def is_ready(self) -> bool:
        """Whether every shard is connected and greeted."""
        shards = list(self._app.shards.values())
        return bool(self._app.is_alive and shards and all(s.is_connected for s in shards))

    def read(self, window_s: float) -> Gateway:
        """What is known now."""
        since_ns = self._now_ns() - round(window_s * NS_PER_S)
        return Gateway(
            ready=self.is_ready(),
            latency_ns={s.id: _ns(s.heartbeat_latency) for s in list(self._app.shards.values())},
            guilds=len(self._app.cache.get_guilds_view()),
            reconnects=self._reconnects,
            rate_limited=sum(at_ns >= since_ns for at_ns in list(self._warned_ns)),
        )

    def _note_what_runs(self) -> None:
        self._greeted.update(shard.id for shard in self._app.shards.values() if shard.is_connected)
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:  # attached from another thread: the next start tells
            self.loop = None

    def _hear(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING and _LIMITED in str(record.msg).lower():
            self._warned_ns.append(self._now_ns())
        return True


def _ns(latency_s: float) -> int | None:
    """A latency; None for the NaN before the first answered heartbeat."""
    return round(latency_s * NS_PER_S) if math.isfinite(latency_s) else None
