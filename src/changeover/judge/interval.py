"""Intervals of a true ratio that hold at all times at once, and a bound of a rare count."""

from __future__ import annotations

from collections.abc import Callable
from math import comb, lgamma, log, log1p, sqrt


def error_interval(executions: int, errors: int, alpha: float = 0.05) -> tuple[float, float]:
    """Where the true ratio lies, with probability 1 - alpha for all times together.

    The mixture of all ratios, weighted by Beta(1/2, 1/2), is a bet against each single ratio;
    the interval is what it has not ruled out. It needs the two counts alone.

    Args:
        executions: how many; 0 or more.
        errors: how many of them, 0 to `executions`.
        alpha: how often the interval may ever miss.

    Returns:
        Lower and upper end, 0 to 1.

    Source: Robbins 1970; Howard et al. 2021, arXiv 1810.08240. It supposes that the ratio stays.
    """
    if not executions:
        return 0.0, 1.0
    good = executions - errors
    mixture = _log_beta(errors + 0.5, good + 0.5) - _log_beta(0.5, 0.5) + log(alpha)

    def is_inside(ratio: float) -> bool:
        bad_part = errors * log(ratio) if errors else 0.0
        return bad_part + (good * log1p(-ratio) if good else 0.0) > mixture

    seen = errors / executions
    low = 0.0 if not errors else _edge(is_inside, seen if good else 1.0 - 1e-12, 1e-12)
    high = 1.0 if not good else _edge(is_inside, seen if errors else 1e-12, 1.0 - 1e-12)
    return low, high


def _edge(is_inside: Callable[[float], bool], inside: float, outside: float) -> float:
    if is_inside(outside):
        return outside
    for _ in range(50):
        middle = (inside + outside) / 2
        if is_inside(middle):
            inside = middle
        else:
            outside = middle
    return outside


def _log_beta(one: float, other: float) -> float:
    return lgamma(one) + lgamma(other) - lgamma(one + other)


def highest_mean(count: int) -> float:
    """The 90 % upper bound of a Poisson mean of which `count` was seen; within 1 %.

    Source: Wilson and Hilferty 1931.
    """
    shape = count + 1.0
    return shape * (1.0 - 1.0 / (9.0 * shape) + 1.2815515655 / (3.0 * sqrt(shape))) ** 3


def lowest_mean(count: int) -> float:
    """The 90 % lower bound of it."""
    if not count:
        return 0.0
    return float(count * (1.0 - 1.0 / (9.0 * count) - 1.2815515655 / (3.0 * sqrt(count))) ** 3)


def highest_ratio(count: int, runs: int) -> float:
    """The 95 % upper bound of a ratio of which `count` in `runs` (1 or more) was seen.

    Source: Clopper and Pearson 1934.
    """
    if count >= runs:
        return 1.0
    low, high = count / runs, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        below = sum(
            comb(runs, k) * middle**k * (1 - middle) ** (runs - k) for k in range(count + 1)
        )
        low, high = (middle, high) if below > 0.05 else (low, middle)
    return high
