"""What every channel says: the same title, sentence and facts, in plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Notification
from changeover.core.quantity import format_duration, format_quantity
from changeover.core.text import redact, shorten
from changeover.core.window import format_moment

SENTENCE_LIMIT, NAME_LIMIT = 4_000, 1_000
LATE = "An earlier message about it may not have arrived."

_TITLES = {
    Event.FIRING: "{severity}: {rule}",
    Event.ESCALATED: "Now {severity}: {rule}",
    Event.REMINDER: "Still {severity}: {rule}",
    Event.ACKNOWLEDGED: "Acknowledged: {rule}",
    Event.RESOLVED: "Resolved: {rule}",
    Event.TEST: "Test: {rule}",
}


class Fact(NamedTuple):
    """One thing to know about an alert. A link is an address of our own, else it is text."""

    name: str
    text: str
    is_link: bool = False


def title(notification: Notification) -> str:
    """A headline such as `Critical: error rate` or `Still warning: memory`."""
    alert = notification.alert
    headline = _TITLES[Event(notification.event)].format(
        severity=alert.severity, rule=alert.rule.replace("_", " ")
    )
    return cleared(headline[:1].upper() + headline[1:])


def sentence(notification: Notification) -> str:
    """What happened, with value and threshold."""
    late = f". {LATE}" if notification.late else ""
    return cleared(notification.alert.summary, SENTENCE_LIMIT) + late


def facts(notification: Notification) -> list[Fact]:
    """The figures behind it, in the order that people need them."""
    return [fact for fact in _facts(notification) if fact.text]


def line(notification: Notification) -> str:
    """All of it on one line, for a log; what is not printable is escaped."""
    told = ", ".join(f"{name.lower()} {text}" for name, text, _ in _details(notification))
    return printable(f"{title(notification)}. {sentence(notification)} ({told})")


def cleared(text: str, limit: int = NAME_LIMIT) -> str:
    """The text without secrets; of a long one head and tail."""
    return shorten(redact(text), limit)


def printable(text: str) -> str:
    """The text with control, invisible and bidi characters written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def lasted(alert: Alert, at_ns: int) -> str:
    """How long the condition has been true, or was."""
    if alert.since_ns is None:
        return ""
    until_ns = at_ns if alert.resolved_ns is None else alert.resolved_ns
    return format_duration((until_ns - alert.since_ns) / NS_PER_S)


def _facts(notification: Notification) -> Iterator[Fact]:
    alert = notification.alert
    yield Fact("Rule", cleared(alert.rule))
    yield Fact("Value", format_quantity(alert.value, alert.unit))
    yield Fact("Threshold", format_quantity(alert.threshold, alert.unit))
    if alert.peak is not None and alert.peak != alert.value:
        yield Fact("Peak", format_quantity(alert.peak, alert.unit))
    if alert.since_ns is not None:
        yield Fact("Since", f"{format_moment(alert.since_ns)[:16].replace('T', ' ')} UTC")
    yield from _details(notification)


def _details(notification: Notification) -> Iterator[Fact]:
    alert = notification.alert
    if notification.event != Event.FIRING or notification.late:
        yield Fact("Lasted", lasted(alert, notification.at_ns))
    for name, text in alert.labels.items():
        yield Fact(cleared(name).capitalize(), cleared(text))
    yield Fact("Instance", cleared(notification.instance))
    if notification.link:
        yield Fact("Page", notification.link, is_link=True)
