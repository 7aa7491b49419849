"""The answers to "what happened in this window", from memory and from the store."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from changeover.aggregate.figures import count_cells, summarize
from changeover.aggregate.memory import Memory
from changeover.aggregate.stored import Stored
from changeover.aggregate.timelines import Timelines
from changeover.core.cell import Cells
from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.model import Coverage, Execution, Instance, ResourceSample, Summary, Timeline
from changeover.core.ports import Telemetry
from changeover.core.window import Window

_MOST_SAMPLES = 20_000  # a day and a half of one instance, an hour of 150


class Summaries:
    """The read model: exact for the last hour, and as exact as the store before that.

    Memory holds each execution that ended since some moment, `known_since_ns`; the store is
    asked for what ended before it. So nothing is counted twice, nothing is missed between the
    two, and what the store has not been given yet counts already. While the store is away the
    answers are memory's alone, and their coverage says so.

    All methods may be called from any thread.

    Args:
        telemetry: where older executions are, and those of other instances.
        clock: says where windows end.
        keep_s: how far back memory reaches, once it has been loaded or has run so long.
        max_events: how many executions memory holds at most, 16 bytes each.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        *,
        clock: Clock | None = None,
        keep_s: int = 3_900,
        max_events: int = 1_000_000,
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock or SystemClock()
        self._keep_ns = keep_s * NS_PER_S
        self._memory = Memory(self._clock, keep_s=keep_s, max_events=max_events)
        self._stored = Stored(telemetry, self._clock)
        self._timelines = Timelines(self._memory, self._stored)
        self._lock = threading.Lock()  # of the two below
        self._samples: list[ResourceSample] = []
        self._latest: ResourceSample | None = None
        self._cursor: int | None = None  # how far memory has been loaded

    def load(self, instance: Instance) -> int:
        """Fill memory with what the store knows of the last hour, of instances other than this.

        May take seconds; executions may be added meanwhile.

        Returns:
            The cursor that `Telemetry.follow` goes on from.

        Raises:
            StoreUnavailableError: call again later: it goes on where it was. Till then the
                store is asked for all that ended before this was made.
        """
        since_ns = self._clock.wall_ns() - self._keep_ns
        self._memory.hold_from(since_ns)
        more = True
        while more:
            page = self._telemetry.follow(self._cursor, but=instance, since_ns=since_ns)
            self._cursor, more = page.cursor, page.more
            self._memory.add(page.executions, is_history=True)
            self.add_resources(page.resources, own=False)
        self._memory.know_all_held()
        return page.cursor

    def add(self, executions: Iterable[Execution]) -> None:
        """Take what this instance drained, or what others stored; in any order, once each."""
        self._memory.add(executions)

    def add_resources(self, samples: Iterable[ResourceSample], *, own: bool = True) -> None:
        """Take samples of this process (`own`) or of others."""
        horizon_ns = self._clock.wall_ns() - self._keep_ns
        with self._lock:
            for sample in samples:
                self._samples.append(sample)
                if own:
                    self._latest = sample
            kept = [sample for sample in self._samples if sample.at_ns >= horizon_ns]
            self._samples = kept[-_MOST_SAMPLES:]

    def summary(self, window: Window) -> Summary:
        """The figures of a window that ends now. Raises nothing."""
        now_ns = self._clock.wall_ns()
        start_ns, tallies = self._memory.window(window.ns, now_ns)
        is_exact = True
        if now_ns - window.ns < start_ns:
            stored = self._stored.count(window, now_ns - window.ns, start_ns)
            if stored is not None:
                count_cells(tallies, stored.cells)
                start_ns, is_exact = stored.coverage.start_ns, stored.coverage.exact_to_event
        coverage = Coverage(start_ns=start_ns, end_ns=now_ns, exact_to_event=is_exact)
        return summarize(coverage, tallies)

    def timeline(self, window: Window) -> Timeline:
        """The same, cut in 60 to 120 steps, for the usual windows. Raises nothing."""
        with self._lock:
            samples = list(self._samples)
        return self._timelines.read(window, self._clock.wall_ns(), samples)

    def totals(self) -> Cells:
        """All executions added since this was made (not the loaded ones); never goes down."""
        return self._memory.totals()

    def latest_resource(self) -> ResourceSample | None:
        """This process's newest sample, however old; None before the first."""
        with self._lock:
            return self._latest

    def fullest_resource(self, within_s: float = 90.0) -> ResourceSample | None:
        """Of the samples of every process so fresh, the one with the most memory.

        Without one, this process's newest, so that whoever asks sees how old it is.
        """
        since_ns = self._clock.wall_ns() - round(within_s * NS_PER_S)
        with self._lock:
            fresh = [sample for sample in self._samples if sample.at_ns >= since_ns]
            return max(fresh, key=lambda sample: sample.rss_bytes, default=self._latest)

    def samples(self, window: Window) -> list[ResourceSample]:
        """The samples of every process in a window that ends now, up to the hour in memory."""
        since_ns = self._clock.wall_ns() - window.ns
        with self._lock:
            return [sample for sample in self._samples if sample.at_ns >= since_ns]

    @property
    def known_since_ns(self) -> int:
        """From when on memory knows everything."""
        return self._memory.known_since_ns

    @property
    def held(self) -> int:
        """How many executions memory holds."""
        return self._memory.count
