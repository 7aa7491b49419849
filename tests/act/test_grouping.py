"""What goes into one message, and which incident of the receiver it is about."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.act.documents import Owed
from changeover.act.grouping import ALSO, MOST_AT_ONCE, SENTENCE, batches, letter, sentence
from changeover.act.receipts import Receipt, Threads
from changeover.act.strands import Strand, merged, strands_of
from changeover.core.model import Alert, Event, Notification, Phase

LIFE = [Event.FIRING, Event.ESCALATED, Event.REMINDER, Event.ACKNOWLEDGED, Event.RESOLVED]


def notification(key="a", event=Event.FIRING, at_ns=1, severity="warning", **changes):
    alert = Alert(
        key=key, rule="error_rate", phase=Phase.FIRING, severity=severity, summary=f"{key} is high",
        value=0.05, threshold=0.01, unit="ratio", episode=1,
    )  # fmt: skip
    return Notification(event, replace(alert, **changes), f"{key}#1", "host/1", at_ns)


def owed(told, thread=None, attempts=0):
    key = f"pager/{told.dedup_key}/{told.event}/{told.at_ns}"
    return Owed(
        key=key, version=1, channel="pager", notification=told, thread=thread, attempts=attempts
    )


def strand(key="a", *events, thread=None, severity="warning", attempts=0):
    events = events or (Event.FIRING,)
    told = [notification(key, event, at, severity) for at, event in enumerate(events, start=1)]
    return Strand(tuple(owed(one, thread, attempts) for one in told))


def told_in(thread, *keys, text="m1"):
    receipts = [
        Receipt(channel="pager", key=f"{key}#1", thread=thread, text=text, at_ns=1) for key in keys
    ]
    return {one.key: one for one in receipts}


def plan(strands, receipts=None):
    threads = Threads(receipts or {}, strands)
    return [letter(batch, threads) for batch in batches(strands, threads)]


EPISODES = st.dictionaries(
    st.sampled_from([f"rule{number}" for number in range(40)]),
    st.tuples(
        st.lists(st.sampled_from(LIFE), min_size=1, max_size=5, unique=True),
        st.sampled_from(["warning", "critical"]),
        st.sampled_from([None, "x#1", "y#1"]),
        st.integers(0, 3),
    ),
    max_size=40,
)


def strands_from(episodes):
    return [
        strand(key, *sorted(events, key=LIFE.index), severity=sev, thread=thread, attempts=count)
        for key, (events, sev, thread, count) in episodes.items()
    ]


@settings(deadline=None)
@given(episodes=EPISODES)
def test_every_alert_is_in_exactly_one_message(episodes):
    strands = strands_from(episodes)
    found = batches(strands, Threads({}, strands))
    members = [one.key for batch in found for one in batch.strands]
    assert sorted(members) == sorted(one.key for one in strands)
    assert len(members) == len(set(members))


@settings(deadline=None)
@given(episodes=EPISODES)
def test_a_message_tells_of_all_its_alerts(episodes):
    strands = strands_from(episodes)
    threads = Threads({}, strands)
    for batch in batches(strands, threads):
        one = letter(batch, threads)
        assert 1 + len(one.also) + one.more == len(batch.strands)
        assert len(one.also) <= ALSO
        assert all(len(line) <= SENTENCE for line in one.also)


@settings(deadline=None)
@given(episodes=EPISODES, seed=st.integers(0, 99))
def test_the_order_in_which_things_are_read_does_not_matter(episodes, seed):
    strands = strands_from(episodes)
    shuffled = [Strand(tuple(reversed(one.owed))) for one in strands]
    random.Random(seed).shuffle(shuffled)
    assert sorted(plan(shuffled), key=repr) == sorted(plan(strands), key=repr)


@settings(deadline=None)
@given(episodes=EPISODES)
def test_few_messages_go_out_at_once(episodes):
    found = plan(strands_from(episodes))
    assert len(found) <= MOST_AT_ONCE


EVENTS = st.lists(st.sampled_from(LIFE), min_size=1, max_size=5, unique=True)


@settings(deadline=None)
@given(events=EVENTS, moments=st.lists(st.integers(0, 5), min_size=5, max_size=5), cut=st.data())
def test_merging_is_the_same_in_any_order_and_in_any_parts(events, moments, cut):
    each = [notification("a", event, at) for event, at in zip(events, moments, strict=False)]
    whole = merged(each)
    assert merged(list(reversed(each))) == whole
    assert merged([whole]) == whole
    if Event.ACKNOWLEDGED not in events and len(each) > 1:
        at = cut.draw(st.integers(1, len(each) - 1))
        in_order = sorted(each, key=lambda one: (one.at_ns, LIFE.index(one.event)))
        assert merged([merged(in_order[:at]), merged(in_order[at:])]) == whole


def test_the_most_urgent_leads_and_the_others_have_a_sentence():
    strands = [strand("a"), strand("b", severity="critical"), strand("c")]
    (one,) = plan(strands)
    assert one.alert.key == "b"
    assert one.also == ("Warning: a is high", "Warning: c is high")
    assert one.more == 0


def test_beyond_twenty_sentences_there_is_a_count():
    (one,) = plan([strand(f"rule{number:03}") for number in range(300)])
    assert (len(one.also), one.more) == (20, 279)


def test_a_sentence_names_the_labels_that_the_summary_does_not():
    told = notification(labels={"command": "add", "system": "ddd"}, summary="Error rate on ddd")
    assert sentence(told) == "Warning: Error rate on ddd (command add)"


def test_a_sentence_holds_no_secret_and_no_line_end():
    told = notification(summary="Bearer abcdefghijkl\nis   high " + "x" * 999)
    line = sentence(told)
    assert "abcdefghijkl" not in line
    assert "\n" not in line
    assert len(line) == SENTENCE


def test_what_is_over_and_was_never_told_closes_no_incident():
    late = [strand(key, Event.FIRING, Event.RESOLVED) for key in "abc"]
    (one,) = plan(late)
    assert (one.event, one.late, one.closes) == ("resolved", True, ())
    assert "it had not been told before" in one.also[0]


def test_a_message_tried_before_keeps_its_key_whatever_joins_it():
    strands = [strand("b", thread="b#1", attempts=1), strand("a", severity="critical")]
    (one,) = plan(strands)
    assert (one.dedup_key, one.alert.key) == ("b#1", "a")


def test_alerts_of_one_message_that_are_over_together_close_its_incident():
    receipts = told_in("a#1", "a", "b", "c")
    (one,) = plan([strand(key, Event.RESOLVED) for key in "abc"], receipts)
    assert (one.dedup_key, one.receipt, one.closes) == ("a#1", "m1", ())


@pytest.mark.parametrize("over", ["a", "b", "ab"])
def test_as_long_as_one_goes_on_the_incident_stays_open(over):
    receipts = told_in("a#1", "a", "b", "c")
    (one,) = plan([strand(key, Event.RESOLVED) for key in over], receipts)
    assert one.dedup_key == f"a#1/{over[0]}#1"
    assert (one.receipt, one.closes) == (None, ())


def test_an_end_that_ends_several_incidents_names_them_all():
    receipts = {}
    for number in range(9):
        receipts |= told_in(f"r{number}#1", f"r{number}", text=f"m{number}")
    (one,) = plan([strand(f"r{number}", Event.RESOLVED) for number in range(9)], receipts)
    assert {one.dedup_key, *one.closes} == {f"r{number}#1" for number in range(9)}
    assert one.receipt == f"m{one.dedup_key[1]}"


def test_ends_of_different_messages_stay_apart_while_they_are_few():
    receipts = told_in("a#1", "a") | told_in("b#1", "b", text="m2")
    found = plan([strand(key, Event.RESOLVED) for key in "ab"], receipts)
    assert sorted((one.dedup_key, one.receipt) for one in found) == [("a#1", "m1"), ("b#1", "m2")]


def test_what_gets_worse_is_told_in_its_thread():
    receipts = told_in("a#1", "a", "b")
    (one,) = plan([strand("b", Event.ESCALATED, severity="critical")], receipts)
    assert (one.event, one.dedup_key, one.receipt) == ("escalated", "a#1", "m1")


def test_messages_of_one_episode_are_one_strand():
    each = [owed(notification("a")), owed(notification("b")), owed(notification("a", at_ns=2))]
    assert [len(one.owed) for one in strands_of(each)] == [2, 1]
