"""The one road by which people change something: a registry of verbs, with rights and audit."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from changeover.core.clock import Clock
from changeover.core.errors import BadValueError, ChangeoverError, ConflictError, StoreError
from changeover.core.model import Flip
from changeover.core.nearest import nearest
from changeover.core.order import (
    NotAllowedError,
    Order,
    Principal,
    Role,
    UnknownVerbError,
    Verb,
)
from changeover.core.ports import State
from changeover.core.text import UNNAMED, clean_name, redact
from changeover.service.audit import Audit

LONGEST_SUBJECT = 200
LONGEST_REASON = 500
LONGEST_VALUE = 1_000
DEEPEST_VALUE = 3
MOST_ITEMS = 100
STRANGERS = "strangers"  # those whom we do not know share one limit in the audit

Handler = Callable[[Order], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Entry:
    verb: Verb
    handler: Handler
    audits_itself: bool
    shows: Collection[str]


class Orders:
    """Carries out what people ask for, whatever door they came in by.

    Args:
        state: where the audit is, and what a conflict is explained from.
        clock: for the audit.
        audit: by default one of its own over the same state.
    """

    def __init__(self, state: State, *, clock: Clock, audit: Audit | None = None) -> None:
        self._state = state
        self._clock = clock
        self._audit = audit or Audit(state, clock=clock)
        self._entries: dict[str, _Entry] = {}

    def add(
        self,
        verb: str,
        role: Role,
        handler: Handler,
        about: str,
        *,
        subject: str = "",
        values: Mapping[str, str] | None = None,
        audits_itself: bool = False,
        shows: Collection[str] = (),
    ) -> None:
        """Let people ask for something.

        Args:
            verb: such as `flag.set`.
            role: the smallest role that may.
            handler: does it, and says in plain JSON types what it did. May raise
                `BadValueError`, `ConflictError`, `RefusedOrderError` and `StoreError`, after
                changing nothing. Called in any thread, several at a time.
            about: what it does, in one sentence.
            subject: what the subject is, in a few words; "" for a verb that takes none.
            values: what else it takes: a description of each value by its name.
            audits_itself: whether the handler writes its own row when it did something.
            shows: kinds of documents that a conflict may show to who lost.
        """
        told = Verb(name=verb, role=role, about=about, subject=subject, values=dict(values or {}))
        self._entries[verb] = _Entry(told, handler, audits_itself, frozenset(shows))

    def verbs(self, role: Role = Role.ADMIN) -> Sequence[Verb]:
        """What this role may ask for, by name."""
        entries = sorted(self._entries.items())
        return [entry.verb for _, entry in entries if role.may(entry.verb.role)]

    def carry_out(self, order: Order, principal: Principal) -> Mapping[str, Any]:
        """Do what somebody asks for, if they may, and say what was done.

        The actor is the principal, whatever the order says. What is refused is in the audit
        as well, under `order VERB SUBJECT`.

        Raises:
            UnknownVerbError: nothing carries it out; it names the nearest verb.
            NotAllowedError: the role is too small.
            BadValueError: a value cannot be used.
            ConflictError: somebody else was first.
            RefusedOrderError: not possible as things are.
            StoreError: the store is away.
        """
        order = replace(order, actor=clean_name(principal.name), reason=clean_text(order.reason))
        try:
            entry = self._entry(order)
            _check_role(principal, entry.verb)
            _check(order, entry.verb)
            result = entry.handler(order)
        except ChangeoverError as error:
            if isinstance(error, ConflictError):
                self._explain(error)
            self._refuse(order, error)
            raise
        except Exception as error:
            self._audit.done(self._flip(order, f"failed: {type(error).__name__}"))
            self._audit.settle()
            raise
        if not entry.audits_itself:
            self._audit.done(self._flip(order, "done"))
        self._audit.settle()
        return result

    def refused(self, what: str, why: str, who: str) -> None:
        """Audit what was refused before it became an order. Looks at memory alone.

        Args:
            what: was asked for, such as `POST /api/orders`.
            why: it was refused.
            who: as far as is known, such as `http:10.0.0.7`.
        """
        now_ns = self._clock.wall_ns()
        subject, actor = f"request {clean_name(what)}", clean_name(who)
        flip = Flip(now_ns, subject, None, f"refused: {clean_text(why)}", actor, "")
        self._audit.refused(flip, within=STRANGERS)

    def settle(self) -> None:
        """Write what the audit could not write yet; to be called every second or so."""
        self._audit.settle()

    def _entry(self, order: Order) -> _Entry:
        entry = self._entries.get(order.verb)
        if entry is None:
            meant = nearest(order.verb[:64], self._entries)
            known = ", ".join(sorted(self._entries))
            example = meant or next(iter(sorted(self._entries)), "flag.set")
            raise UnknownVerbError("verb", order.verb, f"one of {known}", example)
        return entry

    def _explain(self, error: ConflictError) -> None:
        """Put the document as it is now beside the version, where the verb lets it be seen."""
        shown = {kind for entry in self._entries.values() for kind in entry.shows}
        if error.current is not None or error.kind not in shown:
            return
        try:
            found = self._state.read(error.kind).get(error.key)
        except StoreError:
            return  # the version alone must do
        if found is not None and found.version >= error.found:
            error.found, error.current = found.version, found.value

    def _refuse(self, order: Order, error: ChangeoverError) -> None:
        told = clean_text(str(error), 300)
        self._audit.refused(self._flip(order, f"refused: {told}"))
        if not isinstance(error, StoreError) or isinstance(error, ConflictError):
            self._audit.settle()  # else it was just seen to be away; the next time will do

    def _flip(self, order: Order, new: str) -> Flip:
        words = ["order", clean_name(order.verb, 64)]
        if order.subject:
            words.append(clean_name(order.subject, LONGEST_SUBJECT))
        now_ns = self._clock.wall_ns()
        return Flip(now_ns, " ".join(words), None, new, order.actor, order.reason)


def clean_text(text: str, limit: int = LONGEST_REASON) -> str:
    """What somebody wrote, as one line without secrets and without what no screen shows."""
    cleaned = clean_name(redact(text), limit)
    return "" if cleaned == UNNAMED else cleaned


def _check_role(principal: Principal, verb: Verb) -> None:
    if not principal.role.may(verb.role):
        raise NotAllowedError(verb.name, principal, verb.role)


def _check(order: Order, verb: Verb) -> None:
    """Raise `BadValueError` for a subject or values that this verb does not take."""
    if bool(order.subject) is not bool(verb.subject):
        allowed = verb.subject or "nothing: this verb has no subject"
        raise BadValueError("subject", order.subject, allowed, verb.subject or '""')
    if order.subject and clean_name(order.subject, LONGEST_SUBJECT) != order.subject:
        allowed = f"{verb.subject}: 1 to {LONGEST_SUBJECT} characters that can be seen"
        raise BadValueError("subject", order.subject, allowed, "ddd.commands.utility")
    for name, value in order.values.items():
        if name not in verb.values:
            meant = nearest(str(name)[:64], verb.values)
            allowed = f"one of {', '.join(verb.values)}" if verb.values else "no values"
            example = meant or next(iter(verb.values), "{}")
            raise BadValueError("values", str(name), allowed, example)
        if not _is_plain(value, DEEPEST_VALUE):
            allowed = f"{verb.values[name]}; in plain JSON, each text up to {LONGEST_VALUE}"
            raise BadValueError(name, str(value), allowed, '"a text"')


def _is_plain(value: Any, depth: int) -> bool:
    """Whether every handler and every store can take it: JSON, finite, shallow, can be seen."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) < 2**63
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return len(value) <= LONGEST_VALUE and _is_visible(value)
    if isinstance(value, Mapping):
        items = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple):
        items = list(value)
    else:
        return False
    return depth > 0 and len(items) <= MOST_ITEMS and all(_is_plain(i, depth - 1) for i in items)


def _is_visible(text: str) -> bool:
    """Whether cleaning would take nothing from it but white space."""
    return not text.strip() or clean_name(text, len(text)).split() == text.split()
