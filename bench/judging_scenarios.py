"""What is demanded of the judge, scenario by scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.judging_world import World

FALSE, DELAY, PROMOTION = "false", "delay", "promotion"
RAMP = (0.01, 0.05, 0.25, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of the table.

    Attributes:
        kind: `false` (rolled back though nothing is wrong), `delay` (executions of the new
            system until it was), or `promotion` (reached in time).
        world: a fresh world from dice and the broken command.
        runs, executions: of the full form; the short form takes fewer.
        limit: percent of runs for `false`, the median for `delay`, percent for `promotion`.
        limit_p90: of the delay's 90 % quantile.
        begins: the execution at which the fault begins.
    """

    name: str
    kind: str
    world: Callable[[Random, int], World]
    runs: int
    executions: int
    limit: float
    limit_p90: float | None = None
    begins: int = 0


def _fixed(share: float) -> Callable[[int, int], float]:
    return lambda _number, _place: share


def _same(share: float, **more: object) -> Callable[[Random, int], World]:
    return lambda _dice, _broken: World(shares=_fixed(share), **more)  # type: ignore[arg-type]


def _one_fails(share: float, ratio: float, begins: int = 0) -> Callable[[Random, int], World]:
    def make(_dice: Random, broken: int) -> World:
        return World(
            shares=_fixed(share),
            ratio=lambda number, place, new, usual: (
                ratio if new and place == broken and number >= begins else usual
            ),
        )

    return make


def _all_fail(share: float, more: float, begins: int = 0) -> Callable[[Random, int], World]:
    return _same(
        share,
        ratio=lambda number, _place, new, usual: usual + more * (new and number >= begins),
    )


def _outage(of: float) -> Callable[[Random, int], World]:
    """Once in 10,000 executions both systems fail, for 300 of them."""
    return _same(
        0.5,
        ratio=lambda number, _place, _new, usual: of if number % 10_000 > 9_700 else usual,
    )


def _ramp(dice: Random, _broken: int) -> World:
    del dice
    return World(shares=lambda number, _place: RAMP[min(number // 4_000, 4)])


def _each_its_own(dice: Random, _broken: int) -> World:
    chosen = [dice.choice((0.01, 0.05, 0.1, 0.25, 0.5)) for _ in range(18)]
    return World(shares=lambda _number, place: chosen[place])


def _slow_periods(_dice: Random, _broken: int) -> World:
    return World(
        shares=_fixed(0.5),
        slower=lambda number, _place, _new: 2.5 if number // 1_000 % 4 == 3 else 1.0,
    )


def _slow_one(share: float, times: float) -> Callable[[Random, int], World]:
    return lambda _dice, broken: World(
        shares=_fixed(share),
        slower=lambda _number, place, new: times if new and place == broken else 1.0,
    )


def _slow_all(share: float, times: float) -> Callable[[Random, int], World]:
    return _same(share, slower=lambda _number, _place, new: times if new else 1.0)


def _false(name: str, world: Callable[[Random, int], World], runs: int, limit: float = 1.0,
           executions: int = 20_000) -> Scenario:  # fmt: skip
    return Scenario(
        name=name, kind=FALSE, world=world, runs=runs, executions=executions, limit=limit
    )


def _late(name: str, world: Callable[[Random, int], World], median: float,
          p90: float | None = None, begins: int = 0, runs: int = 100) -> Scenario:  # fmt: skip
    return Scenario(
        name=name, kind=DELAY, world=world, runs=runs, executions=begins + 15_000,
        limit=median, limit_p90=p90, begins=begins,
    )  # fmt: skip


SCENARIOS = (
    *(_false(f"A/A at {s * 100:.0f} %", _same(s), 24) for s in (0.01, 0.1, 0.5, 0.9)),
    _false("A/A at 50 %, long", _same(0.5), 2, executions=100_000),
    _false("ramp 1-5-25-50-90 %", _ramp, 40),
    _false("a different share for each command", _each_its_own, 30),
    _false("both 2.5 times slower now and then", _slow_periods, 30),
    _false("new 5 % slower", _slow_all(0.5, 1.05), 30),
    _false("new +0.05 pp errors", _all_fail(0.5, 0.0005), 30),
    _false("outages of 30 % in both", _outage(0.3), 16, 2.0),
    _false("outages of 100 % in both", _outage(1.0), 16, 2.0),
    _false("500 sticky users", _same(0.5, people=500), 24),
    _false("legacy above the limit (x5)", _same(0.5, scale=5.0), 30),
    _false("retry storms", _same(0.5, people=500, storms=0.9, scale=3.0), 24, 1.5),
    _late("a command fails always, at 10 %", _one_fails(0.1, 1.0), 5, 7),
    _late("a command fails always, at 50 %", _one_fails(0.5, 1.0), 7, 9),
    _late("a command fails always, at 90 %", _one_fails(0.9, 1.0), 5, 7),
    _late("the same after 20,000 good, at 10 %", _one_fails(0.1, 1.0, 20_000), 7, 12, 20_000, 20),
    _late("a command fails 20 %, at 10 %", _one_fails(0.1, 0.2), 50),
    _late("a command fails 20 %, at 50 %", _one_fails(0.5, 0.2), 55),
    _late("all +4 pp, at 10 %", _all_fail(0.1, 0.04), 200),
    _late("all +4 pp, at 50 %", _all_fail(0.5, 0.04), 420),
    _late("all 2 times slower, at 10 %", _slow_all(0.1, 2.0), 95),
    _late("all 2 times slower, at 50 %", _slow_all(0.5, 2.0), 165),
    _late("a command 5 times slower, at 10 %", _slow_one(0.1, 5.0), 12),
    _late("a command 5 times slower, at 50 %", _slow_one(0.5, 5.0), 32),
    _late("all +4 pp after 20,000 good, at 10 %", _all_fail(0.1, 0.04, 20_000), 300, None, 20_000,
          20),
    Scenario(name="promotion by pooling, truly equal, at 50 %", kind=PROMOTION, world=_same(0.5),
             runs=30, executions=5_000, limit=90.0),
)  # fmt: skip
