"""Moves, verdicts and flips as JSON: every field, finite figures, nothing invented."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from changeover.core.clock import NS_PER_S
from changeover.core.model import Flip
from changeover.core.move import Mode, Move, Stage
from changeover.core.verdict import Arm, Decision, Evidence, Verdict
from changeover.show.flips import flip_view
from changeover.show.steering import flips_of, move_view, verdict_view

AT_NS = 1_767_225_600 * NS_PER_S


def verdict(**changes) -> Verdict:
    told = {
        "scope": "add",
        "decision": Decision.ROLLBACK,
        "code": "worse_errors",
        "reason": "5 of 9 calls of `add` failed, 0 of 80 on legacy.",
        "at_ns": AT_NS,
        "legacy": Arm(executions=80, error_ratio=0.0, error_low=0.0, error_high=0.06),
        "new": Arm(executions=9, errors=5, error_ratio=5 / 9, p50_ns=3e6, p95_ns=9e6),
        "evidence": [Evidence(name="errors", value=5123.456, threshold=3600.0)],
        "rollback": Evidence(name="rollback", value=float("inf"), threshold=3600.0),
    }
    return Verdict(**told | changes)


def test_a_verdict_is_told_with_its_figures_in_milliseconds_and_never_infinite():
    view = verdict_view(verdict(), [(AT_NS, 0.5), (AT_NS + NS_PER_S, 3.71234)])
    json.dumps(view, allow_nan=False)
    assert view["decision"] == "rollback"
    assert view["new"] == {
        "executions": 9,
        "errors": 5,
        "error_rate": 0.555556,
        "error_low": None,
        "error_high": None,
        "p50_ms": 3.0,
        "p95_ms": 9.0,
    }
    assert view["evidence"] == [{"name": "errors", "value": 5123.0, "threshold": 3600.0}]
    assert view["rollback"]["value"] == 1e30
    assert view["curve"] == [[1_767_225_600.0, 0.5], [1_767_225_601.0, 3.712]]


def test_a_verdict_on_nothing_says_so_with_nulls():
    view = verdict_view(
        Verdict(scope="*", decision=Decision.HOLD, code="no_data", reason="No calls yet.")
    )
    assert view["at"] is None
    assert view["new"]["error_rate"] is None
    assert view["curve"] == []


@pytest.mark.parametrize("view", [verdict_view(verdict()), move_view(Move(scope="a", flag="f"))])
def test_every_field_is_told(view):
    noun = Verdict if "decision" in view else Move
    renamed = {"share": "share_percent", "proposal": "proposal_percent"}
    inside = {"began_ns", "asked_ns", "seen", "parent", "tries"}  # what only the rollout needs
    for field in fields(noun):
        if field.name in inside:
            continue
        name = renamed.get(field.name, field.name.removesuffix("_ns"))
        assert name in view or f"{name}_at" in view


def test_a_move_is_told_in_percent_and_iso_times():
    move = Move(
        scope="utility",
        flag="ddd.commands.utility",
        commands=("help", "ping"),
        mode=Mode.AUTO,
        stage=Stage.RAMP,
        share=25.0,
        since_ns=AT_NS,
        proposal=50.0,
        version=3,
    )
    view = move_view(move)
    assert (view["stage"], view["mode"], view["share_percent"]) == ("ramp", "auto", 25.0)
    assert (view["proposal_percent"], view["version"]) == (50.0, 3)
    assert view["since"].startswith("2026-01-01T00:00:00")


def test_a_command_s_flips_are_those_of_its_flags_and_its_own_move():
    mine = Flip(AT_NS, "flag ddd.commands.add", "25%", "0%", "auto", "failing")
    other = Flip(AT_NS, "flag ddd.commands.ping", None, "1%", "cli:me", "")
    move = Flip(AT_NS, "stage add", "ramp", "off", "auto", "failing")
    assert flips_of("add", ["ddd.commands.add"], [mine, other, move]) == [mine, move]
    assert flip_view(mine)["old"] == "25%"
