"""What every channel says: the same title, sentence and facts, in plain text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Notification
from changeover.core.quantity import format_duration, format_quantity
from changeover.core.text import redact, shorten
from changeover.core.window import format_moment

SENTENCE_LIMIT, NAME_LIMIT = 4_000, 1_000
MOST_OTHERS = 20  # sentences of other alerts in one message; the rest is counted
LATE = "An earlier message about it may not have arrived."
# What a link of an operator's may hold and still be a link, and nothing else, everywhere.
_LINK = re.compile(r"https?://[\w.~:/?#!$&+,;=%@-]{1,1000}", re.ASCII)

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
    also = others(notification)
    more = f". Also: {'; '.join(also)}" if also else ""
    return printable(f"{title(notification)}. {sentence(notification)} ({told}){more}")


def others(notification: Notification) -> list[str]:
    """A line for each other alert that the message tells of, and `and 12 more` for the rest."""
    lines = [cleared(text) for text in notification.also[:MOST_OTHERS]]
    more = notification.more + len(notification.also) - len(lines)
    if more:
        lines.append(f"and {more} more" if lines else f"{more} more alerts")
    return lines


def plain(notification: Notification) -> str:
    """All of it as text of several lines; what is not printable is escaped."""
    lines = [sentence(notification), ""]
    lines += [f"{fact.name}: {fact.text}" for fact in facts(notification)]
    if also := others(notification):
        lines += ["", "Also:", *(f"- {text}" for text in also)]
    return "\n".join(map(printable, lines))


def episode_key(notification: Notification, bot: str) -> str:
    """32 hex digits: the same for every message of one dedup key, and of no other bot's.

    Args:
        notification: one of them.
        bot: what tells bots apart: two may have an `error_rate#3` each, and one account at the
            receiver.
    """
    return _digest(f"{bot}\0{notification.dedup_key}")


def message_key(notification: Notification) -> str:
    """32 hex digits: the same for every attempt to send one message."""
    return _digest(f"{notification.dedup_key}/{notification.event}/{notification.at_ns}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


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
    if alert.acknowledged_by:
        yield Fact("Acknowledged by", cleared(alert.acknowledged_by))
    yield Fact("Instance", cleared(notification.instance))
    if alert.runbook:
        text = cleared(alert.runbook)
        yield Fact("Runbook", text, is_link=bool(_LINK.fullmatch(text)))
    if notification.link:
        yield Fact("Page", notification.link, is_link=True)
