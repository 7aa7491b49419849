"""Whatever is read, in whatever order: the life of an alert keeps its promises."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from changeover.act.life import advance, retire
from changeover.act.rules import Reading, Rule
from changeover.core.clock import NS_PER_S
from changeover.core.model import Event, Phase

T0 = 1_767_225_600 * NS_PER_S
FINE, WARN, CRIT = 0.0, 0.05, 0.5

READINGS = st.one_of(
    st.sampled_from([FINE, WARN, CRIT]).map(lambda value: Reading(value, 100)),
    st.sampled_from([Reading(), Reading(failed=True), Reading(gone=True)]),
)
STEPS = st.lists(st.tuples(st.sampled_from([1, 60, 600, 7_200, 90_000]), READINGS), max_size=60)
RULES = st.builds(
    Rule,
    name=st.just("r"),
    metric=st.just("error_ratio"),
    unit=st.just("ratio"),
    warning=st.just(0.01),
    critical=st.sampled_from([None, 0.1]),
    for_s=st.sampled_from([0.0, 120.0]),
    keep_firing_s=st.sampled_from([0.0, 300.0]),
    repeat_s=st.sampled_from([300.0, 14_400.0]),
)
JUMPS = st.sampled_from([0, 0, 0, 0, -86_400, 86_400])


def play(rule, steps):
    """Every (seconds, alert, event); steps are (seconds since the one before, reading)."""
    alert, seconds, told = None, 0, []
    for pause_s, reading in steps:
        seconds += pause_s
        alert, event = advance(alert, rule, reading, T0 + seconds * NS_PER_S)
        told.append((seconds, alert, event))
    return told


@given(rule=RULES, steps=STEPS)
def test_every_episode_has_one_firing_at_most_one_resolve_and_nothing_after_it(rule, steps):
    by_episode = {}
    for _, alert, event in play(rule, steps):
        if event:
            by_episode.setdefault(alert.episode, []).append(event)
    assert list(by_episode) == list(range(1, len(by_episode) + 1))
    for episode, events in by_episode.items():
        assert events[0] is Event.FIRING
        assert events.count(Event.FIRING) == 1
        assert events.count(Event.ESCALATED) <= 1
        assert events.count(Event.RESOLVED) <= 1
        if episode < len(by_episode):
            assert events[-1] is Event.RESOLVED
        assert Event.RESOLVED not in events[:-1]


@given(rule=RULES, steps=STEPS)
def test_a_message_is_owed_exactly_when_people_have_something_to_hear(rule, steps):
    before = None
    for _, alert, event in play(rule, steps):
        was = before.phase if before else Phase.INACTIVE
        fires = alert.phase is Phase.FIRING and was is not Phase.FIRING
        ends = alert.phase is Phase.RESOLVED and was is Phase.FIRING
        assert (event is Event.FIRING) == fires
        assert (event is Event.RESOLVED) == ends
        before = alert


@given(rule=RULES, steps=STEPS)
def test_no_answer_never_fires_and_resolves_only_what_is_gone(rule, steps):
    for (_, reading), (_, alert, event) in zip(steps, play(rule, steps), strict=True):
        if reading.value is None:
            assert event in {None, Event.RESOLVED}
            assert event is None or reading.gone
        else:
            assert alert.unknown is None


@given(rule=RULES, steps=STEPS)
def test_reminders_are_never_closer_than_the_repeat(rule, steps):
    last = None
    for seconds, _, event in play(rule, steps):
        if event is Event.REMINDER:
            assert seconds - last >= rule.repeat_s
        last = seconds if event else last


@given(rule=RULES, steps=STEPS)
def test_nothing_acknowledged_is_reminded_of(rule, steps):
    alert, seconds = None, 0
    for pause_s, reading in steps:
        seconds += pause_s
        alert, event = advance(alert, rule, reading, T0 + seconds * NS_PER_S)
        assert event is not Event.REMINDER
        if alert.phase is Phase.FIRING:
            alert = replace(alert, acknowledged_ns=T0, acknowledged_by="cli:ada")


@given(values=st.lists(st.sampled_from([FINE, WARN, CRIT]), min_size=60, max_size=60))
def test_a_swing_round_the_threshold_for_an_hour_is_at_most_one_pair(values):
    """A swing: it is never fine for as long as `keep_firing_for` asks before it is over."""
    rule = Rule(
        name="r", metric="error_ratio", unit="ratio", warning=0.01, critical=0.1, keep_firing_s=300
    )
    swinging, calm = [], 0
    for value in values:
        calm = calm + 1 if value == FINE else 0
        if calm >= 5:
            value, calm = WARN, 0  # noqa: PLW2901
        swinging.append(value)
    steps = [(60, Reading(value, 100)) for value in [*swinging, *[FINE] * 10]]
    events = [event for _, _, event in play(rule, steps) if event]
    assert events.count(Event.FIRING) <= 1
    assert events.count(Event.RESOLVED) == events.count(Event.FIRING)


@given(rule=RULES, steps=STEPS, jumps=st.lists(JUMPS, min_size=60, max_size=60))
def test_a_clock_that_is_set_at_will_breaks_no_episode(rule, steps, jumps):
    alert, wall_ns, events = None, T0, []
    for (pause_s, reading), jump_s in zip(steps, jumps, strict=False):
        wall_ns += (pause_s + jump_s) * NS_PER_S
        alert, event = advance(alert, rule, reading, wall_ns)
        events += [event] if event in {Event.FIRING, Event.RESOLVED} else []
    pairs = zip(events[::2], events[1::2], strict=False)
    assert all(pair == (Event.FIRING, Event.RESOLVED) for pair in pairs)


@given(rule=RULES, steps=STEPS)
def test_the_peak_is_the_worst_value_of_the_episode(rule, steps):
    worst = None
    for (_, reading), (_, alert, _event) in zip(steps, play(rule, steps), strict=True):
        if alert.phase in {Phase.INACTIVE, Phase.RESOLVED}:
            worst = None
        elif reading.value is not None:
            worst = reading.value if worst is None else max(worst, reading.value)
            assert alert.peak >= worst or worst == FINE


@given(rule=RULES, steps=STEPS)
def test_retiring_ends_whatever_there_is_with_one_message_if_it_fired(rule, steps):
    for seconds, alert, _ in play(rule, steps)[-1:]:
        ended, event = retire(alert, T0 + seconds * NS_PER_S)
        assert (event is Event.RESOLVED) == (alert.phase is Phase.FIRING)
        assert ended.phase in {Phase.INACTIVE, Phase.RESOLVED}
