"""Reading the cells of a plan: the rows first, what they say when the transaction is over.

Making sense of the rows takes longer than getting them, and while the transaction lasts
nobody can commit to a file without WAL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from changeover.core.cell import Cell
from changeover.core.model import Outcome, Series
from changeover.store.fold import cell_of, read_histogram
from changeover.store.sqlite.connection import Connection
from changeover.store.sqlite.meta import SQL
from changeover.store.sqlite.rows import Row
from changeover.store.tiers import Span


class SpanRows(NamedTuple):
    """Rows as they were read.

    Attributes:
        series: number, command, system and outcome of every series.
        slots: start, series, count, sum, longest and histogram.
        executions: moment, series and duration.
    """

    series: Sequence[Row]
    slots: Sequence[Row]
    executions: Sequence[Row]


def read_spans(connection: Connection, spans: Sequence[Span]) -> SpanRows:
    """Everything in the spans, within the transaction that is open."""
    rows = SpanRows(connection.execute(SQL["series"]).fetchall(), [], [])
    slots: list[Row] = []
    executions: list[Row] = []
    for span in spans:
        found, statement = (slots, "slots") if span.width_ns else (executions, "durations")
        found += connection.execute(SQL[statement], span._asdict()).fetchall()
    return rows._replace(slots=slots, executions=executions)


def decode_cells(rows: SpanRows) -> Iterator[tuple[int, Series, Cell]]:
    """Moment, series and cell of every row; single executions as cells of one."""
    names = {
        number: Series(command, system, Outcome(outcome))
        for number, command, system, outcome in rows.series
    }
    for start_ns, series, count, sum_ns, max_ns, blob in rows.slots:
        yield start_ns, names[series], Cell(count, int(sum_ns), max_ns, read_histogram(blob))
    for at_ns, series, duration_ns in rows.executions:
        yield at_ns, names[series], cell_of([duration_ns])
