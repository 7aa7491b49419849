"""The rollout: moves scopes up by the plan, takes them back at once, does what people order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from changeover.act.board import FREEZE, MOVE, Board, Changes, Teller, read_board
from changeover.act.brakes import Brakes, StopFile
from changeover.act.criteria import Verdicts
from changeover.act.ladder import next_share, obstacle
from changeover.act.moving_up import MovingUp, calm
from changeover.act.pending import Pending, Rollback
from changeover.act.plan import Plan, ScopePlan
from changeover.act.scopes import Scopes
from changeover.act.stop import EmergencyStop
from changeover.act.taking_back import Facts, TakingBack
from changeover.core.clock import Clock
from changeover.core.errors import ConflictError, Guard, StoreError, StoreUnavailableError
from changeover.core.model import Flip
from changeover.core.move import Freeze, Halt, Move, Stage
from changeover.core.order import RefusedOrderError
from changeover.core.ports import Put, State
from changeover.core.verdict import EVERYTHING

_ORDERED = "ordered"  # the one freeze that people may order; more stand in the plan


class Rollout:
    """The moves of one bot's scopes, the same in every process that shares the store.

    Taking back comes first in every state and needs nobody; going up is done by one process,
    the one that leads, and by people. Nothing here stands on the bot's road; `step` is called
    between two batches of executions.

    Args:
        state: where moves and flags are.
        plan: what people wrote; without scopes, the commands say which there are.
        clock: the wall clock for moments, the monotonic one to see the wall clock being set.
        system: the new system's name.
        guard: counts what fails here.
        brakes: what acts in this process at once; the service puts it over every other source.
        stop_file: the emergency stop of this machine.
        pending: rollbacks that the store does not know yet.
        facts: what this process knows of the bot now.
        apply: makes brakes and stop file count now: `FeatureFlags.brake`.
        teller: who is told.
        wake: called when messages are owed.
    """

    def __init__(
        self,
        state: State,
        plan: Plan,
        *,
        clock: Clock,
        system: str,
        guard: Guard,
        brakes: Brakes,
        stop_file: StopFile,
        pending: Pending,
        facts: Callable[[], Facts],
        apply: Callable[[], object],
        teller: Teller | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        teller, wake = teller or Teller(), wake or _nothing
        self._state, self._clock, self._facts = state, clock, facts
        self._teller, self._wake = teller, wake
        self._back = TakingBack(
            state,
            clock=clock,
            system=system,
            brakes=brakes,
            pending=pending,
            apply=apply,
            teller=teller,
            wake=wake,
        )
        self._emergency = EmergencyStop(
            state,
            stop_file,
            clock=clock,
            system=system,
            guard=guard,
            apply=apply,
            teller=teller,
        )
        self._scopes = Scopes(
            plan, clock=clock, system=system, facts=facts, stopped=self._emergency.reason
        )
        self._up = MovingUp(state, self._scopes, clock=clock, teller=teller, wake=wake)
        self._board = Board()
        self._revision: int | None = None

    @property
    def plan(self) -> Plan:
        """The plan in force, with the scopes of the commands that are registered."""
        return self._scopes.plan(self._facts())

    @property
    def is_rising(self) -> bool:
        """Whether anything is on its way up, as the last look at the store has it."""
        return bool(self._back.rising(self._board, self._facts()))

    # --- by itself ----------------------------------------------------------------------------

    def step(self, verdicts: Verdicts, *, leads: bool) -> list[Move]:
        """Take back what has to be; where this process leads, move up what may be.

        Never raises for a store that is away: what was taken back is so in this process, and
        is written when the store is back; nothing goes up meanwhile.
        """
        self._up.note_clock()
        facts = self._facts()
        plan = self._scopes.plan(facts)
        verdicts = self._current(verdicts)
        self._back.look(verdicts, facts)
        try:
            is_settled = self._back.settle(plan)
            board = self._look()
            self._back.release(board)
            self._emergency.adopt(board)
            if leads and is_settled:
                self._up.lead(board, verdicts, facts, plan)
        except StoreError:
            pass  # the store's own check says so
        return self._scopes.told(self._board, facts, plan)

    def take_back_rising(self, reason: str) -> None:
        """An unclean end while shares were rising: legacy, or what was whole long before."""
        facts = self._facts()
        board = self._look()
        if flags := self._back.rising(board, facts):
            now_ns = self._clock.wall_ns()
            self._back.take(
                Rollback(
                    rule="unclean_start",
                    scope=EVERYTHING,
                    flags=flags,
                    actor="auto",
                    reason=reason,
                    at_ns=now_ns,
                )
            )
            self._back.settle(self._scopes.plan(facts))

    def moves(self) -> list[Move]:
        """Every scope as it stands, in the order of the plan. May raise `StoreUnavailableError`."""
        facts = self._facts()
        return self._scopes.told(self._look(), facts, self._scopes.plan(facts))

    @property
    def halt(self) -> Halt | None:
        """The emergency stop in force, or None. May raise `StoreUnavailableError`."""
        return self._emergency.halt(self._look())

    @property
    def freezes(self) -> list[Freeze]:
        """Those of the plan and of people that are not over. May raise `StoreUnavailableError`."""
        now_ns = self._clock.wall_ns()
        known = [*self.plan.freezes, *self._look().freezes.values()]
        return [freeze for freeze in known if freeze.until_ns > now_ns]

    def evidence_since(self) -> Mapping[str, int]:
        """From when on evidence counts, by the judge's scopes; where nothing is said, all of it.

        After a rollback, the judge has to begin anew with what it judged; a verdict that rests
        on older executions only takes nothing back a second time.
        """
        since: dict[str, int] = {}
        for move in self._board.moves.values():
            if move.rolled_back_ns is None and not move.retries:
                continue
            latest = max(move.rolled_back_ns or 0, move.began_ns or 0)
            for scope in (*move.commands, move.scope, EVERYTHING):
                since[scope] = max(latest, since.get(scope, 0))
        return since

    # --- by order -----------------------------------------------------------------------------

    def advance(
        self,
        scope: str,
        *,
        actor: str,
        reason: str,
        expected: int | None = None,
        force: bool = False,
    ) -> Move:
        """Move a scope one rung up.

        Args:
            scope: a category or command of the plan.
            actor: who asks.
            reason: why.
            expected: the version that they saw.
            force: although the figures, a freeze or a hold stand against it.

        Raises:
            RefusedOrderError: something stands against it; the message says what.
            ConflictError: the scope has changed since.
            BadValueError: no such scope.
            StoreUnavailableError: nothing was changed.
        """

        def make(move: Move, way: ScopePlan, changes: Changes) -> None:
            around = self._scopes.around(move, changes.board, self.plan)
            waits_for = obstacle(move, way, around) or _blocked(changes.board, move)
            if move.stage in {Stage.GUARDED, Stage.DONE}:
                raise RefusedOrderError(f"{scope} is at 100% already")
            if around.stopped is not None or (waits_for is not None and not force):
                hint = "" if around.stopped is not None else "; --force goes all the same"
                raise RefusedOrderError(f"{scope} waits for {waits_for}{hint}")
            share = next_share(move, way, around)
            if share is not None:
                free = replace(move, held_by=None, held_because=None, cooldown_until_ns=None)
                self._up.raise_to(
                    changes, free, way, share, actor=actor, reason=reason, verdicts={}
                )

        return self._ordered("advance", scope, actor, expected, make)

    def approve(self, scope: str, *, actor: str, reason: str, expected: int | None = None) -> Move:
        """Say yes to what a scope proposes; the leading process then does it. As `advance`."""

        def make(move: Move, _way: ScopePlan, changes: Changes) -> None:
            if move.asked_ns is None:
                raise RefusedOrderError(f"{scope} has asked for nothing: there is no proposal")
            changes.move(replace(move, approved_by=actor))
            changes.flip(f"stage {scope}", "asked", "approved", actor, reason)

        return self._ordered("approve", scope, actor, expected, make)

    def hold(self, scope: str, *, actor: str, reason: str, expected: int | None = None) -> Move:
        """Keep a scope from going up until somebody resumes it. As `advance`."""

        def make(move: Move, _way: ScopePlan, changes: Changes) -> None:
            held = replace(move, held_by=actor, held_because=reason, approved_by=None)
            changes.move(replace(held, asked_ns=None))
            changes.flip(f"stage {scope}", str(move.stage), "held", actor, reason)
            changes.resolve("approval", scope, f"{scope} was held by {actor}")

        return self._ordered("hold", scope, actor, expected, make)

    def resume(self, scope: str, *, actor: str, reason: str, expected: int | None = None) -> Move:
        """Let a scope go on: ends a hold and a cool-down, counts retries anew. As `advance`.

        Where somebody set the flag by hand, the plan goes on from that share.
        """

        def make(move: Move, way: ScopePlan, changes: Changes) -> None:
            now_ns = self._clock.wall_ns()
            found = changes.board.share(move.flag)
            share = move.share if found is None else found
            changes.move(
                replace(
                    move,
                    share=share,
                    stage=move.stage if share == move.share else way.stage_of(share),
                    since_ns=move.since_ns if share == move.share else now_ns,
                    began_ns=now_ns if share == 0 or move.began_ns is None else move.began_ns,
                    held_by=None,
                    held_because=None,
                    cooldown_until_ns=None,
                    approved_by=None,
                    asked_ns=None,
                    retries=0,
                    tries=move.tries + 1,
                )
            )
            changes.flip(f"stage {scope}", move.held_because and "held", "resumed", actor, reason)
            calm(changes, scope, f"{scope} was resumed by {actor}")
            changes.resolve("approval", scope, f"{scope} was resumed by {actor}")

        return self._ordered("resume", scope, actor, expected, make)

    def rollback(self, scope: str, *, actor: str, reason: str, expected: int | None = None) -> Move:
        """Take a scope back, or `*` for all, in any state; it stays so until somebody resumes it.

        `expected` is not looked at: whatever changed meanwhile, legacy is what was asked for.

        Raises:
            BadValueError: no such scope.
            StoreUnavailableError: it acts in this process, and is kept for the store.
        """
        del expected
        facts = self._facts()
        plan = self._scopes.plan(facts)
        state = next((s for s in facts.commands if s.command == scope), None)
        is_planned = scope == EVERYTHING or plan.scope(scope) or scope in self._board.moves
        is_category = any(s.category == scope for s in facts.commands)
        if not (is_planned or is_category or state):
            raise self._scopes.unknown(scope, self._board, facts, plan)
        is_alone = state is not None and not is_category and plan.scope(scope) is None
        self._back.take(
            Rollback(
                rule="rollback",
                scope=scope,
                flags=self._back.flags_of(scope, facts),
                command=scope if is_alone else None,
                parent=state.category if state and is_alone else None,
                actor=actor,
                reason=reason,
                at_ns=self._clock.wall_ns(),
                held=True,
            )
        )
        if not self._back.settle(plan):
            raise StoreUnavailableError(
                f"{scope} is on legacy in this process only, and is written as soon as the store "
                "can be; `changeover stop` works without it"
            )
        told = self.moves()
        move = next((m for m in told if m.scope == scope), None)
        if move is not None and move.held_by is None:  # it was on legacy: there it shall stay
            return self.hold(scope, actor=actor, reason=reason)
        return move or (told[0] if told else Move(scope=scope, flag=""))

    def stop(self, *, actor: str, reason: str) -> None:
        """The emergency stop: everything on legacy, on this machine even without the store.

        Raises:
            StoreUnavailableError: other machines do not know yet; this one does.
        """
        self._emergency.stop(actor=actor, reason=reason)
        self._wake()

    def start_again(self, *, actor: str, reason: str) -> None:
        """Lift the emergency stop; shares are what they were.

        Raises:
            RefusedOrderError: nothing is stopped.
            StoreUnavailableError: it stays stopped.
        """
        self._emergency.start_again(actor=actor, reason=reason)
        self._wake()

    def freeze(self, until_ns: int | None, *, actor: str, reason: str) -> None:
        """Let nothing go up until a moment; None lifts it. May raise `StoreUnavailableError`."""
        board = read_board(self._state)
        changes = self._begin(board)
        version = board.freeze_versions.get(_ORDERED, 0)
        old = "frozen" if version else None
        value = None if until_ns is None else {
            "from_ns": self._clock.wall_ns(), "until_ns": until_ns, "reason": reason, "actor": actor
        }  # fmt: skip
        changes.put(Put(FREEZE, _ORDERED, value, version))
        changes.flip("freeze", old, None if until_ns is None else "frozen", actor, reason)
        changes.commit(self._state)

    # --- what is ------------------------------------------------------------------------------

    def _look(self) -> Board:
        revision = self._state.revision()  # before reading: a commit in between is seen next time
        if revision != self._revision:
            self._board = read_board(self._state)
            self._revision = revision
        return self._board

    def _current(self, verdicts: Verdicts) -> Verdicts:
        """Without verdicts that rest on nothing newer than the last rollback of their scope."""
        now_ns = self._clock.wall_ns()
        # A moment from the future says that the clock was set back: then no verdict is too old.
        since = {key: at if at <= now_ns else 0 for key, at in self.evidence_since().items()}
        return {
            scope: verdict
            for scope, verdict in verdicts.items()
            if verdict.at_ns is None or verdict.at_ns >= since.get(scope, 0)
        }

    # --- writing ------------------------------------------------------------------------------

    def _begin(self, board: Board) -> Changes:
        return Changes(board, self._teller, self._clock.wall_ns())

    def _ordered(
        self,
        verb: str,
        scope: str,
        actor: str,
        expected: int | None,
        make: Callable[[Move, ScopePlan, Changes], None],
    ) -> Move:
        facts = self._facts()
        plan = self._scopes.plan(facts)
        board = read_board(self._state)
        move = next((m for m in self._scopes.all(board, facts, plan) if m.scope == scope), None)
        if move is None:
            raise self._scopes.unknown(scope, self._board, facts, plan)
        changes = self._begin(board)
        try:
            _check_version(move, expected)
            make(move, plan.way_of(scope, move.parent), changes)
            changes.commit(self._state)
        except (RefusedOrderError, ConflictError) as refusal:
            self._note_refusal(verb, move, actor, refusal)
            raise
        self._wake()
        told = self.moves()
        return next((m for m in told if m.scope == scope), replace(move, share=0.0))

    def _note_refusal(self, verb: str, move: Move, actor: str, refusal: Exception) -> None:
        """Attempts are audited as well; one that cannot be is refused all the same."""
        stands = f"{move.share:g}%"
        subject = f"stage {move.scope}"
        flip = Flip(
            self._clock.wall_ns(), subject, stands, stands, actor, f"refused {verb}: {refusal}"
        )
        with contextlib.suppress(StoreError):
            self._state.commit([], [flip])


def _blocked(board: Board, move: Move) -> str | None:
    """What the leading process said last stands against it."""
    found = board.outlooks.get(move.scope)
    if found is None:
        return "a first verdict: no process has judged it yet"
    if found.value.get("version") != move.version:
        return "a verdict on where it is now: the bot looks every few seconds"
    blocked = found.value.get("blocked")
    return None if blocked is None else str(blocked)


def _check_version(move: Move, expected: int | None) -> None:
    if expected is not None and expected != move.version:
        raise ConflictError(MOVE, move.scope, expected=expected, found=move.version)


def _nothing() -> None:
    """Nobody to wake."""
