"""Which kept rows answer a window: days, hours, minutes, and single executions at the edges.

Counts are kept by the minute and, as copies of the same counts, by the hour and the day, so
that a month is answered from a few rows a series. Every tier is complete in itself: a window
is cut into spans, each read from the coarsest tier that fits in, and no execution is counted
twice because the spans do not overlap. Moving counts from tier to tier instead was rejected:
there a row that comes late, or a crash between two steps, makes the sum wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from changeover.core.clock import NS_PER_S
from changeover.core.model import Coverage

MINUTE_NS = 60 * NS_PER_S
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
FOREVER_NS = 2**63 - 1


class Span(NamedTuple):
    """`[start_ns, end_ns)`, to be read from the slots of one width; 0 is single executions."""

    width_ns: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Extent:
    """What of each tier is there. Times are wall-clock nanoseconds; 0 is "from the beginning".

    Attributes:
        executions_ns: single executions are complete from here on; a multiple of a minute.
        minutes_ns: so are the minutes; a multiple of an hour.
        counted_ns: so are hours and days; a multiple of an hour.
        hours_until_ns: minutes before this are in the hours as well; a multiple of a minute.
        days_until_ns: hours before this are in the days as well; a multiple of an hour.
    """

    executions_ns: int = 0
    minutes_ns: int = 0
    counted_ns: int = 0
    hours_until_ns: int = FOREVER_NS
    days_until_ns: int = FOREVER_NS

    def settle(self, moment_ns: int) -> int:
        """The latest moment, at or before this one, at which a count can begin or end."""
        if moment_ns >= max(self.executions_ns, self.minutes_ns, self.counted_ns):
            return moment_ns
        if moment_ns >= max(self.minutes_ns, self.counted_ns):
            return floor(moment_ns, MINUTE_NS)
        return max(floor(moment_ns, HOUR_NS), self.counted_ns)

    def come_back(self, now_ns: int) -> Extent:
        """Without what a wall clock that ran far ahead has moved; else nothing would be counted."""
        latest, hour_ns = now_ns + HOUR_NS, floor(now_ns, HOUR_NS)
        return replace(
            self,
            executions_ns=self.executions_ns if self.executions_ns <= latest else hour_ns,
            minutes_ns=self.minutes_ns if self.minutes_ns <= latest else hour_ns,
            counted_ns=self.counted_ns if self.counted_ns <= latest else hour_ns,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How a window is answered: what it covers, and the spans to read and add up."""

    coverage: Coverage
    spans: Sequence[Span]


def plan(start_ns: int, end_ns: int, extent: Extent, step_ns: int = DAY_NS) -> Plan:
    """How to answer `[start_ns, end_ns)`, by slots that do not straddle multiples of `step_ns`.

    Both ends settle downwards in the same way, so that windows that meet never overlap and
    leave nothing out between them. Where minutes are no longer kept, hours serve any step.
    """
    start = extent.settle(start_ns)
    end = max(extent.settle(end_ns), start)
    exact = (start, end) == (start_ns, max(start_ns, end_ns))
    coverage = Coverage(start_ns=start, end_ns=end, exact_to_event=exact)
    days, hours = (DAY_NS, extent.days_until_ns), (HOUR_NS, extent.hours_until_ns)
    fitting = [tier for tier in (days, hours, (MINUTE_NS, FOREVER_NS)) if step_ns % tier[0] == 0]
    coarse = [tier for tier in (days, hours) if tier in fitting or tier is hours]
    since_minutes = max(start, min(end, extent.minutes_ns))
    spans = [*_spans(start, since_minutes, coarse), *_spans(since_minutes, end, fitting)]
    return Plan(coverage, spans)


def floor(moment_ns: int, width_ns: int) -> int:
    """The start of the slot that holds a moment."""
    return moment_ns - moment_ns % width_ns


def ceil(moment_ns: int, width_ns: int) -> int:
    """The first start of a slot at or after a moment."""
    return floor(moment_ns + width_ns - 1, width_ns)


def _spans(start: int, end: int, tiers: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The widest tier in the middle, what is left on both sides from the finer ones."""
    if start >= end:
        return
    if not tiers:
        yield Span(0, start, end)
        return
    (width, until), *finer = tiers
    inner_start = ceil(start, width)
    inner_end = floor(min(end, until), width)
    if inner_start >= inner_end:
        yield from _spans(start, end, finer)
        return
    yield from _spans(start, inner_start, finer)
    yield Span(width, inner_start, inner_end)
    yield from _spans(inner_end, end, finer)
