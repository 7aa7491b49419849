"""One scope's bets and counts: a command, or all of them together."""

from __future__ import annotations

from math import exp, log10

from changeover.judge.bet import HIGHEST, Bet, Portfolio
from changeover.judge.command import FAILED, Solo, Tables
from changeover.judge.ranks import NO_SLOWER_SIZE, SLOW_SIZE, SLOW_STEPS, WARN_STEPS
from changeover.judge.settings import JudgeSettings
from changeover.judge.stakes import (
    ARM_SIZE,
    LIMIT_SIZE,
    MARGIN_STEPS,
    NO_WORSE_SIZE,
    USER_SIZE,
)

DAY_NS = 86_400 * 1_000_000_000
SURE_OF_ARM = 20.0  # what "worse than legacy" must have reached before the limit counts
MOST_SHARED = 0.75  # above this share, legacy is too small a witness to wait for
POINTS = 100
WORSE, OVER_LIMIT, SLOWER = "worse_errors", "over_error_limit", "slower"


_REST = {
    "no_worse": NO_WORSE_SIZE * len(MARGIN_STEPS),
    "half": NO_SLOWER_SIZE,
    "rare": NO_SLOWER_SIZE,
    "users": USER_SIZE,
}


class Counts:
    """Executions and errors that were counted of one system."""

    __slots__ = ("errors", "executions")

    def __init__(self, executions: int = 0, errors: int = 0) -> None:
        self.executions, self.errors = executions, errors


class Bets:
    """Every bet of a scope. A new object is a new beginning.

    Attributes:
        limit, worse, slower: for a rollback. Errors over the limit, more errors than legacy,
            more than 1.55 times slower.
        warn: more than 1.22 times slower.
        rest: for a promotion, `no_worse` errors of every margin one after the other; `half` and
            `rare`, the median is not 1.22 times, the 95 % quantile not 1.55 times slower. To
            hold one, `users`, another share of user errors.
    """

    __slots__ = ("limit", "rest", "slower", "warn", "worse")

    def __init__(self) -> None:
        self.limit = Bet(LIMIT_SIZE, drip=True)
        self.worse = Bet(ARM_SIZE, drip=True)
        self.slower = Bet(SLOW_SIZE, drip=True)
        self.warn = Bet(SLOW_SIZE, drip=True)
        self.rest = Portfolio(_REST)

    def highest(self) -> float:
        """What the evidence for a rollback is at most."""
        return (self.limit.value + self.worse.value + self.slower.value) / 3.0

    def no_worse_value(self, step: int) -> float:
        """The capital of the bet on one margin, by its place in `MARGIN_STEPS`."""
        first = step * NO_WORSE_SIZE
        total = sum(self.rest.stakes[first : first + NO_WORSE_SIZE]) * len(MARGIN_STEPS)
        return min(total, HIGHEST)


class Scope:
    """What is at stake for one scope, and what was counted there.

    Attributes:
        threshold: evidence of that much rolls back.
        alarm: why that was reached, one of the three words, or None; it stays until begun anew.
        alarm_value, alarm_threshold, alarm_ns: the evidence, what it needed, and the moment.
        theta: the chance of the new system when it last ran; 1 when it runs alone.
        confounded: too few guilds or channels to compare with legacy.
    """

    __slots__ = (
        "alarm", "alarm_ns", "alarm_threshold", "alarm_value", "at_ns", "bets", "confounded", "first_ns",
        "last_new_ns", "legacy", "name", "new", "points", "rate", "stride", "theta", "threshold",
        "turn",
    )  # fmt: skip

    def __init__(self, name: str, threshold: float) -> None:
        self.name, self.threshold = name, threshold
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the evidence and the counts that it rests on."""
        self.bets = Bets()
        self.legacy, self.new = Counts(), Counts()
        self.alarm: str | None = None
        self.alarm_value, self.alarm_threshold, self.alarm_ns = 0.0, 0.0, 0
        self.theta, self.confounded = 0.0, False
        self.at_ns: int | None = None
        self.first_ns: int | None = None
        self.last_new_ns = 0
        self.rate = 0.0  # executions of the new system, each fading over a day
        self.points: list[tuple[int, float]] = []
        self.stride = self.turn = 1

    # --- one execution ---------------------------------------------------------------------

    def count(self, at_ns: int, new: bool, bad: bool, theta: float) -> None:
        """Count one execution that says something."""
        counts = self.new if new else self.legacy
        counts.executions += 1
        counts.errors += bad
        if self.at_ns is None or at_ns > self.at_ns:
            self.at_ns = at_ns
        if not new:
            return
        self.theta = theta
        if self.first_ns is None:
            self.first_ns = self.last_new_ns = at_ns
        if at_ns > self.last_new_ns:
            self.rate *= exp((self.last_new_ns - at_ns) / DAY_NS)
            self.last_new_ns = at_ns
        self.rate += 1.0

    def beside(self, new: bool, bad: bool, tables: Tables, bucket: int, frozen: bool) -> None:
        """Bet on an execution that a share sent to one of the two systems."""
        bets, worse = self.bets, tables.worse
        if new:
            if not frozen:
                bets.limit.tick(tables.limit.bad if bad else tables.limit.ok)
            bets.worse.tick(worse.new_bad if bad else worse.new_ok)
        else:
            bets.worse.take(worse.legacy_bad if bad else worse.legacy_ok)
        ranks = tables.ranks
        if bad or ranks is None:
            bets.rest.take(tables.rest[new][FAILED if bad else 0])
        elif new:
            rows, lowest = ranks.new, ranks.lowest
            warned, slowed = bucket - WARN_STEPS, bucket - SLOW_STEPS
            last = len(rows) - 1
            bets.warn.tick(rows[min(max(warned - lowest, 0), last)])
            bets.slower.tick(rows[min(max(slowed - lowest, 0), last)])
            bets.rest.take(tables.rest[1][(warned > ranks.middle) + (slowed > ranks.tail)])
        else:
            rows = ranks.legacy
            factors = rows[min(max(bucket - ranks.lowest, 0), len(rows) - 1)]
            bets.warn.take(factors)
            bets.slower.take(factors)
            bets.rest.take(tables.rest[0][(bucket > ranks.middle) + (bucket > ranks.tail)])

    def alone(
        self, bad: bool, solo: Solo, bucket: int, frozen: bool, strained: bool = False
    ) -> None:
        """Bet on an execution of the new system without legacy beside it.

        While other commands' legacy calls are slower than they ever were, the machine is: then
        slowness says nothing of the new system, and nothing is staked on it.
        """
        bets, bounds = self.bets, solo.bounds
        if not frozen:
            bets.limit.tick(solo.limit.bad if bad else solo.limit.ok)
        if bad or bounds is None:
            bets.rest.take(solo.rest[FAILED if bad else 0])
            return
        warned, slowed = bucket - WARN_STEPS, bucket - SLOW_STEPS
        bets.warn.tick(bounds.slower[(warned > bounds.middle) + (warned > bounds.tail)])
        if not strained:
            bets.slower.tick(bounds.slower[(slowed > bounds.middle) + (slowed > bounds.tail)])
        surely = (warned > bounds.surely_middle) + (slowed > bounds.surely_tail)
        bets.rest.take(solo.rest[surely])

    # --- what it comes to --------------------------------------------------------------------

    def parts(self) -> tuple[float, float, float]:
        """The evidence of errors over the limit, more errors, and slowness, where it counts."""
        bets = self.bets
        limit, worse, slower = bets.limit.value, bets.worse.value, bets.slower.value
        if self.confounded:
            return limit, 0.0, slower
        if self.theta <= MOST_SHARED and worse < SURE_OF_ARM:
            limit = 0.0
        return limit, worse, slower

    def evidence(self) -> float:
        """For a rollback: the mean of the three bets, so a bet itself."""
        limit, worse, slower = self.parts()
        return (limit + worse + slower) / 3.0

    def passes(self, threshold: float, settings: JudgeSettings) -> bool:
        """Whether the evidence is enough, and not of one or two failures."""
        limit, worse, slower = self.parts()
        if (limit + worse + slower) / 3.0 < threshold:
            return False
        return self.new.errors >= settings.min_failures or slower / 3.0 >= threshold

    def raise_alarm(self, at_ns: int, threshold: float) -> None:
        """The evidence was enough for this threshold, at this moment."""
        limit, worse, slower = self.parts()
        most = max(limit, worse, slower)
        self.alarm = SLOWER if most == slower else WORSE if most == worse else OVER_LIMIT
        self.alarm_value, self.alarm_threshold, self.alarm_ns = self.evidence(), threshold, at_ns
        self._point(at_ns)

    def draw(self, at_ns: int) -> None:
        """Keep a point of the curve now and then; ever more seldom, so that they stay few."""
        self.turn -= 1
        if self.turn > 0:
            return
        if len(self.points) >= POINTS - 2:
            del self.points[1::2]
            self.stride *= 2
        self.turn = self.stride
        self._point(at_ns)

    def _point(self, at_ns: int) -> None:
        self.points.append((at_ns, round(log10(max(self.evidence(), 1e-12)), 3)))
