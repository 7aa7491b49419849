"""The past of the alerts, filtered and in pages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.act.history import page_of
from changeover.core.alerting import AlertQuery
from changeover.core.errors import BadValueError
from changeover.core.model import Alert, Phase


def alert(rule="error_rate", resolved_ns=1, severity="warning", episode=1, **labels):
    return Alert(
        key=rule, rule=rule, phase=Phase.RESOLVED, severity=severity, summary="it is over",
        value=0.0, threshold=0.01, unit="ratio", labels=labels, resolved_ns=resolved_ns,
        episode=episode,
    )  # fmt: skip


PAST = [
    alert("error_rate", 10, command="add", system="ddd"),
    alert("error_rate", 20, severity="critical", episode=2, command="add", system="legacy"),
    alert("memory", 30),
    alert("response_time", 40, severity="critical", command="sub"),
]


@pytest.mark.parametrize(
    ("asked", "moments"),
    [
        ({}, [40, 30, 20, 10]),
        ({"rule": "error_rate"}, [20, 10]),
        ({"severity": "critical"}, [40, 20]),
        ({"labels": {"command": "add"}}, [20, 10]),
        ({"labels": {"command": "add", "system": "ddd"}}, [10]),
        ({"since_ns": 20}, [40, 30, 20]),
        ({"since_ns": 20, "until_ns": 40}, [30, 20]),
        ({"rule": "nothing"}, []),
        ({"limit": 2}, [40, 30]),
    ],
)
def test_what_is_asked_for_comes_newest_first(asked, moments):
    page = page_of(PAST, AlertQuery(**asked))
    assert [one.resolved_ns for one in page.alerts] == moments


@settings(deadline=None)
@given(
    moments=st.lists(st.integers(0, 5), max_size=30),
    limit=st.integers(1, 7),
    new=st.lists(st.integers(6, 9), max_size=3),
)
def test_pages_put_together_are_the_whole_whatever_ends_meanwhile(moments, limit, new):
    past = [alert(resolved_ns=at, episode=number) for number, at in enumerate(moments)]
    seen, cursor = [], None
    while True:
        page = page_of(past, AlertQuery(limit=limit, cursor=cursor))
        seen += page.alerts
        cursor = page.next
        if cursor is None:
            break
        past += [alert("memory", at, episode=len(past) + at) for at in new]
    assert sorted(one.episode for one in seen) == list(range(len(moments)))
    assert len(seen) == len(moments)


def test_the_total_is_that_of_all_pages():
    page = page_of(PAST, AlertQuery(limit=1, rule="error_rate"))
    assert (page.total, len(page.alerts)) == (2, 1)
    last = page_of(PAST, AlertQuery(limit=1, rule="error_rate", cursor=page.next))
    assert (last.total, last.next) == (2, None)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"cursor": ""}])
def test_what_cannot_be_asked_is_refused(wrong):
    with pytest.raises(BadValueError):
        page_of(PAST, AlertQuery(**wrong))


async def test_the_manager_answers_from_the_store(world):
    await world.minutes(5, error_ratio=0.05)
    await world.minutes(10)
    (only,) = world.manager.history(AlertQuery(rule="error_rate")).alerts
    assert only.peak == 0.05
    assert [flip.new for flip in world.manager.changes("error_rate")] == [
        "resolved", "firing warning",
    ]  # fmt: skip
