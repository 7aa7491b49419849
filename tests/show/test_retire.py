"""A legacy handler may go when nothing has needed it for long enough, and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from changeover.core.cell import Cell, CellSlot
from changeover.core.model import CommandState, Outcome, Reason, Series
from changeover.show.retire import DAY_NS, retirees

NOW_NS = 100 * DAY_NS
STEP_NS = DAY_NS // 24
PING = CommandState(
    "ping", "utility", True, True, 100.0, Reason.FLAG, "f", True, "bot.py:7", "new.py:9"
)


def slot(days_ago: float, **counts: int) -> CellSlot:
    cells = {Series("ping", system, Outcome.OK): Cell(count) for system, count in counts.items()}
    return CellSlot(NOW_NS - round(days_ago * DAY_NS), cells)


def look(*slots: CellSlot, state: CommandState = PING, **changes):
    options = {"step_ns": STEP_NS, "now_ns": NOW_NS, "days": 14} | changes
    (found,) = retirees([state], slots, **options)
    return found


def test_a_handler_that_has_not_run_for_long_may_go_and_is_named_by_file_and_line():
    found = look(slot(20, legacy=3), slot(2, ddd=5))
    assert found.ready
    assert found.legacy_at == "bot.py:7"
    assert (found.legacy_calls, found.new_calls) == (0, 5)
    assert found.last_legacy_ns == NOW_NS - 20 * DAY_NS + STEP_NS


@pytest.mark.parametrize(
    ("slots", "state", "options", "why"),
    [
        ([slot(20, ddd=1), slot(3, legacy=1)], PING, {}, "legacy ran once in the last 14 days"),
        ([slot(5, ddd=9)], PING, {}, "only 5 of the 14 days are known"),
        ([slot(20, ddd=9)], PING, {}, "nobody called it"),
        ([], PING, {}, "only 0 of the 14 days"),
        ([slot(20, ddd=1), slot(1, ddd=1)], replace(PING, share=50.0), {}, "50 % of the users"),
        ([slot(20, ddd=1), slot(1, ddd=1)], replace(PING, has_new=False), {}, "no new"),
        ([slot(20, ddd=1), slot(1, ddd=1)], PING, {"fallback_share": 100.0}, "fallbackOnError"),
    ],
)
def test_what_still_needs_it_keeps_it_and_says_why(slots, state, options, why):
    found = look(*slots, state=state, **options)
    assert not found.ready
    assert why in found.why


def test_calls_that_reached_neither_system_prove_nothing_about_the_new_one():
    found = look(slot(20, ddd=1), slot(1, unknown=7))
    assert (found.new_calls, found.ready) == (0, False)
    assert "nobody called it" in found.why


def test_legacy_ran_last_no_later_than_now_though_its_step_is_not_over():
    assert look(slot(0.01, legacy=1)).last_legacy_ns == NOW_NS


def test_calls_at_the_edge_of_the_days_count_as_recent():
    assert look(slot(20, ddd=1), slot(14.01, legacy=1), slot(1, ddd=1)).legacy_calls == 1
    assert look(slot(20, ddd=1), slot(14.1, legacy=1), slot(1, ddd=1)).ready


def test_a_command_without_a_legacy_handler_has_nothing_to_retire():
    assert retirees([replace(PING, has_legacy=False)], [], step_ns=1, now_ns=NOW_NS, days=1) == []


def test_those_that_may_go_come_first():
    slots = [slot(20, ddd=1), slot(1, ddd=1)]
    other = replace(PING, command="add", share=1.0)
    found = retirees([other, PING], slots, step_ns=STEP_NS, now_ns=NOW_NS, days=14)
    assert [one.command for one in found] == ["ping", "add"]
