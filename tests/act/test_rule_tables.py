"""Rules that people write: what is accepted, and what is said of what is not."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.act.built_in import with_move_rules
from changeover.act.metrics import METRICS
from changeover.act.rule_tables import KEYS, MOST_RULES, own_rules
from changeover.act.rules import OWNED_ELSEWHERE, built_in_rules

BUILT_IN = with_move_rules(built_in_rules(), system="ddd", min_executions=20)

WHOLE = """
[[alerts.rules]]
name = "add_fails"
metric = "error_ratio"
window = "15m"
comparison = ">"
warning = 0.02
critical = 0.1
min_executions = 30
min_errors = 3
for = "5m"
keep_firing_for = "10m"
repeat = "6h"
split = ["command"]
only = { system = "ddd" }
channels = ["discord"]
runbook = "https://wiki.example.com/add"
action = "rollback"
enabled = true
"""


def parse(text):
    rules, problems = own_rules(tomllib.loads(text), BUILT_IN, file="c.toml", text=text)
    return {rule.name: rule for rule in rules}, [str(problem) for problem in problems]


def table(**changes):
    """A rule that is right but for the changes, as TOML; None leaves a key out."""
    keys = {"name": '"mine"', "metric": '"error_ratio"', "warning": "0.02", **changes}
    lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
    return "\n".join(["[[alerts.rules]]", *lines, ""])


def test_every_key_reaches_the_rule():
    rules, problems = parse(WHOLE)
    rule = rules["add_fails"]
    assert problems == []
    assert set(tomllib.loads(WHOLE)["alerts"]["rules"][0]) == set(KEYS)
    assert (rule.metric, rule.unit, rule.window.text) == ("error_ratio", "ratio", "15m")
    assert (rule.warning, rule.critical, rule.min_executions, rule.min_errors) == (0.02, 0.1, 30, 3)
    assert (rule.for_s, rule.keep_firing_s, rule.repeat_s) == (300, 600, 21_600)
    assert (rule.split, rule.only, rule.channels) == (("command",), {"system": "ddd"}, ("discord",))
    assert (rule.runbook, rule.action) == ("https://wiki.example.com/add", "rollback")


def test_a_file_without_rules_leaves_the_built_in_ones():
    rules, problems = parse("[alerts]\nmin_executions = 20\n")
    assert (list(rules.values()), problems) == (BUILT_IN, [])


def test_a_built_in_rule_is_changed_by_its_name_and_keeps_the_rest():
    rules, problems = parse(
        '[[alerts.rules]]\nname = "error_rate"\nwarning = 0.05\nwindow = "1h"\n'
    )
    rule, before = rules["error_rate"], BUILT_IN[0]
    assert problems == []
    assert (rule.warning, rule.window.text) == (0.05, "1h")
    assert (rule.critical, rule.min_executions) == (before.critical, before.min_executions)


def test_a_built_in_rule_can_be_turned_off_and_the_quiet_one_on():
    text = '[[alerts.rules]]\nname = "loop_lag"\nenabled = false\n'
    text += '[[alerts.rules]]\nname = "no_executions"\nenabled = true\n'
    rules, problems = parse(text)
    assert problems == []
    assert (rules["loop_lag"].enabled, rules["no_executions"].enabled) == (False, True)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_makes_a_rule_with_its_window_and_unit(metric):
    rules, problems = parse(table(metric=f'"{metric}"'))
    assert problems == []
    assert (rules["mine"].window, rules["mine"].unit) == (
        METRICS[metric].window,
        METRICS[metric].unit,
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": None}, "rule 1: name=''"),
        ({"name": '"Mine"'}, "rule 1 (Mine): name='Mine': expected a lower-case word"),
        ({"metric": None}, "metric='': expected one of error_ratio"),
        ({"metric": '"mood"'}, "metric='mood': expected one of error_ratio"),
        ({"warning": None}, "a threshold here, in critical, or in both"),
        ({"warning": '"high"'}, "warning='high': expected a number"),
        ({"warning": "nan"}, "warning='nan'"),
        ({"warning": "inf"}, "warning='inf'"),
        ({"warning": "true"}, "warning='True'"),
        ({"critical": "0.01"}, "line 5: rule 1 (mine): critical='0.01': expected above"),
        ({"comparison": '">="'}, "comparison='>=': expected one of >, <"),
        ({"window": '"90"'}, "window='90': expected a whole number and s, m, h or d"),
        ({"window": "5"}, "window='5'"),
        ({"min_executions": "-1"}, "min_executions='-1'"),
        ({"min_executions": "2.5"}, "min_executions='2.5'"),
        ({"for": "300"}, "for='300': expected a whole number and s, m, h or d"),
        ({"repeat": '"1m"'}, "repeat='1m'"),
        ({"split": '["shard"]'}, "split=\"['shard']\": expected command, system"),
        ({"only": '{ shard = "1" }'}, "only="),
        ({"channels": "[1]"}, "channels='[1]'"),
        ({"runbook": '"javascript:alert(1)"'}, "runbook='javascript:alert(1)': expected an http"),
        ({"action": '"restart"'}, "action='restart': expected one of none, rollback"),
        ({"enabled": '"no"'}, "enabled='no': expected true or false"),
        ({"windw": '"5m"'}, "windw='5m': expected a known key; did you mean window?"),
        ({"keep_firing": '"5m"'}, "did you mean keep_firing_for?"),
        ({"metric": '"memory_rss_mb"', "split": '["command"]'}, "is not counted by command"),
        ({"metric": '"loop_lag_ms"', "window": '"24h"'}, "expected 2m to 1h"),
        ({"metric": '"sample_age_s"', "window": '"5m"'}, "sample_age_s has no window"),
        ({"metric": '"response_mean_change"', "split": '["system"]'}, "compares the systems"),
        (
            {"metric": '"executions"', "comparison": '"<"', "split": '"command"'},
            "a series without executions is not seen",
        ),
        ({"metric": '"response_mean_ms"', "min_errors": "2"}, None),
        ({"metric": '"loop_lag_ms"', "min_errors": "2"}, "loop_lag_ms has no errors"),
    ],
)
def test_what_is_wrong_is_named_with_rule_key_value_and_what_is_allowed(changes, told):
    _, problems = parse(table(**changes))
    if told is None:
        assert problems == []
        return
    assert len(problems) == 1, problems
    assert told in problems[0]
    assert problems[0].startswith("c.toml, line ")
    assert "for example" in problems[0]


def test_everything_wrong_in_every_rule_is_named_at_once():
    text = table(warning='"x"', windw='"5m"') + table(name='"other"', action='"no"', critical="0")
    _, problems = parse(text)
    places = [problem.partition("=")[0] for problem in problems]
    assert places == [
        "c.toml, line 5: rule 1 (mine): windw",
        "c.toml, line 4: rule 1 (mine): warning",
        "c.toml, line 10: rule 2 (other): action",
    ]


def test_a_rule_in_a_line_is_accepted_and_named_without_a_line():
    rules, problems = parse(
        '[alerts]\nrules = [{ name = "mine", metric = "errors", warning = 1 }]\n'
    )
    assert (rules["mine"].warning, problems) == (1, [])
    _, problems = parse('[alerts]\nrules = [{ name = "mine", metric = "errors", warning = "a" }]\n')
    assert problems[0].startswith("c.toml: rule 1 (mine): warning='a'")


def test_two_rules_of_one_name_are_refused():
    _, (problem,) = parse(table() + table())
    assert "rule 2 (mine): name='mine': expected a name that no rule before it has" in problem


@pytest.mark.parametrize("name", sorted(OWNED_ELSEWHERE))
def test_names_that_other_parts_use_are_refused(name):
    _, (problem,) = parse(table(name=f'"{name}"'))
    assert "does not use itself" in problem


def test_a_built_in_rule_keeps_its_metric():
    _, (problem,) = parse('[[alerts.rules]]\nname = "error_rate"\nmetric = "errors"\n')
    assert "expected error_ratio, which the built-in rule looks at" in problem


def test_a_misspelt_built_in_rule_is_recognised():
    _, problems = parse('[[alerts.rules]]\nname = "eror_rate"\nwarning = 0.05\n')
    assert "did you mean the built-in rule error_rate?" in problems[0]


@pytest.mark.parametrize("text", ["[alerts]\nrules = 3\n", "[alerts]\nrules = [1]\n"])
def test_what_is_no_table_is_refused(text):
    rules, (problem,) = parse(text)
    assert "expected tables [[alerts.rules]]" in problem
    assert list(rules.values()) == BUILT_IN


def test_more_rules_than_anybody_needs_are_refused():
    text = "".join(table(name=f'"r{i}"') for i in range(MOST_RULES + 1))
    _, (problem,) = parse(text)
    assert f"at most {MOST_RULES} rules" in problem


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    tables=st.lists(
        st.dictionaries(st.sampled_from([*KEYS]) | st.text(), JUNK, max_size=6), max_size=4
    )
)
def test_whatever_stands_there_is_a_rule_or_a_complaint(tables):
    rules, problems = own_rules({"alerts": {"rules": tables}}, BUILT_IN, file="c.toml")
    assert len(rules) - len(BUILT_IN) + len(problems) >= 0
    for table in tables:
        assert problems or any(rule.name == table["name"] for rule in rules)
