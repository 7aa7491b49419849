from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.act.rules import Rule, built_in_rules
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
