"""Documents, replay and calibration: the same in, the same out."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.core.errors import BadValueError
from changeover.core.verdict import EVERYTHING, Decision
from changeover.judge.calibrate import Fault, calibrate
from changeover.judge.judge import Judge
from changeover.judge.replay import replay
from changeover.judge.settings import JudgeSettings

SETTINGS = JudgeSettings()


def test_a_judge_that_was_kept_says_the_same(bot, judge, fed, until_alarm):
    fed(judge, bot.calls(800))
    until_alarm(judge, bot.calls(3_000, broken="ban", new_ratio=1.0))
    document = json.loads(json.dumps(judge.to_document()))
    again = Judge.from_document(document, SETTINGS, commands=bot.commands)
    assert again.verdicts() == judge.verdicts()
    assert again.alarms() == judge.alarms() == {"ban"}
    assert again.curve("ban") == judge.curve("ban")
    assert again.to_document() == judge.to_document()


def test_it_goes_on_where_it_was(bot, judge, fed, until_alarm):
    bot.share = 10.0
    fed(judge, bot.calls(2_000))
    again = Judge.from_document(judge.to_document(), SETTINGS, commands=bot.commands)
    before = again.verdict("ban").new.executions
    assert until_alarm(again, bot.calls(3_000, broken="ban", new_ratio=1.0)) - before <= 12


def test_a_document_stays_small(bot, judge, fed):
    fed(judge, bot.calls(5_000))
    assert len(json.dumps(judge.to_document())) < 80_000


def test_with_other_settings_legacy_is_still_known_and_the_evidence_begins_anew(bot, judge, fed):
    fed(judge, bot.calls(500))
    other = JudgeSettings(error_limit=0.02)
    again = Judge.from_document(judge.to_document(), other, commands=bot.commands)
    assert again.verdict("ban").new.executions == 0
    fed(again, [bot.dealt("ban") for _ in range(5)])
    assert not again.verdict("ban").concerns  # the baseline is old enough


@pytest.mark.parametrize("document", [None, {}, {"version": 99}, {"version": 1}, {"commands": 3}])
def test_what_is_no_document_gives_a_fresh_judge(document):
    assert Judge.from_document(document, SETTINGS).verdict(EVERYTHING).code == "nothing_seen"


@settings(deadline=None)
@given(st.data())
def test_a_damaged_document_never_raises(data):
    judge = Judge(SETTINGS, commands=["a", "b"])
    document = json.loads(json.dumps(judge.to_document()))
    junk = st.sampled_from([None, -1, "x", [], {}, 1e400, True, [[1]], float("nan")])
    place = document
    for _ in range(data.draw(st.integers(1, 5))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(junk)
            break
        place = place[key]
    found = Judge.from_document(document, SETTINGS, commands=["a", "b"])
    assert found.verdict("a").decision in set(Decision)


def test_two_replays_of_one_log_are_the_same_byte_for_byte(bot):
    log = [*bot.before(), *bot.calls(1_500, broken="ban", new_ratio=0.3)]
    assert repr(replay(log, SETTINGS)) == repr(replay(iter(log), SETTINGS))


def test_a_replay_says_when_it_would_have_rolled_back_and_other_settings_say_otherwise(bot):
    log = [*bot.before(), *bot.calls(400), *bot.calls(3_000, broken="ban", new_ratio=0.2)]
    told = []
    found = replay(log, SETTINGS, commands=bot.commands, progress=told.append)
    moment = found.moments[0]
    assert (moment.verdict.scope, moment.verdict.decision) == ("ban", Decision.ROLLBACK)
    assert moment.executions > 800
    assert moment.at_ns == log[moment.executions - 1].at_ns
    assert told == [1_000, 2_000, 3_000]
    strict = replay(log, JudgeSettings(alpha=1e-9), commands=bot.commands)
    later = next(m for m in strict.moments if m.verdict.scope == "ban")
    assert later.executions > moment.executions


def test_a_replay_says_when_it_would_have_promoted(bot):
    bot.gap_s = 60.0
    found = replay([*bot.before(), *bot.calls(3_500, ratio=0.0)], SETTINGS)
    promoted = [m for m in found.moments if m.verdict.decision is Decision.PROMOTE]
    assert EVERYTHING in {m.verdict.scope for m in promoted}
    assert found.verdicts[EVERYTHING].decision is Decision.PROMOTE


def test_calibration_finds_what_is_broken_and_nothing_else(bot):
    log = bot.before(200, ratio=0.002)
    steps = []
    options = {
        "runs": 5, "fault_runs": 3, "length": 800,
        "faults": (Fault(name="fails", error_ratio=1.0), Fault(name="slow", slower=5.0)),
    }  # fmt: skip
    found = calibrate(log, SETTINGS, progress=lambda *step: steps.append(step), **options)
    assert found.false_rollbacks == 0
    assert 0.4 < found.false_high < 0.5  # none in five says little
    fails, slow = found.detections
    assert (fails.found, fails.misplaced) == (3, 0)
    assert 3 <= fails.median <= fails.p90 <= 10
    assert slow.found == 3
    assert steps == [(done, 11) for done in range(1, 12)]
    assert found == calibrate(log, SETTINGS, **options)


def test_calibration_needs_something_to_draw_from(bot):
    with pytest.raises(BadValueError, match=r"history=.*20 executions of legacy"):
        calibrate(islice(bot.calls(4), 2), SETTINGS)
    with pytest.raises(BadValueError, match="share="):
        calibrate(bot.before(), SETTINGS, share=100.0)
