"""Telemetry in memory: the plainest thing that keeps the port's promises, within bounds."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, TypeVar

from changeover.core.cell import Cell, Cells, CellSlot, Counted
from changeover.core.clock import NS_PER_S
from changeover.core.model import (
    Batch,
    Check,
    Execution,
    FlagCheck,
    Instance,
    MetricQuery,
    MetricType,
    Page,
    ResourceSample,
    Series,
    Status,
)
from changeover.core.ports import Followed
from changeover.store.fold import add_to, cell_of, fold_executions
from changeover.store.memory.shelf import Shelf, Stored
from changeover.store.memory.slots import SlotTiers
from changeover.store.paging import Place, check_query, page_of
from changeover.store.records import check_batch
from changeover.store.retention import Retention
from changeover.store.tiers import DAY_NS, HOUR_NS, MINUTE_NS, Extent, Span, ceil, floor, plan
from changeover.store.timeline import TimelineBuilder

T = TypeVar("T", Execution, FlagCheck, ResourceSample)


class MemoryTelemetry:
    """Keeps what it is given until it is too old or too much; a restart forgets everything.

    What goes for being too much goes oldest first, and moves the moment from which answers
    are exact, as ageing does.

    Args:
        retention: as for every store; `megabytes` does not apply.
        limit_records: most single records of each type.
        limit_cells: most cells by the minute, and most by the hour; the newest hour always stays.
    """

    def __init__(
        self,
        *,
        retention: Retention | None = None,
        limit_records: int = 100_000,
        limit_cells: int = 50_000,
    ) -> None:
        self._retention = retention or Retention()
        self._limit_records, self._limit_cells = limit_records, limit_cells
        self._lock = threading.Lock()
        self._last_id = 0
        self._extent = Extent()
        self._tiers = SlotTiers()
        self._executions: Shelf[Execution] = Shelf()
        self._failures: Shelf[Execution] = Shelf()
        self._flag_checks: Shelf[FlagCheck] = Shelf()
        self._samples: Shelf[ResourceSample] = Shelf()

    def append(self, batch: Batch) -> None:
        """Store a whole batch or nothing. Raises `PoisonError` if a record can never be stored."""
        check_batch(batch)
        minutes = fold_executions(batch.executions, MINUTE_NS)
        instance = batch.instance.id
        with self._lock:
            self._tiers.add(minutes)
            for stored in self._shelve(self._executions, instance, batch.executions):
                if stored.record.series.outcome.is_error:
                    self._failures.add(stored)
            self._shelve(self._samples, instance, batch.resources)
            self._shelve(self._flag_checks, instance, batch.flag_checks)
            self._keep_bounds()

    def count(self, start_ns: int, end_ns: int) -> Counted:
        """The cells of `[start_ns, end_ns)`; the coverage says what was really counted."""
        cells: Cells = {}
        with self._lock:
            planned = plan(start_ns, end_ns, self._extent)
            for span in planned.spans:
                for _, series, cell in self._read(span):
                    add_to(cells, series, cell)
        return Counted(planned.coverage, cells)

    def slots(self, start_ns: int, end_ns: int, step_ns: int) -> Sequence[CellSlot]:
        """The same, cut at multiples of `step_ns` (a multiple of a minute); empty steps left out."""
        timeline = TimelineBuilder(step_ns)
        with self._lock:
            for span in plan(start_ns, end_ns, self._extent, step_ns).spans:
                for at_ns, series, cell in self._read(span):
                    timeline.add(at_ns, series, cell)
            for stored in self._samples.between(start_ns, end_ns):
                sample = stored.record
                timeline.add_sample(sample.at_ns, sample.rss_bytes, sample.loop_lag_ns)
        return timeline.slots()

    def newest(self, query: MetricQuery) -> Page:
        """Single records, newest first. An unknown cursor or limit raises `BadValueError`."""
        before = check_query(query)
        with self._lock:
            shelf, kept_ns = self._shelf(query)
            since = max(query.since_ns or 0, kept_ns)
            found = shelf.page(since, before, query.limit + 1)
            total = shelf.count(since)
        return page_of(query, [(Place(s.at_ns, s.id), s.instance, s.record) for s in found], total)

    def follow(
        self,
        cursor: int | None,
        *,
        but: Instance,
        since_ns: int | None = None,
        limit: int = 10_000,
    ) -> Followed:
        """What instances other than `but` stored after the cursor, in the order stored."""
        with self._lock:
            after = self._begin(since_ns) if cursor is None else cursor
            if after >= self._last_id:
                return Followed(self._last_id, (), (), more=False)
            stored: list[Stored[Any]] = [
                *self._executions.after(after),
                *self._samples.after(after),
            ]
            others = sorted((s for s in stored if s.instance != but.id), key=attrgetter("id"))
            more = len(others) > limit
            reached = others[limit - 1].id if more else self._last_id
        records = [s.record for s in others[:limit]]
        executions = [record for record in records if isinstance(record, Execution)]
        samples = [record for record in records if isinstance(record, ResourceSample)]
        return Followed(reached, executions, samples, more)

    def executions(self, start_ns: int, end_ns: int, *, limit: int) -> Sequence[Execution]:
        """The newest `limit` single executions of `[start_ns, end_ns)`, oldest first."""
        with self._lock:
            found = self._executions.between(max(start_ns, self._extent.executions_ns), end_ns)
            return [stored.record for stored in found[-limit:]]

    def prune(self, now_ns: int) -> int:
        """Drop what is past its retention, and say how many records and cells went."""
        kept = self._retention
        with self._lock:
            self._extent = self._extent.come_back(now_ns)
            gone = self._forget_counts(now_ns - kept.counts_s * NS_PER_S)
            gone += self._forget_minutes(now_ns - kept.minutes_s * NS_PER_S)
            gone += self._forget_executions(now_ns - kept.executions_s * NS_PER_S)
            gone += self._flag_checks.drop_before(now_ns - kept.executions_s * NS_PER_S)
            gone += self._failures.drop_before(now_ns - kept.failures_s * NS_PER_S)
            return gone + self._samples.drop_before(now_ns - kept.resources_s * NS_PER_S)

    def check(self) -> Check:
        """How many executions are here; memory has no trouble to tell of."""
        detail = f"in memory: {len(self._executions)} executions, gone when the process ends"
        return Check("store", Status.HEALTHY, detail)

    def close(self) -> None:
        """Nothing to give back."""

    def _shelve(self, shelf: Shelf[T], instance: str, records: Sequence[T]) -> list[Stored[T]]:
        first = self._last_id + 1
        self._last_id += len(records)
        stored = [Stored(r.at_ns, first + i, instance, r) for i, r in enumerate(records)]
        for one in stored:
            shelf.add(one)
        return stored

    def _read(self, span: Span) -> Iterator[tuple[int, Series, Cell]]:
        if span.width_ns:
            yield from self._tiers.read(*span)
            return
        for stored in self._executions.between(span.start_ns, span.end_ns):
            yield stored.at_ns, stored.record.series, cell_of([stored.record.duration_ns])

    def _shelf(self, query: MetricQuery) -> tuple[Shelf[Any], int]:
        """Where the asked type stands, and the moment before which its remains do not count."""
        if query.type is MetricType.FEATURE_FLAG_CHECK:
            return self._flag_checks, 0
        if query.type is MetricType.RESOURCE_USAGE:
            return self._samples, 0
        if query.errors_only:
            return self._failures, 0
        return self._executions, self._extent.executions_ns

    def _begin(self, since_ns: int | None) -> int:
        if since_ns is None:
            return self._last_id
        firsts = (self._executions.first_since(since_ns), self._samples.first_since(since_ns))
        return min((first - 1 for first in firsts if first is not None), default=self._last_id)

    def _keep_bounds(self) -> None:
        for shelf in (self._failures, self._flag_checks, self._samples):
            if (newest_gone := shelf.oldest_but(self._limit_records)) is not None:
                shelf.drop_before(newest_gone + 1)
        if (newest_gone := self._executions.oldest_but(self._limit_records)) is not None:
            self._forget_executions(ceil(newest_gone + 1, MINUTE_NS))
        self._forget_minutes(self._tiers.oldest_but(MINUTE_NS, self._limit_cells))
        self._forget_counts(self._tiers.oldest_but(HOUR_NS, self._limit_cells))

    def _forget_executions(self, before_ns: int) -> int:
        kept_ns = max(floor(before_ns, MINUTE_NS), self._extent.executions_ns)
        self._extent = replace(self._extent, executions_ns=kept_ns)
        return self._executions.drop_before(kept_ns)

    def _forget_minutes(self, before_ns: int) -> int:
        kept_ns = max(floor(before_ns, HOUR_NS), self._extent.minutes_ns)
        self._extent = replace(self._extent, minutes_ns=kept_ns)
        return self._tiers.drop_before(MINUTE_NS, kept_ns)

    def _forget_counts(self, before_ns: int) -> int:
        kept_ns = max(floor(before_ns, HOUR_NS), self._extent.counted_ns)
        self._extent = replace(self._extent, counted_ns=kept_ns)
        gone = self._tiers.drop_before(HOUR_NS, kept_ns)
        return gone + self._tiers.drop_before(DAY_NS, floor(kept_ns, DAY_NS))
