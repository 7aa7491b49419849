"""The benchmark's short form: a few small runs of every scenario, with the rules of others."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def judging(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    import bench.judging

    return bench.judging


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_its_short_form_sees_no_false_rollback_and_every_hard_break(judging):
    figures = {figure.name: figure for figure in judging.run(short=True, docs=None)}
    false = [f for f in figures.values() if f.note.startswith("false rollbacks, ")]
    assert len(false) >= 4
    assert all(figure.value == 0 for figure in false)
    for share, most in (("10", 7), ("50", 9), ("90", 7)):
        assert 3 <= figures[f"a command fails always, at {share} %"].value <= most
    assert figures["promotion by pooling, truly equal, at 50 %"].value == 100.0


def test_rules_that_must_do_badly_do(judging):
    figures = {figure.name: figure.value for figure in judging.controls(short=True)}
    assert figures["control: 0.1 % in five minutes, 100 commands an hour"] == 100.0
    assert figures["control: no drip"] > 100
    assert len(figures) == 4


def test_two_runs_of_one_task_are_the_same(judging):
    task = (len(judging.SCENARIOS) - 2, 7, 1_000, True)
    assert judging.one_run(task) == judging.one_run(task)
