"""Storing one batch: dictionaries, single records, and what they add to the slots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from changeover.core.cell import Cell
from changeover.core.model import Batch, Execution, Outcome, Series
from changeover.store.fold import fold_executions, widen
from changeover.store.records import LARGEST
from changeover.store.sqlite.connection import Connection
from changeover.store.sqlite.rows import (
    Row,
    bucket_of_trace,
    instance_row,
    route_key,
    sample_row,
)
from changeover.store.sqlite.statements import load_statements
from changeover.store.tiers import DAY_NS, HOUR_NS, MINUTE_NS, Extent

SQL = load_statements("append")
_NO_ERROR = (None, None, None)

KeyedCells = Mapping[tuple[int, Series], Cell]


def append_batch(connection: Connection, batch: Batch, first_id: int, extent: Extent) -> None:
    """Store a checked batch within the transaction that is open.

    Args:
        connection: in a write transaction.
        batch: whole and checked.
        first_id: of its executions, then of its samples.
        extent: how far the wider slots have been filled, as this transaction sees it.
    """
    instance = meet_instance(connection, batch)
    _add_executions(connection, batch.executions, instance, first_id)
    connection.executemany(
        SQL["add_flag_check"],
        (
            (
                check.at_ns,
                instance,
                intern(connection, "questions", (check.flag, check.enabled, check.command)),
                intern(connection, "routes", route_key(None, check.trace)),
                bucket_of_trace(check.trace),
            )
            for check in batch.flag_checks
        ),
    )
    first_sample = first_id + len(batch.executions)
    connection.executemany(
        SQL["add_resource"],
        (
            (first_sample + index, row[0], instance, *row[1:])
            for index, row in enumerate(map(sample_row, batch.resources))
        ),
    )
    for width_ns, cells in _all_widths(fold_executions(batch.executions, MINUTE_NS), extent):
        rows = (
            (start_ns, instance, intern(connection, "series", series), cell)
            for (start_ns, series), cell in cells.items()
        )
        add_slots(connection, width_ns, rows)


def meet_instance(connection: Connection, batch: Batch) -> int:
    """The number of the batch's instance. Written every time: an idle one may have been pruned."""
    records: Iterator[Any] = chain(batch.executions, batch.flag_checks, batch.resources)
    until_ns = max(record.at_ns for record in records)
    connection.execute(SQL["meet_instance"], instance_row(batch.instance, until_ns))
    found = connection.execute(SQL["find_instance"], {"uid": batch.instance.id}).fetchone()
    return int(found[0])


def intern(connection: Connection, table: str, key: Row) -> int:
    """The number of a key in a dictionary table; new keys are added."""
    known = connection.ids[table]
    number = known.get(key)
    if number is None:
        find, add = SQL[f"find_{table}"], SQL[f"add_{table}"]
        row = connection.execute(find, key).fetchone()
        if row is None:
            connection.execute(add, key)
            row = connection.execute(find, key).fetchone()
        number = known[key] = int(row[0])
    return number


def add_slots(
    connection: Connection, width_ns: int, rows: Iterable[tuple[int, int, int, Cell]]
) -> None:
    """Add cells (of start, instance and series) to the slots of one width."""
    connection.executemany(
        SQL["add_slot"],
        (
            (
                width_ns,
                start_ns,
                instance,
                series,
                cell.count,
                min(cell.sum_ns, LARGEST),
                cell.max_ns,
                cell.histogram.to_bytes(),
            )
            for start_ns, instance, series, cell in rows
        ),
    )


def _add_executions(
    connection: Connection, executions: Iterable[Execution], instance: int, first_id: int
) -> None:
    is_error = {outcome: outcome.is_error for outcome in Outcome}
    rows = (
        (
            number,
            at_ns,
            is_error[series.outcome],
            instance,
            intern(connection, "series", series),
            duration_ns,
            intern(connection, "routes", route_key(kind, trace, shard)),
            bucket_of_trace(trace),
            *(error or _NO_ERROR),
        )
        for number, (at_ns, series, duration_ns, error, trace, kind, shard) in enumerate(
            executions, first_id
        )
    )
    connection.executemany(SQL["add_execution"], rows)


def _all_widths(minutes: KeyedCells, extent: Extent) -> Iterator[tuple[int, KeyedCells]]:
    """What goes to each width: late records also to the wider slots that are past theirs."""
    yield MINUTE_NS, minutes
    late = {key: cell for key, cell in minutes.items() if key[0] < extent.hours_until_ns}
    hours = widen(late, HOUR_NS)
    yield HOUR_NS, hours
    yield DAY_NS, widen({k: c for k, c in hours.items() if k[0] < extent.days_until_ns}, DAY_NS)
