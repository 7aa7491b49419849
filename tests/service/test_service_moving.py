"""The way back of the road, in one process and in several: judged, taken back, moved up, told."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from changeover import Settings
from changeover.core.clock import ManualClock
from changeover.core.errors import BadValueError, ConflictError
from changeover.core.order import Order, Principal, RefusedOrderError, Role
from changeover.core.verdict import EVERYTHING

FLAG = "ddd.commands.ping"
OPERATOR = Principal("user:anna", Role.OPERATOR)


async def fine(_message, _args):
    return "pong"


async def broken(_message, _args):
    raise KeyError("avatar")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def in_memory(tmp_path):
    return Settings(store="memory", http=False, data_dir=tmp_path, config_file=tmp_path / "none")


@pytest.fixture
def bot(make, clock, in_memory):
    """Make a monitor whose `ping` exists twice, with half of the users on the new one."""

    def make_one(new=fine, **options):
        options.setdefault("settings", in_memory)
        monitor = make(clock=clock, **options)
        monitor.adapter.register("ping", legacy=fine, new=new, category="utility")
        for name, value in {"enabled": "on", "integration": "on", "ping": "50%"}.items():
            monitor.set_flag(f"ddd.commands.{name}", value, actor="test", reason="for the test")
        monitor.tick()
        return monitor

    return make_one


async def call(monitor, message, users, *, clock, seconds=1.0):
    """Each user calls once; a look after every call, as the ticker does."""
    for user in users:
        with contextlib.suppress(KeyError):  # what the new one does to its users
            await monitor.adapter.process_command(message(user), "ping")
        clock.advance(seconds)
        monitor.tick()
        if not monitor.flags.share(FLAG):
            return


def flips(monitor, subject):
    return monitor.readings().steering.flips(100, subject)


async def test_a_new_implementation_that_fails_is_taken_back_within_a_few_calls(
    bot, message, clock
):
    monitor = bot(new=broken)
    await call(monitor, message, range(200), clock=clock)
    assert monitor.flags.share(FLAG) == 0
    told = monitor.summary("1h")["command_executions"]["systems"]["ddd"]
    assert told["errors"] <= 9, "a handful of users saw it"
    (back, *_) = flips(monitor, f"flag {FLAG}")
    assert (back.old, back.new, back.actor) == ("50%", "0%", "auto")
    assert "failed" in back.reason
    result = await monitor.adapter.process_command(message(3), "ping")
    assert result == "pong"


async def test_it_is_one_flip_and_one_alert_however_often_it_is_looked_at(bot, message, clock):
    monitor = bot(new=broken)
    await call(monitor, message, range(200), clock=clock)
    for _ in range(30):
        clock.advance(1)
        monitor.tick()
    assert [flip.new for flip in flips(monitor, f"flag {FLAG}")] == ["0%", "50%"]
    active, _ = monitor.alerts.alerts()
    assert [alert.rule for alert in active if alert.rule == "rollback"] == ["rollback"]


async def test_a_new_implementation_that_is_as_good_stays(bot, message, clock):
    monitor = bot()
    await call(monitor, message, range(300), clock=clock)
    assert monitor.flags.share(FLAG) == 50
    verdicts = {verdict.scope: verdict for verdict, _ in monitor.moving.verdicts()}
    assert verdicts["ping"].new.executions > 100
    assert EVERYTHING in verdicts


def test_a_share_that_somebody_set_by_hand_is_watched_closely_and_one_of_nobody_is_not(bot):
    monitor = bot()
    assert monitor.moving.is_watching
    monitor.set_flag(FLAG, "off", actor="test")
    monitor.tick()
    monitor._clock.advance(1)
    monitor.tick()
    assert not monitor.moving.is_watching


async def test_when_both_fail_nothing_is_taken_back(message, clock, make, in_memory):
    monitor = make(clock=clock, settings=in_memory)
    monitor.adapter.register("ping", legacy=broken, new=broken, category="utility")
    for name, value in {"enabled": "on", "integration": "on", "ping": "50%"}.items():
        monitor.set_flag(f"ddd.commands.{name}", value, actor="test")
    monitor.tick()
    await call(monitor, message, range(200), clock=clock)
    assert monitor.flags.share(FLAG) == 50


async def test_a_restart_keeps_the_evidence(bot, make, settings, message, clock):
    first = bot(settings=settings)
    await call(first, message, range(60), clock=clock)
    before = {verdict.scope: verdict.new for verdict, _ in first.moving.verdicts()}
    first.start().stop()
    second = make(clock=clock)
    second.adapter.register("ping", legacy=fine, new=fine, category="utility")
    second.tick()
    after = {verdict.scope: verdict.new for verdict, _ in second.moving.verdicts()}
    assert after["ping"].executions == before["ping"].executions > 0


async def test_another_release_is_judged_anew(bot, make, settings, message, clock):
    first = bot(settings=settings)
    await call(first, message, range(60), clock=clock)
    first.start().stop()
    second = make(settings=replace(settings, release="v2"), clock=clock)
    clock.advance(2 * 86_400)  # so that what is stored is no longer looked at
    second.tick()
    assert all(not verdict.new.executions for verdict, _ in second.moving.verdicts())


async def test_other_processes_see_the_rollback_and_so_does_one_without_a_bot(
    bot, make, settings, message, clock
):
    monitor, other = bot(new=broken, settings=settings), make(clock=clock)
    viewer = make(clock=clock, watching_only=True)
    other.adapter.register("ping", legacy=fine, new=broken, category="utility")
    other.tick()
    assert other.flags.share(FLAG) == 50
    await call(monitor, message, range(200), clock=clock)
    other.tick()
    viewer.tick()
    assert other.flags.share(FLAG) == 0
    assert any(flip.actor == "auto" for flip in flips(viewer, f"flag {FLAG}"))


def test_the_emergency_stop_works_by_order_and_is_lifted_by_order(bot):
    monitor = bot()
    monitor.order(Order(verb="stop", actor="x", reason="smoke"), OPERATOR)
    assert monitor.adapter is not None
    assert monitor.flags.share("ddd.commands.enabled") == 0
    monitor.order(Order(verb="start", actor="x", reason="was steam"), OPERATOR)
    monitor.flags.refresh()
    assert monitor.flags.share("ddd.commands.enabled") == 100


def test_the_snapshot_tells_the_stop_the_freezes_and_what_withholds_messages(bot):
    monitor = bot()
    monitor.order(Order(verb="stop", actor="x", reason="smoke"), OPERATOR)
    monitor.order(Order(verb="freeze.add", actor="x", values={"for": "2h"}), OPERATOR)
    values = {"rule": "memory", "labels": {"system": "ddd"}, "for": "1h"}
    monitor.order(Order(verb="alert.silence", actor="x", reason="known", values=values), OPERATOR)
    monitor.order(
        Order(verb="maintenance.add", actor="x", reason="move", values={"for": "1h"}), OPERATOR
    )
    told = monitor.snapshot("5m")
    assert (told["stopped"]["actor"], told["stopped"]["reason"]) == ("user:anna", "smoke")
    assert [freeze["actor"] for freeze in told["freezes"]] == ["user:anna"]
    (silence,) = told["silences"]
    assert (silence["rule"], silence["labels"], silence["reason"]) == (
        "memory",
        {"system": "ddd"},
        "known",
    )
    assert len(told["maintenance"]) == 1
    assert {channel["name"]: channel["state"] for channel in told["channels"]}["file"] == "ok"
    (stop,) = (alert for alert in told["alerts"]["active"] if alert["rule"] == "emergency_stop")
    assert stop["silenced"] is True, "a window withholds all"
    monitor.order(Order(verb="alert.ack", subject=stop["key"], actor="x"), OPERATOR)
    (stop,) = (
        alert
        for alert in monitor.snapshot("5m")["alerts"]["active"]
        if alert["rule"] == "emergency_stop"
    )
    assert stop["acknowledged_by"] == "user:anna"


def test_stages_are_moved_by_order_and_the_loser_of_two_is_told(bot):
    monitor = bot()
    (move,) = (move for move in monitor.moving.moves() if move.scope == "utility")
    held = monitor.order(
        Order(verb="stage.hold", subject="utility", actor="x", expected=move.version), OPERATOR
    )
    assert held["held_by"] == "user:anna"
    with pytest.raises(ConflictError):
        monitor.order(
            Order(verb="stage.resume", subject="utility", actor="x", expected=held["version"] + 7),
            OPERATOR,
        )
    with pytest.raises(BadValueError, match="utility"):
        monitor.order(Order(verb="stage.hold", subject="utilty", actor="x"), OPERATOR)
    with pytest.raises(RefusedOrderError):
        monitor.order(Order(verb="stage.approve", subject="utility", actor="x"), OPERATOR)


@pytest.mark.parametrize(
    "values", [{}, {"for": "2d", "until": "2030-01-01T00:00:00Z"}, {"for": "soon"}, {"until": "1"}]
)
def test_a_freeze_needs_an_end_that_makes_sense(bot, values):
    with pytest.raises(BadValueError):
        bot().order(Order(verb="freeze.add", actor="x", values=values), OPERATOR)


def test_a_freeze_is_told_with_its_end(bot):
    told = bot().order(Order(verb="freeze.add", actor="x", values={"for": "2h"}), OPERATOR)
    assert told["frozen_until"].endswith("Z")
