"""The file of a rehearsal: what it plays, what it expects, and what is wrong with it."""

from __future__ import annotations

import tomllib

import pytest

from changeover.act.rules import Rule, built_in_rules
from changeover.act.script import script_of
from changeover.act.stage_play import RehearsedError, StagePlay
from changeover.core.clock import ManualClock
from changeover.core.errors import SettingsError
from changeover.core.window import parse_window

RULES = [
    *built_in_rules(),
    Rule(
        name="each", metric="error_ratio", unit="ratio", warning=0.1, split=("command",),
        only={"system": "ddd"},
    ),
]  # fmt: skip
EXPECT = '[[test.expect]]\nat = "2m"\nrule = "error_rate"\nstate = "none"\n'


def script(text):
    return script_of(tomllib.loads(text), RULES, file="t.toml")


def problems(text):
    with pytest.raises(SettingsError) as caught:
        script(text)
    return [str(problem) for problem in caught.value.problems]


def test_values_are_repeated_spread_and_left_out():
    (series,) = script('[[test.series]]\nexecutions = "3 1x2 _x2 10..30x3"\n' + EXPECT).series
    assert series.values["executions"] == [3, 1, 1, None, None, 10, 20, 30]
    assert (series.at("executions", 7), series.at("executions", 8)) == (30, None)


def test_labels_of_the_filter_need_not_be_written():
    text = '[[test.expect]]\nat = "2m"\nrule = "each"\nlabels = { command = "add" }\n'
    (expected,) = script(text).expected
    assert expected.labels == {"command": "add", "system": "ddd"}
    assert (expected.step, expected.state) == (2, "firing")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "t.toml: test='': expected a table"),
        ("[test]\n", "test.expect='': expected at least one expectation"),
        ('[test]\nevry = "1m"\n' + EXPECT, "test: evry='1m': expected a known key; did you mean every"),
        ('[test]\nevery = "often"\n' + EXPECT, "test: every='often'"),
        ('[[test.series]]\nexecutions = "many"\n' + EXPECT, "test.series 1: executions='many'"),
        ('[[test.series]]\nexecutions = "1x999999"\n' + EXPECT, "executions='1x999999'"),
        ('[[test.series]]\nexecutons = "1"\nerrors = "0"\n' + EXPECT, "did you mean executions?"),
        ('[[test.series]]\ncommand = "add"\n' + EXPECT, "values, such as executions"),
        ('[[test.series]]\nexecutions = "1x2"\nerrors = "0 2"\n' + EXPECT, "at most the executions"),
        ('[[test.series]]\ncommand = 3\nexecutions = "1"\n' + EXPECT, "command='3': expected a text"),
        ("[test]\nseries = 3\n" + EXPECT, "test.series='3': expected a list of tables"),
        ("[test]\nbaseline = { memory = 3 }\n" + EXPECT, "did you mean memory_mb?"),
        ('[test]\nbaseline = { memory_mb = "x" }\n' + EXPECT, "expected numbers"),
        (EXPECT.replace("2m", "90s"), "at='90s': expected a multiple of every (60 s)"),
        (EXPECT.replace("2m", "soon"), "at='soon': expected a whole number"),
        (EXPECT.replace("none", "asleep"), "state='asleep': expected one of none, pending, firing"),
        (EXPECT.replace("error_rate", "eror_rate"), "did you mean error_rate?"),
        (EXPECT + 'severity = "high"\n', "severity='high'"),
        (EXPECT.replace("error_rate", "each").replace("none", "firing"), "a table with command"),
        (EXPECT + 'labels = { command = "a" }\n', "a table with none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_place_value_and_what_is_allowed(text, told):
    (problem,) = problems(text)
    assert told in problem
    assert "for example" in problem


def test_everything_wrong_is_named_at_once():
    text = '[[test.series]]\nexecutions = "?"\n' + EXPECT.replace("none", "x")
    assert len(problems(text + EXPECT.replace("2m", "x"))) == 3


def play(text):
    found, clock = script(text), ManualClock()
    stage = StagePlay(found, clock)

    def until(step):
        for _ in range(stage.step, step):
            clock.advance(60)
            stage.step += 1
        return stage

    return until


def test_a_window_counts_the_steps_that_lie_in_it():
    until = play(
        '[[test.series]]\ncommand = "add"\nexecutions = "10x5 2x5"\nerrors = "1x5"\n'
        'response_ms = "100x5 500x5"\n'
        '[[test.series]]\ncommand = "list"\nsystem = "legacy"\nexecutions = "5x10"\n' + EXPECT
    )
    window = parse_window("3m")
    early = until(2).summary(window)
    assert (early.total.total, early.total.errors) == (30, 2)
    late = until(7).summary(window)
    add = late.by_command_and_system["add", "ddd"]
    assert (add.total, add.errors) == (14, 1)
    assert add.mean_ns == pytest.approx((10 * 100 + 4 * 500) / 14 * 1e6)
    assert (add.p50_ns, add.p95_ns) == (100e6, 500e6)
    assert (late.by_system["legacy"].total, late.by_command["list"].total) == (15, 15)
    gone = until(20).summary(window)
    assert (gone.total.total, gone.by_command) == (0, {})


def test_a_question_fails_where_the_script_says_so():
    until = play('[[test.series]]\nexecutions = "1x9"\nfails = "0x3 1x2 0"\n' + EXPECT)
    window = parse_window("5m")
    assert until(3).summary(window).total.total == 3
    with pytest.raises(RehearsedError):
        until(4).summary(window)
    assert until(6).summary(window).total.total == 5


def test_samples_are_as_old_as_their_step():
    until = play('[[test.series]]\nmemory_mb = "100x3 _x4 300"\nloop_lag_ms = "5x3"\n' + EXPECT)
    stage = until(5)
    assert stage.latest().rss_bytes == 100 * 1024 * 1024
    assert stage._clock.wall_ns() - stage.latest().at_ns == 120 * 10**9
    assert stage.latest().loop_lag_ns == 5_000_000
    assert [sample.rss_bytes for sample in stage.samples(parse_window("4m"))] == [100 * 1024**2] * 2
    assert until(8).latest().rss_bytes == 300 * 1024**2
