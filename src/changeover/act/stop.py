"""The emergency stop: one file, which works when nothing else does, and then the store."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from changeover.act.board import STOP, Board, Changes, Teller, read_board
from changeover.act.brakes import StopFile
from changeover.core.clock import Clock
from changeover.core.deciding import master_flag
from changeover.core.errors import ConflictError, Guard, StoreUnavailableError
from changeover.core.move import Halt
from changeover.core.order import RefusedOrderError
from changeover.core.ports import Put, State
from changeover.core.verdict import EVERYTHING


class EmergencyStop:
    """Stops and lifts. The file counts on this machine at once, the store everywhere.

    Args:
        state: where the stop is kept for other machines.
        stop_file: the file of this one.
        clock: the wall clock.
        system: the new system's name.
        guard: counts what the disk refuses.
        apply: makes the file count now.
        teller: who is told.
    """

    def __init__(
        self,
        state: State,
        stop_file: StopFile,
        *,
        clock: Clock,
        system: str,
        guard: Guard,
        apply: Callable[[], object],
        teller: Teller,
    ) -> None:
        self._state = state
        self._stop_file = stop_file
        self._clock = clock
        self._system = system
        self._guard = guard
        self._apply = apply
        self._teller = teller

    def stop(self, *, actor: str, reason: str) -> None:
        """The emergency stop: everything on legacy, on this machine even without the store.

        Raises:
            StoreUnavailableError: other machines do not know yet; this one does.
        """
        now_ns = self._clock.wall_ns()
        try:
            self._stop_file.write(actor, reason, now_ns)
        except OSError as error:
            self._guard.caught("act.stop_file", error)
        self._apply()
        self._store(read_board(self._state), actor, reason)

    def start_again(self, *, actor: str, reason: str) -> None:
        """Lift the emergency stop; shares are what they were.

        Raises:
            RefusedOrderError: nothing is stopped.
            ChangeoverError: the file cannot be removed.
            StoreUnavailableError: it stays stopped.
        """
        board = read_board(self._state)
        is_here = bool(self._stop_file.read())
        if board.stop is None and not is_here:
            raise RefusedOrderError("nothing is stopped")
        try:
            self._stop_file.remove()  # before the store: a file that is left would stop it anew
        except OSError as error:
            raise StoreUnavailableError(f"{self._stop_file.path}: {error.strerror}") from error
        if board.stop is not None:
            changes = self._begin(board)
            changes.put(Put(STOP, STOP, None, board.stop.version))
            was = board.stop.value.get("was")
            changes.flag(master_flag(self._system), was, actor, reason)
            changes.resolve("emergency_stop", EVERYTHING, f"Lifted by {actor}: {reason}")
            changes.commit(self._state)
        self._apply()

    def halt(self, board: Board) -> Halt | None:
        """The stop in force, or None. May raise `StoreUnavailableError`, of the file."""
        if board.stop is not None:
            told = board.stop.value
            at_ns = told.get("at_ns")
            at_ns = at_ns if isinstance(at_ns, int) else 0
            return Halt(at_ns, str(told.get("actor")), str(told.get("reason")))
        here = next(iter(self._stop_file.read().values()), None)
        if here is None:
            return None
        return Halt(here.updated_ns or 0, str(here.actor), str(here.reason))

    def reason(self, board: Board) -> str | None:
        """Why everything is stopped, or None."""
        halt = self.halt(board)
        return None if halt is None else f"{halt.actor}: {halt.reason}"

    def adopt(self, board: Board) -> None:
        """A stop that the store does not know, because it was away or somebody made the file."""
        here = next(iter(self._stop_file.read().values()), None)
        if board.stop is None and here is not None:
            with contextlib.suppress(ConflictError):  # another process was first
                self._store(board, here.actor or "file", here.reason or "")

    def _store(self, board: Board, actor: str, reason: str) -> None:
        if board.stop is not None:
            return
        changes = self._begin(board)
        master = master_flag(self._system)
        at_ns = self._clock.wall_ns()
        was = board.share(master)
        value = {"actor": actor, "reason": reason, "at_ns": at_ns, "was": was}
        changes.put(Put(STOP, STOP, value, 0))
        changes.flag(master, 0.0, actor, reason)
        summary = f"Everything is on legacy, stopped by {actor}: {reason}"
        changes.fire("emergency_stop", EVERYTHING, summary, threshold=0.0, unit="%")
        changes.commit(self._state)

    def _begin(self, board: Board) -> Changes:
        return Changes(board, self._teller, self._clock.wall_ns())
