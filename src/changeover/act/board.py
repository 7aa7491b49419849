"""What the store says of a move: one consistent look, and one transaction of changes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from changeover.act.documents import ALERT, HISTORY, alert_document, alert_from, owe
from changeover.act.life import alert_key, dedup_key
from changeover.core.model import Alert, Event, Flip, Notification, Phase
from changeover.core.move import Freeze, Mode, Move, Stage
from changeover.core.ports import Document, Put, State

FLAG, MOVE, OUTLOOK, FREEZE, STOP = "flag", "move", "outlook", "freeze", "stop"
_MOMENT = (int, type(None))
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("flag", (str,)),
    ("share", (int, float)),
    *((name, (int,)) for name in ("retries", "tries")),
    *((name, _MOMENT) for name in ("since_ns", "rolled_back_ns", "cooldown_until_ns")),
    *((name, _MOMENT) for name in ("began_ns", "asked_ns")),
    *((name, (str, type(None))) for name in ("parent", "held_by", "approved_by")),
    ("seen", (Mapping,)),
)
_MOVE_FIELDS = frozenset(entry.name for entry in fields(Move)) - {"version"}


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that a decision rests on, as the store has it.

    Attributes:
        moves: by scope; only those that ever began.
        flags, alerts, outlooks: the documents as they are.
        freezes: those that people ordered, by name.
        stop: the emergency stop in force, or None.
    """

    moves: Mapping[str, Move] = field(default_factory=dict)
    flags: Mapping[str, Document] = field(default_factory=dict)
    alerts: Mapping[str, Document] = field(default_factory=dict)
    outlooks: Mapping[str, Document] = field(default_factory=dict)
    freezes: Mapping[str, Freeze] = field(default_factory=dict)
    freeze_versions: Mapping[str, int] = field(default_factory=dict)
    stop: Document | None = None

    def share(self, flag: str) -> float | None:
        """What the store says of a flag, in percent; None where it says nothing."""
        found = self.flags.get(flag)
        return None if found is None else share_of(found)


def share_of(document: Document) -> float:
    """The share of a flag's document; 0 where it makes no sense, as everywhere."""
    share = document.value.get("share")
    if isinstance(share, (int, float)) and 0 <= share <= 100:
        return float(share)
    return 0.0


def read_board(state: State) -> Board:
    """One look at the store. Raises `StoreUnavailableError`."""
    freezes = state.read(FREEZE)
    return Board(
        moves={key: _move_from(key, document) for key, document in state.read(MOVE).items()},
        flags=state.read(FLAG),
        alerts=state.read(ALERT),
        outlooks=state.read(OUTLOOK),
        freezes={key: made for key, doc in freezes.items() if (made := _freeze_from(doc))},
        freeze_versions={key: document.version for key, document in freezes.items()},
        stop=state.read(STOP).get(STOP),
    )


def _move_from(scope: str, document: Document) -> Move:
    """The move of a document; of one that makes no sense, no more than its version.

    It must not keep a rollback from being written.
    """
    known = {name: document.value[name] for name in _MOVE_FIELDS & document.value.keys()}
    try:
        for name in ("commands", "rolled_back"):
            known[name] = tuple(map(str, known.get(name, ())))
        known |= {"mode": Mode(known["mode"]), "stage": Stage(known["stage"]), "scope": scope}
        move = Move(**known, version=document.version)
    except (TypeError, ValueError, KeyError):
        return Move(scope=scope, flag="", version=document.version)
    is_right = all(isinstance(getattr(move, name), kinds) for name, kinds in _KINDS)
    return move if is_right else Move(scope=scope, flag="", version=document.version)


def _freeze_from(document: Document) -> Freeze | None:
    told = document.value
    moments = [told.get("from_ns"), told.get("until_ns")]
    if not all(isinstance(moment, int) for moment in moments):
        return None  # as above
    return Freeze(
        from_ns=told["from_ns"],
        until_ns=told["until_ns"],
        reason=str(told.get("reason")),
        actor=str(told.get("actor")),
    )


def _move_document(move: Move) -> dict[str, Any]:
    told = asdict(move)
    for name in ("version", "waits_for", "proposal"):
        del told[name]  # what it waits for is looked up anew all the time: see `OUTLOOK`
    lists = {"commands": list(move.commands), "rolled_back": list(move.rolled_back)}
    return (
        told | lists | {"seen": dict(move.seen), "mode": str(move.mode), "stage": str(move.stage)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who is told of what happens to a move.

    Attributes:
        channels: the names of those that owe every message.
        instance: who noticed, such as `railway-7/12`.
        link: the page's address, or None.
    """

    channels: Sequence[str] = ()
    instance: str = ""
    link: str | None = None


class Changes:
    """One transaction: moves, flags, flips, and what people are told of them."""

    def __init__(self, board: Board, teller: Teller, now_ns: int) -> None:
        self.board = board
        self._teller = teller
        self._now_ns = now_ns
        self._puts: list[Put] = []
        self._flips: list[Flip] = []

    def __bool__(self) -> bool:
        return bool(self._puts or self._flips)

    def commit(self, state: State) -> None:
        """All of it or nothing. Raises `ConflictError` and `StoreUnavailableError`."""
        state.commit(self._puts, self._flips)

    def move(self, move: Move) -> None:
        """Write a move at the version it was read."""
        self._puts.append(Put(MOVE, move.scope, _move_document(move), move.version))

    def drop_move(self, move: Move) -> None:
        """A command has joined its category again."""
        self._puts.append(Put(MOVE, move.scope, None, move.version))

    def flag(self, name: str, share: float | None, actor: str, reason: str) -> None:
        """Set a flag for every process, with its flip; None takes it out of the store."""
        found = self.board.flags.get(name)
        value = None if share is None else {
            "share": share, "actor": actor, "reason": reason, "updated_ns": self._now_ns
        }  # fmt: skip
        self._puts.append(Put(FLAG, name, value, found.version if found else 0))
        old = None if found is None else f"{share_of(found):g}%"
        self.flip(f"flag {name}", old, None if share is None else f"{share:g}%", actor, reason)

    def put(self, put: Put) -> None:
        """Any other document."""
        self._puts.append(put)

    def flip(self, subject: str, old: str | None, new: str | None, actor: str, reason: str) -> None:
        """A row of the audit."""
        self._flips.append(Flip(self._now_ns, subject, old, new, actor, reason))

    def fire(
        self,
        rule: str,
        scope: str,
        summary: str,
        *,
        severity: str = "critical",
        value: float | None = None,
        threshold: float = 1.0,
        unit: str = "to 1",
    ) -> None:
        """Begin an alert, and owe it to every channel."""
        labels = {"scope": "everything" if scope == "*" else scope}
        key = alert_key(rule, labels)
        before, version = self._alert(key)
        alert = Alert(
            key=key, rule=rule, phase=Phase.FIRING, severity=severity, summary=summary,
            value=value, threshold=threshold, unit=unit, labels=labels, since_ns=self._now_ns,
            fired_ns=self._now_ns, notified_ns=self._now_ns, peak=value,
            episode=(before.episode if before else 0) + 1,
        )  # fmt: skip
        self._puts.append(Put(ALERT, key, alert_document(alert), version))
        self._owe(alert, Event.FIRING)

    def resolve(self, rule: str, scope: str, summary: str) -> None:
        """End an alert that fires, and say so; nothing where none does."""
        labels = {"scope": "everything" if scope == "*" else scope}
        before, version = self._alert(alert_key(rule, labels))
        if before is None or before.phase is not Phase.FIRING:
            return
        now_ns = self._now_ns
        over = replace(
            before, phase=Phase.RESOLVED, resolved_ns=now_ns, notified_ns=now_ns, summary=summary
        )
        self._puts.append(Put(ALERT, over.key, alert_document(over), version))
        self._puts.append(Put(HISTORY, dedup_key(over), alert_document(over)))
        self._owe(over, Event.RESOLVED)

    def _alert(self, key: str) -> tuple[Alert | None, int]:
        document = self.board.alerts.get(key)
        if document is None:
            return None, 0
        try:
            return alert_from(document.value), document.version
        except ValueError:
            return None, document.version  # nobody can read it: it begins anew

    def _owe(self, alert: Alert, event: Event) -> None:
        told = Notification(
            event=event,
            alert=alert,
            dedup_key=dedup_key(alert),
            instance=self._teller.instance,
            at_ns=self._now_ns,
            link=self._teller.link,
        )
        self._puts += [owe(name, told) for name in self._teller.channels]
