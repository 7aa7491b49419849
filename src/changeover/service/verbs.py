"""The verbs that every monitor has: flags, and the tokens of those who may change them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from changeover.act.tokens import Tokens
from changeover.core.clock import Clock
from changeover.core.errors import BadValueError, StoreError
from changeover.core.model import Flip
from changeover.core.order import Order, Role
from changeover.core.ports import State
from changeover.core.values import Grammar, choice
from changeover.core.window import format_moment
from changeover.route.share import to_share
from changeover.route.sources import FLAG_KIND, set_flag
from changeover.service.orders import Orders

_FLAG = "a flag's name"
_TOKEN = "a token's name"  # noqa: S105  # words about one, no secret
_ROLE = choice(*Role)
_SPAN = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S = 3_650 * 86_400


def _expiry(text: str) -> int:
    match = _SPAN.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST_S:
        raise ValueError(text)
    return seconds


_EXPIRES = Grammar(_expiry, "a whole number and m, h or d, up to 3650d", "90d")


def add_flag_verbs(
    orders: Orders, state: State, clock: Clock, changed: Callable[[], object]
) -> None:
    """`flag.set` and `flag.unset`.

    Args:
        orders: where to add them.
        state: where flags are kept.
        clock: for the audit.
        changed: called after a change, so that this process sees it at once.
    """

    def change(order: Order, share: float | None) -> Mapping[str, Any]:
        flip = set_flag(
            state,
            order.subject,
            share,
            actor=order.actor,
            reason=order.reason,
            clock=clock,
            expected=order.expected,
        )
        changed()
        version = _version_of(state, order.subject, flip)
        return {"flag": order.subject, "old": flip.old, "new": flip.new, "version": version}

    def set_one(order: Order) -> Mapping[str, Any]:
        return change(order, to_share("value", order.values.get("value")))

    def unset(order: Order) -> Mapping[str, Any]:
        return change(order, None)

    orders.add(
        "flag.set",
        Role.OPERATOR,
        set_one,
        "Set a flag in the store, which wins over environment and file.",
        subject=_FLAG,
        values={"value": "on, off, or a share in percent such as 25%"},
        audits_itself=True,
        shows=[FLAG_KIND],
    )
    orders.add(
        "flag.unset",
        Role.OPERATOR,
        unset,
        "Take a flag out of the store, so that the environment or the file speaks again.",
        subject=_FLAG,
        audits_itself=True,
        shows=[FLAG_KIND],
    )


def add_token_verbs(orders: Orders, tokens: Tokens) -> None:
    """`token.create` and `token.revoke`."""

    def create(order: Order) -> Mapping[str, Any]:
        role = Role(_ROLE.parse("role", _text(order, "role")))
        expires = order.values.get("expires")
        expires_s = None if expires is None else _EXPIRES.parse("expires", str(expires))
        made = tokens.create(
            order.subject, role, expires_s=expires_s, actor=order.actor, reason=order.reason
        )
        expires_ns = made.token.expires_ns
        until = None if expires_ns is None else format_moment(expires_ns)
        return {"name": order.subject, "role": role.value, "expires_at": until, "token": made.text}

    def revoke(order: Order) -> Mapping[str, Any]:
        tokens.revoke(
            order.subject, actor=order.actor, reason=order.reason, expected=order.expected
        )
        return {"name": order.subject, "revoked": True}

    orders.add(
        "token.create",
        Role.ADMIN,
        create,
        "Make a token; the answer holds its text, which is shown this once.",
        subject=_TOKEN,
        values={
            "role": "viewer, operator or admin",
            "expires": "how long it holds, such as 90d; left out, for ever",
        },
        audits_itself=True,
    )
    orders.add(
        "token.revoke",
        Role.ADMIN,
        revoke,
        "Make a token worthless, everywhere within two seconds.",
        subject=_TOKEN,
        audits_itself=True,
    )


def _text(order: Order, name: str) -> str:
    value = order.values.get(name)
    if not isinstance(value, str):
        raise BadValueError(name, str(value), _ROLE.allowed, _ROLE.example)
    return value


def _version_of(state: State, flag: str, flip: Flip) -> int | None:
    """The version that a change left; None where there is none, or somebody changed it since."""
    try:
        found = state.read(FLAG_KIND).get(flag)
    except StoreError:
        return None  # the change itself is stored
    if found is None or found.value.get("updated_ns") != flip.at_ns:
        return None
    return found.version
