"""hikari's clients, each in a virtual environment of its own: what `hikari/play.py` saw there."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAYS = Path(__file__).with_name("hikari")
PACKAGES = {"lightbulb": "hikari-lightbulb>=3.0,<4", "arc": "hikari-arc>=2.0,<3"}
UNREACHABLE = ("No matching distribution", "Could not find a version", "ConnectionError")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first run installs the libraries

LEGACY, UNKNOWN = "legacy", "unknown"


def python_with(library):
    """The interpreter of the environment that has the library; made once, kept under `.venv`."""
    home = ROOT / ".venv" / "other" / library
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True, capture_output=True)
    probe = [python, "-c", f"import changeover, {library}, aiohttp, fastapi"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        install(python, PACKAGES[library])
    return python


def install(python, package):
    wanted = [python, "-m", "pip", "install", "--quiet", "hikari", package, "-e", str(ROOT)]
    done = subprocess.run(wanted, check=False, capture_output=True, text=True, timeout=240)
    if done.returncode and any(sign in done.stderr for sign in UNREACHABLE):
        pytest.skip(f"the package registry cannot be reached: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


@cache
def played(library):
    done = subprocess.run(
        [python_with(library), "-W", "error", "play.py", library],
        cwd=PLAYS,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=PACKAGES)
def library(request):
    return request.param


@pytest.fixture
def result(library):
    return played(library)


def record(command, outcome="ok", error=None, system=LEGACY):
    return [command, system, outcome, error, "slash"]


EXPECTED = {
    "slash": record("ping"),
    "failure": record("boom", "failure", "KeyError"),
    "cooldown": record("cool"),
    "cancelled": record("cancelled", "cancelled", "CancelledError"),
    "blocking": record("block"),
    "sub-command": record("grp sub"),
    "sub-command of a sub-group": record("grp deep leaf"),
    "failure of a sub-command": record("grp boom", "failure", "KeyError"),
    "late answer": record("late", "failure", "NotFoundError"),
    "menu": record("Greet"),
    "added later": record("later"),
    "injected": record("inject"),
    "in a direct message": record("ping"),
    "taken out": record("__other__", "not_found", system=UNKNOWN),
}
OF_LIBRARY = {
    "lightbulb": {
        "cooldown again": record("cool", "throttled", "OnCooldown", UNKNOWN),
        "check": record("check", "denied", "RuntimeError", UNKNOWN),
        "bad option": record("convert", "user_error", "ConversionFailedException", UNKNOWN),
        "refused by the library": record("refused", "denied", "NotOwner", UNKNOWN),
    },
    "arc": {
        "cooldown again": record("cool", "throttled", "UnderCooldownError", UNKNOWN),
        "check": record("check", "denied", "GuildOnlyError", UNKNOWN),
        "bad option": record("convert", "user_error", "OptionConverterFailureError", UNKNOWN),
        "refused by the library": record("refused", "denied", system=UNKNOWN),
    },
}


@pytest.mark.parametrize("case", [*EXPECTED, *OF_LIBRARY["arc"]])
def test_each_use_is_one_record_with_the_right_name_system_and_outcome(case, library, result):
    expected = EXPECTED.get(case) or OF_LIBRARY[library][case]
    assert [row[:5] for row in result["records"][case]] == [expected]


@pytest.mark.parametrize(("case", "truth_ms"), [("blocking", 500), ("late answer", 3200)])
def test_the_duration_is_the_truth_within_five_percent(case, truth_ms, result):
    assert result["records"][case][0][5] == pytest.approx(truth_ms, rel=0.05)


def test_without_a_flag_legacy_answers(result):
    text, rows = result["before the flag"]
    assert (text, rows[0][:2]) == ("legacy 1", ["ping", LEGACY])


@pytest.mark.parametrize(
    ("how", "text", "command"),
    [("routed", "new 2", "ping"), ("routed by new_from", "new 4", "grp sub")],
)
def test_the_new_implementation_gets_the_same_options(how, text, command, result):
    answer, rows = result[how]
    assert answer == text
    assert [row[:3] for row in rows] == [[command, "ddd", "ok"]]


def test_extensions_loaded_and_reloaded_after_attach_are_routed(result):
    first, second = result["extension"], result["extension, again"]
    assert (first[0], [row[:2] for row in first[1]]) == ("legacy extra", [["extra", LEGACY]])
    assert (second[0], [row[:2] for row in second[1]]) == ("new extra", [["extra", "ddd"]])


def test_a_flag_decides_from_the_next_call_on(result):
    text, rows = result["flag back"]
    assert (text, rows[0][:2]) == ("legacy 3", ["ping", LEGACY])


def test_legacy_answers_for_a_new_one_that_failed_unheard_and_the_failure_counts(result):
    text, rows = result["fallback"]
    assert text == "legacy fall"
    assert [row[:4] for row in rows] == [["fall", "ddd", "failure", "KeyError"]]


def test_there_is_no_second_answer(result):
    text, rows = result["no second answer"]
    assert text == "new"
    assert [row[:4] for row in rows] == [["spoke", "ddd", "failure", "KeyError"]]


def test_a_new_implementation_that_cannot_take_the_options_is_refused(result):
    assert "has no argument for 'more'" in result["unfit"]


def test_the_bots_error_handler_gets_the_very_exception(result):
    assert result["errors"] == [True]


def test_what_is_synced_is_what_is_synced_without_us(result):
    assert result["synced"]
    assert result["synced"] == result["synced without us"]


def test_detach_restores_every_object(result):
    assert result["snapshot"] > 10
    assert result["left behind"] == []
    assert result["after detach"] == ["legacy 8", []]


def test_the_gateway_is_told_of_without_inventing_a_latency(result):
    facts = {"ready": True, "guilds": 1, "shards": [0], "latency known": True, "reconnects": 0}
    assert result["gateway before the start"] == [False, {}]
    assert result["gateway"] == facts


def test_reconnects_and_rate_limits_are_counted(result):
    assert result["trouble seen"] == [1, 1, True]


def test_two_shards_are_told_of_one_by_one_and_a_use_is_still_one_record(result):
    assert result["latencies"] == {"0": True, "1": True}
    assert [row[:5] for row in result["two shards"]] == [record("ping")]


def test_the_monitor_stops_when_the_bot_stops(result):
    assert result["threads while it ran"]
    assert result["threads"] == []


def test_a_bot_of_hikari_alone_is_told_what_to_attach(result):
    assert "attach(lightbulb.client_from_app(bot))" in result["bare"]


def test_nothing_of_ours_went_wrong(result):
    assert result["trouble"] == []
    assert result["unhandled"] == []
