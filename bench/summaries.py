"""What a summary of the last hour costs, with 18 commands in 2 systems."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from statistics import median
from time import process_time_ns
from typing import cast

from bench.figure import Figure
from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_MS, NS_PER_S, ManualClock
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Execution, Outcome, Series
from changeover.core.ports import Telemetry
from changeover.core.window import parse_window

LIMITS_MS = {36_000: 6.0, 100_000: 15.0, 1_000_000: 10.0}
QUANTILE_LIMIT = 0.01
HOUR = parse_window("1h")
ROUNDS = 15
OUTCOMES = [Outcome.OK] * 17 + [Outcome.USER_ERROR, Outcome.USER_ERROR, Outcome.FAILURE]


class Away:
    """A store that answers nothing, so that memory is measured alone."""

    def count(self, *_: object) -> None:
        """As a store that is away."""
        raise StoreUnavailableError("away")

    slots = count


def run() -> list[Figure]:
    """The page's case: the same window is asked for again every two seconds."""
    figures: list[Figure] = []
    for count, limit_ms in LIMITS_MS.items():
        figures += _measure(count, limit_ms)
    return figures


def _measure(count: int, limit_ms: float) -> list[Figure]:
    clock = ManualClock()
    summaries = Summaries(cast("Telemetry", Away()), clock=clock, max_events=2_000_000)
    durations = _fill(summaries, clock, count)
    first_ms = _milliseconds(lambda: summaries.summary(HOUR))
    rounds = []
    for _ in range(ROUNDS):
        clock.advance(2)
        fresh = _calls(random.Random(), count // 1_800, clock.wall_ns() - 2 * NS_PER_S, 2)
        durations += [row.duration_ns for row in fresh]
        summaries.add(fresh)
        rounds.append(_milliseconds(lambda: summaries.summary(HOUR)))
    chart_ms = _milliseconds(lambda: summaries.timeline(HOUR))
    clock.advance(2)
    next_chart_ms = _milliseconds(lambda: summaries.timeline(HOUR))
    held = f"{summaries.held} events held"
    return [
        Figure.of(
            f"summary of 1 h, {count} events",
            median(rounds),
            "ms",
            limit=limit_ms,
            note=f"asked every 2 s; the first one took {first_ms:.1f} ms; {held}",
        ),
        Figure.of(
            f"timeline of 1 h, {count} events",
            next_chart_ms,
            "ms",
            note=f"60 steps; the first one took {chart_ms:.1f} ms",
        ),
        Figure.of(
            f"quantile error, {count} events",
            _worst_error(summaries, durations) * 100,
            "%",
            limit=QUANTILE_LIMIT * 100,
            note="p50, p95, p99 of all, beside the sorted durations",
        ),
    ]


def _fill(summaries: Summaries, clock: ManualClock, count: int) -> list[int]:
    """An hour of calls, minute by minute, as the service adds them."""
    rng, durations = random.Random(1), []
    for _ in range(60):
        clock.advance(60)
        calls = _calls(rng, count // 60, clock.wall_ns() - 60 * NS_PER_S, 60)
        durations += [row.duration_ns for row in calls]
        summaries.add(calls)
    return durations


def _calls(rng: random.Random, count: int, start_ns: int, seconds: int) -> list[Execution]:
    step_ns = seconds * NS_PER_S // max(count, 1)
    return [
        Execution(
            start_ns + i * step_ns,
            Series(
                f"command {rng.randrange(18)}", rng.choice(("legacy", "ddd")), rng.choice(OUTCOMES)
            ),
            int(rng.lognormvariate(17, 0.8)),
        )
        for i in range(count)
    ]


def _milliseconds(action: Callable[[], object]) -> float:
    before = process_time_ns()
    action()
    return (process_time_ns() - before) / NS_PER_MS


def _worst_error(summaries: Summaries, durations: Sequence[int]) -> float:
    total = summaries.summary(HOUR).total
    ordered = sorted(durations[-total.total :])
    told = {0.5: total.p50_ns, 0.95: total.p95_ns, 0.99: total.p99_ns}
    truth = {level: ordered[math.ceil(level * len(ordered)) - 1] for level in told}
    return max(abs((value or 0) - truth[level]) / truth[level] for level, value in told.items())
