"""Buttons under the bot's own alerts, and what comes of a press."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from changeover.core.errors import ChangeoverError, ConflictError, StoreError
from changeover.core.model import Alert, Notification, Phase
from changeover.core.move import Move
from changeover.core.order import Order, Principal, Role
from changeover.core.text import shorten
from changeover.core.threads import in_thread
from changeover.core.verdict import EVERYTHING
from changeover.notify.embed import escape, fit, length

PREFIX = "changeover"
REASON = "pressed in Discord"
_ID, _LABEL = 100, 80  # Source: Discord's reference, "Button Structure"
_AT_ONCE = 4  # presses that are carried out; every thread takes time from the bot's loop

_ROW, _BUTTON = 1, 2  # Source: "Component Types"
_GREEN, _GREY, _RED = 3, 2, 4  # Source: "Button Styles"
_STYLES = {"approve": _GREEN, "hold": _GREY, "rollback": _RED}
_LABELS = {"approve": "Approve", "hold": "Hold", "rollback": "Roll back"}
_VERBS: Mapping[str, Sequence[str]] = {  # by rule; nothing is proposed where something fell
    "approval": ("approve", "hold", "rollback"),
    "rollback": ("hold", "rollback"),
}
_DONE = {
    "approve": "{scope} is approved; it goes up within seconds unless something has come up.",
    "hold": "{scope} is held at {share:g}% until somebody resumes it.",
    "rollback": "{scope} is on legacy until somebody resumes it.",
}


class Press(NamedTuple):
    """What a button asks for; its custom id is all that there is to know, also after a restart.

    Attributes:
        verb: `approve`, `hold` or `rollback`.
        scope: a category or command, or `*`.
        version: of the scope, as whoever presses has seen it.
    """

    verb: str
    scope: str
    version: int

    @property
    def custom_id(self) -> str:
        """Such as `changeover:approve:utility:7`."""
        return f"{PREFIX}:{self.verb}:{self.scope}:{self.version}"

    @classmethod
    def read(cls, custom_id: str) -> Press | None:
        """The press of a custom id; None for one that is not ours."""
        prefix, _, rest = custom_id.partition(":")
        verb, _, rest = rest.partition(":")
        scope, _, version = rest.rpartition(":")  # a command's name may have colons
        is_number = version.isascii() and version.isdigit() and len(version) < 16
        if prefix != PREFIX or verb not in _LABELS or not scope or not is_number:
            return None
        return cls(verb, scope, int(version))


class Buttons:
    """Puts buttons under alerts of the move, and turns presses into orders.

    Args:
        operators: ids of the users who may press; without any, there are no buttons.
        moves: every scope as it stands. May raise `StoreUnavailableError`.
        order: does what somebody asks for: `Monitor.order`.
        refused: audits what a stranger asked for: `Orders.refused`.
    """

    def __init__(
        self,
        operators: Collection[int],
        *,
        moves: Callable[[], Sequence[Move]],
        order: Callable[[Order, Principal], Mapping[str, Any]],
        refused: Callable[[str, str, str], None],
    ) -> None:
        self._operators = frozenset(operators)
        self._moves = moves
        self._order = order
        self._refused = refused
        self._busy = 0

    def components(self, notification: Notification) -> list[dict[str, Any]]:
        """The row of buttons under a message; none where none makes sense. Blocks on the store."""
        alert = notification.alert
        verbs = _VERBS.get(alert.rule, ())
        if not (self._operators and verbs) or alert.phase is not Phase.FIRING:
            return []
        try:
            moves = {move.scope: move for move in self._moves()}
        except StoreError:
            return []  # better told without buttons than not told
        scope = alert.labels.get("scope", "")
        move = moves.get(scope)
        if move is None and scope == "everything":
            scope, verbs, move = EVERYTHING, ("rollback",), Move(scope=EVERYTHING, flag="")
        if move is None or (alert.rule == "approval" and not _still_asks(move, alert)):
            return []
        presses = [Press(verb, scope, move.version) for verb in verbs]
        if any(length(press.custom_id) > _ID for press in presses):
            return []
        return [{"type": _ROW, "components": [_button(press) for press in presses]}]

    async def pressed(self, user_id: int, custom_id: str) -> str:
        """Carry out a press and say what came of it; for the bot's loop, which it never blocks.

        That of somebody who is not listed looks at memory alone, however often they press.
        """
        press, actor = Press.read(custom_id), f"discord:{user_id}"
        if user_id not in self._operators:
            what = f"{press.verb} {press.scope}" if press else shorten(custom_id, _ID)
            self._refused(f"button {what}", "not in MONITORING_DISCORD_OPERATORS", actor)
            return "Nothing was done: you are not among those who may press this."
        if press is None:
            return "Nothing was done: this button is of another version of Changeover."
        if self._busy >= _AT_ONCE:
            return "Nothing was done: too many presses at once. Press again in a moment."
        self._busy += 1
        try:
            return await in_thread(lambda: self._carry_out(press, actor), name="changeover-button")
        finally:
            self._busy -= 1

    def _carry_out(self, press: Press, actor: str) -> str:
        order = Order(
            verb=f"stage.{press.verb}",
            subject=press.scope,
            actor=actor,
            reason=REASON,
            expected=press.version,
        )
        try:
            told = self._order(order, Principal(actor, Role.OPERATOR))
        except ConflictError as error:
            return _changed(press, error)
        except StoreError as error:
            return f"{escape(str(error))}."  # says itself what was done: taking back needs no store
        except ChangeoverError as error:
            return f"Nothing was done: {escape(str(error))}."
        return _DONE[press.verb].format(scope=_shown(press.scope), share=told.get("share", 0.0))


def _still_asks(move: Move, alert: Alert) -> bool:
    """Whether the alert's proposal is the one that an approval would count for."""
    return move.asked_ns is not None and move.approved_by is None and move.share == alert.value


def _button(press: Press) -> dict[str, Any]:
    what = "everything" if press.scope == EVERYTHING else press.scope
    return {
        "type": _BUTTON,
        "style": _STYLES[press.verb],
        "label": fit(f"{_LABELS[press.verb]} {what}", _LABEL),
        "custom_id": press.custom_id,
    }


def _changed(press: Press, error: ConflictError) -> str:
    now = error.current or {}
    told = f"{_shown(press.scope)} changed meanwhile"
    if "share" in now:
        told += f": it is at {now['share']:g}%"
        if now.get("held_by"):
            told += f", held by {escape(str(now['held_by']))}"
    return f"Nothing was done: {told}."


def _shown(scope: str) -> str:
    return "Everything" if scope == EVERYTHING else escape(scope)
