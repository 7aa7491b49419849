from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.core.errors import BadValueError
from changeover.core.model import Event
from changeover.core.values import Secret
from changeover.notify.pagerduty import REGIONS, PagerDuty, actions, event_body, incident

KEY = Secret("R0123456789ABCDEF0123456789ABCDE")


def test_all_messages_of_one_firing_have_one_incident(tell):
    told = [tell(event) for event in Event]
    assert len({incident(one) for one in told}) == 1
    assert incident(tell(fired_ns=1)) == incident(tell(fired_ns=2)), "another may lead the end"
    assert incident(tell(), "one bot") != incident(tell(), "another")


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        (Event.FIRING, ["trigger"]),
        (Event.ESCALATED, ["trigger"]),
        (Event.REMINDER, ["trigger"]),
        (Event.ACKNOWLEDGED, ["acknowledge"]),
        (Event.RESOLVED, ["resolve"]),
        (Event.TEST, ["trigger", "resolve"]),
    ],
)
def test_each_event_is_an_action(tell, event, sent):
    assert list(actions(tell(event))) == sent


def test_what_was_over_before_it_could_be_told_is_opened_and_closed_quietly(tell):
    told = tell(Event.RESOLVED, late=True)
    assert list(actions(told)) == ["trigger", "resolve"]
    assert event_body(told, "trigger")["payload"]["severity"] == "info"


def test_a_trigger_has_severity_source_links_and_details(tell):
    body = event_body(tell(severity="critical", runbook="https://run.example/"), "trigger")
    assert body["payload"]["severity"] == "critical"
    assert body["payload"]["source"] == "railway-7/12"
    assert body["payload"]["custom_details"]["Value"] == "4.2 %"
    assert [link["text"] for link in body["links"]] == ["Runbook", "Page"]
    assert body["client_url"] == "http://127.0.0.1:3001/"


def test_a_resolve_says_nothing_more_than_which(tell):
    assert set(event_body(tell(Event.RESOLVED), "resolve")) == {"event_action", "dedup_key"}


@given(text=st.text(), times=st.sampled_from([1, 50, 2000]))
@settings(deadline=None)  # the machine may be busy
def test_every_limit_of_pagerduty_is_kept(tell, text, times):
    told = tell(summary=text * times, rule=text, instance=text * times, labels={text: text})
    told = replace(told, dedup_key=text * times)
    body = event_body(told, "trigger")
    assert len(body["dedup_key"]) <= 255
    assert 0 < len(body["payload"]["summary"]) <= 1024
    assert 0 < len(body["payload"]["source"]) <= 255
    assert len(json.dumps(body)) < 512_000


def test_the_region_decides_where_it_goes_and_only_pagerduty_gets_the_key():
    assert [str(PagerDuty(KEY, region=region)._url) for region in REGIONS] == [
        "https://events.pagerduty.com/v2/enqueue",
        "https://events.eu.pagerduty.com/v2/enqueue",
    ]


def test_what_is_no_key_is_refused_without_being_told():
    with pytest.raises(BadValueError, match=r"ALERT_PAGERDUTY_ROUTING_KEY=\(hidden\)"):
        PagerDuty(Secret("short"))
