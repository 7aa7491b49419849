from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.model import Check, Status
from changeover.show import health

checks = st.lists(
    st.builds(Check, st.text(max_size=8), st.sampled_from(Status), st.text(max_size=8)), max_size=5
)


def report(*found: Check, silent_s: float | None = 0.0, ready: bool = True):
    return health.report(
        found, uptime_s=1.0, instance="host/1", ready=ready, loop_silent_s=silent_s
    )


def test_all_well_is_healthy():
    assert report(Check("store", Status.HEALTHY, "")).status is Status.HEALTHY


@given(checks)
def test_whatever_the_monitors_own_checks_say_they_never_restart_the_bot(found):
    judged = report(*found)
    assert judged.status is not Status.UNHEALTHY
    assert not judged.loop_blocked
    assert all(check.status is not Status.UNHEALTHY for check in judged.checks)


def test_a_monitor_in_trouble_is_degraded_and_says_which_part():
    judged = report(
        Check("store", Status.UNHEALTHY, "disk full", 3.0), Check("evaluator", Status.HEALTHY, "")
    )
    assert judged.status is Status.DEGRADED
    assert Check("store", Status.DEGRADED, "disk full", 3.0) in judged.checks


@pytest.mark.parametrize(("silent_s", "is_blocked"), [(None, False), (30.0, False), (30.1, True)])
def test_only_a_loop_blocked_for_longer_than_the_set_time_is_unhealthy(silent_s, is_blocked):
    judged = report(silent_s=silent_s)
    assert judged.loop_blocked is is_blocked
    assert (judged.status is Status.UNHEALTHY) is is_blocked


def test_a_blocked_loop_says_for_how_long():
    (check,) = report(silent_s=45.0).checks
    assert (check.name, check.age_s) == ("bot_loop", 45.0)
    assert "45 s" in check.detail


def test_no_loop_watched_is_no_check():
    assert report(silent_s=None).checks == []


def test_a_silent_reading_degrades_and_nothing_more():
    judged = health.silent_report("no answer", loop_silent_s=None, blocked_after_s=30)
    assert (judged.status, judged.loop_blocked) == (Status.DEGRADED, False)


def test_a_silent_reading_hides_no_blocked_loop():
    judged = health.silent_report("no answer", loop_silent_s=45, blocked_after_s=30)
    assert (judged.status, judged.loop_blocked) == (Status.UNHEALTHY, True)
