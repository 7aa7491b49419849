from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_MS, NS_PER_S, ManualClock
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import (
    CommandState,
    ErrorInfo,
    FlagCheck,
    FlagState,
    Outcome,
    Reason,
    Series,
    Stats,
)
from changeover.core.window import parse_window
from changeover.show import units, views
from changeover.show.failures import failures_view
from changeover.show.problems import encode
from changeover.show.records import record_json
from changeover.show.snapshot import snapshot

HOUR = parse_window("1h")
NOW_NS = ManualClock().wall_ns()


def snapshot_of(world, window=HOUR):
    return snapshot(world.readings(), window, NOW_NS)


def summary_of(world):
    return views.summary_view(
        world.summary(HOUR),
        window=HOUR,
        timeline=world.timeline(HOUR),
        resource=world.resource,
        commands=world.commands,
        now_ns=NOW_NS,
    )


def test_no_executions_are_no_data_and_not_zero_percent():
    view = views.stats_view(Stats())
    assert (view["total"], view["status"], view["error_rate"]) == (0, "no_data", None)
    assert view["p95_ms"] is None
    assert view["mean_ms"] is None


def test_every_outcome_is_there_with_its_count(make):
    view = views.stats_view(make.stats(10, 2))
    assert view["by_outcome"] == {
        outcome.value: {Outcome.OK: 8, Outcome.FAILURE: 2}.get(outcome, 0) for outcome in Outcome
    }
    assert view["error_rate"] == 0.2


@given(st.floats())
def test_no_number_that_json_lacks_ever_leaves(value):
    for number in (units.finite(value), units.ms(value), units.mb(value)):
        assert number is None or math.isfinite(number)
    assert b"NaN" not in encode({"a": [value], "b": (value,)})
    assert b"Infinity" not in encode({"a": {"b": value}})


def test_a_lone_surrogate_in_a_name_is_no_error():
    assert json.loads(encode({"command": "\ud800"})) == {"command": "\ud800"}


# --- /health/commands -------------------------------------------------------------------------


def test_the_summary_keeps_the_references_names(make):
    view = summary_of(make.world())
    executions = view["command_executions"]
    assert executions["total"] == 100
    assert executions["by_system"] == {"legacy": 50, "ddd": 50}
    assert executions["by_command"] == {"add": 100, "__other__": 3}
    assert executions["avg_duration"] == 8.0
    assert executions["error_rate"] == 0.02
    assert view["resource_usage"]["current_memory_mb"] == 200.0
    assert view["timestamp"] == "2026-01-01T00:00:00.000Z"


def test_the_summary_has_every_series(make):
    series = summary_of(make.world())["command_executions"]["series"]
    assert [(row["command"], row["system"], row["total"]) for row in series] == [
        ("__other__", "unknown", 3),
        ("add", "ddd", 50),
        ("add", "legacy", 50),
    ]


def test_the_summary_says_from_when_to_when_it_counted(make):
    assert summary_of(make.world())["window"] == {
        "text": "1h",
        "seconds": 3600,
        "counted_from": "2025-12-31T23:00:00.000Z",
        "counted_to": "2026-01-01T00:00:00.000Z",
        "exact_to": "event",
    }


def test_memory_over_the_window_comes_from_its_steps(make):
    usage = summary_of(make.world())["resource_usage"]
    assert usage["peak_memory_mb"] == 103.0
    assert usage["avg_memory_mb"] == pytest.approx((100 + 102 + 103) / 3, abs=0.1)


def test_no_sample_is_no_data_and_not_zero_megabytes():
    usage = views.resource_usage_view(None, None, NOW_NS)
    assert usage["status"] == "no_data"
    assert usage["current_memory_mb"] is None
    assert usage["peak_memory_mb"] is None
    assert usage["age_s"] is None


def test_a_stale_sample_is_not_shown_as_current(make):
    usage = views.resource_usage_view(make.sample(NOW_NS - 91 * NS_PER_S), None, NOW_NS)
    assert (usage["status"], usage["stale"], usage["age_s"]) == ("stale", True, 91.0)
    assert usage["current_memory_mb"] is None
    assert usage["last_memory_mb"] == 200.0


# --- the migration ----------------------------------------------------------------------------


def state(name: str, share: float = 0.0, *, has_new: bool = True) -> CommandState:
    return CommandState(name, "utility", True, has_new, share, Reason.FLAG, None)


def test_the_migration_is_computed_from_the_registry(make):
    migration = summary_of(make.world())["migration"]
    assert migration == {
        "total": 4,
        "with_new": 3,
        "on_new": 1,
        "percent": 25.0,
        "complete": False,
        "missing": ["auth"],
        "percent_by_command": {"ping": 100.0, "add": 25.0, "auth": 0.0, "list": 0.0},
    }


def test_a_migration_of_nothing_is_not_complete():
    migration = views.migration_view([])
    assert migration["complete"] is False
    assert migration["percent"] is None


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=20))
def test_a_migration_is_complete_exactly_when_every_command_is_wholly_on_the_new_system(rows):
    states = [state(str(n), share, has_new=new) for n, (share, new) in enumerate(rows)]
    migration = views.migration_view(states)
    assert migration["complete"] == (bool(rows) and all(s == 100 and new for s, new in rows))
    assert migration["on_new"] <= migration["with_new"] <= migration["total"]
    assert len(migration["missing"]) == migration["total"] - migration["with_new"]


# --- /health/features -------------------------------------------------------------------------


def test_features_are_booleans_as_in_the_reference_and_details_beside_them(make):
    view = views.features_view(make.world().flags, NOW_NS)
    assert view["ddd.commands.enabled"] is True
    assert view["ddd.commands.add"] is True
    assert view["ddd.commands.utilty"] is False
    add, typo = view["_flags"]["details"][1:]
    assert (add["share_percent"], add["source"], add["age_s"]) == (25.0, "store", 60.0)
    assert (add["actor"], add["reason"]) == ("cli:ann", "stage 2")
    assert (typo["known"], typo["nearest"]) == (False, "ddd.commands.utility")


def test_a_flag_that_is_named_like_the_reserved_key_is_still_in_the_details():
    view = views.features_view([FlagState("_flags", 100.0, "file")], NOW_NS)
    assert [flag["name"] for flag in view["_flags"]["details"]] == ["_flags"]


# --- records ----------------------------------------------------------------------------------


def test_an_execution_keeps_the_references_names_and_adds_the_trace(make):
    assert record_json("a1", make.execution()) == {
        "timestamp": "2025-12-31T23:59:59.000Z",
        "command": "add",
        "system": "ddd",
        "duration_ms": 12.0,
        "success": False,
        "error": "no such alias",
        "outcome": "failure",
        "error_type": "ValueError",
        "fingerprint": "abcdef012345",
        "kind": "call",
        "shard": None,
        "reason": "flag",
        "deciding_flag": "ddd.commands.add",
        "share_percent": 25.0,
        "bucket": 3.17,
        "instance": "a1",
    }


@pytest.mark.parametrize("outcome", Outcome)
def test_success_is_false_exactly_for_what_the_error_rate_counts(make, outcome):
    record = record_json("a1", make.execution(series=Series("add", "ddd", outcome)))
    assert record["success"] is not outcome.is_error


def test_a_flag_check_keeps_the_references_names():
    record = record_json("a1", FlagCheck(NOW_NS, "ddd.commands.add", True, "add"))
    assert record["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert (record["flag"], record["enabled"], record["command"]) == (
        "ddd.commands.add",
        True,
        "add",
    )
    assert record["reason"] is None


def test_a_resource_sample_says_numbers_and_not_objects(make):
    record = record_json("a1", make.sample())
    assert (record["memory_used_mb"], record["memory_total_mb"]) == (200.0, 512.0)
    assert record["cpu_usage_percent"] == 3.5
    assert record["open_files"] is None


# --- the snapshot -----------------------------------------------------------------------------


def test_the_snapshot_keeps_its_promise_to_the_page(make):
    view = snapshot_of(make.world(active=[make.alert()]))
    assert view["schema_version"] == 1
    assert view["systems"] == {"legacy": "legacy", "new": "ddd"}
    assert set(view) >= {
        "as_of", "version", "instance", "window", "health", "totals", "by_system", "commands",
        "migration", "timeline", "resources", "flags", "alerts", "failures", "dropped",
    }  # fmt: skip
    assert view["alerts"]["thresholds"] == {
        "error_rate": 0.01,
        "response_time_ms": 1000.0,
        "memory_mb": 1000.0,
    }
    assert view["alerts"]["active"][0]["fired_at"] == "2026-01-01T00:00:00.000Z"
    assert view["alerts"]["past"][0]["phase"] == "resolved"


def test_both_systems_are_there_even_without_executions(make):
    view = snapshot_of(make.world(total=0))
    assert view["by_system"]["ddd"]["status"] == "no_data"
    assert view["by_system"]["legacy"]["status"] == "no_data"
    assert view["totals"]["error_rate"] is None


def test_commands_that_nobody_registered_are_shown_last_and_without_category(make):
    rows = snapshot_of(make.world())["commands"]
    assert [row["command"] for row in rows] == ["ping", "add", "auth", "list", "__other__"]
    other = rows[-1]
    assert (other["registered"], other["category"], other["reason"]) == (False, None, None)
    assert other["systems"]["unknown"]["total"] == 3


def test_a_commands_systems_stand_beside_each_other(make):
    add = snapshot_of(make.world())["commands"][1]
    assert {name: view["total"] for name, view in add["systems"].items()} == {
        "legacy": 50,
        "ddd": 50,
    }


def test_all_columns_of_the_timeline_are_equally_long_and_gaps_are_null(make):
    timeline = snapshot_of(make.world())["timeline"]
    legacy = timeline["systems"]["legacy"]
    columns = [timeline["start"], timeline["memory_mb"], timeline["loop_lag_ms"], *legacy.values()]
    assert {len(column) for column in columns} == {4}
    assert legacy["count"] == [10, 0, 20, 5]
    assert legacy["error_rate"] == [0.0, None, 0.1, 0.0]
    assert timeline["memory_mb"] == [100.0, None, 102.0, 103.0]
    assert timeline["start"][1] - timeline["start"][0] == timeline["step_s"] == 900.0


def test_failures_are_grouped_by_fingerprint_newest_group_first(make):
    timeout = make.execution(5.0, series=Series("list", "legacy", Outcome.TIMEOUT), error=None)
    other = make.execution(3.0, series=Series("remove", "ddd", Outcome.FAILURE))
    groups = failures_view([make.execution(9.0), timeout, other])
    assert [group["fingerprint"] for group in groups] == ["abcdef012345", "timeout"]
    assert groups[0]["count"] == 2
    assert groups[0]["commands"] == ["add", "remove"]
    assert groups[0]["systems"] == {"ddd": 2}
    assert groups[0]["first_at"] < groups[0]["last_at"]


def test_a_group_is_described_by_its_newest_member(make):
    older = make.execution(9.0, error=ErrorInfo("ValueError", "row 1", "abc"))
    newer = make.execution(1.0, error=ErrorInfo("ValueError", "row 2", "abc"))
    assert failures_view([older, newer])[0]["message"] == "row 2"


def test_a_store_that_is_away_leaves_the_rest_of_the_snapshot(make):
    def away(name: str) -> None:
        if name in {"timeline", "newest"}:
            raise StoreUnavailableError("locked")

    view = snapshot_of(make.world(before=away))
    assert view["unavailable"] == ["timeline", "failures"]
    assert view["timeline"]["start"] == []
    assert view["failures"] == []
    assert view["totals"]["total"] == 100


def test_an_alert_without_a_value_is_null(make):
    assert views.alert_view(replace(make.alert(), value=math.nan))["value"] is None


def test_everything_in_a_snapshot_is_json(make):
    world = make.world(
        records=[("a1", make.execution())], active=[make.alert()], dropped={"full": 3}
    )
    assert json.loads(encode(snapshot_of(world))) == snapshot_of(world)


def test_ages_are_never_negative():
    assert units.age_s(NOW_NS + NS_PER_MS, NOW_NS) == 0.0


def test_the_read_model_needs_no_web_framework():
    probe = (
        "import sys, changeover.show, changeover.show.snapshot, changeover.show.health\n"
        "heavy = {'fastapi', 'starlette', 'pydantic', 'uvicorn', 'prometheus_client'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
