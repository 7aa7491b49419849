"""How each channel stands, in the store: for the page of any process, and to tell of it once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from changeover.act.documents import owe
from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.ports import Document, Put
from changeover.core.quantity import format_duration
from changeover.core.text import redact, shorten

CHANNEL = "channel"
RULE = "alert_channel"  # of the messages about a channel; no rule anybody can set up
WORKING, FAILING, OFF = "working", "failing", "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One channel that does not work; there is no document of one that does.

    Attributes:
        name: the channel's.
        version: of the document this was read from; 0 where there is none.
        since_ns: when the failing began; None while it works.
        is_off: until its settings change, as of the last attempt.
        is_told: the other channels owe a message about it, or have told it.
        last_error: what the receiver answered last.
        given_up: messages that were given up since then.
    """

    name: str
    version: int = 0
    since_ns: int | None = None
    is_off: bool = False
    is_told: bool = False
    last_error: str | None = None
    given_up: int = 0

    @property
    def state(self) -> str:
        """`working`, `failing` or `off`."""
        if self.since_ns is None:
            return WORKING
        return OFF if self.is_off else FAILING

    @property
    def put(self) -> Put:
        """Its document, if nobody touched it since it was read."""
        value: dict[str, Any] = {
            "since_ns": self.since_ns,
            "is_off": self.is_off,
            "is_told": self.is_told,
            "last_error": self.last_error,
            "given_up": self.given_up,
        }
        return Put(CHANNEL, self.name, value, self.version)

    def after_failure(self, error: str, now_ns: int, *, permanent: bool) -> Standing:
        """How it stands once more has gone wrong."""
        return replace(
            self,
            since_ns=now_ns if self.since_ns is None else self.since_ns,
            is_off=permanent,
            is_told=self.is_told or permanent,
            last_error=shorten(redact(error), 300),
        )

    def told_off(self, others: Iterable[str], instance: str, now_ns: int) -> list[Put]:
        """What the others owe about it, now that it is off."""
        summary = f"Alert channel {self.name} is off until its settings change: {self.last_error}"
        one = self._notification(Event.FIRING, summary, instance, now_ns)
        return [owe(name, one) for name in others if name != self.name]

    def works_again(self, others: Iterable[str], instance: str, now_ns: int) -> list[Put]:
        """What takes its document away, and tells those who were told that it is off."""
        puts = [Put(CHANNEL, self.name, None)]
        if self.is_told:
            lasted = format_duration((now_ns - (self.since_ns or now_ns)) / NS_PER_S)
            summary = f"Alert channel {self.name} works again after {lasted}"
            one = self._notification(Event.RESOLVED, summary, instance, now_ns)
            puts += [owe(name, one) for name in others if name != self.name]
        return puts

    def told_given_up(self, instance: str, now_ns: int) -> list[Put]:
        """What the channel itself owes, once it works, about what it will never tell."""
        many = f"{self.given_up} alerts" if self.given_up > 1 else "1 alert"
        summary = (
            f"Alert channel {self.name} could not be reached: "
            f"{many} that came and went meanwhile are not told one by one"
        )
        one = self._notification(Event.RESOLVED, summary, instance, now_ns)
        return [owe(self.name, replace(one, late=True))]

    def _notification(self, event: Event, summary: str, instance: str, now_ns: int) -> Notification:
        is_over = event is Event.RESOLVED
        since_ns = self.since_ns if self.since_ns is not None else now_ns
        alert = Alert(
            key=f"{RULE}{{channel={self.name}}}",
            rule=RULE,
            phase=Phase.RESOLVED if is_over else Phase.FIRING,
            severity="critical",
            summary=summary,
            value=None,
            threshold=0.0,
            unit="",
            labels={"channel": self.name},
            since_ns=since_ns,
            fired_ns=since_ns,
            resolved_ns=now_ns if is_over else None,
            notified_ns=now_ns,
            episode=since_ns // NS_PER_S,
        )
        return Notification(event, alert, f"{alert.key}#{alert.episode}", instance, now_ns)


def standing_of(name: str, documents: Mapping[str, Document]) -> Standing:
    """How one channel stands; a document that cannot be read says nothing."""
    document = documents.get(name)
    if document is None:
        return Standing(name=name)
    value = document.value
    since_ns, error, given_up = (value.get(k) for k in ("since_ns", "last_error", "given_up"))
    return Standing(
        name=name,
        version=document.version,
        since_ns=since_ns if isinstance(since_ns, int) else None,
        is_off=bool(value.get("is_off")),
        is_told=bool(value.get("is_told")),
        last_error=error if isinstance(error, str) else None,
        given_up=given_up if isinstance(given_up, int) else 0,
    )
