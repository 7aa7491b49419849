"""hikari's clients, each in a virtual environment of its own: what `hikari/play.py` saw there."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

PLAYS = Path(__file__).with_name("hikari")
LIBRARIES = ["lightbulb", "arc"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first run installs the libraries

LEGACY, UNKNOWN = "legacy", "unknown"


@cache
def run_play(python, library):
    """What came of it, once for all tests, a failure too."""
    return subprocess.run(
        [python, "-W", "error", "play.py", library],
        cwd=PLAYS,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def played(python_with):
    def read(library):
        done = run_play(python_with(library), library)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read


@pytest.fixture(params=LIBRARIES)
def library(request):
    return request.param


@pytest.fixture
def result(played, library):
    return played(library)


def record(command, outcome="ok", error=None, system=LEGACY):
    return [command, system, outcome, error, "slash"]


EXPECTED = {
    "cancelled": record("cancelled", "cancelled", "CancelledError"),
    "blocking": record("block"),
    "sub-command of a sub-group": record("sgrp deep leaf"),
    "failure of a sub-command": record("sgrp boom", "failure", "KeyError"),
    "late answer": record("late", "failure", "NotFoundError"),
    "menu": record("Greet"),
    "added later": record("later"),
    "injected": record("inject"),
    "in a direct message": record("sping"),
    "taken out": record("__other__", "not_found", system=UNKNOWN),
}
REFUSED = {
    "lightbulb": record("refused", "denied", "NotOwner", UNKNOWN),
    "arc": record("refused", "denied", system=UNKNOWN),
}
# The errors of each framework, where those of discord.py stand in the cases of every library.
ERRORS = {
    "lightbulb": {
        "CommandOnCooldown": "OnCooldown",
        "CheckFailure": "RuntimeError",
        "TransformerError": "ConversionFailedException",
    },
    "arc": {
        "CommandOnCooldown": "UnderCooldownError",
        "CheckFailure": "GuildOnlyError",
        "TransformerError": "OptionConverterFailureError",
    },
}


def _load_conformance():
    path = Path(__file__).with_name("conformance.py")
    spec = importlib.util.spec_from_file_location("conformance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = {name: c for name, c in _load_conformance().CASES.items() if c.kind == "slash"}


@pytest.mark.parametrize("case", CASES)
def test_every_case_of_every_library_gives_its_records_and_no_others(case, library, result):
    expected = [
        record(command, outcome, ERRORS[library].get(error, error), system)
        for command, system, outcome, error in CASES[case].expected
    ]
    assert [row[:5] for row in result["conformance"][case]] == expected


@pytest.mark.parametrize("case", [*EXPECTED, "refused by the library"])
def test_each_use_is_one_record_with_the_right_name_system_and_outcome(case, library, result):
    expected = EXPECTED.get(case) or REFUSED[library]
    assert [row[:5] for row in result["records"][case]] == [expected]


def test_menus_and_modals_of_lightbulb_are_components_named_by_their_class_and_item(played):
    found = played("lightbulb")
    assert found["components"] == [
        ["Panel go", LEGACY, "ok", None, "component"],
        ["Panel crash", LEGACY, "failure", "KeyError", "component"],
        ["Panel own_id", LEGACY, "ok", None, "component"],
        ["Panel shut", LEGACY, "denied", None, "component"],
        ["Form", LEGACY, "ok", None, "component"],
        ["Panel ask", LEGACY, "ok", None, "component"],
    ]
    assert found["modal answered"] == "hello Bob"


def test_the_bot_posts_for_us_and_answers_a_press_to_its_user_alone(result):
    assert result["posted"] == ["fails", "rolled back", True]
    assert result["presses"] == [[True, "changeover:back"]]
    assert result["refused"] == ["answered 404", True]
    assert result["records of presses"] == 0


@pytest.mark.parametrize(("case", "truth_ms"), [("blocking", 500), ("late answer", 3200)])
def test_the_duration_is_the_truth_within_five_percent(case, truth_ms, result):
    assert result["records"][case][0][5] == pytest.approx(truth_ms, rel=0.05)


def test_without_a_flag_legacy_answers(result):
    text, rows = result["before the flag"]
    assert (text, rows[0][:2]) == ("legacy 1", ["sping", LEGACY])


@pytest.mark.parametrize(
    ("how", "text", "command"),
    [("routed", "new 2", "sping"), ("routed by new_from", "new 4", "sgrp sub")],
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
    assert (text, rows[0][:2]) == ("legacy 3", ["sping", LEGACY])


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


def test_two_shards_are_told_of_one_by_one_and_each_record_tells_its_own(result):
    assert result["latencies"] == {"0": True, "1": True}
    assert sorted(result["two shards"]) == ["0", "1"]
    for shard, rows in result["two shards"].items():
        assert {tuple(row[:5]) for row in rows} == {tuple(record("sping"))}
        assert {row[6] for row in rows} == {int(shard)}
    assert sum(map(len, result["two shards"].values())) == 5


def test_the_monitor_stops_when_the_bot_stops(result):
    assert result["threads while it ran"]
    assert result["threads"] == []


def test_a_bot_of_hikari_alone_is_told_what_to_attach(result):
    assert "attach(lightbulb.client_from_app(bot))" in result["bare"]


def test_nothing_of_ours_went_wrong(result):
    assert result["trouble"] == []
    assert result["unhandled"] == []
