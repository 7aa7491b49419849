"""The road of the data in one process: from the collector to memory, the judge and the writer."""

from __future__ import annotations

import threading

from changeover.aggregate.summaries import Summaries
from changeover.core.clock import Clock
from changeover.core.model import Batch, Instance
from changeover.core.ports import Telemetry
from changeover.core.process import Every
from changeover.record.collector import Drained, MetricsCollector
from changeover.record.resources import ResourceSampler
from changeover.service.moving import Moving
from changeover.store.writer import Writer

SAMPLE_EVERY_S = 30.0


class Road:
    """Takes what was recorded, here and elsewhere, to everybody who counts or judges it.

    Args:
        metrics: what the bot's road appends to.
        sampler: of resources.
        summaries: counts.
        moving: judges.
        writer: stores.
        telemetry: what others stored.
        instance: this process.
        has_bot: whether this process records, or only looks on.
        clock: for when a sample is due.
    """

    def __init__(
        self,
        metrics: MetricsCollector,
        sampler: ResourceSampler,
        summaries: Summaries,
        moving: Moving,
        writer: Writer,
        telemetry: Telemetry,
        *,
        instance: Instance,
        has_bot: bool,
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._sampler = sampler
        self._summaries = summaries
        self._moving = moving
        self._writer = writer
        self._telemetry = telemetry
        self._instance = instance
        self._has_bot = has_bot
        self._sample_due = Every(SAMPLE_EVERY_S, clock)
        self._lock = threading.Lock()  # of what was gathered, and not written yet
        self._gathered = Drained([], [])
        self._cursor: int | None = None

    def gather(self) -> None:
        """What was recorded since the last time is counted in memory, and judged."""
        with self._lock:
            executions, flag_checks = self._metrics.drain()
            self._summaries.add(executions)
            self._moving.observe(executions)
            self._gathered.executions.extend(executions)
            self._gathered.flag_checks.extend(flag_checks)

    def forward(self) -> None:
        """The same, and all that was gathered goes to the writer."""
        self.gather()
        samples = [self._sampler.sample()] if self._has_bot and self._sample_due.is_due() else []
        self._summaries.add_resources(samples)
        with self._lock:
            gathered, self._gathered = self._gathered, Drained([], [])
        batch = Batch(self._instance, gathered.executions, gathered.flag_checks, samples)
        if len(batch):
            self._writer.put(batch)

    def sample(self) -> None:
        """Take a resource sample now."""
        sample = self._sampler.sample()
        self._summaries.add_resources([sample])
        self._writer.put(Batch(self._instance, resources=[sample]))

    def follow_others(self) -> None:
        """What other processes stored since the last time; the first time, the last hour.

        Raises:
            StoreUnavailableError: call again later.
        """
        if self._cursor is None:
            self._moving.load(self._telemetry)
            self._cursor = self._summaries.load(self._instance)
        more = True
        while more:
            page = self._telemetry.follow(self._cursor, but=self._instance)
            self._summaries.add(page.executions)
            self._moving.observe(page.executions)
            self._summaries.add_resources(page.resources, own=not self._has_bot)
            self._cursor, more = page.cursor, page.more
