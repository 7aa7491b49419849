from __future__ import annotations

import pytest

from changeover.act.evidence import Evidence
from changeover.act.metrics import METRICS
from changeover.act.readings import read
from changeover.act.rules import Rule, built_in_rules
from changeover.core.clock import NS_PER_S

ERRORS, RESPONSE, MEMORY = built_in_rules()
NOW = 1_000_000 * NS_PER_S


def evidence(summary=None, resource=None, samples=(), **more):
    return Evidence(
        lambda _window: summary,
        lambda: resource,
        lambda _window: samples,
        **{"now_ns": NOW, **more},
    )


def one(rule, summary=None, *, resource=None, samples=(), **more):
    (reading,) = read(rule, evidence(summary, resource, samples, **more))
    return reading


def rule(metric, **changes):
    of = METRICS[metric]
    return Rule(
        **{
            "name": "x", "metric": metric, "unit": of.unit, "warning": 0.2,
            "window": of.window, **changes,
        }
    )  # fmt: skip


def test_error_ratio_and_mean_response_time_are_read(make_summary):
    seen = make_summary(total=40, error_ratio=0.25, mean_ms=1250)
    assert one(ERRORS, seen).value == 0.25
    assert one(RESPONSE, seen).value == pytest.approx(1250)
    assert one(ERRORS, seen).executions == 40


@pytest.mark.parametrize("total", [0, 1, 19])
def test_fewer_executions_than_the_minimum_are_no_value(make_summary, total):
    reading = one(ERRORS, make_summary(total=total, error_ratio=1.0))
    assert reading.value is None
    assert reading.executions == total
    assert not reading.failed


def test_a_minimum_of_zero_still_needs_one_execution(make_summary):
    rule = built_in_rules(min_executions=0)[0]
    assert one(rule, make_summary(total=0)).value is None
    assert one(rule, make_summary(total=1, error_ratio=1.0)).value == 1.0


def test_labels_choose_whose_executions_are_read(make_summary, make_stats):
    seen = make_summary(
        error_ratio=0.1,
        by_system={"ddd": make_stats(error_ratio=0.2)},
        by_command={"add": make_stats(error_ratio=0.3)},
        by_command_and_system={("add", "ddd"): make_stats(error_ratio=0.4)},
    )

    def value(**labels):
        rule = Rule(name="x", metric="error_ratio", unit="ratio", warning=0.01, only=labels)
        return one(rule, seen).value

    assert value() == 0.1
    assert value(system="ddd") == 0.2
    assert value(command="add") == 0.3
    assert value(command="add", system="ddd") == 0.4
    assert value(command="gone") is None


def test_memory_is_the_newest_sample_in_mebibytes(make_sample):
    assert one(MEMORY, resource=make_sample(NOW, rss_mb=1203.5)).value == 1203.5


def test_a_stale_sample_and_no_sample_are_no_value(make_sample):
    old = make_sample(NOW - 91 * NS_PER_S, rss_mb=5000)
    assert one(MEMORY, resource=old).value is None
    assert one(MEMORY, resource=None).value is None


def test_a_sample_from_the_future_is_as_good_as_new(make_sample):
    ahead = make_sample(NOW + 24 * 3600 * NS_PER_S, rss_mb=5000)
    assert one(MEMORY, resource=ahead).value == 5000
