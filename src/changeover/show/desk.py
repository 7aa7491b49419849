"""The desk between the endpoints and the readings: what is read, in which thread, for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from changeover.core.clock import Clock
from changeover.core.errors import BadValueError, Guard, StoreUnavailableError
from changeover.core.model import MetricQuery, Timeline
from changeover.core.threads import in_thread
from changeover.core.window import Window, parse_window
from changeover.show.command import read_command
from changeover.show.health import silent_report
from changeover.show.problems import bad_value, encode, store_unavailable
from changeover.show.prometheus import exposition
from changeover.show.readings import HealthReport, Readings
from changeover.show.records import records_view
from changeover.show.snapshot import snapshot
from changeover.show.stream import Rendered, render
from changeover.show.views import features_view, summary_view
from changeover.show.workers import Shared, Workers

T = TypeVar("T")


class Desk:
    """Answers from the readings; windows are read once for all who ask within `share_s`.

    Args:
        readings: where everything is read from.
        clock: for `as_of`, ages and sharing.
        guard: counts a health reading that failed.
        share_s: how long one reading serves.
        health_within_s: how long `/health` waits for its reading.
    """

    def __init__(
        self,
        readings: Readings,
        *,
        clock: Clock,
        guard: Guard,
        share_s: float = 1.0,
        health_within_s: float = 1.0,
    ) -> None:
        self._readings = readings
        self._clock = clock
        self._guard = guard
        self._health_within_s = health_within_s
        self._workers = Workers()
        self._summaries = Shared(self._read_summary, clock=clock, keep_s=share_s)
        self._snapshots = Shared(self._read_snapshot, clock=clock, keep_s=share_s)
        self._health = Shared(self._read_health, clock=clock, keep_s=0.0)

    async def health(self) -> HealthReport:
        """The health report; a degraded one when the reading fails or does not come.

        In a thread of its own, not among the workers: these may all wait for a store.
        """
        try:
            return await asyncio.wait_for(self._health.get(""), self._health_within_s)
        except TimeoutError:
            detail = f"The health reading did not answer within {self._health_within_s:g} s."
        except Exception as error:  # noqa: BLE001  # counted; a monitor's trouble never fails /health
            self._guard.caught("show.health", error)
            detail = "The health reading failed; the log says why."
        return silent_report(
            detail,
            loop_silent_s=self._readings.loop_silent_s(),
            blocked_after_s=self._readings.blocked_after_s,
        )

    async def summary(self, window: str) -> bytes:
        """`/health/commands` as JSON."""
        return await self._summaries.get(window)

    async def snapshot(self, window: str) -> Rendered:
        """`/api/snapshot`, encoded."""
        return await self._snapshots.get(window)

    async def features(self) -> bytes:
        """`/health/features` as JSON."""
        readings, now_ns = self._readings, self._clock.wall_ns()
        return await self._read(lambda: encode(features_view(readings.flags(), now_ns)))

    async def records(self, query: MetricQuery) -> bytes:
        """One page of `/health/metrics/{type}` as JSON."""
        readings, now_ns = self._readings, self._clock.wall_ns()
        return await self._read(lambda: encode(records_view(query, readings.newest(query), now_ns)))

    async def command(self, name: str, window: Window) -> bytes:
        """`/api/commands/{name}` as JSON."""
        readings, now_ns = self._readings, self._clock.wall_ns()
        return await self._read(lambda: encode(read_command(readings, name, window, now_ns)))

    async def exposition(self) -> bytes:
        """`/metrics`."""
        return await self._read(lambda: exposition(self._readings, self._clock.wall_ns()))

    async def _read(self, read: Callable[[], T]) -> T:
        try:
            return await self._workers.run(read)
        except BadValueError as error:
            raise bad_value(error) from error
        except StoreUnavailableError as error:
            raise store_unavailable() from error

    async def _read_health(self, _: str) -> HealthReport:
        return await in_thread(self._readings.health)

    async def _read_summary(self, window: str) -> bytes:
        return await self._read(lambda: self._summary(parse_window(window)))

    async def _read_snapshot(self, window: str) -> Rendered:
        return await self._read(
            lambda: render(snapshot(self._readings, parse_window(window), self._clock.wall_ns()))
        )

    def _summary(self, window: Window) -> bytes:
        readings = self._readings
        view = summary_view(
            readings.summary(window),
            window=window,
            timeline=self._timeline(window),
            resource=readings.resource(),
            commands=readings.commands(),
            now_ns=self._clock.wall_ns(),
        )
        return encode(view)

    def _timeline(self, window: Window) -> Timeline | None:
        try:
            return self._readings.timeline(window)
        except StoreUnavailableError:  # only the memory over the window comes from it
            return None
