"""What is staked on slowness: by where a duration ranks among legacy's.

Durations are counted in buckets 5 % wide. "The new system is at most 1.55 times slower" is
tested by moving its durations down by whole buckets and asking whether they still rank higher
than legacy's; that is exact for any distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist

from changeover.core.clock import NS_PER_MS
from changeover.judge.bet import Factors, odds, two_sided

_BASE = log(1.05)
FLOOR = 142  # buckets below a millisecond are told apart on screen, but not judged
WARN_STEPS, SLOW_STEPS = 4, 9  # 1.05**4 = 1.22, 1.05**9 = 1.55
HIGHEST_BUCKET = FLOOR + 360  # about 12 hours
_SHIFTS = (0.25, 0.5, 1.0, 2.0, 3.0)
_JUMPS = (2.5, 8.0)  # a heavier slowest tenth
SLOW_SIZE = len(_SHIFTS) + 1 + len(_JUMPS)
_BOLDNESS = (0.9, 0.6, 0.3, 0.15)
NO_SLOWER_SIZE = len(_BOLDNESS)
_HALF_RATIOS, _TAIL_RATIOS = (1.3, 2.0, 4.0, 9.0), (2.0, 9.0, 30.0, 100.0)
_NORMAL = NormalDist()


def bucket_of(duration_ns: int) -> int:
    """The bucket of a duration, 0 to `HIGHEST_BUCKET`; one below `FLOOR` is under 1 ms."""
    if duration_ns <= 1_000:
        return 0
    return min(int(log(duration_ns / NS_PER_MS) / _BASE + FLOOR), HIGHEST_BUCKET)


def middle_ns(bucket: int) -> float:
    """The duration that stands for a bucket."""
    return NS_PER_MS * exp((bucket - FLOOR + 0.5) * _BASE)


def quantile(counts: dict[int, int], level: float) -> int | None:
    """The bucket with at least `level` of all counts at or below it; None without counts."""
    left = level * sum(counts.values())
    for bucket in sorted(counts):
        left -= counts[bucket]
        if left <= 0:
            return bucket
    return None


@dataclass(frozen=True, slots=True)
class Ranks:
    """Factors by bucket, for one command and one share.

    Attributes:
        lowest: the bucket of the first row; a bucket below takes it, one above takes the last.
        legacy, new: a row for each bucket.
        middle, tail: the buckets above which legacy has half, and 5 %, of its own.
        half, rare: for (legacy below, legacy above, new below, new above) of these.
    """

    lowest: int
    legacy: Sequence[Factors]
    new: Sequence[Factors]
    middle: int
    tail: int
    half: Sequence[Factors]
    rare: Sequence[Factors]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Factors against a recorded baseline, below and above a bucket.

    Attributes:
        middle, tail: upper bounds of legacy's median and 95 % quantile.
        slower: for an execution (above neither, above the middle, above both).
        surely_middle, surely_tail: lower bounds of them.
        half, rare: for (below, above) these, against "no faster".
    """

    middle: int
    tail: int
    slower: Sequence[Factors]
    surely_middle: int
    surely_tail: int
    half: Sequence[Factors]
    rare: Sequence[Factors]


def judged(counts: dict[int, int]) -> dict[int, int]:
    """The same counts with everything under a millisecond as one bucket, ascending."""
    merged: dict[int, int] = {}
    for bucket in sorted(counts):
        place = max(bucket, FLOOR)
        merged[place] = merged.get(place, 0) + counts[bucket]
    return merged


def build_ranks(counts: dict[int, int], theta: float) -> Ranks:
    """The factors for one share, of legacy's counts by bucket (at least one)."""
    merged = judged(counts)
    total = sum(merged.values())
    first, last = min(merged) - 1, max(merged) + 1
    ranks: list[float] = []
    below, edge = 0, 1.0 / (2 * total + 2)
    for bucket in range(first, last + 1):
        here = merged.get(bucket, 0)
        ranks.append(min(max((below + here / 2) / total, edge), 1.0 - edge))
        below += here
    weights = [(bucket - first, count / total) for bucket, count in merged.items()]
    columns = [_column(shape, ranks, weights, theta) for shape in _shapes()]
    middle, tail = quantile(merged, 0.5), quantile(merged, 0.95)
    if middle is None or tail is None:
        raise ValueError("no durations to rank by")
    return Ranks(
        first,
        [tuple(1.0 - theta * stake for stake in row) for row in zip(*columns, strict=True)],
        [tuple(1.0 + (1.0 - theta) * stake for stake in row) for row in zip(*columns, strict=True)],
        middle,
        tail,
        _two_classes(_above(merged, middle) / total, theta),
        _two_classes(_above(merged, tail) / total, theta),
    )


def build_bounds(counts: dict[int, int]) -> Bounds:
    """The factors against a recorded baseline (at least one count)."""
    total = sum(counts.values())
    merged = judged(counts)
    wide = 2.326 / total**0.5  # 99 % bounds of a quantile's level
    places = []
    for level, sign in ((0.5, 1), (0.95, 1), (0.5, -1), (0.95, -1)):
        shift = sign * wide * (level * (1 - level)) ** 0.5
        if not 0.0 < level + shift <= 1.0:
            places.append(HIGHEST_BUCKET if sign > 0 else FLOOR)
            continue
        places.append(quantile(merged, level + shift) or FLOOR)
    half = [two_sided(odds(ratio, 0.5), 0.5) for ratio in _HALF_RATIOS]
    tail = [two_sided(odds(ratio, 0.05), 0.05) for ratio in _TAIL_RATIOS]
    slower = [
        (*(pair[is_slow] for pair in half), *(pair[is_very] for pair in tail))
        for is_slow, is_very in ((0, 0), (1, 0), (1, 1))
    ]
    return Bounds(places[0], places[1], slower, places[2], places[3], _no_more(0.5), _no_more(0.05))


def _no_more(theta: float) -> list[Factors]:
    both = [two_sided(-step / (1.0 - theta), theta) for step in _BOLDNESS]
    return [tuple(pair[0] for pair in both), tuple(pair[1] for pair in both)]


def _above(merged: dict[int, int], place: int) -> int:
    return sum(count for bucket, count in merged.items() if bucket > place)


def _two_classes(above: float, theta: float) -> list[Factors]:
    """Bets on fewer executions of the new system above a quantile, centred on legacy."""
    columns = []
    for step in _BOLDNESS:
        high = -step / (1.0 - theta)
        low = -high * above / (1.0 - above)
        scale = min(1.0, 0.95 / (theta * low)) if low > 0 else 1.0
        low, high = low * scale, high * scale
        columns.append(
            (1 - theta * low, 1 - theta * high, 1 + (1 - theta) * low, 1 + (1 - theta) * high)
        )
    return list(zip(*columns, strict=True))


def _shapes() -> list[Callable[[float], float]]:
    """Non-decreasing functions of the rank: how much likelier a slower system is to be there."""

    def shifted(size: float) -> Callable[[float], float]:
        return lambda rank: exp(size * _NORMAL.inv_cdf(rank) - size * size / 2)

    def jump(size: float) -> Callable[[float], float]:
        return lambda rank: size if rank >= 0.9 else 1.0

    return [
        *map(shifted, _SHIFTS),
        lambda rank: 0.45 * (1.0 - rank) ** -0.55,
        *map(jump, _JUMPS),
    ]


def _column(
    shape: Callable[[float], float],
    ranks: Sequence[float],
    weights: Sequence[tuple[int, float]],
    theta: float,
) -> list[float]:
    """The stake of each bucket, scaled so that legacy's own durations neither win nor lose."""
    ratios = [shape(rank) for rank in ranks]
    scale = _centre([(ratios[place], weight) for place, weight in weights], theta)
    return [odds(scale * ratio, theta) for ratio in ratios]


def _centre(parts: Sequence[tuple[float, float]], theta: float) -> float:
    """The c with sum of weight * odds(c * ratio) = 0, by bisected Newton steps in log c."""
    low, high, place = -40.0, 40.0, 0.0
    for _ in range(40):
        scale = exp(place)
        value = slope = 0.0
        for ratio, weight in parts:
            odd = scale * ratio
            under = 1.0 + theta * (odd - 1.0)
            value += weight * (odd - 1.0) / under
            slope += weight * odd / (under * under)
        if abs(value) < 1e-9:
            break
        low, high = (low, place) if value > 0 else (place, high)
        step = place - value / slope
        place = step if low < step < high else (low + high) / 2
    return exp(place)
