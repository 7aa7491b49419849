"""What an evaluation of the alert rules costs: 200 rules over 36 series, off the bot's loop."""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median
from time import process_time_ns
from typing import cast

from bench.figure import Figure
from changeover.act.manager import AlertManager
from changeover.act.rules import Rule
from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_MS, NS_PER_S, ManualClock
from changeover.core.errors import Guard, StoreUnavailableError
from changeover.core.model import Execution, Instance, Outcome, Series
from changeover.core.ports import Telemetry
from changeover.core.window import parse_window
from changeover.store.memory import MemoryState

RULES, COMMANDS, SYSTEMS = 200, 18, ("legacy", "ddd")
WINDOWS = ("5m", "15m", "1h")
LIMIT_MS = 50.0
ROUNDS = 15
METRICS = (
    ("error_ratio", "ratio", 0.9),
    ("response_mean_ms", "ms", 1e6),
    ("response_p95_ms", "ms", 1e6),
    ("errors", "", 1e6),
)


class Away:
    """A store that answers nothing, so that the rules are measured with memory alone."""

    def count(self, *_: object) -> None:
        raise StoreUnavailableError("away")

    slots = count


def run() -> list[Figure]:
    quiet_ms = _evaluate(_rules())
    firing_ms = _evaluate(_rules(firing=20))
    series = COMMANDS * len(SYSTEMS)
    return [
        Figure.of(
            f"{RULES} rules over {series} series, all quiet",
            quiet_ms,
            "ms",
            limit=LIMIT_MS,
            note=f"{RULES * series} comparisons, {len(WINDOWS)} windows, each summed up once",
        ),
        Figure.of(
            f"the same, with {20 * series} alerts firing",
            firing_ms,
            "ms",
            note="each is read and written; no bot is run like that",
        ),
    ]


def _rules(firing: int = 0) -> list[Rule]:
    rules = []
    for number in range(RULES):
        metric, unit, warning = METRICS[number % len(METRICS)]
        if number < firing:
            metric, unit, warning = "executions", "", 0.0
        rules.append(
            Rule(
                name=f"rule_{number}", metric=metric, unit=unit, warning=warning,
                window=parse_window(WINDOWS[number % len(WINDOWS)]), min_executions=1,
                split=("command", "system"),
            )
        )  # fmt: skip
    return rules


def _evaluate(rules: list[Rule]) -> float:
    """The median of some evaluations a minute apart, after the first, on an hour of calls."""
    clock = ManualClock()
    summaries = Summaries(cast("Telemetry", Away()), clock=clock)
    manager = AlertManager(
        MemoryState(clock), rules, clock=clock, instance=Instance("0" * 16, "bench", 1),
        channels=(), guard=Guard(clock),
    )  # fmt: skip
    rng = random.Random(1)
    taken = []
    for minute in range(60 + ROUNDS):
        clock.advance(60)
        summaries.add(_calls(rng, clock.wall_ns()))
        if minute >= 58:
            check = lambda: manager.check_alerts(  # noqa: E731
                summaries.summary, summaries.latest_resource, samples_of=summaries.samples
            )
            taken.append(_milliseconds(check))
    return median(taken[2:])


def _calls(rng: random.Random, now_ns: int) -> list[Execution]:
    """600 calls in the minute before."""
    return [
        Execution(
            now_ns - rng.randrange(60 * NS_PER_S),
            Series(
                f"command {rng.randrange(COMMANDS)}",
                rng.choice(SYSTEMS),
                rng.choice([Outcome.OK] * 19 + [Outcome.FAILURE]),
            ),
            int(rng.lognormvariate(17, 0.8)),
        )
        for _ in range(600)
    ]


def _milliseconds(action: Callable[[], object]) -> float:
    before = process_time_ns()
    action()
    return (process_time_ns() - before) / NS_PER_MS
