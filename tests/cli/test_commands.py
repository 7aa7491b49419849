"""What each command prints, and with which exit code."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click
import pytest

from changeover import Changeover, ChangeoverError, SettingsError
from changeover.cli import changeover


def served(settings, **options):
    """A monitor without a bot that answers on a free port."""
    settings = replace(settings, http=True, port=0, **options)
    monitor = Changeover(settings, watching_only=True).start()
    assert monitor.wait_until_served() is not None
    return monitor


def port_of(monitor) -> str:
    return monitor.url.rstrip("/").rpartition(":")[2]


def test_status_counts_what_the_bot_did(run, stored):
    result = run("status")
    assert result.exit_code == 0
    (all_systems,) = (line for line in result.output.splitlines() if line.startswith("all "))
    assert all_systems.split()[1] == "3"
    assert str(stored.folder) in result.output


@pytest.mark.usefixtures("stored")
def test_status_is_json_for_machines(run):
    snapshot = json.loads(run("status", "--json", "--window", "5m").output)
    assert snapshot["totals"]["total"] == 3
    assert snapshot["window"]["text"] == "5m"


def test_status_asks_the_monitor_that_runs(run, stored, environ):
    monitor = served(stored)
    try:
        environ["HEALTH_CHECK_PORT"] = port_of(monitor)
        assert f"from http://127.0.0.1:{port_of(monitor)}," in run("status").output
    finally:
        monitor.stop()


def test_a_window_out_of_the_grammar_is_refused(run):
    result = run("status", "--window", "90")
    assert result.exit_code == 2
    assert "--window" in result.output


@pytest.mark.usefixtures("stored")
def test_a_flag_that_is_set_is_listed_and_read(run):
    assert (
        "ddd.commands.ping: not set -> 25%"
        in run("flags", "set", "ddd.commands.ping", "25%", "--reason", "first step").output
    )
    assert run("flags", "get", "ddd.commands.ping").output == "25 %\n"
    (line,) = (
        line for line in run("flags", "list").output.splitlines() if "ddd.commands.ping" in line
    )
    assert "store" in line
    assert "first step" in line
    states = json.loads(run("flags", "list", "--json").output)
    assert {"ddd.commands.ping", "ddd.commands.utility"} <= {state["name"] for state in states}


@pytest.mark.usefixtures("stored")
def test_a_misspelt_flag_is_set_and_warned_of_with_the_nearest_name(run):
    result = run("flags", "set", "ddd.commands.pingg", "on")
    assert result.exit_code == 0
    assert "did you mean ddd.commands.ping?" in result.output


@pytest.mark.usefixtures("stored")
def test_a_flag_is_taken_out_of_the_store_again(run):
    run("flags", "set", "ddd.commands.pingg", "on")
    assert run("flags", "unset", "ddd.commands.pingg").output == (
        "ddd.commands.pingg: 100% -> not set\n"
    )
    assert "pingg" not in run("flags", "list").output


def test_durations_are_shown_as_they_may_be_typed(run, environ):
    environ["ALERT_FOR"] = "120s"
    told = {
        row["variable"]: row["value"] for row in json.loads(run("config", "show", "--json").output)
    }
    assert (told["ALERT_FOR"], told["MONITORING_KEEP_EXECUTIONS"]) == ("2m", "1d")
    assert told["ALERT_ERROR_RATE_THRESHOLD"] == "0.01"


@pytest.mark.usefixtures("stored")
def test_a_value_that_is_no_share_changes_nothing(run):
    result = run("flags", "set", "ddd.commands.ping", "101")
    assert isinstance(result.exception, ChangeoverError)
    assert isinstance(run("flags", "get", "ddd.commands.ping").exception, ChangeoverError)


@pytest.mark.usefixtures("stored")
def test_a_flag_that_is_off_is_told_from_one_that_nobody_set(run):
    run("flags", "set", "ddd.commands.ping", "off")
    assert run("flags", "get", "ddd.commands.ping").output == "0 %\n"
    told = {line.split()[0]: line.split()[1:] for line in run("flags", "list").output.splitlines()}
    assert told["ddd.commands.ping"][:2] == ["off", "store"]
    assert told["ddd.commands.utility"][:3] == ["-", "not", "set"]


@pytest.mark.parametrize(
    "words",
    [
        ("flags", "list"),
        ("flags", "get", "a"),
        ("flags", "set", "a", "on"),
        ("alerts", "list"),
        ("backup", "copy.db"),
        ("status",),
        ("serve",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "variable", [("MONITORING_STORE", "memory"), ("MONITORING_ENABLED", "false")], ids="=".join
)
def test_without_a_store_to_share_nothing_is_pretended(run, environ, words, variable):
    environ |= [variable]
    result = run(*words)
    assert isinstance(result.exception, ChangeoverError)
    assert variable[0] in str(result.exception)


@pytest.mark.usefixtures("stored")
def test_the_copy_is_a_database_and_never_overwrites(run, tmp_path):
    assert run("backup", "copy.db").exit_code == 0
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert isinstance(run("backup", "copy.db").exception, ChangeoverError)


@pytest.mark.usefixtures("stored")
def test_alerts_list_says_when_there_are_none(run):
    assert run("alerts", "list").output == "no alert, now or before\n"
    told = json.loads(run("alerts", "list", "--json").output)
    assert told == {"active": [], "past": [], "total": 0, "next": None}
    filtered = run("alerts", "list", "--rule", "error_rate").output
    assert filtered == "no alert, now or before, that matches\n"


@pytest.mark.usefixtures("stored")
def test_retire_names_the_place_of_a_legacy_handler_and_why_it_stays(run):
    result = run("retire", "--days", "1")
    assert result.exit_code == 1
    (row,) = (line for line in result.output.splitlines() if line.startswith("ping "))
    assert "conftest.py:" in row
    assert "0 % of the users" in row
    (told,) = json.loads(run("retire", "--days", "1", "--json").output)
    assert told["legacy_calls"] == 3
    assert told["ready"] is False


def test_retire_says_when_it_knows_no_bot(run):
    result = run("retire")
    assert result.exit_code == 1
    assert "start the bot once" in result.output


def test_config_show_names_sources_and_hides_secrets(run, environ):
    environ |= {"MONITORING_TOKEN": "0123456789abcdef0123", "ALERT_FOR": "2m"}
    rows = {row["variable"]: row for row in json.loads(run("config", "show", "--json").output)}
    assert rows["MONITORING_TOKEN"] == {
        "variable": "MONITORING_TOKEN",
        "value": "***",
        "source": "MONITORING_TOKEN",
    }
    assert rows["ALERT_FOR"]["value"] == "2m"
    assert rows["ALERT_REPEAT"]["source"] == "default"
    assert "0123456789abcdef" not in run("config", "show").output


def test_wrong_settings_and_wrong_flags_are_named_together(run, environ):
    environ |= {"ALERT_FOR": "soon", "FEATURE_FLAG_DDD_COMMANDS_PING": "perhaps"}
    for words in (("config", "show"), ("doctor",), ("serve",)):
        error = run(*words).exception
        assert isinstance(error, SettingsError)
        assert "ALERT_FOR='soon'" in str(error)
        assert "FEATURE_FLAG_DDD_COMMANDS_PING='perhaps'" in str(error)


@pytest.mark.usefixtures("stored")
def test_the_doctor_finds_nothing_wrong_where_nothing_is(run):
    result = run("doctor")
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.output.splitlines()] == [
        "libraries", "settings", "store", "flags", "port",
    ]  # fmt: skip


@pytest.mark.usefixtures("stored")
def test_the_doctor_names_a_misspelt_flag_with_the_nearest(run, environ):
    environ["FEATURE_FLAG_DDD_COMMANDS_PINGG"] = "true"
    assert "did you mean ddd.commands.ping?" in run("doctor").output


def test_the_doctor_says_that_a_port_is_taken(run, stored, environ):
    monitor = served(stored)
    try:
        environ["HEALTH_CHECK_PORT"] = port_of(monitor)
        assert "is a monitor running?" in run("doctor").output
    finally:
        monitor.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_healthcheck_asks_the_address_that_the_monitor_listens_on(run, stored, environ, host):
    monitor = served(stored, host=host)
    try:
        environ |= {"HEALTH_CHECK_PORT": port_of(monitor), "MONITORING_HOST": host}
        result = run("healthcheck")
        assert result.exit_code == 0, result.output
        assert run("healthcheck", "--ready").exit_code == 0
    finally:
        monitor.stop()
    assert run("healthcheck").exit_code == 1


@pytest.mark.parametrize("variable", ["MONITORING_ENABLED", "MONITORING_HTTP"])
def test_a_monitor_that_is_switched_off_makes_no_bot_unhealthy(run, environ, variable):
    environ[variable] = "false"
    result = run("healthcheck")
    assert (result.exit_code, result.output) == (0, f"not checked: {variable} is false\n")


def test_a_duration_out_of_the_grammar_names_its_option(run):
    result = run("demo", "--duration", "90")
    assert result.exit_code == 2
    assert "--duration" in result.output
    assert "for example 120s" in result.output


def test_every_command_helps(run, environ):
    for name in changeover.commands:
        assert run(name, "--help").exit_code == 0
    assert not Path(environ["MONITORING_DATA_DIR"]).exists()


def test_status_draws_the_plan_and_the_judges_word_where_there_are_any():
    from changeover.cli.status import draw

    stats = {"total": 9, "errors": 0, "error_rate": 0.0, "p95_ms": 3.0}
    told = {
        "health": {"status": "healthy", "checks": []},
        "migration": {"on_new": 0, "total": 1},
        "systems": {"legacy": "legacy", "new": "ddd"},
        "window": {"text": "1h"},
        "as_of": "2026-01-01T00:00:00Z",
        "totals": stats | {"p50_ms": 1.0, "p99_ms": 3.0, "max_ms": 3.0},
        "by_system": {},
        "resources": {"memory_mb": 1.0, "loop_lag_ms": 0.0, "stale": False},
        "alerts": {"thresholds": {"error_rate": 0.01}, "active": []},
        "commands": [
            {"command": "ping", "category": None, "share_percent": 25.0, "systems": {"ddd": stats}}
        ],
        "moves": [
            {
                "scope": "utility",
                "stage": "ramp",
                "share_percent": 25.0,
                "mode": "auto",
                "waits_for": "37 more calls",
            }
        ],
        "verdicts": [{"scope": "ping", "decision": "hold"}],
    }
    lines = click.unstyle(draw(told, "here")).splitlines()
    assert any("utility" in line and "37 more calls" in line for line in lines)
    assert any(line.startswith("ping") and line.endswith("hold") for line in lines)
    without = draw(told | {"moves": [], "verdicts": []}, "here")
    assert "verdict" not in without
