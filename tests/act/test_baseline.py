"""How the bot was before the move: when it is taken, and when not any more."""

from __future__ import annotations

import pytest

from changeover.act.baseline import (
    KEY,
    KIND,
    BaselineKeeper,
    baseline_document,
    baseline_from,
)
from changeover.core.clock import NS_PER_S
from changeover.core.ports import Put


class Bot:
    """A bot whose memory and shares can be set, looked at once a minute."""

    def __init__(self, state, clock, make_sample, make_summary, make_stats):
        self.state, self.clock = state, clock
        self.keeper = BaselineKeeper(state, clock)
        self.make_sample = make_sample
        self.seen = make_summary(
            by_command_and_system={
                ("add", "legacy"): make_stats(total=40, mean_ms=120),
                ("add", "ddd"): make_stats(total=40, mean_ms=900),
                ("idle", "legacy"): make_stats(total=0),
            }
        )
        self.samples = []

    def minutes(self, count, *, mb=200, share=0.0, every=2):
        for _ in range(count):
            self.clock.advance(60)
            now_ns = self.clock.wall_ns()
            self.samples += [
                self.make_sample(now_ns - i * 60 // every * NS_PER_S, mb) for i in range(every)
            ]
            self.keeper.note([0.0, share])
            self.keeper.observe(
                lambda _window: self.seen,
                lambda w: [s for s in self.samples if s.at_ns >= now_ns - w.ns],  # noqa: B023
            )

    @property
    def baseline(self):
        return self.keeper.known()


@pytest.fixture
def bot(world, make_sample, make_summary, make_stats):
    return Bot(world.state, world.clock, make_sample, make_summary, make_stats)


def test_after_half_an_hour_without_a_share_it_is_taken(bot):
    bot.minutes(30)
    assert bot.baseline is None
    bot.minutes(1)
    assert bot.baseline.memory_mb == 200
    assert set(bot.baseline.paces) == {"add"}
    pace = bot.baseline.paces["add"]
    assert (pace.executions, pace.mean_ms, pace.p95_ms) == (40, 120, 120)


def test_it_is_taken_anew_until_the_move_begins_and_then_stays(bot):
    bot.minutes(31, mb=200)
    bot.minutes(40, mb=250)
    assert bot.baseline.memory_mb == 250
    bot.minutes(1, mb=250, share=1.0)
    bot.minutes(120, mb=900, share=1.0)
    assert bot.baseline.memory_mb == 250


def test_a_share_that_was_taken_back_does_not_make_what_is_left_of_it_the_measure(bot):
    bot.minutes(31, mb=200)
    bot.minutes(5, mb=700, share=50.0)
    bot.minutes(120, mb=700, share=0.0)
    assert bot.baseline.memory_mb == 200


def test_a_new_process_without_a_share_may_take_a_new_one(bot):
    bot.minutes(31, mb=200)
    bot.minutes(5, mb=700, share=50.0)
    bot.keeper = BaselineKeeper(bot.state, bot.clock)
    bot.minutes(31, mb=210)
    assert bot.baseline.memory_mb == 210


def test_a_move_within_the_first_half_hour_leaves_none(bot):
    bot.minutes(20)
    bot.minutes(60, share=5.0)
    assert bot.baseline is None


def test_a_sampler_that_hardly_ran_makes_no_baseline(bot):
    bot.minutes(25, every=0)
    bot.minutes(6)
    assert bot.baseline is None
    bot.minutes(20)
    assert bot.baseline is not None


def test_a_process_that_did_not_lead_knows_that_the_move_had_begun(
    world, make_summary, make_sample
):
    world.start()
    share = 0.0

    def minutes(count):
        for _ in range(count):
            world.clock.advance(60)
            now_ns = world.clock.wall_ns()
            samples = [make_sample(now_ns - i * 30 * NS_PER_S, 900) for i in range(60)]
            for manager, _ in world.processes:
                manager.check_alerts(
                    lambda _: make_summary(),
                    lambda: None,
                    samples_of=lambda _: samples,  # noqa: B023
                    shares=lambda: [share],
                )

    share = 5.0
    minutes(5)
    share = 0.0
    world.processes.pop(0)  # the leader dies; the other one ran the new system, too
    minutes(60)
    assert KEY not in world.state.read(KIND)


def test_it_outlives_a_restart_and_a_store_that_is_away(bot):
    bot.minutes(31)
    again = BaselineKeeper(bot.state, bot.clock)
    assert again.known() == bot.baseline
    bot.state.away = True
    assert again.known() == bot.baseline


def test_while_the_store_is_away_it_waits(bot):
    bot.state.read_only = True
    bot.minutes(40)
    assert bot.baseline is None
    bot.state.read_only = False
    bot.minutes(1)
    assert bot.baseline is not None


def test_it_comes_back_as_it_was(bot):
    bot.minutes(31)
    assert baseline_from(baseline_document(bot.baseline)) == bot.baseline


@pytest.mark.parametrize(
    "junk", [{}, {"at_ns": 1, "memory_mb": "x", "paces": {}}, {"at_ns": 1, "memory_mb": 1,
     "paces": {"add": [1]}}, {"at_ns": 1, "memory_mb": 1, "paces": 3}]
)  # fmt: skip
def test_a_document_that_makes_no_sense_is_no_baseline(bot, junk):
    bot.state.commit([Put(KIND, KEY, junk)])
    assert bot.baseline is None
