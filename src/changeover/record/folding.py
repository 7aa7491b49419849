"""From what the path appended, as it came, to rows that can be counted, stored and shown."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import trunc
from typing import Any

from changeover.core.clock import NS_PER_S
from changeover.core.model import Execution, FlagCheck, Kind, Outcome, Series, Trace
from changeover.core.text import describe_error
from changeover.record.names import Names

# As appended by the collector; any of them may be anything at all.
RawExecution = tuple[int, Any, Any, Any, Any, Any, Any, Any, Any, Any]
RawFlagCheck = tuple[int, Any, Any, Any, Any]

LONGEST_S = 90 * 86_400.0  # a call of more than 90 days is a broken clock

_NS_PER_S = float(NS_PER_S)  # a float, so that a text or a list cannot be multiplied by it
_new_tuple = tuple.__new__  # half the price of `Execution(...)`, and this is done for every call


class Folder:
    """Turns raw records into rows, off the bot's road. Used by one thread at a time.

    Attributes:
        counts: records that were dropped (`invalid`) and details that were replaced
            (`invalid_outcome`, `invalid_detail`).
        names: cleans and caps names.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.counts: Counter[str] = Counter()
        self._known: dict[tuple[Any, Any, Any, Any], Series] = {}

    def executions(self, piece: Iterable[RawExecution]) -> list[Execution]:
        """The valid ones of a piece, in order."""
        rows: list[Execution] = []
        append, known = rows.append, self._known.get
        for at_ns, command, system, duration, success, error, outcome, trace, kind, shard in piece:
            try:
                if not 0.0 <= duration <= LONGEST_S:  # NaN is on neither side
                    self.counts["invalid"] += 1
                    continue
                series = known((command, system, outcome, success))
                if series is None:
                    series = self._series(command, system, outcome, success, error)
                if error is not None:
                    error = describe_error(error)  # noqa: PLW2901 - raw in, told out
                if type(kind) is not Kind:
                    kind = self._kind(kind)  # noqa: PLW2901 - as above
                if trace is not None and type(trace) is not Trace:
                    trace = self._trace(trace)  # noqa: PLW2901 - as above
                if shard is not None and type(shard) is not int:
                    self.counts["invalid_detail"] += 1
                    shard = None  # noqa: PLW2901 - as above
                duration_ns = trunc(duration * _NS_PER_S)
                told = (at_ns, series, duration_ns, error, trace, kind, shard)
                append(_new_tuple(Execution, told))
            except BaseException:  # noqa: BLE001 - a stranger's __hash__ may raise SystemExit, too
                self.counts["invalid"] += 1
        return rows

    def flag_checks(self, piece: Iterable[RawFlagCheck]) -> Iterator[FlagCheck]:
        """The valid ones of a piece, in order."""
        clean = self.names.clean
        for at_ns, flag, enabled, command, trace in piece:
            try:
                name = None if command is None else clean(command)
                row = FlagCheck(at_ns, clean(flag), bool(enabled), name, self._trace(trace))
            except BaseException:  # noqa: BLE001 - a stranger's __bool__ may raise SystemExit, too
                self.counts["invalid"] += 1
            else:
                yield row

    def _series(
        self, command: object, system: object, outcome: object, success: object, error: object
    ) -> Series:
        """The series of a call that is not remembered; remembers it where nothing else counts.

        Folded names are not: they are many, and each is to be counted. Failures without an
        outcome depend on their error, wrong outcomes are to be counted.
        """
        told = self._outcome(outcome, bool(success), error)
        series, is_own = self.names.series(command, system, told)
        if is_own and (told is outcome or (outcome is None and told is Outcome.OK)):
            if len(self._known) >= 16_384:
                self._known.clear()
            self._known[command, system, outcome, success] = series
        return series

    def _outcome(self, outcome: object, success: bool, error: object) -> Outcome:
        if isinstance(outcome, str):
            with suppress(ValueError):
                return Outcome(outcome)
        if outcome is not None:
            self.counts["invalid_outcome"] += 1
        if success:
            return Outcome.OK
        if isinstance(error, asyncio.CancelledError):
            return Outcome.CANCELLED
        return Outcome.TIMEOUT if isinstance(error, TimeoutError) else Outcome.FAILURE

    def _kind(self, kind: object) -> Kind:
        if isinstance(kind, str):
            with suppress(ValueError):
                return Kind(kind)
        self.counts["invalid_detail"] += 1
        return Kind.CALL

    def _trace(self, trace: object) -> Trace | None:
        if trace is None or isinstance(trace, Trace):
            return trace
        self.counts["invalid_detail"] += 1
        return None
