"""Rules that others use, on the same executions: what the judge is measured beside.

Each is a small class with `observe(execution)`, `alarm` (it would roll back) and `executions`
(of the new system, when it did).
"""

from __future__ import annotations

import math
from collections import deque

from changeover.core.model import Execution, Outcome
from changeover.judge.bet import odds, two_sided

_LEGACY, _NEW = 0, 1


class Rule:
    """Counts of both systems; a rule decides after each execution of the new one."""

    def __init__(self) -> None:
        self.total, self.bad = [0, 0], [0, 0]
        self.alarm = False

    @property
    def executions(self) -> int:
        return self.total[_NEW]

    def observe(self, execution: Execution) -> None:
        if self.alarm or execution.trace is None or not execution.trace.share:
            return
        new = execution.series.system != "legacy"
        bad = execution.series.outcome is Outcome.FAILURE
        self.total[new] += 1
        self.bad[new] += bad
        if new:
            self.alarm = self.decide(execution.at_ns, bad)

    def decide(self, at_ns: int, bad: bool) -> bool:
        raise NotImplementedError


class PeekingZ(Rule):
    """The z-test of two ratios at 1 %, looked at after each execution from the 30th on."""

    def decide(self, at_ns: int, bad: bool) -> bool:
        del at_ns, bad
        (n, m), (x, y) = self.total, self.bad
        pooled = (x + y) / (n + m) if n + m else 0.0
        if min(n, m) < 30 or not 0 < pooled < 1:
            return False
        error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        return (y / m - x / n) / error > 2.326


class FiveMinutes(Rule):
    """The reference's rule: more than 0.1 % errors of the new system within five minutes."""

    def __init__(self) -> None:
        super().__init__()
        self._window: deque[tuple[int, bool]] = deque()

    def decide(self, at_ns: int, bad: bool) -> bool:
        window = self._window
        window.append((at_ns, bad))
        while window[0][0] < at_ns - 300 * 1_000_000_000:
            window.popleft()
        return sum(one for _, one in window) / len(window) > 0.001


class Flagger(Rule):
    """Flagger's published rule: every minute the success rate of that minute must be 99 %.

    Five failed checks in all roll back; a minute without a call is not checked.
    Source: its documentation (`threshold: 5`, `interval: 1m`, `request-success-rate: 99`).
    """

    def __init__(self) -> None:
        super().__init__()
        self._minute, self._failed = -1, 0
        self._calls, self._good = 0, 0

    def decide(self, at_ns: int, bad: bool) -> bool:
        minute = at_ns // 60_000_000_000
        if minute != self._minute:
            self._failed += self._calls > 0 and self._good / self._calls < 0.99
            self._minute, self._calls, self._good = minute, 0, 0
        self._calls += 1
        self._good += not bad
        return self._failed >= 5


class GrowthBook(Rule):
    """GrowthBook's published sequential test: an asymptotic confidence sequence, N* = 5000.

    The half width is `s * sqrt(2 (N rho2 + 1) / (N rho2)^2 * ln(sqrt(N rho2 + 1) / alpha))`
    times sqrt(N), on the difference of means; without a failure in both there is no variance,
    so no verdict. Source: its documentation of sequential testing; Waudby-Smith et al. 2021.
    """

    ALPHA, TUNED = 0.01, 5_000.0

    def decide(self, at_ns: int, bad: bool) -> bool:
        del at_ns, bad
        (n, m), (x, y) = self.total, self.bad
        if n < 2 or m < 2 or not 0 < x < n or not 0 < y < m:
            return False  # a variance of zero
        p, q = x / n, y / m
        spread = p * (1 - p) / n + q * (1 - q) / m
        count = n + m
        tuned = (-2 * math.log(self.ALPHA) + math.log(-2 * math.log(self.ALPHA) + 1)) / self.TUNED
        both = count * tuned
        wide = math.sqrt(
            spread * 2 * (both + 1) / both * math.log(math.sqrt(both + 1) / self.ALPHA)
        )
        return q - p > wide


class NoDrip(Rule):
    """The judge's own bet on errors without holding cash back: worn down by good executions."""

    RATIOS = (2.0, 6.0, 18.0, 54.0, 162.0, 486.0)

    def __init__(self, threshold: float = 4_800.0 * 3) -> None:
        super().__init__()
        self._threshold = threshold
        both = [two_sided(odds(ratio, 0.01), 0.01) for ratio in self.RATIOS]
        self._factors = [[math.log(pair[side]) for pair in both] for side in (0, 1)]
        self._logs = [-math.log(len(both))] * len(both)

    def decide(self, at_ns: int, bad: bool) -> bool:
        del at_ns
        self._logs = [a + b for a, b in zip(self._logs, self._factors[bad], strict=True)]
        return max(self._logs) > math.log(self._threshold)
