"""Going up: what the one process that leads does with scopes that may."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from changeover.act.board import OUTLOOK, Board, Changes, Teller
from changeover.act.criteria import Verdicts
from changeover.act.ladder import Outlook, outlook, seen
from changeover.act.plan import Plan, ScopePlan
from changeover.act.scopes import Scopes
from changeover.act.taking_back import Facts
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import ConflictError
from changeover.core.move import Mode, Move, Stage
from changeover.core.ports import Put, State
from changeover.core.process import Every
from changeover.core.verdict import EVERYTHING, Decision

_TOLD_EVERY_S = 5.0  # what a scope waits for changes with every execution
_MOMENTS = ("since_ns", "cooldown_until_ns", "rolled_back_ns", "began_ns")
_CLOCK_WAS_SET_NS = 60 * NS_PER_S  # less is drift


class MovingUp:
    """Moves scopes up, one change at a time, and says what the others wait for.

    Args:
        state: where moves and flags are.
        scopes: every scope as it stands.
        clock: the wall clock for moments, the monotonic one to see the wall clock being set.
        teller: who is told.
        wake: called when messages are owed.
    """

    def __init__(
        self,
        state: State,
        scopes: Scopes,
        *,
        clock: Clock,
        teller: Teller,
        wake: Callable[[], None],
    ) -> None:
        self._state = state
        self._scopes = scopes
        self._clock = clock
        self._teller = teller
        self._wake = wake
        self._clocks = (clock.wall_ns(), clock.monotonic_ns())
        self._jump_ns = 0
        self._tell_due = Every(_TOLD_EVERY_S, clock)

    def note_clock(self) -> None:
        """See whether the wall clock was set since the last time."""
        before, self._clocks = self._clocks, (self._clock.wall_ns(), self._clock.monotonic_ns())
        jump_ns = (self._clocks[0] - before[0]) - (self._clocks[1] - before[1])
        if abs(jump_ns) >= _CLOCK_WAS_SET_NS:
            self._jump_ns += jump_ns

    def lead(self, board: Board, verdicts: Verdicts, facts: Facts, plan: Plan) -> None:
        """One look at every scope. May raise `StoreUnavailableError`."""
        if self._jump_ns:
            self._shift(board)
            return  # judged by the shifted moments, with the next step
        told: list[tuple[Move, Outlook]] = []
        for move in self._scopes.all(board, facts, plan):
            way = plan.way_of(move.scope, move.parent)
            ahead = outlook(move, way, self._scopes.around(move, board, plan, facts), verdicts)
            told.append((move, ahead))
        for move, ahead in told:
            if self._go(move, ahead, plan, board, verdicts):
                return  # one change at a time: the next look sees what it did
        if self._tell_due.is_due():
            self._tell(told, board)

    def raise_to(
        self,
        changes: Changes,
        move: Move,
        way: ScopePlan,
        share: float,
        *,
        actor: str,
        reason: str,
        verdicts: Verdicts,
    ) -> None:
        """A share goes up: the flag with its flip, the move, and the alerts that are over."""
        parent = changes.board.moves.get(move.parent or "")
        if parent is not None and share >= parent.share:
            changes.flag(move.flag, None, actor, f"joins {parent.scope} again: {reason}")
            changes.drop_move(move)
            left = tuple(name for name in parent.rolled_back if name != move.scope)
            changes.move(replace(parent, rolled_back=left))
        else:
            now_ns = self._clock.wall_ns()
            changes.flag(move.flag, share, actor, reason)
            changes.move(
                replace(
                    move,
                    share=share,
                    stage=way.stage_of(share),
                    mode=way.mode,
                    since_ns=now_ns,
                    began_ns=now_ns if move.share <= 0 else move.began_ns,
                    tries=move.tries + (move.share <= 0),
                    approved_by=None,
                    asked_ns=None,
                    seen=seen(move, verdicts),
                )
            )
        calm(changes, move.scope, f"{move.scope} goes up to {share:g}%, by {actor}")
        changes.resolve("approval", move.scope, f"Approved: {share:g}%, by {actor}")

    def _go(self, move: Move, ahead: Outlook, plan: Plan, board: Board, verdicts: Verdicts) -> bool:
        """Do what is to be done for one scope; whether anything was."""
        way = plan.way_of(move.scope, move.parent)
        changes = self._begin(board)
        if ahead.finishes:
            changes.move(replace(move, stage=Stage.DONE, since_ns=self._clock.wall_ns()))
            reason = "watched at 100% for long enough"
            changes.flip(f"stage {move.scope}", "guarded", "done", "auto", reason)
        elif ahead.share is not None and (way.mode is Mode.AUTO or move.approved_by):
            actor = move.approved_by or "auto"
            reason = _reason(move, verdicts)
            self.raise_to(
                changes, move, way, ahead.share, actor=actor, reason=reason, verdicts=verdicts
            )
        elif ahead.share is not None and way.mode is Mode.APPROVE and move.asked_ns is None:
            changes.move(replace(move, asked_ns=self._clock.wall_ns()))
            what = f"{move.scope} may go from {move.share:g}% to {ahead.share:g}%"
            summary = f"{what}: {_reason(move, verdicts)}. changeover stage approve {move.scope}"
            changes.fire(
                "approval", move.scope, summary, severity="warning", value=move.share,
                threshold=ahead.share, unit="%",
            )  # fmt: skip
        if not changes:
            return False
        with contextlib.suppress(ConflictError):  # somebody else was first: looked at again
            changes.commit(self._state)
            self._wake()
        return True

    def _tell(self, told: Sequence[tuple[Move, Outlook]], board: Board) -> None:
        """Store what each scope waits for, so that every process can say so."""
        puts = []
        for move, ahead in told:
            asks = {Mode.APPROVE: "approve", Mode.MANUAL: "advance"}.get(move.mode)
            waits_for = ahead.waits_for
            if ahead.share is not None and asks:
                waits_for = f"a person: changeover stage {asks} {move.scope}"
            value = {
                "waits_for": waits_for,
                "proposal": ahead.share,
                "blocked": ahead.waits_for,
                "version": move.version,
            }
            found = board.outlooks.get(move.scope)
            if found is None or dict(found.value) != value:
                puts.append(Put(OUTLOOK, move.scope, value))
        if puts:
            self._state.commit(puts)

    def _shift(self, board: Board) -> None:
        """The wall clock was set: ages stay what they were."""
        changes = self._begin(board)
        for move in board.moves.values():
            moments = {
                name: at + self._jump_ns
                for name in _MOMENTS
                if (at := getattr(move, name)) is not None
            }
            changes.move(replace(move, **moments))
        changes.commit(self._state)
        self._jump_ns = 0

    def _begin(self, board: Board) -> Changes:
        return Changes(board, self._teller, self._clock.wall_ns())


def calm(changes: Changes, scope: str, summary: str) -> None:
    """End what alerts tell of a scope, and of everything."""
    for rule, subject in (
        ("rollback", scope),
        ("rollback", EVERYTHING),
        ("unclean_start", EVERYTHING),
    ):
        changes.resolve(rule, subject, summary)


def _reason(move: Move, verdicts: Verdicts) -> str:
    """Why a step up is taken, with the figures that allow it."""
    told = [verdicts[name] for name in move.commands if name in verdicts]
    new = sum(verdict.new.executions for verdict in told)
    errors = sum(verdict.new.errors for verdict in told)
    whole = verdicts.get(EVERYTHING)
    figures = f"{errors} errors in {new} executions of the new system"
    if move.share <= 0:
        legacy = sum(verdict.legacy.executions for verdict in told)
        return f"first step, with {legacy} executions of legacy as the baseline"
    is_proof = whole is not None and whole.decision is Decision.PROMOTE
    return f"{figures}; {whole.reason}" if whole and is_proof else figures
