"""Alerts and owed messages as the documents that a `State` keeps, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.ports import Document, Put

ALERT, HISTORY, OUTBOX = "alert", "alert_history", "outbox"

_MOMENT = (int, type(None))
_NUMBER = (int, float, type(None))
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    *((name, (str,)) for name in ("key", "rule", "severity", "summary", "unit")),
    *((name, _MOMENT) for name in ("since_ns", "fired_ns", "clear_since_ns")),
    *((name, _MOMENT) for name in ("resolved_ns", "notified_ns", "acknowledged_ns")),
    *((name, (str, type(None))) for name in ("runbook", "acknowledged_by", "unknown")),
    ("unknown_since_ns", _MOMENT),
    ("channels", (tuple,)),
    *((name, _NUMBER) for name in ("value", "peak")),
    ("threshold", (int, float)),
    ("episode", (int,)),
    ("labels", (Mapping,)),
)
_NAMES = tuple(entry.name for entry in fields(Alert))
_FIELDS = frozenset(_NAMES)


def alert_document(alert: Alert) -> dict[str, Any]:
    """Every field of an alert by its name, of plain JSON types."""
    told = {name: getattr(alert, name) for name in _NAMES}  # asdict takes ten times as long
    return told | {
        "phase": alert.phase.value,
        "labels": dict(alert.labels),
        "channels": list(alert.channels),
    }


def alert_from(value: Mapping[str, Any]) -> Alert:
    """The alert of a document; fields that a newer version added are left out.

    Raises:
        ValueError: for a document that is not an alert's.
    """
    known = {name: value[name] for name in _FIELDS & value.keys()}
    if isinstance(channels := known.get("channels", []), list):  # as JSON has it
        known["channels"] = tuple(map(str, channels))
    try:
        alert = Alert(**{**known, "phase": Phase(str(known.get("phase")))})
    except TypeError as error:
        raise ValueError(f"no alert: {error}") from None
    if wrong := [name for name, kinds in _KINDS if not isinstance(getattr(alert, name), kinds)]:
        raise ValueError(f"no alert: wrong {', '.join(wrong)}")
    return alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One message that one channel still owes, as the store has it.

    Attributes:
        key, version: of its document.
        channel: the name of the channel that owes it.
        attempts: how often somebody began to send it.
        claimed_ns: when the present sender took it (wall clock), or None.
        thread: the dedup key of the message that told of it, or tried to; None before that.
    """

    key: str
    version: int
    channel: str
    notification: Notification
    attempts: int = 0
    claimed_ns: int | None = None
    thread: str | None = None

    def claim(self, now_ns: int, thread: str | None) -> tuple[Put, Owed]:
        """What takes it, if nobody touched it since it was read, and how it is then."""
        mine = replace(
            self,
            version=self.version + 1,
            attempts=self.attempts + 1,
            claimed_ns=now_ns,
            thread=thread,
        )
        return Put(OUTBOX, self.key, mine.value, self.version), mine

    def give_back(self) -> Put:
        """What lets others take it again."""
        return Put(OUTBOX, self.key, self.value | {"claimed_ns": None}, self.version)

    @property
    def value(self) -> dict[str, Any]:
        """Its document."""
        return owed_document(self.channel, self.notification) | {
            "attempts": self.attempts,
            "claimed_ns": self.claimed_ns,
            "thread": self.thread,
        }

    def drop(self) -> Put:
        """Remove it if nobody touched it since it was read."""
        return Put(OUTBOX, self.key, None, self.version)


def owe(channel: str, notification: Notification) -> Put:
    """A new message for one channel; its key is the same however often it is tried to store."""
    key = f"{channel}/{notification.dedup_key}/{notification.event}/{notification.at_ns}"
    return Put(OUTBOX, key, owed_document(channel, notification))


def owed_document(channel: str, notification: Notification) -> dict[str, Any]:
    """A message that nobody has claimed."""
    return {
        "channel": channel,
        "event": str(notification.event),
        "alert": alert_document(notification.alert),
        "dedup_key": notification.dedup_key,
        "instance": notification.instance,
        "at_ns": notification.at_ns,
        "link": notification.link,
        "late": notification.late,
        "attempts": 0,
        "claimed_ns": None,
        "thread": None,
    }


def owed_from(key: str, document: Document) -> Owed:
    """The message of a document. Raises `ValueError` for one that is no message."""
    value = document.value
    try:
        notification = Notification(
            event=Event(value["event"]),
            alert=alert_from(value["alert"]),
            dedup_key=str(value["dedup_key"]),
            instance=str(value["instance"]),
            at_ns=int(value["at_ns"]),
            link=value["link"],
            late=bool(value.get("late")),
        )
        claimed_ns, thread = value["claimed_ns"], value.get("thread")
        return Owed(
            key=key,
            version=document.version,
            channel=str(value["channel"]),
            notification=notification,
            attempts=int(value["attempts"]),
            claimed_ns=None if claimed_ns is None else int(claimed_ns),
            thread=None if thread is None else str(thread),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no message: {error}") from None
