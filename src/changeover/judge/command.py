"""What is known of one command: how it usually is, and the factors that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changeover.judge.bet import Factors
from changeover.judge.interval import highest_mean, lowest_mean
from changeover.judge.ranks import NO_SLOWER_SIZE, Bounds, Ranks, build_bounds, build_ranks
from changeover.judge.settings import JudgeSettings
from changeover.judge.stakes import (
    MARGIN_STEPS,
    USER_SIZE,
    Pair,
    Quad,
    below_pair,
    limit_pair,
    no_worse_quad,
    user_quad,
    worse_quad,
)

_FADE = 0.999  # what an execution before counts, in what is usual
_FIRST_USUAL, _FIRST_WEIGHT = 0.5, 100.0  # half an error in a hundred, before anything was seen
_MOVED = 0.15
_GREW = 1.25
_FEWEST_DURATIONS = 20
_OLDEST = 20_000  # executions of legacy; then all of them are halved, so that old ones fade
_WIDEST_LIMIT = 0.25
_MOST_TABLES = 8
_MOST_FAILING = 1_000
_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Tables:
    """Factors for executions at one share, with legacy beside."""

    limit: Pair
    worse: Quad
    ranks: Ranks | None
    rest: Sequence[Sequence[Factors]]  # of legacy, of the new system; see `rest_rows`


@dataclass(frozen=True, slots=True)
class Solo:
    """Factors for executions of the new system alone."""

    limit: Pair
    bounds: Bounds | None
    rest: Sequence[Factors]  # see `rest_rows`


FAILED, MISTAKEN = 3, 4  # rows after those of good executions by how long they took


def rest_rows(
    ok: Factors,
    bad: Factors,
    half: Sequence[Factors] | None,
    rare: Sequence[Factors] | None,
    right: Factors,
    wrong: Factors,
) -> list[Factors]:
    """The factors of all bets that only promote or hold, one system's, by how a call went.

    Args:
        ok: of "no worse", when the call was good.
        bad: the same when it failed.
        half: of "median no slower" (below, above) the quantile; None stakes nothing.
        rare: the same of the 95 % quantile.
        right: of user errors, when it was none.
        wrong: the same when it was one.

    Returns:
        Rows for a good execution below both quantiles, above the middle, above both; for a
        failure; and for a user's own error.
    """
    none = (1.0,) * NO_SLOWER_SIZE
    halves, rares = half or (none, none), rare or (none, none)
    return [
        (*ok, *halves[0], *rares[0], *right),
        (*ok, *halves[1], *rares[0], *right),
        (*ok, *halves[1], *rares[1], *right),
        (*bad, *none, *none, *right),
        (*(1.0,) * len(ok), *none, *none, *wrong),
    ]


class Usual:
    """A ratio as it was of late."""

    __slots__ = ("bad", "built", "total")

    def __init__(self, total: float = 0.0, bad: float = 0.0) -> None:
        self.total, self.bad, self.built = total, bad, 0.0

    @property
    def ratio(self) -> float:
        """Its estimate, 0 to 0.5."""
        return min((self.bad + _FIRST_USUAL) / (self.total + _FIRST_WEIGHT), 0.5)

    def learn(self, bad: bool) -> bool:
        """Count one; whether the estimate moved away from where tables were built."""
        self.total = self.total * _FADE + 1.0
        self.bad = self.bad * _FADE + bad
        ratio = (self.bad + _FIRST_USUAL) / (self.total + _FIRST_WEIGHT)
        return abs(ratio - self.built) > _MOVED * self.built and ratio <= 0.5


class Command:
    """One command's past. Only the past: an execution is learnt after it was bet on.

    Attributes:
        legacy_executions, legacy_errors: of its baseline; old ones fade.
        legacy, new: durations of good executions, counts by bucket.
        legacy_users, legacy_asked: user errors on legacy, and of how many calls.
        failing: by the id of a person, failures in a row and until when they do not count.
    """

    __slots__ = (
        "_ranks",
        "_ranks_at",
        "_settings",
        "_solo",
        "_tables",
        "alone",
        "errors",
        "failing",
        "legacy",
        "legacy_asked",
        "legacy_errors",
        "legacy_executions",
        "legacy_users",
        "new",
        "users",
    )  # fmt: skip

    def __init__(self, settings: JudgeSettings) -> None:
        self._settings = settings
        self.legacy_executions = self.legacy_errors = 0
        self.legacy_asked = self.legacy_users = 0
        self.legacy: dict[int, int] = {}
        self.new: dict[int, int] = {}
        self.errors, self.users = Usual(), Usual()
        self.alone = False  # it never had a legacy handler
        self.failing: dict[float, tuple[int, int]] = {}
        self._tables: dict[float, Tables] = {}
        self._ranks: dict[float, Ranks] = {}
        self._ranks_at = 0
        self._solo: Solo | None = None

    @property
    def legacy_ratio(self) -> float:
        """Legacy's error ratio; 0 before anything is known."""
        return self.legacy_errors / self.legacy_executions if self.legacy_executions else 0.0

    def limit(self) -> float:
        """What the new system's error ratio may be: the limit, or legacy's upper bound."""
        least = self._settings.error_limit
        if not self.legacy_executions:
            return least if self.alone else max(least, _WIDEST_LIMIT)
        bound = highest_mean(self.legacy_errors) / self.legacy_executions
        return max(least, min(bound, max(_WIDEST_LIMIT, self.legacy_ratio)))

    def tables(self, theta: float) -> Tables:
        """The factors at this share."""
        found = self._tables.get(theta)
        if found is None:
            if len(self._tables) >= _MOST_TABLES:
                self._tables.clear()
            found = self._tables[theta] = self._build(theta)
        return found

    def solo(self) -> Solo:
        """The factors of the new system alone."""
        if self._solo is None:
            settings = self._settings
            limit = settings.error_limit  # of a command whose legacy nobody has seen, or will
            if self.legacy_executions:
                limit = min(self.limit() + settings.margin, 0.9)
            surely = 0.0
            if self.legacy_executions:
                surely = lowest_mean(self.legacy_errors) / self.legacy_executions
            enough = sum(self.legacy.values()) >= settings.min_baseline
            bounds = build_bounds(self.legacy) if enough and self.legacy else None
            below = below_pair(min(surely + settings.promote_margin, 0.9))
            steps = len(MARGIN_STEPS)
            self._solo = Solo(
                limit_pair(limit),
                bounds,
                rest_rows(
                    below.ok * steps,
                    below.bad * steps,
                    bounds.half if bounds else None,
                    bounds.rare if bounds else None,
                    (1.0,) * USER_SIZE,
                    (1.0,) * USER_SIZE,
                ),
            )
        return self._solo

    def slowness(self, bucket: int) -> tuple[bool, bool] | None:
        """Whether an execution took longer than half, and than 95 of 100, of legacy's.

        None while nobody knows.
        """
        bounds = self.solo().bounds
        return None if bounds is None else (bucket > bounds.middle, bucket > bounds.tail)

    def _build(self, theta: float) -> Tables:
        settings = self._settings
        usual, users = self.errors, self.users
        usual.built, users.built = usual.ratio, users.ratio
        steps = [no_worse_quad(theta, usual.built, settings.promote_margin * step)
                 for step in MARGIN_STEPS]  # fmt: skip
        asked = self.legacy_users / self.legacy_asked if self.legacy_asked else 0.0
        ranks = self._ranks_at_share(theta)
        mistakes = user_quad(theta, users.built, asked)
        return Tables(
            limit_pair(self.limit()),
            worse_quad(theta, usual.built, settings.margin + self.legacy_ratio),
            ranks,
            (
                rest_rows(
                    tuple(f for step in steps for f in step.legacy_ok),
                    tuple(f for step in steps for f in step.legacy_bad),
                    ranks.half[:2] if ranks else None,
                    ranks.rare[:2] if ranks else None,
                    mistakes.legacy_ok,
                    mistakes.legacy_bad,
                ),
                rest_rows(
                    tuple(f for step in steps for f in step.new_ok),
                    tuple(f for step in steps for f in step.new_bad),
                    ranks.half[2:] if ranks else None,
                    ranks.rare[2:] if ranks else None,
                    mistakes.new_ok,
                    mistakes.new_bad,
                ),
            ),
        )

    def _ranks_at_share(self, theta: float) -> Ranks | None:
        found = self._ranks.get(theta)
        if found is None:
            count = sum(self.legacy.values())
            if count < _FEWEST_DURATIONS:
                return None
            if len(self._ranks) >= _MOST_TABLES:
                self._ranks.clear()
            found = self._ranks[theta] = build_ranks(self.legacy, theta)
        return found

    def learn(self, new: bool, bad: bool, bucket: int) -> None:
        """Count an execution, after the bets."""
        moved = self.errors.learn(bad)
        if not bad:
            counts = self.new if new else self.legacy
            counts[bucket] = counts.get(bucket, 0) + 1
        if not new:
            self.legacy_executions += 1
            self.legacy_errors += bad
            if bad or self.legacy_executions >= self._ranks_at:
                self._grew()
        if moved:
            self._tables.clear()

    def learn_user(self, new: bool, mistaken: bool) -> None:
        """Count a call that could have been a user's mistake, on either system."""
        if not new:
            self.legacy_asked += 1
            self.legacy_users += mistaken
        if self.users.learn(mistaken):
            self._tables.clear()

    def _grew(self) -> None:
        """Forget the factors that rest on how much is known of legacy."""
        if self.legacy_executions > _OLDEST:
            self.legacy_executions //= 2
            self.legacy_errors //= 2
            self.legacy = {b: half for b, n in self.legacy.items() if (half := n // 2)}
        if self.legacy_asked > 2 * _OLDEST:
            self.legacy_asked //= 2
            self.legacy_users //= 2
        self._solo = None
        self._tables.clear()
        if self.legacy_executions >= self._ranks_at:
            self._ranks.clear()
            self._ranks_at = int(self.legacy_executions * _GREW) + 1

    def is_muted(self, bucket: float, at_ns: int) -> bool:
        """Whether this person failed twice in a row just now, and does not count."""
        entry = self.failing.get(bucket)
        return entry is not None and at_ns < entry[1]

    def learn_person(self, bucket: float, bad: bool, at_ns: int) -> None:
        """Count how often in a row a person failed."""
        failing = self.failing
        if not bad:
            if failing:
                failing.pop(bucket, None)
            return
        streak = failing.pop(bucket, (0, 0))[0] + 1
        until = at_ns + round(self._settings.mute_s * 1e9) if streak >= _IN_A_ROW else 0
        if len(failing) >= _MOST_FAILING:
            del failing[next(iter(failing))]
        failing[bucket] = (streak, until)
