"""The plan of a move: which scopes go up in which order, how far at a time, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from changeover.core.model import CommandState
from changeover.core.move import Freeze, Mode, Stage

_DAY_S = 86_400.0
_WHOLE = 100.0


class Proof(StrEnum):
    """Who has to say that the new system is good enough to go up."""

    EACH = "each"  # the judge, of every command of the scope
    POOLED = "pooled"  # the judge, of all commands together; no single one speaks against it
    CLEAN = "clean"  # nobody: a number of executions without too many errors, at any traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What must be so before a scope goes up.

    Attributes:
        proof: who has to say so.
        margin: with `clean`: how much higher than legacy's the new error rate may be, at the
            upper end of what the counts allow (a fraction). 0.1 needs 38 executions without an
            error, 0.05 75, 0.02 188, 0.01 375.
        max_error_ratio: nothing goes up while the scope's own rate is above.
        baseline: executions of legacy that must have been counted before the first step.
    """

    proof: Proof = Proof.POOLED
    margin: float = 0.05
    max_error_ratio: float = 0.01
    baseline: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePlan:
    """The way up of one category or command.

    Attributes:
        name: the category, or the command.
        after: scopes that must be done before it begins.
        ladder: shares in percent of ids, rising, the last one 100.
        min_time_s: the least time on each rung.
        min_executions: the fewest executions of the new system on each rung.
        bake_s: how long it is watched at 100 % before it is done.
        mode: who moves it up.
        criteria: what must be so before it goes up.
    """

    name: str
    after: tuple[str, ...] = ()
    ladder: tuple[float, ...] = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0)
    min_time_s: float = _DAY_S
    min_executions: int = 30
    bake_s: float = 7 * _DAY_S
    mode: Mode = Mode.MANUAL
    criteria: Criteria = field(default_factory=Criteria)

    def rung_above(self, share: float, retries: int) -> float | None:
        """The share after this one, or None at the top; a retry begins half as high, each time."""
        if share <= 0 and retries:
            return max(0.01, round(self.ladder[0] / 2.0**retries, 2))
        return next((rung for rung in self.ladder if rung > share), None)

    def stage_of(self, share: float) -> Stage:
        """Which stage a share is; `done` is no matter of shares."""
        if share <= 0:
            return Stage.OFF
        if share >= _WHOLE:
            return Stage.GUARDED
        return Stage.CANARY if share <= self.ladder[0] else Stage.RAMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a whole bot.

    Attributes:
        scopes: in the order they go up; empty as long as the commands are to say.
        base: what a scope is that nobody wrote down.
        cooldown_s: how long a scope stays on legacy after a rollback.
        retries: how often it may try again by itself before a person has to say so.
        freezes: times in which nothing goes up.
    """

    scopes: tuple[ScopePlan, ...] = ()
    base: ScopePlan = field(default_factory=lambda: ScopePlan(name=""))
    cooldown_s: float = _DAY_S
    retries: int = 2
    freezes: tuple[Freeze, ...] = ()

    def scope(self, name: str) -> ScopePlan | None:
        """The way up of one scope, or None where the plan has none."""
        return next((scope for scope in self.scopes if scope.name == name), None)

    def way_of(self, name: str, parent: str | None = None) -> ScopePlan:
        """The same for any scope: as its category goes up, or as one nobody wrote down."""
        planned = self.scope(name) or self.scope(parent or "") or self.base
        return replace(planned, name=name, after=planned.after if planned.name == name else ())

    def resolved(self, commands: Sequence[CommandState]) -> Plan:
        """The plan for a bot with these commands, in the order of their registration.

        A plan with scopes stays as it is. Else: the 18 commands of the reference go as its plan
        says, every other bot one category after the other.
        """
        if self.scopes or not commands:
            return self
        known = {command: name for name, names in REFERENCE.items() for command in names}
        there = dict.fromkeys(s.category or s.command for s in commands if s.has_new)
        if all(known.get(state.command) == state.category for state in commands):
            names = [name for name in REFERENCE if name in there]
            return replace(self, scopes=_in_a_row(names, self.base, _LONGER))
        return replace(self, scopes=_in_a_row(list(there), self.base, {}))


REFERENCE: Mapping[str, tuple[str, ...]] = {
    "utility": ("ping", "status", "help", "notifications", "debug", "purgbot", "volumetest"),
    "authentication": ("auth", "verify"),
    "conversation": ("activate", "deactivate", "autorespond", "reset"),
    "personality": ("add", "remove", "info", "alias", "list"),
}
"""The categories of the reference's bot in the order of its move, with their commands."""

_LONGER = {"personality": 2}  # its commands change data: two weeks instead of one


def _in_a_row(
    names: Sequence[str], base: ScopePlan, longer: Mapping[str, int]
) -> tuple[ScopePlan, ...]:
    """Each after the one before it; so many times the base's times."""
    before: Sequence[tuple[str, ...]] = [(), *((name,) for name in names)]
    return tuple(
        replace(
            base,
            name=name,
            after=after,
            min_time_s=base.min_time_s * longer.get(name, 1),
            bake_s=base.bake_s * longer.get(name, 1),
        )
        for name, after in zip(names, before, strict=False)
    )
