"""Silences and maintenance windows: what people ask not to be told for a while."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from changeover.core.alerting import RULE, SEVERITY, Silence
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import BadValueError, ConflictError
from changeover.core.model import Alert, Flip
from changeover.core.order import RefusedOrderError
from changeover.core.ports import Document, Put, State
from changeover.core.text import clean_name
from changeover.core.window import format_moment

SILENCE, MAINTENANCE = "silence", "maintenance"
SHORTEST_S, LONGEST_S = 60, 90 * 86_400
MOST = 500  # of a kind at a time
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_LONGEST_TEXT = 200


class Silences:
    """Withholds the messages of alerts that match, until a moment that must be named.

    Args:
        state: where they are kept.
        clock: the wall clock decides when one is over.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._book = _Book(SILENCE, state, clock)
        self._clock = clock

    def add(
        self, matchers: Mapping[str, str], *, seconds: float, actor: str, reason: str
    ) -> Silence:
        """Withhold messages from now on.

        Args:
            matchers: label and pattern, at least one: see `Silence`.
            seconds: for how long; a minute to 90 days.
            actor: who asks.
            reason: why, in a few words.

        Raises:
            BadValueError: for a value that cannot be used.
            RefusedOrderError: there are 500 already.
            StoreUnavailableError: nothing was changed.
        """
        now_ns = self._clock.wall_ns()
        until_ns = now_ns + _length_ns(seconds)
        return self._book.add(_matchers(matchers), now_ns, until_ns, actor, reason)

    def list(self) -> list[Silence]:
        """Those that hold, the one that ends first first. May raise `StoreUnavailableError`."""
        return self._book.list()

    def end(self, id: str, *, actor: str, expected: int | None = None) -> Silence:  # noqa: A002 - as the field
        """End one before its time; what fires still is told.

        Raises:
            RefusedOrderError: there is none of this id, or it was changed meanwhile.
        """
        return self._book.end(id, actor, expected)


class Maintenance:
    """Withholds every message in a window of time that is planned.

    Args:
        state: where windows are kept.
        clock: the wall clock decides when one holds.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._book = _Book(MAINTENANCE, state, clock)
        self._clock = clock

    def add(self, from_ns: int | None, until_ns: int, *, actor: str, reason: str) -> Silence:
        """Plan a window.

        Args:
            from_ns: when it begins; None for now.
            until_ns: when it ends; a minute to 90 days later, and not over yet.
            actor: who asks.
            reason: why, in a few words.

        Raises:
            BadValueError: for a value that cannot be used.
            RefusedOrderError: there are 500 already.
            StoreUnavailableError: nothing was changed.
        """
        now_ns = self._clock.wall_ns()
        from_ns = now_ns if from_ns is None else from_ns
        if until_ns <= now_ns:
            raise BadValueError("until", format_moment(until_ns), "a moment that is to come", "2h")
        _length_ns((until_ns - from_ns) / NS_PER_S)
        return self._book.add({}, from_ns, until_ns, actor, reason)

    def list(self) -> list[Silence]:
        """Those that hold or are to come, by their end. May raise `StoreUnavailableError`."""
        return self._book.list()

    def end(self, id: str, *, actor: str, expected: int | None = None) -> Silence:  # noqa: A002 - as the field
        """End one, or call it off.

        Raises:
            RefusedOrderError: there is none of this id, or it was changed meanwhile.
        """
        return self._book.end(id, actor, expected)


def silencer(alert: Alert, silences: Sequence[Silence], now_ns: int) -> Silence | None:
    """What withholds the messages of an alert now; of several, what ends last."""
    holding = [one for one in silences if one.holds(now_ns) and one.matches(alert)]
    return max(holding, key=lambda one: one.until_ns, default=None)


class _Book:
    """Silences of one kind, as documents; each change is audited."""

    def __init__(self, kind: str, state: State, clock: Clock) -> None:
        self._kind = kind
        self._state = state
        self._clock = clock

    def list(self) -> list[Silence]:
        now_ns = self._clock.wall_ns()
        found = _read(self._state.read(self._kind))
        return sorted(
            (one for one in found if one.until_ns > now_ns),
            key=lambda one: (one.until_ns, one.id),
        )

    def add(
        self, matchers: Mapping[str, str], from_ns: int, until_ns: int, actor: str, reason: str
    ) -> Silence:
        now_ns = self._clock.wall_ns()
        there = _read(self._state.read(self._kind))
        over = [one for one in there if one.until_ns <= now_ns]
        if len(there) - len(over) >= MOST:
            raise RefusedOrderError(f"there are {MOST} of this kind already: end some first")
        one = Silence(
            id=secrets.token_hex(4), matchers=matchers, from_ns=from_ns, until_ns=until_ns,
            reason=_text("reason", reason, "server update"), actor=clean_name(actor),
            created_ns=now_ns, version=1,
        )  # fmt: skip
        puts = [Put(self._kind, one.id, _document(one), 0)]
        puts += [Put(self._kind, old.id, None) for old in over]
        self._state.commit(puts, [self._flip(one, None, _told(one), one.actor, one.reason)])
        return one

    def end(self, id: str, actor: str, expected: int | None) -> Silence:  # noqa: A002 - as the field
        one = next((one for one in self.list() if one.id == id), None)
        if one is None:
            raise RefusedOrderError(f"there is no {self._kind} {clean_name(id)!r}, or it is over")
        flip = self._flip(one, _told(one), "ended", clean_name(actor), one.reason)
        version = one.version if expected is None else expected
        try:
            self._state.commit([Put(self._kind, one.id, None, version)], [flip])
        except ConflictError:
            message = f"{self._kind} {one.id} was changed meanwhile: look at it again"
            raise RefusedOrderError(message) from None
        return one

    def _flip(self, one: Silence, old: str | None, new: str, actor: str, reason: str) -> Flip:
        return Flip(self._clock.wall_ns(), f"{self._kind} {one.id}", old, new, actor, reason)


def described(matchers: Mapping[str, str]) -> str:
    """`rule=error_rate command=add`, or `everything`."""
    return " ".join(f"{name}={text}" for name, text in sorted(matchers.items())) or "everything"


def _told(one: Silence) -> str:
    begin = "" if one.from_ns == one.created_ns else f" from {format_moment(one.from_ns)}"
    return f"{described(one.matchers)}{begin} until {format_moment(one.until_ns)}"


def _length_ns(seconds: float) -> int:
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise BadValueError("length", f"{seconds:g} s", "a minute to 90 days", "2h")
    return round(seconds * NS_PER_S)


def _matchers(matchers: Mapping[str, str]) -> dict[str, str]:
    if not matchers:
        allowed = f"at least one of {RULE}, {SEVERITY} or a label; for all, plan a maintenance"
        raise BadValueError("matchers", "", allowed, "rule=error_rate")
    for name, pattern in matchers.items():
        if not _LABEL.fullmatch(name):
            raise BadValueError("matcher", name, "a label's name", "rule=error_rate")
        _text(name, pattern, "error_*")
    return dict(matchers)


def _text(name: str, text: str, example: str) -> str:
    clean = clean_name(text, _LONGEST_TEXT) if text.strip() else ""
    if not clean or len(text) > _LONGEST_TEXT:
        raise BadValueError(name, text, f"1 to {_LONGEST_TEXT} characters", example)
    return clean


def _document(one: Silence) -> dict[str, Any]:
    return {
        "matchers": dict(one.matchers),
        "from_ns": one.from_ns,
        "until_ns": one.until_ns,
        "reason": one.reason,
        "actor": one.actor,
        "created_ns": one.created_ns,
    }


def _read(documents: Mapping[str, Document]) -> list[Silence]:
    """Every silence that can be read; one that cannot mutes nothing."""
    found: list[Silence] = []
    for key, document in documents.items():
        value = document.value
        moments = [value.get(name) for name in ("from_ns", "until_ns", "created_ns")]
        matchers = value.get("matchers")
        if not isinstance(matchers, Mapping) or not all(isinstance(at, int) for at in moments):
            continue
        found.append(
            Silence(
                id=key,
                matchers={str(name): str(text) for name, text in matchers.items()},
                from_ns=int(value["from_ns"]),
                until_ns=int(value["until_ns"]),
                reason=str(value.get("reason", "")),
                actor=str(value.get("actor", "")),
                created_ns=int(value["created_ns"]),
                version=document.version,
            )
        )
    return found
