"""The one primitive: a capital that grows when a hypothesis fails, and hardly ever otherwise.

A bet starts with a capital of 1. Each execution multiplies its stakes by factors whose mean is
at most 1 while the hypothesis holds. So the chance that the capital ever reaches `1 / alpha` is
at most `alpha`, however often one looks. Source: Ville 1939; Ramdas et al. 2023, arXiv
2210.01948.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log1p
from operator import mul

Factors = Sequence[float]

HIGHEST = 1e30  # a capital is cut there: it has long decided, and floats end somewhere
_HALF, _SLOWNESS = 0.5, 1_000.0
_TABLE = 10_000


def cash(ticks: int) -> float:
    """How much of the capital is not staked yet after so many executions of the new system.

    Half is staked at the start, the rest drips in later, ever more slowly. What is staked late
    has not been worn down by thousands of good executions before it, so a late break is found
    nearly as fast as an early one. It is a mixture over starting times, so the promise holds.
    """
    return _HALF / (1.0 + log1p(ticks / _SLOWNESS))


_CASH = tuple(map(cash, range(_TABLE + 1)))


def odds(ratio: float, theta: float) -> float:
    """The stake that bets on odds `ratio` times those of probability `theta`.

    A ratio above 1 bets against `at most theta`, below 1 against `at least theta`.
    """
    return (ratio - 1.0) / (1.0 + theta * (ratio - 1.0))


def two_sided(stake: float, theta: float) -> tuple[float, float]:
    """The factors of (x = 0, x = 1) for a stake on x, where P(x = 1) is theta."""
    return 1.0 - theta * stake, 1.0 + (1.0 - theta) * stake


class Bet:
    """Stakes on several alternatives at once, and cash that drips into them.

    Args:
        size: how many alternatives; every factor list has this length.
        drip: whether half of the capital is held back for later.
    """

    __slots__ = ("_cash", "_drips", "stakes", "ticks", "value")

    def __init__(self, size: int, *, drip: bool) -> None:
        self._drips = drip
        self._cash = cash(0) if drip else 0.0  # not staked yet
        self.stakes: list[float] = [(1.0 - self._cash) / size] * size
        self.ticks = 0  # executions of the new system, the clock of the drip
        self.value = 1.0

    def take(self, factors: Factors) -> None:
        """One execution that does not turn the clock: every stake by its factor."""
        self.stakes = stakes = list(map(mul, self.stakes, factors))
        self.value = value = sum(stakes) + self._cash
        if value > HIGHEST:
            self._cut()

    def tick(self, factors: Factors) -> None:
        """One execution of the new system: some cash drips in, then every stake by its factor.

        Only for a bet that drips.
        """
        self.ticks = ticks = self.ticks + 1
        left = _CASH[ticks] if ticks <= _TABLE else cash(ticks)
        stakes = self.stakes
        add = ((self._cash - left) / len(stakes)).__add__
        self._cash = left
        self.stakes = stakes = list(map(mul, map(add, stakes), factors))
        self.value = value = sum(stakes) + left
        if value > HIGHEST:
            self._cut()

    def _cut(self) -> None:
        most = HIGHEST / len(self.stakes)
        self.stakes = [min(stake, most) for stake in self.stakes]
        self.value = sum(self.stakes) + self._cash

    def to_list(self) -> list[float]:
        """The clock, then the stakes."""
        return [self.ticks, *self.stakes]

    def restore(self, saved: Sequence[float]) -> None:
        """Become what `to_list` told. Raises `ValueError` for anything else."""
        ticks, *stakes = saved
        good = all(0.0 <= stake <= HIGHEST * 1.01 for stake in stakes)
        if len(stakes) != len(self.stakes) or not good or ticks < 0 or ticks != int(ticks):
            raise ValueError("no bet")
        self.ticks, self.stakes = int(ticks), [float(stake) for stake in stakes]
        self._cash = cash(self.ticks) if self._drips else 0.0
        self.value = sum(self.stakes) + self._cash


class Portfolio:
    """Several bets that are only read when somebody asks; one multiplication for all of them.

    Args:
        sizes: how many alternatives each has, in the order of their factors. None of them holds
            cash back.
    """

    __slots__ = ("_sizes", "_turn", "stakes")
    _CUT_EVERY = 32  # so seldom that it costs nothing, so often that no float overflows

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._turn = 0
        self.stakes: list[float] = [1.0 / size for size in sizes.values() for _ in range(size)]

    def take(self, factors: Factors) -> None:
        """One execution: every stake of every bet by its factor."""
        self.stakes = list(map(mul, self.stakes, factors))
        self._turn += 1
        if self._turn >= self._CUT_EVERY:
            self._turn = 0
            self.stakes = [min(stake, HIGHEST) for stake in self.stakes]

    def value(self, name: str) -> float:
        """The capital of one bet."""
        first = 0
        for other, size in self._sizes.items():
            if other == name:
                return min(sum(self.stakes[first : first + size]), HIGHEST)
            first += size
        raise KeyError(name)

    def to_list(self) -> list[float]:
        """The clock of the cut, then all stakes."""
        return [self._turn, *self.stakes]

    def restore(self, saved: Sequence[float]) -> None:
        """Become what `to_list` told. Raises `ValueError` for anything else."""
        turn, *stakes = saved
        good = all(0.0 <= stake < float("inf") for stake in stakes)
        if len(stakes) != len(self.stakes) or not good or not 0 <= turn < self._CUT_EVERY:
            raise ValueError("no portfolio")
        self._turn, self.stakes = int(turn), [float(stake) for stake in stakes]
