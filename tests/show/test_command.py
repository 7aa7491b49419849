"""A command's own page: both systems beside each other, and nobody else's failures."""

from __future__ import annotations

import json

import pytest

from changeover.core.clock import NS_PER_MS, NS_PER_S, ManualClock
from changeover.core.detail import CommandDetail
from changeover.core.model import (
    CommandState,
    Coverage,
    ErrorInfo,
    Execution,
    Outcome,
    Reason,
    Series,
    Slot,
    Stats,
    Timeline,
)
from changeover.core.window import parse_window
from changeover.show.command import command_view

NOW_NS = 1_767_225_600 * NS_PER_S
NOW_S = ManualClock().wall_ns() / NS_PER_S
STATE = CommandState(
    "add",
    "personality",
    True,
    True,
    25.0,
    Reason.FLAG,
    "ddd.commands.add",
    False,
    "a.py:1",
    "b.py:2",
)
DETAIL = CommandDetail(
    command="add",
    coverage=Coverage(start_ns=NOW_NS - 3600 * NS_PER_S, end_ns=NOW_NS, exact_to_event=False),
    by_system={"ddd": Stats(total=4, errors=1, error_ratio=0.25)},
    distributions={"ddd": ((2.0 * NS_PER_MS, 3),)},
    timeline=Timeline(60 * NS_PER_S, [Slot(start_ns=NOW_NS, by_system={})]),
)


def failure(command: str, system: str) -> Execution:
    error = ErrorInfo("KeyError", "'avatar'", "0" * 12)
    return Execution(NOW_NS, Series(command, system, Outcome.FAILURE), 5, error)


def look(state=STATE, failures=()):
    return command_view(
        DETAIL,
        state,
        window=parse_window("1h"),
        system="ddd",
        failures=failures,
        verdict=None,
        flips=(),
        now_ns=NOW_NS,
    )


def test_both_systems_are_there_also_the_one_without_calls():
    view = look()
    json.dumps(view, allow_nan=False)
    assert list(view["systems"]) == ["legacy", "ddd"]
    assert view["systems"]["legacy"] == {
        "stats": view["systems"]["legacy"]["stats"],
        "distribution": [],
    }
    assert view["systems"]["legacy"]["stats"]["status"] == "no_data"
    assert view["systems"]["ddd"]["distribution"] == [[2.0, 3]]
    assert set(view["timeline"]["systems"]) == {"legacy", "ddd"}
    assert (view["legacy_at"], view["new_at"]) == ("a.py:1", "b.py:2")


def test_failures_are_its_own_and_stand_by_system():
    view = look(failures=[failure("add", "ddd"), failure("add", "legacy"), failure("list", "ddd")])
    assert view["failures"]["ddd"][0]["count"] == 1
    assert view["failures"]["legacy"][0]["commands"] == ["add"]


def test_a_command_that_is_not_registered_says_so():
    view = look(state=None)
    assert view["registered"] is False
    assert view["category"] is None
    assert view["share_percent"] == 0.0


async def test_the_endpoint_tells_one_command_with_what_steers_it(site):
    status, told = await site.get("/api/commands/add?window=5m")
    assert status == 200
    assert told["window"]["text"] == "5m"
    assert told["category"] == "personality"
    assert told["systems"]["ddd"]["distribution"] == [[2.0, 8]]
    assert told["verdict"]["reason"].startswith("37 more")
    assert [flip["new"] for flip in told["flips"]] == ["25%"], "those of other flags are not its"


@pytest.mark.parametrize("path", ["ping", "auth"])
async def test_a_registered_command_that_nobody_called_has_a_page(site, path):
    status, told = await site.get(f"/api/commands/{path}")
    assert status == 200
    assert told["systems"]["ddd"]["stats"]["status"] == "no_data"


@pytest.mark.parametrize("name", ["nobody", "a/b", "%2e%2e%2fhealth", "<script>", "x" * 300])
async def test_a_command_that_nobody_knows_is_not_found(site, name):
    status, told = await site.get(f"/api/commands/{name}")
    assert status == 404
    assert told["error"]["code"] == "unknown_command"
    assert len(told["error"]["value"]) <= 64


async def test_the_snapshot_holds_moves_verdicts_and_flips(site):
    _, told = await site.get("/api/snapshot")
    assert told["moves"][0]["share_percent"] == 25.0
    assert told["verdicts"][0]["curve"] == [[NOW_S, 0.5]]
    assert told["flips"][0]["actor"] == "cli:ann"
