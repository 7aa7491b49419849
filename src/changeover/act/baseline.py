"""How the bot was before the move: its memory, and how fast legacy answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from changeover.core.clock import NS_PER_MS, NS_PER_S, Clock
from changeover.core.errors import StoreError
from changeover.core.model import LEGACY, ResourceSample, Summary
from changeover.core.ports import Put, State
from changeover.core.window import Window, parse_window

KIND, KEY = "setting", "baseline"
SPAN = parse_window("30m")
BYTES_PER_MB = 1024 * 1024  # as in the reference

_FEWEST_SAMPLES = 10  # of 60 in half an hour
_LEAST_COVER = 0.8  # of the half hour, from the first of the samples to the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast legacy answered one command."""

    executions: int
    mean_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Half an hour in which no call went to the new system.

    Attributes:
        at_ns: when it ended.
        memory_mb: the median of the samples.
        paces: by command.
    """

    at_ns: int
    memory_mb: float
    paces: Mapping[str, Pace] = field(default_factory=dict)


class BaselineKeeper:
    """Takes the baseline, anew every half hour, until the first call may go to the new system.

    From then on it stays what it was: neither what the new system left in memory, nor a share
    that was taken back, becomes the measure. A new process may take a new one.

    Args:
        state: keeps it as the document `baseline` of kind `setting`.
        clock: the wall clock for its moment, the monotonic one for the half hour.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._since_ns: int | None = None
        self._has_moved = False
        self._known: Baseline | None = None

    def known(self) -> Baseline | None:
        """The baseline as stored; while the store is away, as last read."""
        try:
            document = self._state.read(KIND).get(KEY)
        except StoreError:
            return self._known
        self._known = None if document is None else baseline_from(document.value)
        return self._known

    def note(self, shares: Iterable[float]) -> None:
        """See whether the move has begun; in every process, for each may lead one day.

        Args:
            shares: of each registered command, the percent of ids that the new system answers.
        """
        self._has_moved = self._has_moved or any(share > 0 for share in shares)

    def observe(
        self,
        summary_of: Callable[[Window], Summary],
        samples_of: Callable[[Window], Sequence[ResourceSample]],
    ) -> None:
        """Take the baseline when it is due; after `note`, by the process that leads.

        Args:
            summary_of: the executions of a window that ends now.
            samples_of: the resource samples of a window that ends now.
        """
        now_ns = self._clock.monotonic_ns()
        if self._has_moved:
            return
        if self._since_ns is None:
            self._since_ns = now_ns
        if now_ns - self._since_ns < SPAN.ns:
            return
        samples = samples_of(SPAN)
        if not _covers(samples):
            return
        taken = _take(self._clock.wall_ns(), samples, summary_of(SPAN))
        try:
            self._state.commit([Put(KIND, KEY, baseline_document(taken))])
        except StoreError:
            return  # said by the store's own check; taken with the next look
        self._since_ns = now_ns


def baseline_document(baseline: Baseline) -> dict[str, Any]:
    """A baseline of plain JSON types."""
    return {
        "at_ns": baseline.at_ns,
        "memory_mb": baseline.memory_mb,
        "paces": {
            command: [pace.executions, pace.mean_ms, pace.p95_ms]
            for command, pace in baseline.paces.items()
        },
    }


def baseline_from(value: Mapping[str, Any]) -> Baseline | None:
    """The baseline of a document; None for one that makes no sense."""
    try:
        return Baseline(
            at_ns=int(value["at_ns"]),
            memory_mb=float(value["memory_mb"]),
            paces={
                str(command): Pace(executions=int(count), mean_ms=float(mean), p95_ms=float(p95))
                for command, (count, mean, p95) in value["paces"].items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def median_mb(samples: Sequence[ResourceSample]) -> float:
    """The median of the resident memory; one peak moves nothing."""
    return median(sample.rss_bytes for sample in samples) / BYTES_PER_MB


def _covers(samples: Sequence[ResourceSample]) -> bool:
    if len(samples) < _FEWEST_SAMPLES:
        return False
    moments = [sample.at_ns for sample in samples]
    return max(moments) - min(moments) >= _LEAST_COVER * SPAN.seconds * NS_PER_S


def _take(at_ns: int, samples: Sequence[ResourceSample], summary: Summary) -> Baseline:
    paces = {
        command: Pace(
            executions=stats.total,
            mean_ms=stats.mean_ns / NS_PER_MS,
            p95_ms=(stats.p95_ns if stats.p95_ns is not None else stats.mean_ns) / NS_PER_MS,
        )
        for (command, system), stats in summary.by_command_and_system.items()
        if system == LEGACY and stats.mean_ns is not None
    }
    return Baseline(at_ns=at_ns, memory_mb=median_mb(samples), paces=paces)
