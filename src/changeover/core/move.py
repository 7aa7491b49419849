"""The move of commands from one system to the other: stages, and how each scope stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MOVE_RULES = frozenset({"rollback", "approval", "unclean_start", "emergency_stop"})
"""The rules of the alerts that the rollout makes and ends; nobody else touches them."""


class Stage(StrEnum):
    """A rung of the ladder, from legacy alone to the new system alone."""

    OFF = "off"
    CANARY = "canary"
    RAMP = "ramp"
    GUARDED = "guarded"  # all on the new system, and still watched
    DONE = "done"


class Mode(StrEnum):
    """Who moves a scope up. Taking it back is never anybody's to ask for."""

    MANUAL = "manual"  # says what it would do
    APPROVE = "approve"  # asks a person
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One scope's move as it stands.

    Attributes:
        scope: a category, or a command of its own.
        flag: whose share it sets, such as `ddd.commands.utility`.
        commands: the commands that it moves.
        mode: who moves it up.
        stage, share: where it is; the share in percent of ids, 0 to 100.
        since_ns: when it came there; None before the first step.
        waits_for: what it waits for, in one sentence; None when it could go on now.
        proposal: the share that it would take next, where it would; else None.
        approved_by: who approved that, or None.
        held_by, held_because: who stopped it from going up, and why.
        rolled_back_ns, rollback_reason: of the last rollback.
        rolled_back: commands that were taken back alone, while the rest went on.
        retries: how many rollbacks there were since somebody began it anew.
        cooldown_until_ns: before that moment it does not go up again.
        version: changes with every change; what a person saw when they decided.
        began_ns: when it left legacy, this time; evidence of before says nothing of this try.
        tries: how often it left legacy.
        parent: the category that a command taken back alone will join again, or None.
        asked_ns: when somebody was asked to approve the proposal; None while nobody was.
        seen: executions of the new system by command, as counted when the stage began.
    """

    scope: str
    flag: str
    commands: tuple[str, ...] = ()
    mode: Mode = Mode.MANUAL
    stage: Stage = Stage.OFF
    share: float = 0.0
    since_ns: int | None = None
    waits_for: str | None = None
    proposal: float | None = None
    approved_by: str | None = None
    held_by: str | None = None
    held_because: str | None = None
    rolled_back_ns: int | None = None
    rollback_reason: str | None = None
    rolled_back: tuple[str, ...] = ()
    retries: int = 0
    cooldown_until_ns: int | None = None
    version: int = 0
    began_ns: int | None = None
    tries: int = 0
    parent: str | None = None
    asked_ns: int | None = None
    seen: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which nothing goes up. Taking back is never frozen.

    Attributes:
        from_ns, until_ns: wall clock; the end is not part of it.
        reason, actor: why, and who said so.
    """

    from_ns: int
    until_ns: int
    reason: str
    actor: str = "plan"

    def holds(self, now_ns: int) -> bool:
        """Whether it is in force."""
        return self.from_ns <= now_ns < self.until_ns


@dataclass(frozen=True, slots=True)
class Halt:
    """The emergency stop, while it is in force."""

    at_ns: int
    actor: str
    reason: str
