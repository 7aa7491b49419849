"""The rollout as the monitor runs it: one leads, all take back, a stop file stops, ends are marked."""

from __future__ import annotations

import pytest

from changeover import Changeover, Settings
from changeover.core.clock import ManualClock
from changeover.core.verdict import EVERYTHING, Arm, Decision, Verdict


def judged(decision, scope=EVERYTHING):
    return {
        scope: Verdict(
            scope=scope,
            decision=Decision(decision),
            code="said",
            reason="as a test says",
            legacy=Arm(executions=500),
        )
    }


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def start(tmp_path, clock):
    """Starts one process of a bot with `ping`; its ticks are the test's."""
    made = []

    def begin(plan='[rollout]\nmode = "auto"\nbaseline = 0\n'):
        file = tmp_path / "changeover.toml"
        file.write_text(plan)
        settings = Settings(data_dir=tmp_path, http=False, config_file=file)
        monitor = Changeover(settings, clock=clock)
        monitor.adapter.register("ping", legacy=print, new=print, category="utility")
        made.append(monitor)
        return monitor

    yield begin
    for monitor in made:
        monitor.moving.rolling.close(is_clean=True)
        monitor.stop()


def ping(monitor):
    (state,) = monitor._router.states()
    return state.share


def switch_on(monitor, share=None):
    for flag in ("enabled", "integration"):
        monitor.set_flag(f"ddd.commands.{flag}", "on", actor="cli:ada")
    if share:
        monitor.set_flag("ddd.commands.utility", share, actor="cli:ada")
        monitor.rollout.resume("utility", actor="cli:ada", reason="go on from here")


def test_of_two_processes_one_leads_and_both_follow(start):
    one, other = start(), start()
    switch_on(one)
    for monitor in (one, other, one, other):
        monitor.tick()
    assert (ping(one), ping(other)) == (1, 1)
    assert (one.moving.rolling._leads, other.moving.rolling._leads) == (True, False)
    flips = one._state.flips(100, "flag ddd.commands.utility")
    assert [flip.new for flip in flips] == ["1%"]


def test_the_lease_goes_over_when_the_leading_process_ends(start):
    one, other = start(), start()
    for monitor in (one, other):
        monitor.tick()
    one.moving.rolling.close(is_clean=True)
    one._clock.advance(10)
    other.tick()
    assert other.moving.rolling._leads


def test_a_process_that_does_not_lead_takes_back_all_the_same(start):
    one, other = start(), start()
    switch_on(one, "25%")
    for monitor in (one, other):
        monitor.tick()
    other.moving.rolling.step(judged("rollback"), has_bot=True)
    assert ping(other) == 0
    one.tick()
    assert ping(one) == 0


def test_the_stop_file_is_seen_by_the_next_tick_of_every_process(start, tmp_path):
    one, other = start(), start()
    switch_on(one, "25%")
    (tmp_path / "STOP").touch()
    for monitor in (one, other):
        monitor.tick()
        assert ping(monitor) == 0


def test_an_end_in_good_order_leaves_no_mark_and_another_one_does(start, clock):
    one = start()
    switch_on(one, "25%")
    one.tick()
    assert len(one._state.read("run")) == 1
    one.moving.rolling.close(is_clean=False)
    clock.advance(20)
    later = start()  # the same number: this process stands for one that starts anew
    later.tick()
    assert ping(later) == 0
    assert next(iter(later._state.flips(1))).reason.endswith("without a goodbye")


def test_nothing_is_marked_while_nothing_rises(start):
    one = start('[rollout]\nmode = "manual"\n')
    for _ in range(3):
        one.tick()
    assert one._state.read("run") == {}


def test_a_viewer_moves_nothing(start, tmp_path, clock):
    one = start()
    switch_on(one)
    settings = Settings(data_dir=tmp_path, http=False, config_file=tmp_path / "changeover.toml")
    viewer = Changeover(settings, watching_only=True, clock=clock)
    try:
        one._catalogue.tell()
        for _ in range(3):
            viewer.catch_up().tick()
        assert [move.stage.value for move in viewer.rollout.moves()] == ["off"]
    finally:
        viewer.stop()
