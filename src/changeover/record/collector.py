"""The collector on the bot's road: it appends, everything else happens elsewhere."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn, TypeVar

from changeover.core.clock import Clock, SystemClock
from changeover.core.errors import BadValueError, ChangeoverError
from changeover.core.model import (
    Execution,
    FlagCheck,
    MetricQuery,
    MetricType,
    Page,
    ResourceSample,
)
from changeover.core.window import parse_moment
from changeover.record.folding import Folder, RawExecution, RawFlagCheck
from changeover.record.names import Names
from changeover.record.road import (
    RecordExecution,
    RecordFlagCheck,
    execution_recorder,
    flag_check_recorder,
)

_PIECE = 512  # records folded in one go, a fraction of a millisecond
_PAUSE_S = 0.0002
_NEWEST = 1_000  # as many single records as the reference kept of each type

_Raw = TypeVar("_Raw")


class Drained(NamedTuple):
    """What was recorded since the last drain, in order."""

    executions: list[Execution]
    flag_checks: list[FlagCheck]


def _alone(*_: object) -> NoReturn:
    raise ChangeoverError(
        "this MetricsCollector has no service to read from: use the collector of a started "
        "Service, or set `collector.readers`, for example to Readers(summary=my_summary)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """What the reference lets a collector be asked, answered by the service.

    Attributes:
        sample: takes a resource sample now and keeps it.
        newest: a page of single records, newest first.
        record_json: one of them (with its instance's id) in the reference's field names.
        summary: a window such as `1h` in the reference's shape.
    """

    sample: Callable[[], object] = field(default=_alone)
    newest: Callable[[MetricQuery], Page] = field(default=_alone)
    record_json: Callable[[str, Execution | FlagCheck | ResourceSample], dict[str, Any]] = field(
        default=_alone
    )
    summary: Callable[[str], dict[str, Any]] = field(default=_alone)


class MetricsCollector:
    """Records calls and flag checks for about the price of a tuple.

    The two methods on the bot's road (`record_command_execution`, `record_feature_flag_check`)
    read the clock and append; they never raise, never wait and never grow beyond the limit.
    Cleaning, redacting and counting happen in `drain`. Any thread and event loop may record at
    any time; a forked child starts empty, since the parent's records are the parent's.

    Args:
        clock: says when a call ended.
        limit: how many records of each type may wait to be drained; more are dropped, counted.
        max_series: how many pairs of command and system are told apart.
        readers: who answers `get_metrics`, `get_summary` and `record_resource_usage`.

    Attributes:
        readers: may be set later, by the service that has built them.
        record_command_execution: see `RecordExecution`.
        record_feature_flag_check: see `RecordFlagCheck`.
    """

    record_command_execution: RecordExecution
    record_feature_flag_check: RecordFlagCheck

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        limit: int = 65_536,
        max_series: int = 2_000,
        readers: Readers | None = None,
    ) -> None:
        self.readers = readers or Readers()
        self._max_series = max_series
        self._executions: list[RawExecution] = []
        self._flag_checks: list[RawFlagCheck] = []
        wall_ns = (clock or SystemClock()).wall_ns
        self.record_command_execution = execution_recorder(
            self._executions, limit, wall_ns, self._refuse
        )
        self.record_feature_flag_check = flag_check_recorder(
            self._flag_checks, limit, wall_ns, self._refuse
        )
        self._start_afresh()
        _start_afresh_after_fork(self)

    # --- off the road --------------------------------------------------------------------------

    def drain(self) -> Drained:
        """Take what waits and fold it. Gives way to other threads between pieces."""
        drained = Drained([], [])
        with self._draining:
            for piece in _pieces(self._executions):
                drained.executions.extend(self._folder.executions(piece))
            for checks in _pieces(self._flag_checks):
                drained.flag_checks.extend(self._folder.flag_checks(checks))
        return drained

    @property
    def waiting(self) -> int:
        """How many records have not been drained."""
        return len(self._executions) + len(self._flag_checks)

    @property
    def dropped(self) -> Mapping[str, int]:
        """What could not be kept as it was, by reason, since the start.

        `buffer_full` and `invalid` count records that were dropped; `series_cap` (counted as
        `__other__`), `invalid_outcome` and `invalid_detail` count records kept with less.
        """
        counts = self._folder.counts
        reasons = ("invalid", "invalid_outcome", "invalid_detail")
        return {
            "buffer_full": self._refused,
            "series_cap": self._folder.names.folded,
            **{reason: counts[reason] for reason in reasons},
        }

    # --- the reference's questions -------------------------------------------------------------

    def record_resource_usage(self) -> None:
        """Take a resource sample now (the service takes one every 30 s)."""
        self.readers.sample()

    def get_metrics(self, type: str, since: str | float | None = None) -> list[dict[str, Any]]:  # noqa: A002 - the reference's name
        """The newest 1 000 single records of a type, oldest first, each a fresh dict.

        Args:
            type: `command_execution`, `feature_flag_check` or `resource_usage`.
            since: only those at or after: RFC 3339, or epoch seconds or milliseconds.

        Raises:
            BadValueError: the type or the moment cannot be read.
            ChangeoverError: there is no service.
            StoreUnavailableError: the store cannot be read now.
        """
        since_ns = None if since is None else parse_moment(str(since))
        page = self.readers.newest(MetricQuery(_metric_type(type), since_ns, limit=_NEWEST))
        return [self.readers.record_json(*record) for record in reversed(page.records)]

    def get_summary(self, window: str = "1h") -> dict[str, Any]:
        """A window in the reference's shape; raises as `get_metrics` does."""
        return self.readers.summary(window)

    # -------------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        with self._refusing:
            self._refused += 1

    def _start_afresh(self) -> None:
        """At the start, and in a forked child, where the parent's locks may be held for ever."""
        self._executions.clear()
        self._flag_checks.clear()
        self._draining = threading.Lock()
        # Reentrant: a signal handler may record while its own thread is refusing.
        self._refusing = threading.RLock()
        self._refused = 0
        self._folder = Folder(Names(self._max_series))


def _pieces(waiting: list[_Raw]) -> Iterator[list[_Raw]]:
    """Take what waits now, piece by piece.

    Slicing and deleting are one step each for other threads, which only append behind.
    Between pieces the interpreter is given away: the bot waits for a piece, not for a backlog.
    """
    left = len(waiting)
    while left > 0:
        piece = waiting[: min(left, _PIECE)]
        del waiting[: len(piece)]
        left -= len(piece)
        yield piece
        if left > 0:
            threading.Event().wait(_PAUSE_S)


def _metric_type(text: str) -> MetricType:
    try:
        return MetricType(text)
    except ValueError:
        raise BadValueError("type", str(text), ", ".join(MetricType), "resource_usage") from None


def _start_afresh_after_fork(collector: MetricsCollector) -> None:
    """Weakly: a hook cannot be taken back, and must not keep the collector alive."""
    if not hasattr(os, "register_at_fork"):
        return  # Windows has no fork
    reference = weakref.ref(collector)

    def in_child() -> None:
        if (alive := reference()) is not None:
            alive._start_afresh()  # noqa: SLF001 - part of the class, outside it to hold no self

    os.register_at_fork(after_in_child=in_child)
