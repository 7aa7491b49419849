from __future__ import annotations

import math

import pytest

from changeover.core.errors import BadValueError
from changeover.core.model import LEGACY, Outcome, Reason
from changeover.core.verdict import EVERYTHING, Decision
from changeover.judge.judge import Judge
from changeover.judge.settings import JudgeSettings

HOUR_S = 3_600.0
FAILURE = Outcome.FAILURE


# --- rolling back ----------------------------------------------------------------------------


@pytest.mark.parametrize("share", [10.0, 50.0, 90.0])
def test_a_command_that_always_fails_is_rolled_back_alone_after_a_few_failures(
    make_bot, fed, until_alarm, share
):
    for seed in range(5):
        bot = make_bot(seed, share)
        judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before())
        delay = until_alarm(judge, bot.calls(3_000, broken="ban", new_ratio=1.0))
        assert 3 <= delay <= 9
        assert judge.alarms() == {"ban"}
        verdict = judge.verdict("ban")
        assert verdict.decision is Decision.ROLLBACK
        assert verdict.rollback.value >= verdict.rollback.threshold >= 200
        assert verdict.code in {"worse_errors", "over_error_limit"}
        assert f"{verdict.new.errors} of {verdict.new.executions} failed" in verdict.reason


def test_a_command_that_degrades_after_ten_thousand_good_ones_is_caught_as_well(
    bot, judge, fed, until_alarm
):
    bot.share = 10.0
    fed(judge, bot.calls(10_000))
    assert not judge.alarms()
    before = judge.verdict("ban").new.executions
    assert until_alarm(judge, bot.calls(5_000, broken="ban", new_ratio=1.0)) - before <= 12
    assert judge.alarms() == {"ban"}


def test_what_is_a_little_broken_in_every_command_rolls_everything_back(bot, judge, until_alarm):
    bot.share = 10.0
    delay = until_alarm(judge, bot.calls(20_000, new_ratio=0.06))
    assert delay < 400
    assert EVERYTHING in judge.alarms()


def test_a_command_five_times_slower_is_rolled_back_for_that(bot, judge, until_alarm):
    delay = until_alarm(judge, bot.calls(3_000, broken="add", slower=5.0))
    assert delay <= 60
    assert judge.alarms() == {"add"}
    assert judge.verdict("add").code == "slower"
    assert "1.55 times slower" in judge.verdict("add").reason


def test_a_command_a_third_slower_holds_and_says_so(bot, judge, fed):
    fed(judge, bot.calls(8_000, slower=1.4))
    verdict = judge.verdict(EVERYTHING)
    assert (verdict.decision, verdict.code) == (Decision.HOLD, "slower_than_wished")


def test_two_failures_never_roll_anything_back(bot, judge, fed):
    fed(judge, [bot.execution("ban", "ddd", FAILURE, bucket=n) for n in (1.0, 2.0)])
    assert not judge.alarms()


def test_an_alarm_stays_until_it_is_begun_anew_and_its_command_leaves_the_rest_alone(
    bot, judge, fed, until_alarm
):
    until_alarm(judge, bot.calls(3_000, broken="ban", new_ratio=1.0))
    fed(judge, [bot.dealt("ban", new_ratio=1.0) for _ in range(40)])  # processes that lag behind
    fed(judge, bot.calls(400))
    assert judge.alarms() == {"ban"}
    assert judge.verdict(EVERYTHING).decision is Decision.HOLD
    known = judge.verdict("ban").legacy.p50_ns
    judge.begin_anew("ban")
    assert judge.alarms() == frozenset()
    assert judge.verdict("ban").new.executions == 0
    fed(judge, [bot.execution("ban", LEGACY, bucket=80.0)])
    assert judge.verdict("ban").legacy.p50_ns == pytest.approx(known, rel=0.06)


# --- not rolling back ------------------------------------------------------------------------


@pytest.mark.parametrize("share", [1.0, 10.0, 50.0, 90.0])
def test_nothing_is_rolled_back_while_both_are_equal(make_bot, fed, share):
    for seed in range(2):
        bot = make_bot(seed, share)
        judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(ratio=0.003))
        assert not fed(judge, bot.calls(6_000, ratio=0.003)).alarms()


@pytest.mark.parametrize("ratio", [0.3, 1.0])
def test_when_both_fail_together_nothing_is_rolled_back(bot, judge, fed, ratio):
    for _ in range(4):
        fed(judge, bot.calls(1_000))
        fed(judge, bot.calls(150, ratio=ratio))
        assert not judge.alarms()


def test_changing_shares_are_no_evidence(bot, judge, fed):
    for share in (1.0, 5.0, 25.0, 50.0, 90.0, 10.0, 0.0, 50.0):
        bot.share = share
        fed(judge, bot.calls(1_500, ratio=0.004))
    assert not judge.alarms()
    assert judge.verdict(EVERYTHING).concerns == ()


def test_one_person_who_tries_again_and_again_is_not_many(bot, judge, fed):
    for _ in range(200):
        fed(judge, [bot.execution("ban", "ddd", FAILURE, bucket=7.0)])
    assert not judge.alarms()
    assert judge.verdict("ban").new.executions == 2


def test_three_persons_who_fail_are(bot, judge, fed):
    for number in range(12):
        fed(judge, [bot.execution("ban", "ddd", FAILURE, bucket=float(number % 4))])
        fed(judge, [bot.dealt("add")])
    assert judge.alarms() == {"ban"}


@pytest.mark.parametrize(
    "outcome",
    [Outcome.USER_ERROR, Outcome.DENIED, Outcome.THROTTLED, Outcome.NOT_FOUND, Outcome.CANCELLED],
)
def test_what_users_do_is_no_error_of_the_system(bot, judge, fed, outcome):
    fed(judge, [bot.execution("ban", "ddd", outcome, bucket=n / 10) for n in range(500)])
    assert not judge.alarms()
    assert judge.verdict("ban").new.executions == 0


def test_a_fallback_and_an_unknown_system_say_nothing(bot, judge, fed):
    fed(judge, [bot.execution("ban", "unknown", FAILURE) for _ in range(50)])
    answer = {"reason": Reason.FALLBACK, "bucket": 1.0}
    before = judge.verdict("ban").legacy
    fed(judge, [bot.execution("ban", LEGACY, FAILURE, **answer) for _ in range(50)])
    assert not judge.alarms()
    assert judge.verdict("ban").legacy == before


def test_a_new_system_that_rejects_more_users_holds(bot, judge, fed):
    bot.share = 50.0
    for number in range(3_000):
        bucket = bot.dice.randrange(10_000) / 100
        new = bucket < 50.0
        outcome = Outcome.USER_ERROR if number % 100 < (40 if new else 8) else Outcome.OK
        ms = 50.0 * math.exp(0.5 * bot.dice.gauss(0, 1))
        fed(judge, [bot.execution("ban", "ddd" if new else LEGACY, outcome, ms, bucket=bucket)])
    assert not judge.alarms()
    assert judge.verdict("ban").code == "user_errors_differ"


def test_legacy_that_is_bad_itself_is_the_measure(make_bot, fed):
    bot = make_bot(3)
    judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(300, ratio=0.05))
    assert not fed(judge, bot.calls(6_000, ratio=0.05)).alarms()


# --- silence -----------------------------------------------------------------------------------


def test_a_judge_that_saw_nothing_holds():
    verdict = Judge(JudgeSettings(), commands=["ban"]).verdict(EVERYTHING)
    assert (verdict.decision, verdict.code) == (Decision.HOLD, "nothing_seen")
    assert verdict.at_ns is None
    assert verdict.new.error_ratio is None


def test_a_scope_that_nobody_knows_is_held():
    assert Judge(JudgeSettings()).verdict("what").decision is Decision.HOLD


def test_one_execution_an_hour_for_a_year_never_rolls_back_and_legacy_alone_never_decides(
    bot, judge, fed
):
    bot.share, bot.gap_s = 0.0, HOUR_S
    fed(judge, bot.calls(365 * 24))
    assert {v.decision for v in judge.verdicts().values()} == {Decision.HOLD}


# --- promoting ---------------------------------------------------------------------------------


def test_an_equal_system_is_promoted_after_a_day_and_not_before(bot, judge, fed):
    bot.gap_s = 30.0
    fed(judge, bot.calls(2_000, ratio=0.0005))
    verdict = judge.verdict(EVERYTHING)
    assert (verdict.decision, verdict.code) == (Decision.HOLD, "too_early")
    fed(judge, bot.calls(1_500, ratio=0.0005))
    verdict = judge.verdict(EVERYTHING)
    assert verdict.decision is Decision.PROMOTE
    assert "not 1 % worse" in verdict.reason
    assert verdict.mode == "concurrent"


def test_a_worse_system_is_not_promoted(bot, judge, fed):
    bot.gap_s = 60.0
    fed(judge, bot.calls(4_000, ratio=0.0005, new_ratio=0.03))
    assert judge.verdict(EVERYTHING).decision is not Decision.PROMOTE


def test_what_is_missing_is_said_with_the_time_it_takes(bot, judge, fed):
    bot.gap_s = 300.0
    fed(judge, [bot.dealt("ban") for _ in range(60)])
    verdict = judge.verdict("ban")
    assert verdict.code == "too_few_executions"
    assert verdict.missing > 0
    assert verdict.eta_s >= verdict.missing * 300
    assert f"{verdict.missing:,} more executions on ddd are needed, about" in verdict.reason


def test_a_command_with_little_traffic_proves_a_wider_margin_and_says_which(bot, judge, fed):
    bot.gap_s = 2 * HOUR_S
    fed(judge, [bot.dealt("ban") for _ in range(900)])
    verdict = judge.verdict("ban")
    assert verdict.decision is Decision.PROMOTE
    assert "not 10 % worse" in verdict.reason


# --- the instrument ------------------------------------------------------------------------------


def test_a_recorder_that_drops_holds_a_promotion_and_never_blocks_a_rollback(
    bot, judge, fed, until_alarm
):
    bot.gap_s = 60.0
    fed(judge, bot.calls(3_000, ratio=0.0))
    assert judge.verdict(EVERYTHING).decision is Decision.PROMOTE
    judge.note_instrument(dropped=5)
    verdict = judge.verdict(EVERYTHING)
    assert (verdict.decision, verdict.code) == (Decision.HOLD, "instrument")
    assert "5 records were lost" in verdict.reason
    assert until_alarm(judge, bot.calls(3_000, broken="ban", new_ratio=1.0))
    assert judge.verdict("ban").decision is Decision.ROLLBACK
    judge.note_instrument(stale_s=90.0)
    assert "has not answered for 1 min 30 s" in " ".join(judge.verdict("add").concerns)


def test_a_call_that_ran_where_its_person_does_not_belong_is_a_concern(bot, judge, fed):
    fed(judge, [bot.execution("ban", LEGACY, bucket=3.0)])
    assert "1 calls of f ran where" in judge.verdict("ban").concerns[0]
    assert judge.verdict(EVERYTHING).concerns
    fed(judge, bot.calls(1_100))
    assert not judge.verdict(EVERYTHING).concerns  # it was one, and is outlived


def test_persons_that_are_missing_on_one_side_are_a_concern(bot, judge, fed):
    kept = [n for n in range(1_000) if n >= 500 or n % 4 == 0]
    fed(judge, [bot.execution("ban", "ddd" if n < 500 else LEGACY, bucket=n / 10) for n in kept])
    concerns = judge.verdict("ban").concerns
    assert "the new system got 125, where" in concerns[0]


def test_too_young_a_baseline_is_a_concern(bot, fed):
    judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(5))
    fed(judge, [bot.dealt("ban") for _ in range(20)])
    assert "of 100 wanted" in " ".join(judge.verdict("ban").concerns)


def test_few_guilds_are_not_compared_with_legacy_but_the_limit_still_holds(bot, fed):
    settings = JudgeSettings(sticky_by="guild")
    judge = fed(Judge(settings, commands=bot.commands), bot.before(300))
    guilds = [10.0, 20.0, 60.0, 70.0]
    fed(judge, [bot.dealt("ban", bucket=bot.dice.choice(guilds)) for _ in range(200)])
    assert "Few guilds" in " ".join(judge.verdict("ban").concerns)
    named = {one.name: one.value for one in judge.verdict("ban").evidence}
    assert named["errors"] == 0.0
    bot.gap_s = 700.0  # so slowly that nobody is muted
    for _ in range(30):
        fed(judge, [bot.dealt("ban", new_ratio=1.0, bucket=bot.dice.choice(guilds))])
    assert judge.alarms() == {"ban"}


# --- before and after ----------------------------------------------------------------------------


def alone(bot, count, ratio=0.0, slower=1.0):
    for _ in range(count):
        outcome = FAILURE if bot.dice.random() < ratio else Outcome.OK
        ms = 50.0 * math.exp(0.5 * bot.dice.gauss(0, 1)) * slower
        yield bot.execution("ban", "ddd", outcome, ms, share=100.0)


def test_without_legacy_beside_it_the_new_system_is_judged_against_the_recorded_one(
    bot, fed, until_alarm
):
    judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(1_000))
    fed(judge, alone(bot, 1_000))
    assert not judge.alarms()
    verdict = judge.verdict("ban")
    assert verdict.mode == "baseline"
    assert "not with a control group" in verdict.reason
    before = verdict.new.executions
    assert until_alarm(judge, alone(bot, 1_000, ratio=1.0)) - before <= 8
    assert judge.alarms() == {"ban"}


def under_load(bot, count, load):
    """`ban` is on the new system alone, `list` on legacy; both take so many times as long."""
    for number in range(count):
        ms = 50.0 * math.exp(0.5 * bot.dice.gauss(0, 1)) * load
        if number % 2:
            yield bot.execution("ban", "ddd", Outcome.OK, ms, share=100.0)
        else:
            yield bot.execution("list", LEGACY, Outcome.OK, ms, share=0.0)


def test_when_legacy_gets_as_slow_at_the_same_time_it_is_the_machine(bot, fed, until_alarm):
    judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(500))
    fed(judge, under_load(bot, 400, 1.0))
    assert until_alarm(judge, under_load(bot, 1_000, 6.0)) is None


def test_where_legacy_is_as_fast_as_ever_slowness_is_the_new_system_s(bot, fed, until_alarm):
    judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(500))
    fed(judge, under_load(bot, 400, 1.0))
    calls = under_load(bot, 1_000, 1.0)
    slow = (
        c if c.series.system == LEGACY else c._replace(duration_ns=6 * c.duration_ns) for c in calls
    )
    assert until_alarm(judge, slow) is not None


def test_slowness_is_found_against_a_recorded_baseline_too(bot, fed, until_alarm):
    judge = fed(Judge(JudgeSettings(), commands=bot.commands), bot.before(1_000))
    assert until_alarm(judge, alone(bot, 1_000, slower=5.0)) <= 60
    assert judge.verdict("ban").code == "slower"


def test_a_command_that_never_had_a_legacy_handler_is_judged_by_the_limit(bot, fed):
    judge = Judge(JudgeSettings())
    only = {"reason": Reason.NO_LEGACY_HANDLER, "flag": None, "share": None}
    fed(judge, [bot.execution("fresh", "ddd", FAILURE, **only) for _ in range(4)])
    assert judge.alarms() == {"fresh"}


def test_what_came_after_the_move_was_over_is_judged_by_the_limit_too(bot, fed, until_alarm):
    judge = Judge(JudgeSettings(), commands=bot.commands)
    assert not fed(judge, alone(bot, 1_000, ratio=0.002)).alarms()
    assert until_alarm(judge, alone(bot, 1_000, ratio=0.2))


# --- the house -------------------------------------------------------------------------------------


def test_the_curve_stays_small_and_ends_above_its_threshold(bot, judge, fed, until_alarm):
    fed(judge, bot.calls(5_000))
    until_alarm(judge, bot.calls(3_000, broken="ban", new_ratio=1.0))
    curve = judge.curve("ban")
    assert 10 < len(curve) <= 100
    assert [at for at, _ in curve] == sorted(at for at, _ in curve)
    assert max(value for _, value in curve) >= 2.3
    assert judge.curve("what") == ()


def test_commands_that_nobody_named_are_judged_as_well(bot, fed, until_alarm):
    judge = fed(Judge(JudgeSettings()), bot.before())
    assert until_alarm(judge, bot.calls(3_000, broken="ban", new_ratio=1.0)) <= 9
    assert judge.alarms() == {"ban"}


def test_beyond_a_thousand_commands_further_ones_are_judged_as_one(bot, fed):
    judge = fed(Judge(JudgeSettings()), [bot.execution(f"c{n}", LEGACY) for n in range(1_200)])
    assert len(judge.verdicts()) == 1_002  # with `__other__` and everything


def test_executions_out_of_order_are_taken(bot, judge, fed):
    calls = list(bot.calls(200))
    bot.dice.shuffle(calls)
    assert fed(judge, calls).verdict(EVERYTHING).at_ns == max(c.at_ns for c in calls)


@pytest.mark.parametrize(
    "wrong",
    [{"alpha": 0}, {"alpha": float("nan")}, {"error_limit": 2}, {"sticky_by": "moon"},
     {"min_failures": -1}, {"margin": True}],
)  # fmt: skip
def test_settings_that_make_no_judge_are_refused_with_an_example(wrong):
    with pytest.raises(BadValueError, match=rf"{next(iter(wrong))}=.*for example"):
        JudgeSettings(**wrong)


def test_one_person_who_tries_again_and_again_takes_nothing_back_where_all_are_on_new(make_bot):
    bot = make_bot(share=100.0)
    judge = Judge(JudgeSettings(), commands=bot.commands)
    told = bot.before(200)
    for _ in range(400):
        told += bot.calls(3, ratio=0.0)
        told.append(bot.dealt("ban", 1.0, bucket=41.07))
    for execution in told:
        judge.observe(execution)
    assert judge.alarms() == frozenset()
    assert judge.verdict("ban").new.errors < 30
