from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.act.built_in import with_move_rules
from changeover.act.metrics import METRICS
from changeover.act.rules import OWNED_ELSEWHERE, Rule, built_in_rules
from changeover.core.errors import BadValueError

ERRORS, RESPONSE, MEMORY = built_in_rules()


def test_the_thresholds_given_are_the_warning_steps():
    rules = built_in_rules(error_ratio=0.02, response_time_ms=500, memory_mb=300)
    assert [(rule.name, rule.warning) for rule in rules] == [
        ("error_rate", 0.02),
        ("response_time", 500),
        ("memory", 300),
    ]


def test_the_critical_steps_are_multiples_where_they_make_sense():
    assert ERRORS.critical == pytest.approx(0.1)
    assert RESPONSE.critical == pytest.approx(3000)
    assert MEMORY.critical == pytest.approx(1200)
    assert built_in_rules(error_ratio=0.5)[0].critical is None
    assert built_in_rules(error_ratio=0)[0].critical is None


def test_a_threshold_of_none_leaves_the_rule_out():
    assert [rule.name for rule in built_in_rules(error_ratio=None, memory_mb=None)] == [
        "response_time"
    ]


@given(value=st.floats(allow_nan=False))
def test_critical_implies_above_warning(value):
    severity = ERRORS.severity(value)
    assert (severity is None) == (value <= ERRORS.warning)
    assert (severity == "critical") == (value > ERRORS.critical)


def test_a_value_at_the_threshold_is_fine():
    assert ERRORS.severity(0.01) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeat_s": 299},
        {"repeat_s": float("nan")},
        {"critical": 0.001},
        {"metric": "mood"},
    ],
)
def test_figures_that_make_no_rule_are_refused(wrong):
    with pytest.raises(BadValueError):
        Rule(**{"name": "x", "metric": "error_ratio", "unit": "ratio", "warning": 0.01, **wrong})


@given(value=st.floats(allow_nan=False))
def test_below_is_the_mirror_of_above(value):
    rule = Rule(name="quiet", metric="executions", unit="", comparison="<", warning=10, critical=1)
    severity = rule.severity(value)
    assert (severity is None) == (value >= 10)
    assert (severity == "critical") == (value < 1)
    assert rule.worst(5, 3) == 3


def test_a_rule_may_have_only_a_critical_step():
    rule = Rule(name="x", metric="errors", unit="", critical=3)
    assert (rule.severity(3), rule.severity(4), rule.first) == (None, "critical", 3)


def test_a_critical_step_on_the_wrong_side_and_no_step_at_all_are_refused():
    with pytest.raises(BadValueError, match="below the warning step"):
        Rule(name="x", metric="errors", unit="", comparison="<", warning=1, critical=2)
    with pytest.raises(BadValueError, match="threshold"):
        Rule(name="x", metric="errors", unit="")


def test_fewer_errors_than_the_minimum_are_fine_whatever_the_rate():
    rule = Rule(name="x", metric="error_ratio", unit="ratio", warning=0.001, min_errors=3)
    assert rule.severity(0.1, 2) is None
    assert rule.severity(0.1, 3) == "warning"


def test_the_rules_of_the_move_have_the_steps_of_its_plan():
    rules = {
        rule.name: rule for rule in with_move_rules([ERRORS], system="next", min_executions=20)
    }
    steps = {name: (rule.warning, rule.critical) for name, rule in rules.items()}
    assert steps["new_error_rate"] == (0.001, 0.01)
    assert steps["response_time_change"] == steps["response_time_p95_change"] == (0.2, 0.5)
    assert steps["memory_change"] == (0.25, 0.5)
    assert steps["failed_commands"] == (5, 20)
    assert rules["failed_commands"].window.text == "1h"
    assert rules["new_error_rate"].only == {"system": "next"}


def test_every_built_in_rule_takes_its_timing_from_the_settings_and_its_unit_from_the_metric():
    reference = built_in_rules(for_s=240, keep_firing_s=900, repeat_s=3600)
    for rule in with_move_rules(reference, system="ddd", min_executions=30):
        assert (rule.keep_firing_s, rule.repeat_s) == (900, 3600)
        assert rule.for_s >= 240
        assert rule.unit == METRICS[rule.metric].unit
        assert rule.name not in OWNED_ELSEWHERE


def test_a_quiet_bot_alerts_nobody_unless_somebody_asks_for_it():
    rules = with_move_rules(built_in_rules(), system="ddd", min_executions=20)
    assert [rule.name for rule in rules if not rule.enabled] == ["no_executions"]
