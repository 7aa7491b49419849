from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.act.documents import alert_document, alert_from, owe, owed_from
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.ports import Document

MOMENTS = st.none() | st.integers(0, 2**62)
FIGURES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ALERTS = st.builds(
    Alert,
    key=st.text(),
    rule=st.text(),
    phase=st.sampled_from(Phase),
    severity=st.sampled_from(["warning", "critical"]),
    summary=st.text(),
    value=FIGURES,
    threshold=st.floats(allow_nan=False, allow_infinity=False),
    unit=st.sampled_from(["ratio", "ms", "MB"]),
    labels=st.dictionaries(st.text(), st.text(), max_size=3),
    since_ns=MOMENTS,
    fired_ns=MOMENTS,
    clear_since_ns=MOMENTS,
    resolved_ns=MOMENTS,
    notified_ns=MOMENTS,
    peak=FIGURES,
    episode=st.integers(0, 1000),
)


@settings(deadline=None)
@given(alert=ALERTS)
def test_an_alert_comes_back_from_json_as_it_was(alert):
    assert alert_from(json.loads(json.dumps(alert_document(alert)))) == alert


@settings(deadline=None)
@given(alert=ALERTS, event=st.sampled_from(Event), link=st.none() | st.text())
def test_a_message_comes_back_from_json_as_it_was(alert, event, link):
    notification = Notification(event, alert, "key#1", "host/1", 5, link)
    put = owe("discord", notification)
    owed = owed_from(put.key, Document(json.loads(json.dumps(put.value)), 3))
    assert owed.notification == notification
    assert (owed.channel, owed.version, owed.attempts) == ("discord", 3, 0)


@settings(deadline=None)
@given(alert=ALERTS)
def test_fields_of_a_newer_version_are_left_out(alert):
    assert alert_from({**alert_document(alert), "mood": "good"}) == alert


@pytest.mark.parametrize(
    "wrong",
    [
        {"phase": "asleep"},
        {"since_ns": "now"},
        {"value": "high"},
        {"labels": 3},
        {"threshold": None},
    ],
)
def test_what_is_no_alert_is_refused(wrong):
    alert = Alert(
        key="k", rule="r", phase=Phase.FIRING, severity="warning", summary="s", value=1.0,
        threshold=0.5, unit="ratio",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"alert|Phase"):
        alert_from({**alert_document(alert), **wrong})


def test_an_empty_document_is_no_alert():
    with pytest.raises(ValueError, match="Phase"):
        alert_from({})
    with pytest.raises(ValueError, match="no alert"):
        alert_from({"phase": "firing"})


@pytest.mark.parametrize("value", [{}, {"event": "x"}, {"event": "firing", "alert": 3}])
def test_what_is_no_message_is_refused(value):
    with pytest.raises(ValueError, match=r"message|Event|alert"):
        owed_from("k", Document(value, 1))
