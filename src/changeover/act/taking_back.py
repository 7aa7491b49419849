"""Taking back: in memory at once, then in the store, whatever else is going on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from changeover.act.board import Board, Changes, Teller, read_board
from changeover.act.brakes import Brakes
from changeover.act.criteria import Verdicts
from changeover.act.pending import Pending, Rollback
from changeover.act.plan import Plan
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.deciding import deciding_flags, scope_flag
from changeover.core.errors import ConflictError, StoreError
from changeover.core.model import CommandState
from changeover.core.move import Move, Stage
from changeover.core.ports import State
from changeover.core.verdict import EVERYTHING, Decision, Verdict

_ATTEMPTS = 5
_JUST_WHOLE_S = 3_600.0  # at 100 % for less than this still counts as rising


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What this process knows of the bot at one moment.

    Attributes:
        commands: in the order of their registration.
        shares: percent of every flag that is set, whoever set it.
    """

    commands: Sequence[CommandState] = ()
    shares: Mapping[str, float] | None = None


class TakingBack:
    """Decides what a bad verdict takes back, and sees to it that it is done.

    Args:
        state: where flags, moves and alerts are.
        clock: the wall clock.
        system: the new system's name.
        brakes: what acts in this process at once.
        pending: what is not in the store yet.
        apply: makes the brakes count now, such as `FeatureFlags.brake`.
        teller: who is told.
        wake: called when messages are owed.
    """

    def __init__(
        self,
        state: State,
        *,
        clock: Clock,
        system: str,
        brakes: Brakes,
        pending: Pending,
        apply: Callable[[], object],
        teller: Teller,
        wake: Callable[[], None],
    ) -> None:
        self._state = state
        self._clock = clock
        self._system = system
        self._brakes = brakes
        self._pending = pending
        self._apply = apply
        self._teller = teller
        self._wake = wake
        self._board: Board | None = None  # as it was read last
        self._fresh: set[str] = set()  # taken here, and not yet refused by the store
        for rollback in pending.rollbacks():  # of a process that died before the store knew
            self._pull(rollback)

    def look(self, verdicts: Verdicts, facts: Facts) -> None:
        """Take back what the judge condemns, if it is on for anybody.

        A command whose own evidence condemns it goes alone. The pooled evidence does not say
        which it was, so it takes everything; but not in the step that took a command alone,
        whose failures it also rests on.
        """
        bad = [verdict for verdict in verdicts.values() if verdict.decision is Decision.ROLLBACK]
        own = [verdict for verdict in bad if verdict.scope != EVERYTHING]
        for verdict in own or bad:
            rollback = self._judged(verdict, facts)
            if rollback is not None:
                self.take(rollback)

    def take(self, rollback: Rollback) -> None:
        """Act on one: memory first, then the file; `settle` brings it to the store."""
        self._pull(rollback)
        if self._board is not None:
            tries = {move.flag: move.tries for move in self._board.moves.values()}
            rollback = replace(rollback, tries=tries)
        self._fresh.add(rollback.id)
        self._pending.add(rollback)

    def settle(self, plan: Plan) -> bool:
        """Bring to the store what it does not know; whether nothing is left."""
        for rollback in self._pending.rollbacks():
            try:
                self._settle(rollback, plan)
            except StoreError:
                self._fresh.discard(rollback.id)
                return False  # tried again with the next step
            self._pending.done(rollback)
            self._wake()
        return True

    def release(self, board: Board) -> None:
        """Let go of flags that somebody has raised since the store knew of the rollback.

        Called with every board that is read: what was begun anew since then is no business of
        a rollback that had to wait.
        """
        self._board = board
        waiting = {flag for rollback in self._pending.rollbacks() for flag in rollback.flags}
        raised = [flag for flag in self._brakes.read() if (board.share(flag) or 0) > 0]
        if free := set(raised) - waiting:
            self._brakes.release(free)

    def flags_of(self, scope: str, facts: Facts) -> tuple[str, ...]:
        """What has to go to 0 so that no command of a scope is on the new system.

        The scope's own flag, and the own flag of each command that another one decides.
        """
        own = scope_flag(self._system, scope) if scope != EVERYTHING else None
        found: dict[str | None, None] = {own: None}
        for state in facts.commands:
            decider, share = self._decider(state, facts)
            if scope in (EVERYTHING, state.category, state.command) and share > 0:
                takes = decider if scope == EVERYTHING or decider == own else self._own(state)
                found[takes] = None
        return tuple(flag for flag in found if flag)

    def rising(self, board: Board, facts: Facts) -> tuple[str, ...]:
        """The flags of what was on its way up: not at 0, and at 100 for less than an hour."""
        latest_ns = self._clock.wall_ns() - round(_JUST_WHOLE_S * NS_PER_S)
        whole = [m for m in board.moves.values() if m.stage is Stage.GUARDED]
        young = {m.flag for m in whole if (m.since_ns or 0) > latest_ns}
        deciders = [self._decider(state, facts) for state in facts.commands]
        found = [flag for flag, share in deciders if 0 < share < 100 or (share and flag in young)]
        known = [m.flag for m in board.moves.values() if 0 < m.share < 100]
        return tuple(dict.fromkeys(flag for flag in [*found, *known] if flag))

    def _judged(self, verdict: Verdict, facts: Facts) -> Rollback | None:
        scope = verdict.scope
        command: str | None = None
        parent: str | None = None
        flags: tuple[str, ...] = ()
        state = next((s for s in facts.commands if s.command == scope), None)
        own = self._own(state) if state else None
        if state and own and (not state.category or own != self._flag(state.category)):
            if self._decider(state, facts)[1] > 0:
                flags, command, parent = (own,), state.command, state.category
        else:  # a category, everything, or a command without a flag of its own
            scope = state.category if state and state.category else scope
            flags = self.flags_of(scope, facts) if self._is_on(scope, facts) else ()
        if not flags:
            return None
        return Rollback(
            rule="rollback", scope=scope, flags=flags, command=command, parent=parent,
            actor="auto", reason=verdict.reason, at_ns=self._clock.wall_ns(),
            value=verdict.rollback.value, threshold=verdict.rollback.threshold,
        )  # fmt: skip

    def _is_on(self, scope: str, facts: Facts) -> bool:
        return any(
            self._decider(state, facts)[1] > 0
            for state in facts.commands
            if scope in (EVERYTHING, state.category, state.command)
        )

    def _flag(self, scope: str) -> str | None:
        return scope_flag(self._system, scope)

    def _own(self, state: CommandState) -> str | None:
        return next(iter(deciding_flags(self._system, state.command, state.category)), None)

    def _decider(self, state: CommandState, facts: Facts) -> tuple[str | None, float]:
        """Which flag decides, and its share; the switches above do not count here."""
        shares = facts.shares or {}
        if not state.has_new:
            return None, 0.0
        for flag in deciding_flags(self._system, state.command, state.category):
            if flag in shares:
                return flag, shares[flag]
        return None, 0.0

    def _pull(self, rollback: Rollback) -> None:
        for flag in rollback.flags:
            self._brakes.pull(flag, rollback.reason, rollback.actor)
        self._apply()

    def _settle(self, rollback: Rollback, plan: Plan) -> None:
        """Write one, unless somebody else has; one flip a flag and one notice in all."""
        for attempt in range(_ATTEMPTS):
            changes = self._changes(read_board(self._state), rollback, plan)
            try:
                if changes:
                    changes.commit(self._state)
            except ConflictError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _changes(self, board: Board, rollback: Rollback, plan: Plan) -> Changes:
        changes = Changes(board, self._teller, self._clock.wall_ns())
        on = [flag for flag in rollback.flags if self._is_to_take(flag, board, rollback)]
        for flag in on:
            changes.flag(flag, 0.0, rollback.actor, rollback.reason)
        fallen = [move for move in self._moves(board, rollback, plan) if move.flag in on]
        for move in fallen:
            changes.move(self._fallen(move, rollback, plan))
            changes.resolve("approval", move.scope, f"{move.scope} was taken back")
        if on:
            self._tell(changes, rollback)
        parent = board.moves.get(rollback.parent or "")
        if on and parent and rollback.command and rollback.command not in parent.rolled_back:
            alone = (*parent.rolled_back, rollback.command)
            changes.move(replace(parent, rolled_back=alone))
        return changes

    def _is_to_take(self, flag: str, board: Board, rollback: Rollback) -> bool:
        """Whether a flag is still on, and not by a try that began while this one waited.

        Counted, not timed: the wall clock may have been set.
        """
        known = rollback.tries
        if known is not None and rollback.id not in self._fresh:
            tries = [move.tries for move in board.moves.values() if move.flag == flag]
            if any(count > known.get(flag, 0) for count in tries):
                return False
        share = board.share(flag)
        return share is None or share > 0

    def _moves(self, board: Board, rollback: Rollback, plan: Plan) -> Iterator[Move]:
        """The moves of its flags: those that began, and those that begin with this rollback."""
        known = {move.flag for move in board.moves.values()}
        yield from board.moves.values()
        command = rollback.command
        names = [command] if command else [scope.name for scope in plan.scopes]
        for name in names:
            flag = next((f for f in rollback.flags if f == self._flag(name)), None)
            if command and flag is None:
                flag = rollback.flags[0]
            if flag is not None and flag not in known:
                parent = rollback.parent if command and plan.scope(command) is None else None
                begun = board.moves.get(name) or Move(scope=name, flag=flag)
                mode = plan.way_of(name).mode
                yield replace(begun, flag=flag, parent=parent, mode=mode)

    def _fallen(self, move: Move, rollback: Rollback, plan: Plan) -> Move:
        now_ns = self._clock.wall_ns()
        retries = move.retries + 1
        held_by, because = move.held_by, move.held_because
        if rollback.held:
            held_by, because = rollback.actor, rollback.reason
        elif retries > plan.retries and held_by is None:
            held_by, because = "auto", f"taken back {retries} times: {rollback.reason}"
        return replace(
            move,
            stage=Stage.OFF,
            share=0.0,
            since_ns=now_ns,
            began_ns=None,
            approved_by=None,
            asked_ns=None,
            seen={},
            held_by=held_by,
            held_because=because,
            rolled_back_ns=now_ns,
            rollback_reason=rollback.reason,
            retries=retries,
            cooldown_until_ns=now_ns + round(plan.cooldown_s * NS_PER_S),
        )

    def _tell(self, changes: Changes, rollback: Rollback) -> None:
        what = "Everything" if rollback.scope == EVERYTHING else rollback.scope
        changes.fire(
            rollback.rule,
            rollback.scope,
            f"{what} is back on legacy, by {rollback.actor}: {rollback.reason}",
            severity="warning" if rollback.held else "critical",
            value=rollback.value,
            threshold=rollback.threshold,
        )
