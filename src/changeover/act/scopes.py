"""Every scope as it stands, and what is around it: the store's word and this process's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from changeover.act.board import Board
from changeover.act.ladder import Situation
from changeover.act.plan import Plan
from changeover.act.taking_back import Facts
from changeover.core.clock import Clock
from changeover.core.deciding import integration_flag, master_flag, scope_flag
from changeover.core.errors import BadValueError
from changeover.core.move import Move, Stage
from changeover.core.nearest import nearest


class Scopes:
    """Puts together what the plan, the store and the bot say of each scope.

    Args:
        plan: what people wrote.
        clock: the wall clock.
        system: the new system's name.
        facts: what this process knows of the bot now.
        stopped: why everything is stopped, by the store and by this machine; or None.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        clock: Clock,
        system: str,
        facts: Callable[[], Facts],
        stopped: Callable[[Board], str | None],
    ) -> None:
        self._written = plan
        self._clock = clock
        self._system = system
        self.facts = facts
        self._stopped = stopped

    def plan(self, facts: Facts) -> Plan:
        """The plan in force, with the scopes of the commands that are registered."""
        return self._written.resolved(facts.commands)

    def all(self, board: Board, facts: Facts, plan: Plan) -> list[Move]:
        """Every scope of the plan, and what went its own way, with the plan's words in force."""
        planned = [scope.name for scope in plan.scopes]
        names = [*planned, *(name for name in board.moves if name not in planned)]
        return [move for name in names if (move := self.move(name, board, facts, plan)) is not None]

    def move(self, name: str, board: Board, facts: Facts, plan: Plan) -> Move | None:
        """One scope; None for one named like a switch, which has no flag of its own."""
        found = board.moves.get(name)
        flag = (found.flag if found else "") or scope_flag(self._system, name)
        if flag is None:
            return None
        commands = tuple(
            state.command
            for state in facts.commands
            if state.has_new and name in (state.category, state.command)
        )
        move = replace(found or Move(scope=name, flag=flag), flag=flag)
        mode = plan.way_of(name, move.parent).mode
        return replace(move, commands=commands or move.commands, mode=mode)

    def told(self, board: Board, facts: Facts, plan: Plan) -> list[Move]:
        """The same with what each waits for, as the leading process said last."""
        told = []
        for move in self.all(board, facts, plan):
            found = board.outlooks.get(move.scope)
            is_current = found is not None and found.value.get("version") == move.version
            value = found.value if found and is_current else {}
            told.append(
                replace(move, waits_for=value.get("waits_for"), proposal=value.get("proposal"))
            )
        return told

    def around(self, move: Move, board: Board, plan: Plan, facts: Facts | None = None) -> Situation:
        """What is around a move; without facts, as far as the store knows."""
        now_ns = self._clock.wall_ns()
        freezes = (*plan.freezes, *board.freezes.values())
        parent = board.moves.get(move.parent or "")
        found = board.flags.get(move.flag)
        shares = (facts.shares if facts else None) or {}
        share = board.share(move.flag)
        if share is None:
            share = shares.get(move.flag, 0.0)
        return Situation(
            now_ns=now_ns,
            stopped=self._stopped(board),
            freeze=next((freeze for freeze in freezes if freeze.holds(now_ns)), None),
            flag_share=share,
            set_by=str(found.value.get("actor")) if found else "environment or file",
            gate=self._gate(shares) if facts else None,
            done={m.scope for m in board.moves.values() if m.stage is Stage.DONE},
            ceiling=parent.share if parent else None,
            nearest=None if move.commands else nearest(move.scope, self._names()),
        )

    def unknown(self, scope: str, board: Board, facts: Facts, plan: Plan) -> BadValueError:
        """What to say of a scope that is none."""
        names = [move.scope for move in self.all(board, facts, plan)]
        close = nearest(scope, names, at_least=0) or "utility"
        return BadValueError("scope", scope, "one of " + ", ".join(names or ["none yet"]), close)

    def _names(self) -> list[str]:
        commands = self.facts().commands
        return [name for state in commands for name in (state.category, state.command) if name]

    def _gate(self, shares: Mapping[str, float]) -> str | None:
        gates = (master_flag(self._system), integration_flag(self._system))
        return next((gate for gate in gates if not shares.get(gate)), None)
