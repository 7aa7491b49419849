"""Alerts that are over, filtered and in pages."""

from __future__ import annotations

from collections.abc import Iterable

from changeover.act.life import dedup_key
from changeover.core.alerting import AlertPage, AlertQuery
from changeover.core.errors import BadValueError
from changeover.core.model import Alert

MOST = 1_000


def page_of(past: Iterable[Alert], query: AlertQuery) -> AlertPage:
    """One page of the alerts that match, newest first.

    The cursor names the last alert of the page before, so that alerts that end meanwhile move
    nothing from one page to the next.

    Raises:
        BadValueError: the limit or the cursor cannot be used.
    """
    if not 1 <= query.limit <= MOST:
        raise BadValueError("limit", str(query.limit), f"1 to {MOST}", "100")
    found = sorted(filter(query.matches, past), key=_place, reverse=True)
    left = found
    if query.cursor is not None:
        place = _read_cursor(query.cursor)
        left = [alert for alert in found if _place(alert) < place]
    shown = left[: query.limit]
    more = len(left) > len(shown)
    return AlertPage(tuple(shown), len(found), _cursor(shown[-1]) if more else None)


def _place(alert: Alert) -> tuple[int, str]:
    return alert.resolved_ns or 0, dedup_key(alert)


def _cursor(alert: Alert) -> str:
    at_ns, key = _place(alert)
    return f"{at_ns}:{key}"


def _read_cursor(text: str) -> tuple[int, str]:
    moment, colon, key = text.partition(":")
    if not colon or not moment.isascii() or not moment.isdigit() or len(moment) > 19:
        raise BadValueError("cursor", text, "the `next` of the page before", "17672256000:memory#1")
    return int(moment), key
