from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_S
from changeover.core.model import Event
from changeover.core.quantity import format_duration, format_quantity
from changeover.notify.message import LATE, facts, line, others, plain, printable, sentence, title


@pytest.mark.parametrize(
    ("event", "severity", "told"),
    [
        (Event.FIRING, "warning", "Warning: error rate"),
        (Event.FIRING, "critical", "Critical: error rate"),
        (Event.ESCALATED, "critical", "Now critical: error rate"),
        (Event.REMINDER, "warning", "Still warning: error rate"),
        (Event.ACKNOWLEDGED, "critical", "Acknowledged: error rate"),
        (Event.RESOLVED, "critical", "Resolved: error rate"),
        (Event.TEST, "warning", "Test: error rate"),
    ],
)
def test_the_title_says_what_happened(tell, event, severity, told):
    assert title(tell(event, severity=severity)) == told


def test_a_late_message_says_so(tell):
    assert sentence(tell(Event.RESOLVED, late=True)).endswith(LATE)
    assert LATE not in sentence(tell(Event.RESOLVED))


def test_the_facts_come_in_the_order_that_people_need(tell):
    told = facts(tell(Event.REMINDER, labels={"command": "add", "system": "ddd"}))
    assert [(fact.name, fact.text) for fact in told] == [
        ("Rule", "error_rate"),
        ("Value", "4.2 %"),
        ("Threshold", "1 %"),
        ("Peak", "8 %"),
        ("Since", "2025-12-31 22:56 UTC"),
        ("Lasted", "1 h 4 min"),
        ("Command", "add"),
        ("System", "ddd"),
        ("Instance", "railway-7/12"),
        ("Page", "http://127.0.0.1:3001/"),
    ]


def test_a_resolve_lasted_until_it_was_resolved(tell):
    told = tell(Event.RESOLVED)
    resolved_ns = told.alert.since_ns + 90 * NS_PER_S
    names = {fact.name: fact.text for fact in facts(tell(Event.RESOLVED, resolved_ns=resolved_ns))}
    assert names["Lasted"] == "1 min 30 s"


def test_no_value_is_no_data(tell):
    assert facts(tell(value=None))[1].text == "no data"


def test_the_line_is_one_line_without_control_characters(tell):
    told = line(tell(summary="a\nb\x1b[31m\u2028\u202e", labels={"command": "x\r\ny"}))
    assert told.isprintable()
    assert r"a\nb\x1b[31m\u2028\u202e" in told
    assert r"command x\r\ny" in told


@given(text=st.text())
def test_printable_is_printable_and_leaves_plain_text_alone(text):
    assert printable(text).isprintable()
    assert printable("Überlänge 4.2 %") == "Überlänge 4.2 %"


SECRETS = [
    "https://discord.com/api/webhooks/123456789012345678/" + "s3cret" * 10,
    "Bearer s3cret.s3cret.s3cret",
    "postgres://bot:s3cret@db/x",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_in_any_text_are_not_told(tell, secret):
    told = tell(summary=f"it is {secret}", labels={"command": secret}, instance=secret)
    assert "s3cret" not in line(told) + title(told) + sentence(told)
    assert "s3cret" not in "".join(fact.text for fact in facts(told))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"), (0, "0 s"), (45, "45 s"), (60, "1 min"), (90, "1 min 30 s"),
        (3600, "1 h"), (3605, "1 h"), (3840, "1 h 4 min"), (183_600, "2 d 3 h"),
    ],
)  # fmt: skip
def test_durations_have_at_most_two_units(seconds, told):
    assert format_duration(seconds) == told


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (0.042, "ratio", "4.2 %"), (0.01004, "ratio", "1.004 %"), (1.0, "ratio", "100 %"),
        (1000.0, "ms", "1000 ms"), (1000.4, "ms", "1000.4 ms"), (1203.46, "MB", "1203.5 MB"),
        (None, "ms", "no data"),
    ],
)  # fmt: skip
def test_quantities_have_their_unit_and_no_tail_of_digits(value, unit, told):
    assert format_quantity(value, unit) == told


@pytest.mark.parametrize(
    ("also", "more", "told"),
    [
        ((), 0, []),
        ((), 3, ["3 more alerts"]),
        (("a", "b"), 0, ["a", "b"]),
        (("a",), 12, ["a", "and 12 more"]),
        (("a",) * 25, 2, ["a"] * 20 + ["and 7 more"]),
    ],
)
def test_other_alerts_are_told_up_to_twenty_and_the_rest_is_counted(tell, also, more, told):
    assert others(replace(tell(), also=also, more=more)) == told


def test_who_acknowledged_and_the_runbook_are_told(tell):
    told = tell(Event.ACKNOWLEDGED, acknowledged_by="ada", runbook="https://run.example/x")
    names = {fact.name: fact for fact in facts(told)}
    assert names["Acknowledged by"].text == "ada"
    assert names["Runbook"].is_link
    assert "Runbook: https://run.example/x" in plain(told)


@pytest.mark.parametrize(
    "runbook", ["javascript:x", "https://a/ b", "https://a/)[x](https://b", "https://a|b", "wiki"]
)
def test_a_runbook_is_a_link_only_where_it_is_nothing_else(tell, runbook):
    assert not {f.name: f for f in facts(tell(runbook=runbook))}["Runbook"].is_link
