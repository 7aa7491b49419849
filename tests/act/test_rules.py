from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.act.rules import Rule, built_in_rules, read
from changeover.core.clock import NS_PER_S
from changeover.core.errors import BadValueError

ERRORS, RESPONSE, MEMORY = built_in_rules()
NOW = 1_000_000 * NS_PER_S


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


def test_error_ratio_and_mean_response_time_are_read(make_summary):
    seen = make_summary(total=40, error_ratio=0.25, mean_ms=1250)
    assert read(ERRORS, seen, None, NOW).value == 0.25
    assert read(RESPONSE, seen, None, NOW).value == pytest.approx(1250)
    assert read(ERRORS, seen, None, NOW).executions == 40


@pytest.mark.parametrize("total", [0, 1, 19])
def test_fewer_executions_than_the_minimum_are_no_value(make_summary, total):
    reading = read(ERRORS, make_summary(total=total, error_ratio=1.0), None, NOW)
    assert reading.value is None
    assert reading.executions == total
    assert not reading.failed


def test_a_minimum_of_zero_still_needs_one_execution(make_summary):
    rule = built_in_rules(min_executions=0)[0]
    assert read(rule, make_summary(total=0), None, NOW).value is None
    assert read(rule, make_summary(total=1, error_ratio=1.0), None, NOW).value == 1.0


def test_labels_choose_whose_executions_are_read(make_summary, make_stats):
    seen = make_summary(
        error_ratio=0.1,
        by_system={"ddd": make_stats(error_ratio=0.2)},
        by_command={"add": make_stats(error_ratio=0.3)},
        by_command_and_system={("add", "ddd"): make_stats(error_ratio=0.4)},
    )

    def value(**labels):
        rule = Rule(name="x", metric="error_ratio", unit="ratio", warning=0.01, labels=labels)
        return read(rule, seen, None, NOW).value

    assert value() == 0.1
    assert value(system="ddd") == 0.2
    assert value(command="add") == 0.3
    assert value(command="add", system="ddd") == 0.4
    assert value(command="gone") is None


def test_memory_is_the_newest_sample_in_mebibytes(make_sample):
    assert read(MEMORY, None, make_sample(NOW, rss_mb=1203.5), NOW).value == 1203.5


def test_a_stale_sample_and_no_sample_are_no_value(make_sample):
    old = make_sample(NOW - 91 * NS_PER_S, rss_mb=5000)
    assert read(MEMORY, None, old, NOW).value is None
    assert read(MEMORY, None, None, NOW).value is None


def test_a_sample_from_the_future_is_as_good_as_new(make_sample):
    ahead = make_sample(NOW + 24 * 3600 * NS_PER_S, rss_mb=5000)
    assert read(MEMORY, None, ahead, NOW).value == 5000
