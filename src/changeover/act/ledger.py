"""The alerts as the store has them, and as they are while it is away."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from changeover.act.documents import ALERT, HISTORY, alert_document, alert_from, owe
from changeover.act.life import dedup_key
from changeover.core.errors import ConflictError, Guard, PoisonError, StoreError
from changeover.core.model import Alert, Event, Flip, Notification, Phase
from changeover.core.order import RefusedOrderError
from changeover.core.ports import Document, Put, State
from changeover.core.text import clean_name

logger = logging.getLogger("changeover.alerts")

HISTORY_LIMIT = 1_000
_PRUNE_ABOVE = 1_200  # so that the past is not read with every alert that is over
_ATTEMPTS = 3
ACTIVE = (Phase.PENDING, Phase.FIRING)


class Happened(NamedTuple):
    """One event of an alert, and the alert as it was then."""

    event: Event
    alert: Alert
    at_ns: int


@dataclass(slots=True)
class _Entry:
    alert: Alert | None
    version: int  # of the document it came from; 0 where there is none
    unsaved: Sequence[Happened] = ()


class Ledger:
    """Keeps alerts: the new state, its history and the messages it owes in one transaction.

    While the store is away, alerts live in this process and their events are told to the log
    only; what happened is stored, and then delivered, when the store is back, unless another
    process has changed the alert meanwhile. Used by one thread at a time, but for `stored` and
    `past`.

    Args:
        state: where alerts are kept.
        channels: the names of the channels that owe every message.
        instance: who notices, as messages say it.
        link: the page's address, or None.
        guard: counts documents that nobody can read.
    """

    def __init__(
        self,
        state: State,
        *,
        channels: Sequence[str],
        instance: str,
        link: str | None,
        guard: Guard,
    ) -> None:
        self._state = state
        self._channels = tuple(channels)
        self._instance = instance
        self._link = link
        self._guard = guard
        self._entries: dict[str, _Entry] = {}
        self._past: int | None = None  # how many alerts that are over the store has, at least
        self.is_away = False

    def load(self) -> None:
        """Read what the store has; what could not be stored yet stays, if it still fits."""
        try:
            documents = self._state.read(ALERT)
        except StoreError:
            self.is_away = True
            return
        self.is_away = False
        held = self._entries
        self._entries = {key: self._read(document) for key, document in documents.items()}
        for key, entry in held.items():
            if not entry.unsaved:
                continue
            there = self._entries.get(key)
            if (there.version if there else 0) == entry.version:
                self._entries[key] = entry
            else:
                logger.info("alert %s was changed by another process meanwhile", clean_name(key))

    def forget_unsaved(self) -> None:
        """Another process leads now; what this one could not store is its business."""
        for entry in self._entries.values():
            entry.unsaved = ()

    def get(self, key: str) -> Alert | None:
        """The alert of a key, or None if there never was one."""
        entry = self._entries.get(key)
        return entry.alert if entry else None

    def active(self) -> list[Alert]:
        """Pending and firing alerts, those that fire and are critical first."""
        return _active(entry.alert for entry in self._entries.values())

    def unsaved(self) -> list[Alert]:
        """Alerts of which something happened that the store does not know yet."""
        return [entry.alert for entry in self._entries.values() if entry.unsaved and entry.alert]

    def stored(self) -> list[Alert]:
        """The same as the store has them now; for any thread. May raise `StoreUnavailableError`."""
        documents = self._state.read(ALERT)
        return _active(self._read(document).alert for document in documents.values())

    def past(self, limit: int = HISTORY_LIMIT) -> list[Alert]:
        """Alerts that are over, newest first; for any thread. May raise `StoreUnavailableError`."""
        documents = self._state.read(HISTORY)
        alerts = [alert for doc in documents.values() if (alert := self._read(doc).alert)]
        alerts.sort(key=lambda alert: alert.resolved_ns or 0, reverse=True)
        return alerts[:limit]

    def save(self, alert: Alert, event: Event | None, now_ns: int) -> None:
        """Store an alert with what it owes, or keep both until the store is back."""
        entry = self._entries.setdefault(alert.key, _Entry(None, 0))
        happened = [*entry.unsaved]
        if event:
            happened.append(Happened(event, alert, now_ns))
        if not happened and not _differ(entry.alert, alert):
            return
        if not self.is_away:
            try:
                self._commit(alert, entry.version, happened)
            except ConflictError:
                del self._entries[alert.key]  # read again and judged again next time
                return
            except PoisonError as error:
                self._guard.caught("act.alert_document", error)
                return  # it can never be stored; the others can
            except StoreError:
                self.is_away = True
            else:
                self._entries[alert.key] = _Entry(alert, entry.version + 1)
                return
        entry.alert, entry.unsaved = alert, happened
        if event:
            logger.warning("%s (%s; not stored yet: the store is away)", alert.summary, event)

    def acknowledge(
        self, key: str, now_ns: int, *, actor: str, reason: str, expected: int | None
    ) -> Alert:
        """Note who looks after a firing alert; for any thread. See `AlertManager`."""
        actor, reason = clean_name(actor), clean_name(reason, 300) if reason.strip() else ""
        for _ in range(_ATTEMPTS):  # an evaluation may change it at the same moment
            entry = self._found(key)
            alert = _acknowledgeable(key, entry.alert, expected)
            seen = replace(alert, acknowledged_ns=now_ns, acknowledged_by=actor)
            happened = Happened(Event.ACKNOWLEDGED, seen, now_ns)
            puts = [Put(ALERT, key, alert_document(seen), entry.version)]
            puts += [owe(name, self._notification(happened)) for name in self._of(seen)]
            flip = Flip(now_ns, f"alert {key}", _firing(alert), "acknowledged", actor, reason)
            try:
                self._state.commit(puts, [flip])
            except ConflictError:
                continue
            return seen
        raise RefusedOrderError(f"alert {clean_name(key)} changes all the time: try again")

    def _commit(self, alert: Alert, version: int, happened: Sequence[Happened]) -> None:
        puts = [Put(ALERT, alert.key, alert_document(alert), version)]
        over = [one.alert for one in happened if one.event is Event.RESOLVED]
        puts += [Put(HISTORY, dedup_key(past), alert_document(past)) for past in over]
        puts += self._too_old(len(over)) if over else []
        puts += [
            owe(name, self._notification(one)) for one in happened for name in self._of(one.alert)
        ]
        self._state.commit(puts, [flip for one in happened if (flip := _flip(one))])

    def _of(self, alert: Alert) -> Sequence[str]:
        """The channels that owe its messages; all, where none of those it names is set up."""
        return [name for name in self._channels if name in alert.channels] or self._channels

    def _too_old(self, more: int) -> Iterable[Put]:
        self._past = more + (_PRUNE_ABOVE if self._past is None else self._past)
        if self._past <= _PRUNE_ABOVE:
            return []
        past = self.past(2 * _PRUNE_ABOVE)
        old = past[HISTORY_LIMIT - more :]
        self._past = len(past) - len(old) + more
        return [Put(HISTORY, dedup_key(alert), None) for alert in old]

    def _found(self, key: str) -> _Entry:
        document = self._state.read(ALERT).get(key)
        return self._read(document) if document else _Entry(None, 0)

    def _notification(self, one: Happened) -> Notification:
        return Notification(
            event=one.event,
            alert=one.alert,
            dedup_key=dedup_key(one.alert),
            instance=self._instance,
            at_ns=one.at_ns,
            link=self._link,
        )

    def _read(self, document: Document) -> _Entry:
        try:
            return _Entry(alert_from(document.value), document.version)
        except ValueError as error:
            self._guard.caught("act.alert_document", error)
            return _Entry(None, document.version)  # the next state overwrites it


def _acknowledgeable(key: str, alert: Alert | None, expected: int | None) -> Alert:
    """The alert. Raises `RefusedOrderError` for one that cannot be acknowledged."""
    name = clean_name(key)
    if alert is None or alert.phase is not Phase.FIRING:
        raise RefusedOrderError(f"alert {name} does not fire: there is nothing to acknowledge")
    if expected not in (None, alert.episode):
        message = f"alert {name} fires for the {alert.episode}. time, not the {expected}."
        raise RefusedOrderError(f"{message}: look at it again")
    if alert.acknowledged_ns is not None:
        by = alert.acknowledged_by or "somebody"
        raise RefusedOrderError(f"alert {name} is acknowledged already, by {by}")
    return alert


def _firing(alert: Alert) -> str:
    return f"firing {alert.severity}"


def _active(alerts: Iterable[Alert | None]) -> list[Alert]:
    return sorted((alert for alert in alerts if alert and alert.phase in ACTIVE), key=_urgency)


def _urgency(alert: Alert) -> tuple[bool, bool, int]:
    return (
        alert.phase is not Phase.FIRING,
        alert.severity != "critical",
        alert.since_ns or 0,
    )


def _differ(stored: Alert | None, alert: Alert) -> bool:
    """Whether it is worth a write: of an alert that is quiet, only a change of phase is."""
    if alert.phase in ACTIVE:
        return stored != alert
    return (stored.phase if stored else Phase.INACTIVE) is not alert.phase


def _flip(one: Happened) -> Flip | None:
    changes = {
        Event.FIRING: ("quiet", _firing(one.alert)),
        Event.ESCALATED: ("firing warning", "firing critical"),
        Event.RESOLVED: (_firing(one.alert), "resolved"),
    }
    if one.event not in changes:
        return None  # a reminder changes nothing
    old, new = changes[one.event]
    return Flip(one.at_ns, f"alert {one.alert.key}", old, new, "auto", one.alert.summary)
