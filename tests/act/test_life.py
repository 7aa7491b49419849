from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.act.life import advance, alert_key, dedup_key, retire, shift
from changeover.act.rules import Reading, built_in_rules
from changeover.core.clock import NS_PER_S
from changeover.core.model import Event, Phase

RULE = built_in_rules()[0]
T0 = 1_767_225_600 * NS_PER_S
HOUR = 3600


def at(seconds):
    return T0 + round(seconds * NS_PER_S)


def play(rule, readings, alert=None):
    """Readings are (seconds, value); the last alert and every (seconds, event)."""
    events = []
    for seconds, value in readings:
        alert, event = advance(alert, rule, Reading(value=value, executions=100), at(seconds))
        if event:
            events.append((seconds, event))
    return alert, events


def test_a_value_above_the_threshold_fires_at_once_without_a_for():
    alert, events = play(RULE, [(0, 0.05)])
    assert events == [(0, Event.FIRING)]
    assert (alert.phase, alert.severity, alert.episode) == (Phase.FIRING, "warning", 1)
    assert alert.summary == "Error rate is 5 % over 5m, above 1 %"
    assert dedup_key(alert) == "error_rate#1"


def test_with_a_for_it_is_pending_first():
    rule = replace(RULE, for_s=120)
    alert, events = play(rule, [(0, 0.05), (60, 0.05)])
    assert (alert.phase, events) == (Phase.PENDING, [])
    _, events = play(rule, [(120, 0.05)], alert)
    assert events == [(120, Event.FIRING)]


def test_pending_that_was_fine_in_between_starts_anew():
    rule = replace(RULE, for_s=120)
    alert, events = play(rule, [(0, 0.05), (60, 0.0), (120, 0.05)])
    assert (alert.phase, alert.since_ns, events) == (Phase.PENDING, at(120), [])


def test_it_escalates_inside_one_alert_and_only_once():
    alert, events = play(RULE, [(0, 0.05), (60, 0.2), (120, 0.05), (180, 0.3), (240, 0.05)])
    assert events == [(0, Event.FIRING), (60, Event.ESCALATED)]
    assert (alert.severity, alert.episode, alert.peak) == ("critical", 1, 0.3)


def test_reminders_come_every_repeat_and_not_earlier():
    readings = [(60 * minute, 0.05) for minute in range(12 * 60)]
    _, events = play(RULE, readings)
    assert events == [(0, Event.FIRING), (4 * HOUR, Event.REMINDER), (8 * HOUR, Event.REMINDER)]


def test_an_escalation_starts_the_time_to_the_reminder_anew():
    readings = [(0, 0.05), (2 * HOUR, 0.5), (4 * HOUR, 0.5), (6 * HOUR, 0.5)]
    _, events = play(RULE, readings)
    assert events[1:] == [(2 * HOUR, Event.ESCALATED), (6 * HOUR, Event.REMINDER)]


def test_it_resolves_once_after_it_was_fine_for_long_enough_with_duration_and_peak():
    fine = [(600 + 60 * minute, 0.002) for minute in range(20)]
    alert, events = play(RULE, [(0, 0.02), (300, 0.08), *fine])
    assert events == [(0, Event.FIRING), (900, Event.RESOLVED)]
    assert (alert.phase, alert.peak, alert.resolved_ns) == (Phase.RESOLVED, 0.08, at(900))
    assert alert.summary == "Error rate is 0.2 % over 5m again after 15 min, peak 8 %"


def test_a_value_that_swings_round_the_threshold_is_one_alert():
    swinging = [(60 * minute, 0.02 if minute % 2 else 0.005) for minute in range(60)]
    calm = [(3600 + 60 * minute, 0.001) for minute in range(10)]
    _, events = play(RULE, swinging + calm)
    assert [event for _, event in events] == [Event.FIRING, Event.RESOLVED]


def test_a_second_time_is_a_second_episode():
    alert, events = play(RULE, [(0, 0.05), (60, 0.0), (360, 0.0), (420, 0.05)])
    assert [event for _, event in events] == [Event.FIRING, Event.RESOLVED, Event.FIRING]
    assert dedup_key(alert) == "error_rate#2"
    assert (alert.peak, alert.resolved_ns) == (0.05, None)


@pytest.mark.parametrize("nothing", [Reading(), Reading(executions=3), Reading(failed=True)])
@pytest.mark.parametrize("before", [[], [(0, 0.05)], [(0, 0.05), (60, 0.0)], [(0, 0.0)]])
def test_no_data_and_a_failure_change_nothing(nothing, before):
    alert, _ = play(RULE, before)
    after, event = advance(alert, RULE, nothing, at(9 * HOUR))
    assert event is None
    assert alert is None or replace(after, unknown=None, unknown_since_ns=None) == alert
    is_active = alert is not None and alert.phase in {Phase.PENDING, Phase.FIRING}
    why = "failed" if nothing.failed else "no_data"
    assert after.unknown == (why if is_active else None)


def test_a_clock_set_back_neither_reminds_nor_mutes():
    alert, _ = play(RULE, [(0, 0.05)])
    back = -24 * HOUR
    minutes = [(back + 60 * minute, 0.05) for minute in range(5 * 60)]
    _, events = play(RULE, minutes, alert)
    assert events == [(back + 4 * HOUR, Event.REMINDER)]


def test_a_clock_set_back_does_not_hold_up_a_pending_or_a_resolve():
    rule = replace(RULE, for_s=120)
    pending, _ = play(rule, [(0, 0.05)])
    back = -24 * HOUR
    _, events = play(rule, [(back, 0.05), (back + 120, 0.05)], pending)
    assert events == [(back + 120, Event.FIRING)]
    clearing, _ = play(RULE, [(0, 0.05), (60, 0.0)])
    _, events = play(RULE, [(back, 0.0), (back + 300, 0.0)], clearing)
    assert events == [(back + 300, Event.RESOLVED)]


def test_shifting_keeps_every_age():
    alert, _ = play(RULE, [(0, 0.05), (60, 0.0)])
    by_ns = 24 * HOUR * NS_PER_S
    moved = shift(alert, by_ns)
    assert moved.since_ns == alert.since_ns + by_ns
    assert shift(moved, -by_ns) == alert


def test_an_alert_without_its_rule_ends():
    firing, _ = play(RULE, [(0, 0.05)])
    ended, event = retire(firing, at(60))
    assert (ended.phase, event) == (Phase.RESOLVED, Event.RESOLVED)
    assert "rule was removed" in ended.summary
    pending, _ = play(replace(RULE, for_s=99), [(0, 0.05)])
    ended, event = retire(pending, at(60))
    assert (ended.phase, event) == (Phase.INACTIVE, None)


def test_keys_name_the_labels_in_a_stable_order():
    assert alert_key("x", {}) == "x"
    assert alert_key("x", {"system": "ddd", "command": "add"}) == "x{command=add,system=ddd}"


VALUES = st.one_of(st.none(), st.sampled_from([0.0, 0.005, 0.01, 0.02, 0.09, 0.2, 1.0]))
STEPS = st.lists(st.tuples(st.integers(-90_000, 90_000), VALUES), max_size=60)


@settings(max_examples=200)
@given(steps=STEPS, for_s=st.sampled_from([0, 60, 300]), keep_s=st.sampled_from([0, 300]))
def test_whatever_the_clock_does_firings_and_resolves_alternate(steps, for_s, keep_s):
    rule = replace(RULE, for_s=for_s, keep_firing_s=keep_s)
    alert, now, told = None, 0, []
    for step, value in steps:
        now += step
        alert, event = advance(alert, rule, Reading(value=value), at(now))
        for moment in (alert.since_ns, alert.fired_ns, alert.notified_ns, alert.clear_since_ns):
            assert moment is None or moment <= at(now)
        if event:
            told.append(event)
    pairs = [event for event in told if event in (Event.FIRING, Event.RESOLVED)]
    assert pairs == [Event.FIRING, Event.RESOLVED] * (len(pairs) // 2) + [Event.FIRING] * (
        len(pairs) % 2
    )
    assert told.count(Event.ESCALATED) <= pairs.count(Event.FIRING)
    if alert:
        assert alert.episode == pairs.count(Event.FIRING)


@settings(max_examples=100)
@given(steps=st.lists(st.tuples(st.integers(0, 7_200), VALUES), max_size=60))
def test_reminders_are_never_closer_than_the_repeat(steps):
    alert, now, last = None, 0, None
    for step, value in steps:
        now += step
        alert, event = advance(alert, RULE, Reading(value=value), at(now))
        if event is Event.REMINDER:
            assert now - last >= RULE.repeat_s
        if event:
            last = now
