"""Whether calls really went where their share sends them, one watch a flag."""

from __future__ import annotations

from collections.abc import Sequence

from changeover.judge.bet import Bet, odds, two_sided

BINS = 1_000  # of ids by their bucket; each stands for a person, a guild or a channel
SKEW_THRESHOLD = 1_000.0  # alpha .001
_RATIOS = tuple(r for one in (3.0, 1.5, 1.15, 1.04) for r in (one, 1 / one))


class Assignment:
    """What is known of one flag's ids.

    A share is sticky: the same id always goes the same way. So an id says only once whether the
    share is as it should be, when it is first seen; and whether a call crossed over can be told
    of every single one.

    Attributes:
        counts: executions by bin of the id.
        calls: how many there were.
        crossings: calls that ran where their id does not belong.
        skew: the bet against "an id is on the new system with the share's probability".
        seen, on_new: ids at their first sight, and how many of those the new system got.
        due: how many it should have got.
    """

    __slots__ = (
        "_effective",
        "_look_at",
        "calls",
        "counts",
        "crossings",
        "due",
        "on_new",
        "seen",
        "skew",
    )

    def __init__(self) -> None:
        self.counts = [0] * BINS
        self.crossings = 0
        self.skew = Bet(len(_RATIOS), drip=False)
        self.seen, self.on_new, self.due = 0, 0, 0.0
        self.calls, self._look_at = 0, 0.0
        self._effective: tuple[float, tuple[float, float]] = (-1.0, (0.0, 0.0))

    def note(self, bucket: float, theta: float, new: bool) -> None:
        """One execution of an id: its bucket (0 to 99.99), the chance of the new system."""
        self.calls += 1
        place = round(bucket * 100)
        if new != (place < round(theta * 10_000)):
            self.crossings += 1
        place = min(max(place // 10, 0), BINS - 1)
        count = self.counts[place]
        self.counts[place] = count + 1
        if not count:
            self.seen += 1
            self.on_new += new
            self.due += theta
            self.skew.take([two_sided(odds(ratio, theta), theta)[new] for ratio in _RATIOS])

    def effective(self, theta: float) -> tuple[float, float]:
        """How many ids of equal weight legacy and the new system have, by Kish's rule.

        `(sum w)**2 / sum w**2` over the executions of each id; looked at again after a
        tenth more calls of this method. Source: Kish 1965.
        """
        known_theta, found = self._effective
        if known_theta == theta and self.calls < self._look_at:
            return found
        cut = round(theta * BINS)
        found = (_kish(self.counts[cut:]), _kish(self.counts[:cut]))
        self._effective = (theta, found)
        self._look_at = self.calls * 1.1
        return found

    @property
    def is_crossed(self) -> bool:
        """Whether calls cross over, one in a thousand or more; a single one is outlived."""
        return self.crossings * 1_000 > self.calls

    @property
    def is_skewed(self) -> bool:
        """Whether the share is not what it should be."""
        return self.skew.value >= SKEW_THRESHOLD


def _kish(weights: Sequence[int]) -> float:
    square = sum(weight * weight for weight in weights)
    total = sum(weights)
    return total * total / square if square else 0.0
