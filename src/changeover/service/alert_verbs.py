"""The verbs of alerts: looking after one, silences, maintenance windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from changeover.act.manager import AlertManager
from changeover.act.silences import MAINTENANCE, SILENCE, Maintenance, Silences
from changeover.core.alerting import Silence
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import BadValueError
from changeover.core.order import Order, Role
from changeover.core.values import duration
from changeover.core.window import format_moment, parse_moment
from changeover.service.orders import Orders

_SPAN = duration(60, "30d", "2h")


def add_alert_verbs(orders: Orders, alerts: AlertManager) -> None:
    """`alert.ack`."""

    def acknowledge(order: Order) -> Mapping[str, Any]:
        alert = alerts.acknowledge(
            order.subject, order.actor, order.reason, expected=order.expected
        )
        return {"key": alert.key, "acknowledged_by": alert.acknowledged_by}

    orders.add(
        "alert.ack",
        Role.OPERATOR,
        acknowledge,
        "Say that somebody looks after an alert: no more reminders until it is over.",
        subject="an alert's key",
        audits_itself=True,
    )


def add_silence_verbs(
    orders: Orders, silences: Silences, maintenance: Maintenance, clock: Clock
) -> None:
    """`alert.silence`, `alert.unsilence`, `maintenance.add` and `maintenance.end`."""

    def silence(order: Order) -> Mapping[str, Any]:
        seconds = _SPAN.parse("for", str(order.values.get("for", "")))
        made = silences.add(
            _matchers(order), seconds=seconds, actor=order.actor, reason=order.reason
        )
        return _told(made)

    def unsilence(order: Order) -> Mapping[str, Any]:
        return _told(silences.end(order.subject, actor=order.actor, expected=order.expected))

    def plan(order: Order) -> Mapping[str, Any]:
        begins, ends = _window(order, clock)
        return _told(maintenance.add(begins, ends, actor=order.actor, reason=order.reason))

    def call_off(order: Order) -> Mapping[str, Any]:
        return _told(maintenance.end(order.subject, actor=order.actor, expected=order.expected))

    span = "how long, such as 2h, up to 30d"
    orders.add(
        "alert.silence", Role.OPERATOR, silence,
        "Withhold the messages of some alerts for a while; the alerts go on.",
        values={
            "rule": "a rule's name; * and ? as in file names",
            "labels": 'label and pattern, such as {"command": "add"}',
            "for": span,
        },
        audits_itself=True, shows=[SILENCE],
    )  # fmt: skip
    orders.add(
        "alert.unsilence", Role.OPERATOR, unsilence, "End a silence before its time.",
        subject="a silence's id", audits_itself=True, shows=[SILENCE],
    )  # fmt: skip
    orders.add(
        "maintenance.add", Role.OPERATOR, plan,
        "Withhold every message in a window of time.",
        values={
            "from": "when it begins, such as 2026-12-24T22:00:00Z; left out, now",
            "until": "when it ends",
            "for": f"or {span}",
        },
        audits_itself=True, shows=[MAINTENANCE],
    )  # fmt: skip
    orders.add(
        "maintenance.end", Role.OPERATOR, call_off, "End a window, or call it off.",
        subject="a window's id", audits_itself=True, shows=[MAINTENANCE],
    )  # fmt: skip


def _matchers(order: Order) -> dict[str, str]:
    labels = order.values.get("labels") or {}
    if not isinstance(labels, Mapping):
        raise BadValueError("labels", str(labels), "an object", '{"command": "add"}')
    matchers = {str(name): str(pattern) for name, pattern in labels.items()}
    rule = order.values.get("rule")
    return matchers if rule is None else {"rule": str(rule), **matchers}


def _window(order: Order, clock: Clock) -> tuple[int | None, int]:
    values = order.values
    begins = None if values.get("from") is None else parse_moment(str(values["from"]), "from")
    if (values.get("for") is None) is (values.get("until") is None):
        raise BadValueError("for", str(values.get("for")), "either `for` or `until`", "2h")
    if values.get("until") is not None:
        return begins, parse_moment(str(values["until"]), "until")
    seconds = _SPAN.parse("for", str(values["for"]))
    return begins, (begins or clock.wall_ns()) + seconds * NS_PER_S


def _told(one: Silence) -> dict[str, Any]:
    return {
        "id": one.id,
        "matchers": dict(one.matchers),
        "from": format_moment(one.from_ns),
        "until": format_moment(one.until_ns),
        "version": one.version,
    }
