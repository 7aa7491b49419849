"""The move of commands from one system to the other: stages, and how each scope stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
