"""The verbs of the move: stages, freezes, and the emergency stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from changeover.act.board import MOVE
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import BadValueError
from changeover.core.move import Move
from changeover.core.order import Order, Role
from changeover.core.values import duration
from changeover.core.window import format_moment, parse_moment
from changeover.service.moving import Moving
from changeover.service.orders import Orders

_SCOPE = "a scope: a category or a command of the plan"
_FREEZE_FOR = duration(60, "30d", "2d")

Ask = Callable[[Order], Move]


def add_stage_verbs(orders: Orders, moving: Moving, clock: Clock) -> None:
    """`stage.*`, `freeze.*`, `stop` and `start`.

    Args:
        orders: where to add them.
        moving: what they move.
        clock: for how long a freeze lasts.
    """
    rollout = moving.rollout

    def add(verb: str, ask: Ask, about: str, values: Mapping[str, str] | None = None) -> None:
        def handle(order: Order) -> Mapping[str, Any]:
            return told(moving.act(lambda: ask(order)))

        orders.add(
            verb,
            Role.OPERATOR,
            handle,
            about,
            subject=_SCOPE,
            values=values,
            audits_itself=True,
            shows=[MOVE],
        )

    add(
        "stage.advance",
        lambda order: rollout.advance(order.subject, **_who(order), force=_flag(order, "force")),
        "Move a scope one rung up.",
        {"force": "true: although the figures, a freeze or a hold stand against it"},
    )
    add(
        "stage.approve",
        lambda order: rollout.approve(order.subject, **_who(order)),
        "Say yes to what a scope proposes.",
    )
    add(
        "stage.hold",
        lambda order: rollout.hold(order.subject, **_who(order)),
        "Keep a scope from going up until somebody resumes it.",
    )
    add(
        "stage.resume",
        lambda order: rollout.resume(order.subject, **_who(order)),
        "Let a scope go on, after a hold, a rollback or a cool-down.",
    )
    add(
        "stage.rollback",
        lambda order: rollout.rollback(order.subject, **_who(order)),
        "Take a scope back to legacy, or everything with `*`.",
    )
    _add_stops(orders, moving, clock)


def _add_stops(orders: Orders, moving: Moving, clock: Clock) -> None:
    rollout = moving.rollout

    def stop(order: Order) -> Mapping[str, Any]:
        moving.act(lambda: rollout.stop(actor=order.actor, reason=order.reason))
        return {"stopped": True}

    def start(order: Order) -> Mapping[str, Any]:
        moving.act(lambda: rollout.start_again(actor=order.actor, reason=order.reason))
        return {"stopped": False}

    def freeze(order: Order) -> Mapping[str, Any]:
        until_ns = _until_ns(order, clock)
        moving.act(lambda: rollout.freeze(until_ns, actor=order.actor, reason=order.reason))
        return {"frozen_until": format_moment(until_ns)}

    def thaw(order: Order) -> Mapping[str, Any]:
        moving.act(lambda: rollout.freeze(None, actor=order.actor, reason=order.reason))
        return {"frozen_until": None}

    span = {"until": "a time such as 2026-12-24T00:00:00Z", "for": "or how long, such as 2d"}
    for verb, handler, about, values in (
        ("stop", stop, "The emergency stop: everything to legacy, at once.", None),
        ("start", start, "Lift the emergency stop; shares are what they were.", None),
        ("freeze.add", freeze, "Let nothing go up for some time.", span),
        ("freeze.end", thaw, "End the freeze.", None),
    ):
        orders.add(verb, Role.OPERATOR, handler, about, values=values, audits_itself=True)


def told(move: Move) -> dict[str, Any]:
    """What an order answers: the scope as it stands now."""
    return {
        "scope": move.scope,
        "stage": move.stage.value,
        "share": move.share,
        "mode": move.mode.value,
        "waits_for": move.waits_for,
        "held_by": move.held_by,
        "version": move.version,
    }


def _who(order: Order) -> dict[str, Any]:
    return {"actor": order.actor, "reason": order.reason, "expected": order.expected}


def _flag(order: Order, name: str) -> bool:
    value = order.values.get(name, False)
    if not isinstance(value, bool):
        raise BadValueError(name, str(value), "true or false", "true")
    return value


def _until_ns(order: Order, clock: Clock) -> int:
    now_ns = clock.wall_ns()
    span, until = order.values.get("for"), order.values.get("until")
    if (span is None) is (until is None):
        raise BadValueError("for", str(span), "either `for` or `until`", "2d")
    if span is not None:
        return now_ns + _FREEZE_FOR.parse("for", str(span)) * NS_PER_S
    until_ns = parse_moment(str(until))
    if until_ns <= now_ns:
        raise BadValueError("until", str(until), "a time that is to come", "2030-01-01T00:00:00Z")
    return until_ns
