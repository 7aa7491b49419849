"""Pages of single records, newest first: the cursor, and the rules of a query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from changeover.core.errors import BadValueError
from changeover.core.model import (
    Execution,
    FlagCheck,
    MetricQuery,
    MetricType,
    Page,
    ResourceSample,
)

Record = Execution | FlagCheck | ResourceSample
LIMIT = 1_000
_LETTERS = {
    MetricType.COMMAND_EXECUTION: "e",
    MetricType.FEATURE_FLAG_CHECK: "f",
    MetricType.RESOURCE_USAGE: "r",
}
_CURSOR = re.compile(r"([efr])([0-9a-f]{1,16})\.([0-9a-f]{1,16})", re.ASCII)


class Place(NamedTuple):
    """Where a page ended: the next one holds what is before it, by time, then by order stored."""

    at_ns: int
    id: int


NEWEST = Place(2**63 - 1, 2**63 - 1)


def check_query(query: MetricQuery) -> Place:
    """Where the asked page begins; raises `BadValueError` for a cursor or limit of no use."""
    if not 1 <= query.limit <= LIMIT:
        raise BadValueError("limit", str(query.limit), f"1 to {LIMIT}", "100")
    if query.cursor is None:
        return NEWEST
    match = _CURSOR.fullmatch(query.cursor)
    if match is None or match[1] != _LETTERS[query.type]:
        allowed = "what the page before gave as its next cursor"
        raise BadValueError("cursor", query.cursor, allowed, f"{_LETTERS[query.type]}18a3f.2c")
    place = Place(int(match[2], 16), int(match[3], 16))
    return min(place, NEWEST)


def write_cursor(kind: MetricType, place: Place) -> str:
    """The cursor of the page after the one that ended at this place."""
    return f"{_LETTERS[kind]}{place.at_ns:x}.{place.id:x}"


def page_of(query: MetricQuery, found: Sequence[tuple[Place, str, Record]], total: int) -> Page:
    """The page made of what was found: one record more than the limit says there is another."""
    shown = found[: query.limit]
    more = len(found) > query.limit
    following = write_cursor(query.type, shown[-1][0]) if more else None
    return Page([(instance, record) for _, instance, record in shown], total, following)
