"""A message as one flat JSON object: the line of `alerts.log`, and the body of a webhook."""

from __future__ import annotations

import math
from typing import Any

from changeover.core.model import Notification
from changeover.core.window import format_moment
from changeover.notify.message import cleared, sentence


def record(notification: Notification) -> dict[str, Any]:
    """The fields by name, of plain JSON types, texts without secrets.

    Labels are nested, so that none can take the place of another field.
    """
    alert = notification.alert
    return {
        "timestamp": format_moment(notification.at_ns),
        "type": cleared(alert.rule),
        "severity": alert.severity,
        "message": sentence(notification),
        "value": _finite(alert.value),
        "threshold": _finite(alert.threshold),
        "unit": alert.unit,
        "event": str(notification.event),
        "key": cleared(alert.key),
        "dedup_key": cleared(notification.dedup_key),
        "labels": {name: cleared(text) for name, text in alert.labels.items()},
        "peak": _finite(alert.peak),
        "since": _moment(alert.since_ns),
        "resolved": _moment(alert.resolved_ns),
        "late": notification.late,
        "instance": cleared(notification.instance),
        "link": notification.link,
        "runbook": None if alert.runbook is None else cleared(alert.runbook),
        "acknowledged_by": alert.acknowledged_by and cleared(alert.acknowledged_by),
        "also": [cleared(text) for text in notification.also],
        "more": notification.more,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _moment(wall_ns: int | None) -> str | None:
    return None if wall_ns is None else format_moment(wall_ns)
