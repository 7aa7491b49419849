"""What is staked on errors: factors for each way an execution can turn out.

In a test of two systems side by side the randomness is the assignment: given how an execution
ended, it ran on the new system with probability `theta` if the systems are equal. In a test of
one system it is the error itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.judge.bet import odds, two_sided

_LIMIT_RATIOS = (2.0, 6.0, 18.0, 54.0, 162.0, 486.0)
_ARM_RATIOS = (1.5, 2.5, 5.0, 10.0, 30.0, 300.0)
_SHRINK = (1.0, 0.9, 0.6, 0.3)  # how boldly "not worse" is bet on
_USER_RATIOS = (1.5, 2.5, 5.0, 10.0, 1 / 1.5, 1 / 2.5, 1 / 5.0, 1 / 10.0)
MARGIN_STEPS = (1, 2, 5, 10)  # of the promotion's margin, for commands with less traffic
LIMIT_SIZE, ARM_SIZE, USER_SIZE = len(_LIMIT_RATIOS), len(_ARM_RATIOS), len(_USER_RATIOS)
NO_WORSE_SIZE = len(_SHRINK)
USER_MARGIN = 0.02  # of user errors; persons differ in how they type


@dataclass(frozen=True, slots=True)
class Quad:
    """Factors by where an execution ran and whether it was bad, in that order."""

    legacy_ok: tuple[float, ...]
    legacy_bad: tuple[float, ...]
    new_ok: tuple[float, ...]
    new_bad: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Factors of one system's test."""

    ok: tuple[float, ...]
    bad: tuple[float, ...]


def limit_pair(limit: float) -> Pair:
    """Against "the new system's error ratio is at most `limit`"."""
    both = [two_sided(odds(ratio, limit), limit) for ratio in _LIMIT_RATIOS]
    return Pair(tuple(ok for ok, _ in both), tuple(bad for _, bad in both))


def below_pair(limit: float) -> Pair:
    """Against "the new system's error ratio is at least `limit`"."""
    both = [two_sided(-step / (1.0 - limit), limit) for step in _SHRINK]
    return Pair(tuple(ok for ok, _ in both), tuple(bad for _, bad in both))


def worse_quad(theta: float, usual: float, margin: float) -> Quad:
    """Against "the new system's error ratio is at most `margin` above legacy's".

    Args:
        theta: the chance that this execution ran on the new system.
        usual: the recent error ratio of both together. It centres the bet: what good executions
            take and bad ones give is nothing on average, even if theta is not quite true.
        margin: difference of error ratios.
    """
    return _quad(theta, usual, [(odds(ratio, theta), margin) for ratio in _ARM_RATIOS])


def no_worse_quad(theta: float, usual: float, margin: float) -> Quad:
    """Against "the new system's error ratio is `margin` or more above legacy's"."""
    return _quad(theta, usual, [(-step / (1.0 - theta), margin) for step in _SHRINK])


def user_quad(theta: float, usual: float, ratio: float) -> Quad:
    """Against "about as many user errors on both", to either side.

    Args:
        theta: the chance that this call ran on the new system.
        usual: the recent share of user errors on both.
        ratio: legacy's share of user errors; differences up to it are the persons'.
    """
    stakes = []
    for times in _USER_RATIOS:
        margin = USER_MARGIN + (ratio if times > 1 else ratio / 2)
        stakes.append((odds(times, theta), margin if times > 1 else -margin))
    return _quad(theta, usual, stakes)


def _quad(theta: float, usual: float, stakes: Sequence[tuple[float, float]]) -> Quad:
    columns = [_centred(theta, usual, stake, margin) for stake, margin in stakes]
    legacy_ok, legacy_bad, new_ok, new_bad = zip(*columns, strict=True)
    return Quad(legacy_ok, legacy_bad, new_ok, new_bad)


def _centred(theta: float, usual: float, bad: float, margin: float) -> tuple[float, ...]:
    """The four factors of one stake, scaled down where one would be negative.

    With bad executions staked `g_b` and good ones `g_o`, the mean factor is
    `1 + theta (1 - theta) (g_b - g_o) (p_new - p_legacy - margin)`, so at most 1 on one side.
    """
    ok = -usual / (1.0 - usual) * bad
    worst = max(ok * theta / 0.95, -ok * (1.0 - theta) / 0.95, 1.0)
    ok, bad = ok / worst, bad / worst
    cost = theta * (1.0 - theta) * margin * (bad - ok)
    factors = (
        1.0 - theta * ok - cost,
        1.0 - theta * bad - cost,
        1.0 + (1.0 - theta) * ok - cost,
        1.0 + (1.0 - theta) * bad - cost,
    )
    lowest = min(factors)
    if lowest >= 0.0:
        return factors
    scale = 1.0 / (1.0 - lowest)  # 1 + scale (lowest - 1) = 0
    return tuple(max(0.0, 1.0 + scale * (factor - 1.0)) for factor in factors)
