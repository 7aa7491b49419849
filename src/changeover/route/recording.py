"""Recording on the bot's road: whatever the recorder does, result and exception stay as they are."""

from __future__ import annotations

from changeover.core.clock import NS_PER_S
from changeover.core.errors import Guard
from changeover.core.model import Kind, Outcome, Trace
from changeover.core.ports import Recorder
from changeover.route.router import Choice


class GuardedRecorder:
    """A recorder whose errors are counted by the guard and go no further."""

    __slots__ = ("_guard", "_recorder")

    def __init__(self, recorder: Recorder, guard: Guard) -> None:
        self._recorder = recorder
        self._guard = guard

    def execution(
        self,
        command: str,
        system: str,
        duration_ns: int,
        outcome: Outcome,
        *,
        error: BaseException | None = None,
        trace: Trace | None = None,
        kind: Kind = Kind.CALL,
    ) -> None:
        """Record one finished call."""
        try:
            self._recorder.record_command_execution(
                command,
                system,
                duration_ns / NS_PER_S,
                outcome is Outcome.OK,
                error,
                outcome=outcome,
                trace=trace,
                kind=kind,
            )
        except Exception as trouble:  # noqa: BLE001  # see the module
            self._guard.caught("route.record", trouble)

    def check(self, command: str, choice: Choice) -> None:
        """Record what the flag that decided said; nothing where none was asked."""
        trace = choice.trace
        if trace.flag is None:
            return
        try:
            self._recorder.record_feature_flag_check(
                trace.flag, choice.enabled, command, trace=trace
            )
        except Exception as trouble:  # noqa: BLE001  # see the module
            self._guard.caught("route.record", trouble)
