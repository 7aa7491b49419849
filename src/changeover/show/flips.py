"""The audit page by page, newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from changeover.core.errors import BadValueError
from changeover.core.model import Flip
from changeover.core.window import format_moment
from changeover.show.schema import SCHEMA_VERSION, FlipsView, FlipView

_ALL = 1_000_000  # more than a store keeps


def flips_view(
    read: Callable[[int, str | None], Sequence[Flip]],
    *,
    limit: int,
    subject: str | None,
    cursor: str | None,
    now_ns: int,
) -> FlipsView:
    """One page.

    A row has no number, so the cursor is a digest of the last row of the page before. Rows
    that come meanwhile shift nothing.

    Raises:
        BadValueError: no row has this cursor, or no longer.
    """
    if cursor is None:
        found = list(read(limit + 1, subject))
    else:
        found = _after(cursor, read(_ALL, subject))
    page = found[:limit]
    return {
        "schema_version": SCHEMA_VERSION,
        "returned": len(page),
        "next": _cursor(page[-1]) if len(found) > limit else None,
        "timestamp": format_moment(now_ns),
        "flips": [flip_view(flip) for flip in page],
    }


def flip_view(flip: Flip) -> FlipView:
    """One row."""
    return {
        "at": format_moment(flip.at_ns),
        "subject": flip.subject,
        "old": flip.old,
        "new": flip.new,
        "actor": flip.actor,
        "reason": flip.reason,
    }


def _after(cursor: str, flips: Sequence[Flip]) -> list[Flip]:
    at, _, _ = cursor.partition(".")
    # the last one: of rows that are equal in everything, to the nanosecond, one says it all
    for index in range(len(flips) - 1, -1, -1):
        if at == f"{flips[index].at_ns:x}" and cursor == _cursor(flips[index]):
            return list(flips[index + 1 :])
    raise BadValueError("cursor", cursor, "the `next` of a page before", "leave it out")


def _cursor(flip: Flip) -> str:
    told = "\0".join([flip.subject, str(flip.old), str(flip.new), flip.actor, flip.reason])
    digest = hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return f"{flip.at_ns:x}.{digest}"
