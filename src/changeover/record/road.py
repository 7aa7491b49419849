"""What stands on the bot's road: read the clock, append, and nothing else.

Closures, not methods: they reach the list and the clock a tenth faster, and this runs for
every call of every command. Parameters that nobody should pass by position may be so passed,
since keyword-only ones would cost another 20 ns a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from changeover.core.model import Kind, Outcome, Trace
from changeover.record.folding import RawExecution, RawFlagCheck


class RecordExecution(Protocol):
    """The type of `MetricsCollector.record_command_execution`."""

    def __call__(  # noqa: PLR0917  # as the module says
        self,
        command: str,
        system: str,
        duration: float,
        success: bool,
        error: BaseException | str | None = None,
        outcome: Outcome | str | None = None,
        trace: Trace | None = None,
        kind: Kind = Kind.CALL,
        shard: int | None = None,
    ) -> None:
        """Count one finished call. Never raises, whatever it is given.

        Args:
            command: its qualified name, `grp sub`.
            system: `legacy`, the new system's name, or `unknown`.
            duration: seconds, by a monotonic clock; a negative or non-finite one is dropped
                as `invalid` when drained.
            success: whether it ended well; decides only where there is no `outcome`.
            error: what it raised, or a text; kept redacted and shortened.
            outcome: how it ended. Without one: `ok` on success, else `cancelled`, `timeout` or
                `failure`, by the error's class.
            trace: why it went to this system.
            kind: how it reached the bot.
            shard: of the gateway, that it came through.
        """


class RecordFlagCheck(Protocol):
    """The type of `MetricsCollector.record_feature_flag_check`."""

    def __call__(
        self, flag: str, enabled: bool, command: str | None = None, trace: Trace | None = None
    ) -> None:
        """Count one question to a flag. Never raises, whatever it is given."""


def execution_recorder(
    waiting: list[RawExecution],
    limit: int,
    wall_ns: Callable[[], int],
    refuse: Callable[[], None],
) -> RecordExecution:
    """Appends calls to `waiting`, up to the limit; `refuse` counts those beyond it."""

    def record_command_execution(  # noqa: PLR0917  # as the module says
        command: str,
        system: str,
        duration: float,
        success: bool,
        error: BaseException | str | None = None,
        outcome: Outcome | str | None = None,
        trace: Trace | None = None,
        kind: Kind = Kind.CALL,
        shard: int | None = None,
    ) -> None:
        if len(waiting) < limit:
            waiting.append(
                (wall_ns(), command, system, duration, success, error, outcome, trace, kind, shard)
            )
        else:
            refuse()

    return record_command_execution


def flag_check_recorder(
    waiting: list[RawFlagCheck],
    limit: int,
    wall_ns: Callable[[], int],
    refuse: Callable[[], None],
) -> RecordFlagCheck:
    """Appends flag checks to `waiting`, up to the limit; `refuse` counts those beyond it."""

    def record_feature_flag_check(
        flag: str, enabled: bool, command: str | None = None, trace: Trace | None = None
    ) -> None:
        if len(waiting) < limit:
            waiting.append((wall_ns(), flag, enabled, command, trace))
        else:
            refuse()

    return record_feature_flag_check
