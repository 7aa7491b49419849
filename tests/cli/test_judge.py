"""`changeover judge`, on a store with executions of two systems: one good, one that breaks."""

from __future__ import annotations

import json
from random import Random
from xml.etree import ElementTree as ET

import pytest

from changeover import Changeover, Settings
from changeover.cli.judge_settings import OPTIONS
from changeover.core.clock import NS_PER_MS, NS_PER_S, SystemClock
from changeover.core.errors import BadValueError, ChangeoverError
from changeover.core.model import (
    LEGACY,
    Batch,
    Execution,
    Flip,
    Instance,
    Outcome,
    Reason,
    Series,
    Trace,
)
from changeover.core.window import format_moment
from changeover.judge.table import KEYS
from changeover.store.sqlite import open_stores

BOT = Instance("b" * 16, "host", 1)
COMMANDS = ("add", "list", "ping")
BEFORE, CALLS, BREAKS_AT = 110, 1_500, 900
STEP_NS = 2 * NS_PER_S


def recorded(start_ns):
    """Legacy alone, then half and half; from call 900 on, three of four new `add` fail."""
    dice, at_ns, made = Random(5), start_ns, []
    for call in range(-BEFORE * len(COMMANDS), CALLS):
        command = COMMANDS[call % 3] if call < 0 else dice.choice(COMMANDS)
        share, bucket = (0.0 if call < 0 else 50.0), dice.randrange(10_000) / 100
        is_new = bucket < share
        is_bad = dice.random() < 0.002
        if is_new and command == "add" and call >= BREAKS_AT:
            is_bad = dice.random() < 0.75
        at_ns += STEP_NS
        series = Series(
            command, "ddd" if is_new else LEGACY, Outcome.FAILURE if is_bad else Outcome.OK
        )
        took_ns = round(dice.uniform(20, 90) * NS_PER_MS)
        trace = Trace(Reason.FLAG, "ddd.commands.personality", share, bucket)
        made.append(Execution(at_ns, series, took_ns, None, trace))
    return made


@pytest.fixture
def start_ns():
    """Two hours ago; the log is about an hour long."""
    return SystemClock().wall_ns() - 7_200 * NS_PER_S


@pytest.fixture
def break_ns(start_ns):
    """When `add` breaks."""
    return start_ns + (BEFORE * len(COMMANDS) + BREAKS_AT) * STEP_NS


def put(tmp_path, executions, flips=()):
    """A store of a bot that has ended."""
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    stores = open_stores(folder / "changeover.db", clock=SystemClock())
    stores.telemetry.append(Batch(BOT, executions))
    if flips:
        stores.state.commit([], flips)
    stores.telemetry.close()
    stores.state.close()


@pytest.fixture
def log(tmp_path, start_ns, break_ns):
    """The store, with what really happened: somebody took `add` back ten minutes later."""
    flag = "flag ddd.commands.add"
    put(
        tmp_path,
        recorded(start_ns),
        [
            Flip(start_ns + STEP_NS, flag, "0", "50", "user:ada", "begin"),
            Flip(break_ns + 600 * NS_PER_S, flag, "50", "0", "user:ada", "people <complain>"),
            Flip(break_ns, "alert memory", None, "firing", "auto", ""),
        ],
    )


def answer(run, *words):
    result = run("judge", *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.usefixtures("log")
def test_a_replay_finds_the_break_within_few_executions_and_names_what_really_happened(run):
    found = answer(run, "replay")
    assert found["executions"] == BEFORE * 3 + CALLS
    rollbacks = [one for one in found["moments"] if one["decision"] == "rollback"]
    assert [one["scope"] for one in rollbacks] == ["add"]
    (rollback,) = rollbacks
    after_break = rollback["executions"] - (BEFORE * 3 + BREAKS_AT)
    assert 0 < after_break < 90, "about 15 calls of add on the new system"
    assert rollback["really"]["reason"] == "people <complain>"
    assert [flip["subject"] for flip in found["flips"]] == ["flag ddd.commands.add"] * 2
    assert found["settings"]["alpha"] == 0.01
    assert {one["scope"] for one in found["verdicts"]} == {"*", *COMMANDS}


@pytest.mark.usefixtures("log")
def test_the_same_log_gives_the_same_answer(run):
    assert run("judge", "replay", "--json").stdout == run("judge", "replay", "--json").stdout
    assert run("judge", "replay").stdout == run("judge", "replay").stdout


@pytest.mark.usefixtures("log")
def test_a_replay_is_readable_and_says_how_far_back_it_could_look(run):
    output = run("judge", "replay").stdout
    assert "Judged 1 830 executions" in output
    assert "(single executions are kept 1d: MONITORING_KEEP_EXECUTIONS)" in output
    (row,) = [line for line in output.splitlines() if line.startswith("add ")]
    assert "rolled back" in row
    assert "50 to 0 by user:ada" in row
    assert "later" in row
    assert "people <complain>" in output


@pytest.mark.usefixtures("log")
def test_other_settings_change_the_answer(run):
    def moments(*words):
        found = answer(run, "replay", *words)["moments"]
        return {(one["scope"], one["decision"]): one["executions"] for one in found}

    usual = moments()
    strict = moments("--alpha", "1e-9", "--min-failures", "12")
    assert strict["add", "rollback"] > usual["add", "rollback"]
    eager = moments("--promote-after", "1m", "--min-executions", "10", "--promote-margin", "0.05")
    assert ("*", "promote") in eager
    assert ("*", "promote") not in usual


@pytest.mark.usefixtures("log")
def test_only_the_time_asked_for_is_judged(run, start_ns):
    middle = format_moment(start_ns + 500 * STEP_NS)
    first = answer(run, "replay", "--until", middle)
    second = answer(run, "replay", "--since", middle)
    assert first["executions"] + second["executions"] == BEFORE * 3 + CALLS
    assert first["to"] < middle <= second["from"]
    assert answer(run, "replay", "--since", "1s")["executions"] == 0


def test_every_key_of_the_table_is_an_option_and_a_wrong_value_is_named(run):
    assert set(OPTIONS) == set(KEYS)
    wrong = run("judge", "replay", "--error-limit", "many").exception
    assert isinstance(wrong, BadValueError)
    assert str(wrong).startswith("--error-limit='many': expected a number")
    wrong = run("judge", "replay", "--since", "yesterday").exception
    assert "--since='yesterday': expected a span such as 24h" in str(wrong)


def test_an_empty_store_is_told_in_one_line(run, tmp_path):
    put(tmp_path, [])
    assert run("judge", "replay").stdout.startswith("There is no execution to judge in this time")
    assert answer(run, "replay")["moments"] == []
    assert run("judge", "show").stdout.startswith("The judge has seen no execution yet")
    error = run("judge", "calibrate", "--runs", "1").exception
    assert isinstance(error, ChangeoverError)
    assert "0 executions of legacy are kept" in str(error)


def test_too_little_history_says_how_much_there_is_and_how_much_is_needed(run, tmp_path, start_ns):
    put(tmp_path, recorded(start_ns)[:30])
    error = run("judge", "calibrate", "--runs", "1").exception
    assert str(error) == (
        "too little history to draw from: 30 executions of legacy are kept, at most 10 of one "
        "command; needed is a command with 20 executions of legacy, and a day of use is better"
    )


FEW = ("calibrate", "--runs", "3", "--length", "400", "--share", "50", "--seed", "4")


@pytest.mark.usefixtures("log")
def test_a_calibration_finds_hard_faults_and_is_the_same_for_the_same_seed(run):
    found, again = answer(run, *FEW), answer(run, *FEW)
    found.pop("at"), again.pop("at")
    hours = ("per_hour", "median_hours", "p90_hours")  # of a log that grows older meanwhile
    for one in (found, again, *found["detections"], *again["detections"]):
        for name in hours:
            one.pop(name, None)
    assert found == again
    assert (found["false_runs"], found["false_rollbacks"], found["commands"]) == (3, 0, 3)
    assert 0 < found["false_high"] < 1
    hard = found["detections"][0]
    assert hard["fault"] == "a command always fails"
    assert hard["found"] == hard["runs"] == 1
    assert 1 <= hard["median"] <= 12
    assert found["history"] > BEFORE * 3


@pytest.mark.usefixtures("log")
def test_a_calibration_is_a_table_a_picture_and_kept_for_the_page(run, tmp_path):
    file = tmp_path / "curve.svg"
    result = run("judge", *FEW, "--picture", str(file))
    assert "Rolled back without a fault: 0 of 3 runs" in result.stdout
    assert "a command always fails" in result.stdout
    assert "1 of 1" in result.stdout
    root = ET.fromstring(file.read_text("utf-8"))  # noqa: S314 - our own
    assert "a command always fails" in "".join(root.itertext())
    monitor = Changeover(Settings(data_dir=tmp_path / "data", http=False), watching_only=True)
    try:
        kept = monitor.catch_up().snapshot()["calibration"]
    finally:
        monitor.stop()
    assert kept["share_percent"] == 50
    assert kept["per_hour"] == pytest.approx(1_830 / 2, rel=0.05), "two hours, so many executions"
    assert kept["detections"][0]["median_hours"] > 0
    assert len(kept["detections"]) == 8


@pytest.mark.usefixtures("stored")
def test_show_says_why_with_figures_and_one_command_more_closely(run):
    found = answer(run, "show")
    assert [one["scope"] for one in found] == ["*", "ping"]
    output = run("judge", "show").stdout
    (row,) = [line for line in output.splitlines() if line.startswith("ping")]
    assert "hold" in row
    assert "proven to be no worse than legacy" in output
    one = run("judge", "show", "ping").stdout
    assert one.startswith("ping: hold")
    assert "fails more often than legacy" in one
    assert answer(run, "show", "ping")["scope"] == "ping"
    wrong = run("judge", "show", "pign").exception
    assert "COMMAND='pign'" in str(wrong)
    assert "for example ping" in str(wrong)
