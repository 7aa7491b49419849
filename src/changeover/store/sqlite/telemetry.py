"""Telemetry on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from changeover.core.cell import Cells, CellSlot, Counted
from changeover.core.clock import Clock
from changeover.core.model import (
    Batch,
    Check,
    Execution,
    Instance,
    MetricQuery,
    MetricType,
    Page,
)
from changeover.core.ports import Followed
from changeover.store.fold import add_to
from changeover.store.paging import Place, Record, check_query, page_of
from changeover.store.records import check_batch
from changeover.store.retention import Retention
from changeover.store.sqlite.appending import SQL as APPEND_SQL
from changeover.store.sqlite.appending import append_batch
from changeover.store.sqlite.connection import Connection
from changeover.store.sqlite.database import Database
from changeover.store.sqlite.meta import SQL, Meta, read_meta
from changeover.store.sqlite.rows import Row, read_execution, read_flag_check, read_sample
from changeover.store.sqlite.spans import decode_cells, read_spans
from changeover.store.sqlite.upkeep import Upkeep
from changeover.store.tiers import plan
from changeover.store.timeline import TimelineBuilder

_READERS: Mapping[MetricType, Callable[[Row], Record]] = {
    MetricType.COMMAND_EXECUTION: read_execution,
    MetricType.FEATURE_FLAG_CHECK: read_flag_check,
    MetricType.RESOURCE_USAGE: read_sample,
}
_TABLES = {
    MetricType.COMMAND_EXECUTION: "execution",
    MetricType.FEATURE_FLAG_CHECK: "flag_check",
    MetricType.RESOURCE_USAGE: "resource",
}


class SqliteTelemetry:
    """Executions, flag checks and samples of all instances that share one file.

    Args:
        database: the file; closed when the last that uses it is closed.
        clock: its monotonic time bounds the work of one `prune`.
        retention: what `prune` drops.
    """

    def __init__(
        self, database: Database, *, clock: Clock, retention: Retention | None = None
    ) -> None:
        self._database = database
        self._upkeep = Upkeep(database, retention or Retention(), clock)
        self._is_open = True
        database.enter()

    def append(self, batch: Batch) -> None:
        """Store a whole batch or nothing. Raises `PoisonError` if a record can never be stored."""
        check_batch(batch)
        if not len(batch):
            return
        with self._database.write() as connection:
            meta = read_meta(connection)
            append_batch(connection, batch, meta.next_id, meta.extent)
            taken = len(batch.executions) + len(batch.resources)
            connection.execute(APPEND_SQL["take_ids"], {"count": taken})

    def count(self, start_ns: int, end_ns: int) -> Counted:
        """The cells of `[start_ns, end_ns)`; the coverage says what was really counted."""
        with self._database.read() as connection:
            planned = plan(start_ns, end_ns, read_meta(connection).extent)
            rows = read_spans(connection, planned.spans)
        cells: Cells = {}
        with self._database.decoding():
            for _, series, cell in decode_cells(rows):
                add_to(cells, series, cell)
        return Counted(planned.coverage, cells)

    def slots(self, start_ns: int, end_ns: int, step_ns: int) -> Sequence[CellSlot]:
        """The same, cut at multiples of `step_ns` (a multiple of a minute); empty steps left out."""
        timeline = TimelineBuilder(step_ns)
        window = {"start_ns": start_ns, "end_ns": end_ns}
        with self._database.read() as connection:
            planned = plan(start_ns, end_ns, read_meta(connection).extent, step_ns)
            rows = read_spans(connection, planned.spans)
            samples = connection.execute(SQL["resource_figures"], window).fetchall()
        with self._database.decoding():
            for at_ns, series, cell in decode_cells(rows):
                timeline.add(at_ns, series, cell)
        for sample in samples:
            timeline.add_sample(*sample)
        return timeline.slots()

    def newest(self, query: MetricQuery) -> Page:
        """Single records, newest first. An unknown cursor or limit raises `BadValueError`."""
        before = check_query(query)
        table = _TABLES[query.type]
        only_errors = query.errors_only and query.type is MetricType.COMMAND_EXECUTION
        since_ns = max(query.since_ns or 0, 0)
        with self._database.read() as connection:
            if only_errors:
                table = "error"
            elif query.type is MetricType.COMMAND_EXECUTION:
                since_ns = max(since_ns, read_meta(connection).extent.executions_ns)
            place = {"since_ns": since_ns, "limit": query.limit + 1, **before._asdict()}
            rows = connection.execute(SQL[f"{table}_page"], place).fetchall()
            total = connection.execute(SQL[f"{table}_total"], {"since_ns": since_ns}).fetchone()[0]
        read = _READERS[query.type]
        with self._database.decoding():
            found = [(Place(row[1], row[0]), _instance(row, query), read(row)) for row in rows]
        return page_of(query, found, total)

    def follow(
        self,
        cursor: int | None,
        *,
        but: Instance,
        since_ns: int | None = None,
        limit: int = 10_000,
    ) -> Followed:
        """What instances other than `but` stored after the cursor, in the order stored."""
        with self._database.read() as connection:
            meta = read_meta(connection)
            after = _begin(connection, meta, since_ns) if cursor is None else meta.id_of(cursor)
            asked = {"after": after, "but": but.id, "limit": limit + 1}
            executions = connection.execute(SQL["executions_after"], asked).fetchall()
            samples = connection.execute(SQL["resources_after"], asked).fetchall()
        ids = sorted(row[0] for row in (*executions, *samples))
        more = len(ids) > limit
        reached = ids[limit - 1] if more else meta.next_id - 1
        with self._database.decoding():
            return Followed(
                meta.cursor(reached),
                [read_execution(row) for row in executions if row[0] <= reached],
                [read_sample(row) for row in samples if row[0] <= reached],
                more,
            )

    def executions(self, start_ns: int, end_ns: int, *, limit: int) -> Sequence[Execution]:
        """The newest `limit` single executions of `[start_ns, end_ns)`, oldest first."""
        with self._database.read() as connection:
            start_ns = max(start_ns, read_meta(connection).extent.executions_ns)
            asked = {"start_ns": start_ns, "end_ns": end_ns, "limit": limit}
            rows = connection.execute(SQL["executions_between"], asked).fetchall()
        with self._database.decoding():
            return [read_execution(row) for row in rows]

    def prune(self, now_ns: int) -> int:
        """Drop what is past its retention, give space back, and say how many rows went.

        Also sums complete minutes up into hours and days, so call it every minute or so. Works
        for a quarter of a second at most, in short transactions with pauses between; what is
        left is for the next call.
        """
        return self._upkeep.run(now_ns)

    def check(self) -> Check:
        """Where the file is, its size and journal, and what is wrong with it. Never raises."""
        return self._database.check()

    def close(self) -> None:
        """Give the file back. A second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._database.leave()


def _begin(connection: Connection, meta: Meta, since_ns: int | None) -> int:
    """The id after which a reader without a cursor begins."""
    if since_ns is not None:
        first = connection.execute(SQL["first_since"], {"since_ns": since_ns}).fetchone()[0]
        if first is not None:
            return int(first) - 1
    return meta.next_id - 1


def _instance(row: Row, query: MetricQuery) -> str:
    return str(row[3 if query.type is MetricType.COMMAND_EXECUTION else 2])
