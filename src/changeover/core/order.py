"""What people may ask for: one shape for the page, the API, the command line and buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from changeover.core.errors import BadValueError, ChangeoverError


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = "viewer"  # look
    OPERATOR = "operator"  # stages, flags, alerts, the emergency stop
    ADMIN = "admin"  # tokens

    def may(self, needed: Role) -> bool:
        """Whether this role is enough."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody whom we know.

    Attributes:
        name: as the audit has it, such as `user:anna` or `cli:anna`.
        role: what they may do.
    """

    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be asked for.

    Attributes:
        name: such as `flag.set`.
        role: the smallest role that may ask for it.
        about: what it does, in one sentence.
        subject: what the subject of such an order is, in a few words; "" where it has none.
        values: what else it takes: a description of each value by its name.
    """

    name: str
    role: Role
    about: str
    subject: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing that somebody asks for.

    Attributes:
        verb: such as `stage.advance`, `alert.ack`, `flag.set` or `stop`.
        subject: what it is about: a scope, an alert's key, a flag; "" where the verb says all.
        actor: who asks, such as `user:anna`, `cli:anna` or `discord:123`.
        reason: why, in their words.
        expected: the version that they saw; None for "whatever it is".
        values: what else the verb needs, of plain JSON types.
    """

    verb: str
    subject: str = ""
    actor: str
    reason: str = ""
    expected: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


class RefusedOrderError(ChangeoverError):
    """An order that cannot be carried out as things are; the message says why."""


class NotAllowedError(ChangeoverError):
    """An order of somebody whose role is too small.

    Attributes:
        principal: who asked.
        needed: the smallest role that may.
    """

    def __init__(self, verb: str, principal: Principal, needed: Role) -> None:
        self.principal, self.needed = principal, needed
        super().__init__(f"{verb} needs the role {needed}; {principal.name} is {principal.role}")


class UnknownVerbError(BadValueError):
    """An order with a verb that nothing carries out."""
