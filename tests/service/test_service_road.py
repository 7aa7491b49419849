"""What is recorded goes the whole road: memory, store, HTTP, and after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading

import pytest

from changeover import Settings, SettingsError
from changeover.core.clock import ManualClock


async def test_a_call_is_routed_recorded_and_told_at_once(make, message):
    monitor = make(clock=ManualClock())
    monitor.adapter.legacy("ping", category="utility")(lambda _message, _args: "old")
    monitor.adapter.new("ping")(lambda _message, _args: "new")
    assert await monitor.adapter.process_command(message(), "ping", ()) == "old"
    for flag in ("enabled", "integration", "utility"):
        monitor.set_flag(f"ddd.commands.{flag}", "on", actor="test")
    assert await monitor.adapter.process_command(message(), "ping", ()) == "new"
    told = monitor.metrics.get_summary("5m")["command_executions"]
    assert told["by_system"] == {"ddd": 1, "legacy": 1}
    assert (told["total"], told["error_rate"]) == (2, 0)


def test_the_references_collector_answers_with_its_field_names(make):
    monitor = make()
    monitor.metrics.record_command_execution("ping", "legacy", 0.012, True)
    monitor.metrics.record_command_execution("add", "ddd", 0.5, False, ValueError("token=abc"))
    monitor.metrics.record_feature_flag_check("ddd.commands.enabled", True, "add")
    monitor.metrics.record_resource_usage()
    first, second = monitor.metrics.get_metrics("command_execution")
    assert (first["command"], first["system"], first["duration_ms"], first["success"]) == (
        "ping", "legacy", 12.0, True,
    )  # fmt: skip
    assert second["success"] is False
    assert "abc" not in second["error"]
    (check,) = monitor.metrics.get_metrics("feature_flag_check")
    assert (check["flag"], check["enabled"], check["command"]) == (
        "ddd.commands.enabled", True, "add",
    )  # fmt: skip
    usage = monitor.metrics.get_metrics("resource_usage")[-1]
    assert usage["memory_used_mb"] > 1
    summary = monitor.metrics.get_summary("1h")
    assert summary["command_executions"]["error_rate"] == 0.5
    assert summary["resource_usage"]["current_memory_mb"] == usage["memory_used_mb"]


def test_a_restart_loses_nothing_and_continues(make):
    first = make()
    first.start()
    for _ in range(500):
        first.metrics.record_command_execution("ping", "legacy", 0.001, True)
    first.stop()
    second = make()
    second.metrics.record_command_execution("ping", "ddd", 0.001, True)
    second.tick()
    told = second.summary("1h")["command_executions"]
    assert told["by_system"] == {"legacy": 500, "ddd": 1}


def test_two_monitors_on_one_file_tell_the_same_sums(make):
    one, two = make(), make()
    for monitor, count in ((one, 30), (two, 12)):
        monitor.tick()
        for _ in range(count):
            monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
        monitor.tick()
    for monitor in (one, two):
        monitor._writer.flush(5)
    for monitor in (one, two):
        monitor.tick()
        assert monitor.summary("5m")["command_executions"]["total"] == 42
    instances = {row["instance"] for row in one.metrics.get_metrics("command_execution")}
    assert len(instances) == 2


def test_a_flag_set_in_one_process_is_seen_by_another_with_its_next_tick(make):
    one, two = make(), make()
    for monitor in (one, two):
        monitor.tick()
    one.set_flag("ddd.commands.ping", "25%", actor="test", reason="first step")
    two.tick()
    (state,) = (state for state in two.flags.states() if state.name == "ddd.commands.ping")
    assert (state.share, state.source, state.actor, state.reason) == (
        25.0, "store", "test", "first step",
    )  # fmt: skip


def test_a_viewer_knows_the_bots_commands_and_figures(make):
    bot = make()
    bot.adapter.legacy("ping", category="utility")(lambda _message, _args: "old")
    bot.adapter.new("ping")(lambda _message, _args: "new")
    bot.metrics.record_command_execution("ping", "legacy", 0.001, True)
    bot.tick()
    bot._writer.flush(5)
    viewer = make(watching_only=True)
    snapshot = viewer.catch_up().snapshot("1h")
    (row,) = snapshot["commands"]
    assert (row["command"], row["category"], row["has_new"]) == ("ping", "utility", True)
    assert row["total"]["total"] == 1
    assert snapshot["migration"]["with_new"] == 1


def test_switched_off_it_starts_nothing_keeps_no_file_and_still_routes(make, tmp_path):
    monitor = make(settings=Settings(enabled=False, data_dir=tmp_path, port=0))
    before = threading.active_count()
    monitor.start()
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    assert threading.active_count() == before
    assert monitor.url is None
    assert not list(tmp_path.iterdir())
    assert monitor.metrics.waiting == 0


def test_wrong_flags_stop_the_start_all_in_one_message(make, tmp_path, monkeypatch):
    monkeypatch.setenv("FEATURE_FLAG_DDD_COMMANDS_ENABLED", "perhaps")
    (tmp_path / "changeover.toml").write_text("[flags]\n'ddd.commands.ping' = 400\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        make().start()
    assert "FEATURE_FLAG_DDD_COMMANDS_ENABLED='perhaps'" in str(caught.value)
    assert "ddd.commands.ping='400'" in str(caught.value)


def test_a_store_that_was_never_read_means_legacy_whatever_the_environment_says(
    make, tmp_path, monkeypatch
):
    for flag in ("ENABLED", "INTEGRATION", "PING"):
        monkeypatch.setenv(f"FEATURE_FLAG_DDD_COMMANDS_{flag}", "on")
    (tmp_path / "changeover.db").mkdir()  # no file can be opened there
    monitor = make()
    monitor.adapter.legacy("ping")(lambda _message, _args: "old")
    monitor.adapter.new("ping")(lambda _message, _args: "new")
    monitor.tick()
    assert monitor._router.choose("ping", 7).system == "legacy"
    (tmp_path / "changeover.db").rmdir()
    monitor.tick()
    assert monitor._router.choose("ping", 7).system == "ddd"


def test_another_programs_file_in_the_place_of_ours_stops_neither_alerts_nor_flags(
    make, tmp_path, monkeypatch
):
    monitor = make(on_error=lambda _error: None)
    monitor.adapter.legacy("ping")(lambda _message, _args: "old")
    monitor.tick()
    file = tmp_path / "changeover.db"
    file.unlink()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE theirs (value)")
    monkeypatch.setenv("FEATURE_FLAG_DDD_COMMANDS_PING", "25%")
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    monitor.tick()
    assert monitor.flags.share("ddd.commands.ping") == 25.0
    assert monitor.summary("5m")["command_executions"]["total"] == 1
    assert monitor.health().status.value == "degraded"


def test_a_locked_store_does_not_hold_up_the_end(make, tmp_path):
    monitor = make()
    monitor.tick()
    monitor.start()
    with contextlib.closing(
        sqlite3.connect(tmp_path / "changeover.db", isolation_level=None, timeout=10)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
        ends = threading.Thread(target=monitor.stop)
        ends.start()
        ends.join(5)
        assert not ends.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_records_as_an_instance_of_its_own(make):
    monitor = make()
    monitor.start()
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    child = os.fork()
    if not child:  # only os._exit leaves a child without running the parent's clean-up
        try:
            monitor.metrics.record_command_execution("ping", "ddd", 0.001, True)
            monitor.stop()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    monitor.tick()
    assert monitor.summary("5m")["command_executions"]["by_system"] == {"legacy": 1, "ddd": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_forked_off_a_running_loop_has_no_loop_that_lags_and_no_lock_that_is_held(make):
    """As `ProcessPoolExecutor` does, which bots use for pictures."""
    clock = ManualClock()
    monitor = make(clock=clock)

    async def bot() -> int:
        monitor.loops.watch(asyncio.get_running_loop())
        with monitor._guard._lock, monitor.flags._lock, monitor._tick_lock:
            return os.fork()

    child = asyncio.run(bot())
    if not child:
        try:
            clock.advance(3_600)
            monitor.tick()
            sample = monitor._summaries.latest_resource()
            os._exit(sample.loop_lag_ns is not None or monitor.health().loop_blocked)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_of_several_stops_at_once_none_takes_the_store_away_from_another(make):
    monitor = make()
    monitor.start()
    for _ in range(20_000):
        monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    stops = [threading.Thread(target=monitor.stop) for _ in range(4)]
    for thread in stops:
        thread.start()
    for thread in stops:
        thread.join()
    assert monitor._writer.dropped == {}
    assert make().catch_up().summary("5m")["command_executions"]["total"] == 20_000


def test_stopped_it_stays_so_and_says_so(make, caplog):
    monitor = make()
    monitor.start().stop()
    before = threading.active_count()
    monitor.start()
    assert threading.active_count() <= before
    assert "make a new Changeover" in caplog.text


@pytest.mark.parametrize("answer", [lambda: 1 / 0, None, object])
def test_whatever_the_bot_says_of_its_readiness_its_health_is_told(make, ask, answer):
    errors = []
    monitor = make(on_error=errors.append)
    monitor.is_ready = answer
    url = monitor.start().wait_until_served()
    status, health = ask(url, "health")
    assert status == 200
    assert {check["name"] for check in health["checks"]} >= {"store", "flags", "recorder"}
    assert ask(url, "health/ready")[0] == (200 if answer is object else 503)


def test_stopped_before_it_serves_it_never_does(make):
    others = set(threading.enumerate())
    monitor = make()
    monitor.start().stop()
    for thread in set(threading.enumerate()) - others:
        if thread.name in {"changeover", "changeover-door"}:  # was still loading the web server
            thread.join(10)
    assert monitor.wait_until_served(0) is None
    started = set(threading.enumerate()) - others
    assert "changeover-http" not in {thread.name for thread in started}


def test_a_step_by_hand_serves_nobody(make):
    monitor = make()
    monitor.tick()
    assert monitor.url is None


def test_the_endpoints_of_the_reference_answer(make, ask):
    monitor = make()
    monitor.adapter.legacy("ping", category="utility")(lambda _message, _args: "old")
    url = monitor.start().wait_until_served()
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    assert ask(url, "health")[1]["status"] == "healthy"
    assert ask(url, "health/features")[1]["ddd.commands.enabled"] is False
    assert ask(url, "health/commands?window=1h")[0] == 200
    monitor.tick()
    monitor._writer.flush(5)
    assert ask(url, "health/metrics/resource_usage")[1]["count"] == 1
    assert ask(url, "health/commands?window=90")[0] == 400


def test_rules_are_read_again_while_the_bot_runs_and_a_broken_file_shows_in_health(make, settings):
    clock = ManualClock()
    monitor = make(clock=clock)
    for _ in range(30):
        monitor.metrics.record_command_execution("add", "ddd", 0.01, success=False)
    monitor.tick()
    assert "each{command=add}" not in {alert.key for alert in monitor.alerts.alerts()[0]}
    rule = '[[alerts.rules]]\nname = "each"\nmetric = "errors"\nwarning = 1\nsplit = "command"\n'
    settings.config_file.write_text(rule, "utf-8")
    clock.advance(60)
    monitor.tick()
    assert "each{command=add}" in {alert.key for alert in monitor.alerts.alerts()[0]}
    settings.config_file.write_text("[[alerts.rules]]\nname =\n", "utf-8")
    clock.advance(5)
    monitor.tick()
    (check,) = (check for check in monitor.health().checks if check.name == "alerts")
    assert "line 2" in check.detail


def test_the_time_before_the_move_is_kept_and_memory_compared_with_it(make):
    clock = ManualClock()
    monitor = make(clock=clock)
    monitor.adapter.register("add", legacy=print, new=print, category="personality")
    for _ in range(35):
        clock.advance(60)
        monitor.tick()
        monitor.metrics.record_resource_usage()
    kept = monitor._state.read("setting")["baseline"].value
    assert kept["memory_mb"] > 1
    clock.advance(60)
    monitor.tick()
    states = {state.rule: state.state for state in monitor.alerts.rule_states()}
    assert states["memory_change"] == "ok"
    assert states["response_time_change"] == "no_data"


def test_the_page_draws_the_thresholds_of_the_rules_in_force(make, settings):
    clock = ManualClock()
    monitor = make(clock=clock)
    readings = monitor.readings()
    assert dict(readings.thresholds) == {
        "error_ratio": 0.01, "response_time_ms": 1000.0, "memory_mb": 1000.0,
    }  # fmt: skip
    settings.config_file.write_text(
        '[[alerts.rules]]\nname = "error_rate"\nwarning = 0.05\n'
        '[[alerts.rules]]\nname = "memory"\nenabled = false\n',
        "utf-8",
    )
    clock.advance(5)
    monitor.tick()
    assert dict(readings.thresholds) == {"error_ratio": 0.05, "response_time_ms": 1000.0}
    thresholds = monitor.snapshot()["alerts"]["thresholds"]
    assert (thresholds["error_rate"], thresholds["memory_mb"]) == (0.05, None)
