"""Rules played through on a virtual clock: the alerts got beside those expected."""

from __future__ import annotations

import tomllib

import pytest

from changeover.act.rule_tables import own_rules
from changeover.act.script import script_of
from changeover.service.rehearsal import rehearse
from changeover.settings import Settings
from changeover.settings.alert_rules import built_in_of

RULE = """
[[alerts.rules]]
name = "each"
metric = "error_ratio"
window = "5m"
warning = 0.1
critical = 0.5
for = "2m"
keep_firing_for = "5m"
split = "command"
"""
SERIES = """
[[test.series]]
command = "add"
executions = "10x40"
errors = "0x10 3x10 8x5 0x15"
[[test.series]]
command = "list"
executions = "10x40"
"""


def play(text):
    content = tomllib.loads(text)
    rules, problems = own_rules(content, built_in_of(Settings()), file="t.toml", text=text)
    assert not problems
    script = script_of(content, rules, file="t.toml")
    named = {one.rule for one in script.expected}
    return rehearse([rule for rule in rules if rule.name in named], script)


def expect(at, state, severity=None, command="add", rule="each"):
    labels = f'labels = {{ command = "{command}" }}\n' if command else ""
    severity = f'severity = "{severity}"\n' if severity else ""
    return f'[[test.expect]]\nat = "{at}"\nrule = "{rule}"\nstate = "{state}"\n{labels}{severity}'


def test_an_alert_is_seen_through_its_whole_life():
    text = RULE + SERIES
    for moment in (
        ("10m", "none"), ("12m", "pending"), ("14m", "firing", "warning"),
        ("24m", "firing", "critical"), ("30m", "firing"), ("40m", "none"),
    ):  # fmt: skip
        text += expect(*moment)
    assert play(text) == []


def test_what_differs_is_told_with_both_sides():
    (late, wrong) = play(
        RULE + SERIES + expect("5m", "firing") + expect("24m", "firing", "warning")
    )
    assert (late.at, late.rule) == ("5m", "each")
    assert (late.expected, late.got) == (["firing {command=add}"], ["none {command=add}"])
    assert wrong.expected == ["firing warning {command=add}"]
    assert wrong.got == ["firing critical {command=add}"]


def test_an_alert_that_nobody_expects_differs():
    (difference,) = play(RULE + SERIES + expect("24m", "none", command="list"))
    assert difference.got == ["firing critical {command=add}"]
    (difference,) = play(RULE + SERIES + expect("24m", "none", command=None))
    assert difference.expected == ["none {command=add}"]


def test_a_failing_question_neither_fires_nor_resolves():
    fails = '[[test.series]]\ncommand = "x"\nfails = "0x14 1x26"\nexecutions = "_"\n'
    assert play(RULE + SERIES + fails + expect("14m", "firing") + expect("40m", "firing")) == []


def test_rules_over_samples_and_over_the_time_before_are_played():
    text = """
    [test]
    baseline = { memory_mb = 200, response_ms = { add = 100 } }
    [[test.series]]
    memory_mb = "200x30 320x60"
    [[test.series]]
    command = "add"
    executions = "2x90"
    response_ms = "100x30 180x60"
    """
    text += expect("30m", "none", command=None, rule="memory_change")
    text += expect("60m", "firing", "critical", command=None, rule="memory_change")
    text += expect("89m", "firing", "critical", rule="response_time_change")
    assert play(text) == []


def test_no_executions_for_a_time_are_told_by_the_rule_that_is_off_by_default():
    text = '[[alerts.rules]]\nname = "no_executions"\nenabled = true\nwindow = "10m"\n'
    text += '[[test.series]]\nexecutions = "5x30 0x30"\n'
    text += expect("5m", "none", command=None, rule="no_executions")
    text += expect("35m", "none", command=None, rule="no_executions")
    text += expect("40m", "firing", command=None, rule="no_executions")
    assert play(text) == []


@pytest.mark.parametrize("every", ["30s", "1m", "5m"])
def test_the_step_may_be_chosen(every):
    text = f'[test]\nevery = "{every}"\n[[test.series]]\nexecutions = "100x60"\nerrors = "50x60"\n'
    assert play(text + expect("15m", "firing", "critical", command=None, rule="error_rate")) == []
