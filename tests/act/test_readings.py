from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from changeover.act.baseline import Baseline, Pace
from changeover.act.evidence import Evidence
from changeover.act.metrics import METRICS
from changeover.act.readings import read
from changeover.act.rules import Rule, built_in_rules
from changeover.core.clock import NS_PER_S
from changeover.core.model import Coverage, Stats

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


# --- split rules ------------------------------------------------------------------------------


@pytest.fixture
def seen(make_summary, make_stats):
    return make_summary(
        by_system={"ddd": make_stats(error_ratio=0.2), "legacy": make_stats(total=5)},
        by_command={"add": make_stats(error_ratio=0.3), "list": make_stats(total=7)},
        by_command_and_system={
            ("add", "ddd"): make_stats(error_ratio=0.4),
            ("add", "legacy"): make_stats(error_ratio=0.1),
            ("list", "ddd"): make_stats(total=7, error_ratio=1.0),
        },
    )


@pytest.mark.parametrize(
    ("split", "only", "expected"),
    [
        (("command",), {}, {"add": 0.3, "list": None}),
        (("system",), {}, {"ddd": 0.2, "legacy": None}),
        (("command", "system"), {}, {"add ddd": 0.4, "add legacy": 0.1, "list ddd": None}),
        (("command",), {"system": "ddd"}, {"add ddd": 0.4, "list ddd": None}),
        (("system",), {"command": "add"}, {"add ddd": 0.4, "add legacy": 0.1}),
        (("system",), {"command": "gone"}, {}),
    ],
)
def test_a_rule_that_is_split_has_a_reading_for_each_series(seen, split, only, expected):
    readings = read(rule("error_ratio", split=split, only=only), evidence(seen))
    told = {" ".join(reading.labels.values()): reading.value for reading in readings}
    assert told == expected


def test_counts_of_nothing_are_zero_and_no_want_of_data(make_summary):
    nothing = make_summary(total=0)
    assert one(rule("errors", min_executions=0), nothing).value == 0
    assert one(rule("executions", min_executions=0), nothing).value == 0


def test_a_window_that_was_not_watched_from_its_start_was_not_quiet(make_summary):
    quiet = rule("executions", min_executions=0, comparison="<", warning=1)
    whole = replace(
        make_summary(total=0),
        coverage=Coverage(start_ns=NOW - 3600 * NS_PER_S, end_ns=NOW, exact_to_event=True),
    )
    assert one(quiet, whole, up_s=3600).value == 0
    assert one(quiet, whole, up_s=3599).value is None, "the bot has just started"
    late = Coverage(start_ns=NOW - 1800 * NS_PER_S, end_ns=NOW, exact_to_event=True)
    assert one(quiet, replace(whole, coverage=late), up_s=3600).value is None, "the store is away"


# --- against legacy ---------------------------------------------------------------------------


def pairs(make_summary, make_stats, **by_command):
    """A summary of commands as `name=((new total, new ms), (legacy total, legacy ms))`."""
    both = {}
    for command, sides in by_command.items():
        for system, side in zip(("ddd", "legacy"), sides, strict=True):
            if side:
                both[(command, system)] = make_stats(total=side[0], mean_ms=side[1])
    return make_summary(by_command_and_system=both)


def test_the_new_system_is_compared_command_by_command(make_summary, make_stats):
    seen = pairs(make_summary, make_stats, add=((50, 130), (50, 100)), list=((50, 300), (50, 300)))
    readings = read(rule("response_mean_change", split=("command",)), evidence(seen))
    assert {r.labels["command"]: r.value for r in readings} == {
        "add": pytest.approx(0.3),
        "list": 0.0,
    }
    assert readings[0].detail == "130 ms instead of 100 ms"


def test_a_different_mix_of_commands_is_no_difference_of_the_systems(make_summary, make_stats):
    """The new system gets the slow command nine times as often, and is as fast in both."""
    seen = pairs(make_summary, make_stats, slow=((90, 900), (10, 900)), quick=((30, 20), (90, 20)))
    assert one(rule("response_mean_change", min_executions=5), seen).value == 0


def test_what_nobody_notices_is_no_change(make_summary, make_stats):
    seen = pairs(make_summary, make_stats, ping=((50, 6), (50, 2)))
    assert one(rule("response_mean_change"), seen).value == 0


def drawn(rng, count, median_ms, sigma=0.8):
    """The figures of so many made-up durations."""
    values = sorted(rng.lognormvariate(math.log(median_ms), sigma) for _ in range(count))
    return Stats(
        total=count,
        mean_ns=sum(values) / count * 1e6,
        p50_ns=values[count // 2] * 1e6,
        p95_ns=values[int(count * 0.95)] * 1e6,
    )


@pytest.mark.parametrize("metric", ["response_mean_change", "response_p95_change"])
@pytest.mark.parametrize("count", [20, 100, 400])
def test_chance_alone_is_hardly_ever_a_change(make_summary, metric, count):
    """400 comparisons of two systems that are the same, with durations that vary a lot."""
    rng, alarms = random.Random(5), 0
    for _ in range(400):
        pair = {("add", name): drawn(rng, count, 200) for name in ("ddd", "legacy")}
        reading = one(rule(metric), make_summary(by_command_and_system=pair))
        alarms += reading.value > 0.2
    assert alarms <= 4


@pytest.mark.parametrize("metric", ["response_mean_change", "response_p95_change"])
def test_a_system_that_is_slower_is_seen_when_there_are_enough_calls(make_summary, metric):
    rng = random.Random(6)
    pair = {("add", "ddd"): drawn(rng, 2_000, 320), ("add", "legacy"): drawn(rng, 2_000, 200)}
    assert one(rule(metric), make_summary(by_command_and_system=pair)).value > 0.4
    pair = {("add", "ddd"): drawn(rng, 60, 1_000), ("add", "legacy"): drawn(rng, 60, 200)}
    assert one(rule(metric), make_summary(by_command_and_system=pair)).value > 1


def test_too_few_calls_on_either_side_are_no_comparison(make_summary, make_stats):
    few_new = pairs(make_summary, make_stats, ping=((19, 600), (50, 20)))
    few_legacy = pairs(make_summary, make_stats, ping=((50, 600), (19, 20)))
    for seen in (few_new, few_legacy):
        assert one(rule("response_mean_change"), seen).value is None


def test_where_legacy_answers_no_more_the_time_before_the_move_is_the_measure(
    make_summary, make_stats
):
    seen = pairs(make_summary, make_stats, add=((50, 150), None))
    before = Baseline(
        at_ns=0, memory_mb=1, paces={"add": Pace(executions=30, mean_ms=100, p95_ms=200)}
    )
    changed = rule("response_mean_change")
    assert one(changed, seen).value is None
    assert one(changed, seen, baseline=before).value == pytest.approx(0.5)
    thin = replace(before, paces={"add": Pace(executions=3, mean_ms=100, p95_ms=200)})
    assert one(changed, seen, baseline=thin).value is None


def test_calls_that_no_system_took_are_not_the_new_systems(make_summary, make_stats):
    seen = make_summary(
        by_command_and_system={
            ("add", "unknown"): make_stats(mean_ms=900),
            ("add", "legacy"): make_stats(mean_ms=100),
        }
    )
    assert one(rule("response_mean_change"), seen).value is None


# --- samples ----------------------------------------------------------------------------------


def samples_of(make_sample, *figures, lag_ms=None):
    """A sample every 30 s, the last of them now."""
    count = len(figures)
    lag_ns = None if lag_ms is None else lag_ms * 1_000_000
    return [
        replace(make_sample(NOW - (count - 1 - i) * 30 * NS_PER_S, rss_mb=mb), loop_lag_ns=lag_ns)
        for i, mb in enumerate(figures)
    ]


def test_memory_is_compared_by_medians_so_that_a_peak_moves_nothing(make_sample):
    before = Baseline(at_ns=0, memory_mb=200)
    peak = samples_of(make_sample, *[200] * 10, 5_000)
    grown = samples_of(make_sample, *[200] * 3, *[320] * 10)
    changed = rule("memory_change")
    assert one(changed, samples=peak, baseline=before).value == pytest.approx(0)
    reading = one(changed, samples=grown, baseline=before)
    assert reading.value == pytest.approx(0.6)
    assert reading.detail == "320 MB instead of 200 MB"


def test_without_a_baseline_there_is_nothing_to_compare_with(make_sample):
    reading = one(rule("memory_change"), samples=samples_of(make_sample, *[200] * 20))
    assert (reading.value, reading.detail) == (None, "no baseline yet")


def test_one_long_step_of_the_bot_is_no_slow_loop(make_sample):
    calm = samples_of(make_sample, *[1] * 9, lag_ms=5)
    slow = samples_of(make_sample, 1, lag_ms=2_000)
    assert one(rule("loop_lag_ms"), samples=[*calm, *slow]).value == pytest.approx(5)
    assert one(rule("loop_lag_ms"), samples=samples_of(make_sample, 1, 1, 1)).value is None


def test_samples_that_ended_long_ago_say_nothing_of_now(make_sample):
    old = samples_of(make_sample, *[200] * 20)[:-4]
    for metric in ("memory_change", "loop_lag_ms"):
        before = Baseline(at_ns=0, memory_mb=1)
        assert one(rule(metric), samples=old, baseline=before).value is None


def test_the_age_of_the_newest_sample_is_a_value_and_grows_when_there_never_was_one(make_sample):
    age = rule("sample_age_s")
    assert one(age, resource=make_sample(NOW - 400 * NS_PER_S)).value == 400
    assert one(age, resource=make_sample(NOW + 400 * NS_PER_S)).value == 0
    assert one(age, up_s=95).value == 95


def test_each_thing_is_read_once_and_what_failed_is_not_asked_again(make_summary):
    asked = []

    def summary_of(window):
        asked.append(window.text)
        if window.text == "1h":
            raise ZeroDivisionError
        return make_summary()

    sources = Evidence(summary_of, lambda: None, now_ns=NOW)
    for _ in range(3):
        read(rule("error_ratio"), sources)
        with pytest.raises(ZeroDivisionError):
            read(rule("errors"), sources)
    assert asked == ["5m", "1h"]
