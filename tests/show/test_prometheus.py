from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.histogram import Histogram
from changeover.core.model import Outcome, Series
from changeover.show.prometheus import BOUNDS_S, cumulative, exposition

NOW_NS = ManualClock().wall_ns()


def scrape(world) -> str:
    return exposition(world.readings(), NOW_NS).decode()


@pytest.fixture
def busy(world, make):
    world.totals = {
        Series("add", "ddd", Outcome.OK): make.cell(4, 40, 400),
        Series("add", "ddd", Outcome.FAILURE): make.cell(4000),
        Series("grp sub", "legacy", Outcome.OK): make.cell(0.5),
    }
    world.dropped = {"full": 2}
    world.active = [make.alert()]
    return world


def test_executions_are_counted_by_command_system_and_outcome(busy):
    name = "changeover_command_executions_total"
    text = scrape(busy)
    assert f'{name}{{command="add",outcome="ok",system="ddd"}} 3.0' in text
    assert f'{name}{{command="add",outcome="failure",system="ddd"}} 1.0' in text


def test_durations_are_seconds_and_cover_all_outcomes(busy):
    name, text = "changeover_command_duration_seconds", scrape(busy)
    assert f'{name}_count{{command="add",system="ddd"}} 4.0' in text
    assert f'{name}_sum{{command="add",system="ddd"}} 4.444' in text
    assert f'{name}_bucket{{command="add",le="0.05",system="ddd"}} 2.0' in text
    assert f'{name}_bucket{{command="add",le="3.0",system="ddd"}} 3.0' in text
    assert f'{name}_bucket{{command="add",le="+Inf",system="ddd"}} 4.0' in text


def test_the_rest_of_the_figures_are_there_in_base_units(busy):
    text = scrape(busy)
    assert "changeover_resident_memory_bytes 2.097152e+08" in text
    assert "changeover_event_loop_lag_seconds 0.004" in text
    assert 'changeover_flag_share_ratio{flag="ddd.commands.add",source="store"} 0.25' in text
    assert 'changeover_dropped_records_total{reason="full"} 2.0' in text
    assert 'rule="error_rate"' in text
    assert 'changeover_build_info{instance_name="host/42"' in text


def test_a_stale_sample_gives_its_age_and_nothing_else(busy, make):
    busy.resource = make.sample(NOW_NS - 600 * NS_PER_S)
    text = scrape(busy)
    assert "changeover_resource_age_seconds 600.0" in text
    assert "changeover_resident_memory_bytes" not in text


def test_names_are_escaped_and_lone_surrogates_are_no_error(busy, make):
    busy.totals = {Series('a"b\\c\nd\ud800', "ddd", Outcome.OK): make.cell(1)}
    assert r'command="a\"b\\c\nd?"' in scrape(busy)


@given(st.lists(st.integers(0, 60 * NS_PER_S), max_size=50))
def test_buckets_grow_end_with_all_and_put_every_value_within_a_percent_of_its_place(values):
    histogram = Histogram()
    histogram.add_many(values)
    pairs = cumulative([histogram])
    counts = [count for _, count in pairs]
    assert counts == sorted(counts)
    assert counts[-1] == len(values)
    for bound, (_, count) in zip(BOUNDS_S, pairs, strict=False):
        limit = bound * NS_PER_S
        assert sum(v <= limit * 0.99 for v in values) <= count
        assert count <= sum(v <= limit * 1.01 for v in values)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_complain_about(busy):
    check = subprocess.run(
        ["promtool", "check", "metrics"],
        input=scrape(busy), text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert (check.returncode, check.stderr, check.stdout) == (0, "", "")


def test_two_thousand_series_stay_below_five_mebibytes(world, make):
    cell = make.cell(*range(1, 40))
    world.totals = {
        Series(f"group subcommand {number}", "legacy", Outcome.OK): cell for number in range(2_000)
    }
    assert len(scrape(world)) <= 5 * 2**20
