"""`changeover stage` and `changeover stop`, on the store of a bot that ran."""

from __future__ import annotations

import json

import pytest

from changeover import Changeover

pytestmark = pytest.mark.usefixtures("stored")


def share(settings, flag):
    with_store = Changeover(settings, watching_only=True)
    try:
        return with_store.catch_up().flags.share(f"ddd.commands.{flag}")
    finally:
        with_store.stop()


def test_show_lists_every_scope_with_its_stage_and_what_it_waits_for(run):
    result = run("stage", "show")
    assert result.exit_code == 0
    head, row = result.output.splitlines()
    assert head.split() == ["scope", "stage", "share", "mode", "since", "waits", "for"]
    assert row.split()[:5] == ["utility", "off", "0", "%", "manual"]


def test_show_as_json_has_every_field_of_a_move(run):
    (move,) = json.loads(run("stage", "show", "--json").output)
    assert (move["scope"], move["commands"], move["version"]) == ("utility", ["ping"], 0)


def test_a_scope_goes_up_by_force_and_back(run, stored):
    refused = run("stage", "advance", "utility", "--reason", "begin")
    assert refused.exit_code == 1
    assert "utility waits for" in refused.stderr
    assert "--force" in refused.stderr
    done = run("stage", "advance", "utility", "--reason", "begin", "--force")
    assert done.output.startswith("utility: canary 1 %")
    assert share(stored, "utility") == 1
    back = run("stage", "rollback", "utility", "--reason", "bad")
    assert "utility: off 0 %, held by cli:" in back.output
    assert share(stored, "utility") == 0


def test_an_order_about_what_has_changed_says_what_is_there_and_exits_with_1(run):
    run("stage", "hold", "utility", "--reason", "wait")
    result = run("stage", "resume", "utility", "--expect", "0")
    assert result.exit_code == 1
    assert "utility was changed meanwhile, nothing was done: utility: off 0 %, held by" in (
        result.stderr
    )


def test_a_scope_that_is_none_is_named_with_the_nearest(run):
    result = run("stage", "hold", "utilty")
    assert "scope='utilty': expected one of utility, for example utility" in str(result.exception)


def test_approving_what_was_not_asked_is_refused(run):
    result = run("stage", "approve", "utility")
    assert result.exit_code == 1
    assert "there is no proposal" in result.stderr


def test_the_plan_is_shown_as_written(run, tmp_path):
    (tmp_path / "changeover.toml").write_text(
        '[rollout]\nmode = "auto"\n[[rollout.scopes]]\nname = "utility"\nladder = [10, 100]\n'
    )
    output = run("stage", "plan").output
    assert "10 100 %" in output
    assert "auto" in output
    assert "2 retries, then a person" in output


def test_a_freeze_begins_and_ends(run):
    assert run("stage", "freeze", "--until", "2099-01-01T00:00:00Z").exit_code == 0
    assert run("stage", "freeze", "--lift").exit_code == 0
    assert run("stage", "freeze").exit_code == 2


def test_stop_writes_the_file_and_the_store_and_resume_all_lifts_both(run, stored):
    result = run("stop", "--reason", "panic")
    assert result.exit_code == 0
    assert (stored.folder / "STOP").exists()
    assert share(stored, "enabled") == 0
    assert run("resume-all").exit_code == 0
    assert not (stored.folder / "STOP").exists()
    assert run("resume-all").exit_code == 1


def test_stop_works_with_a_broken_store_and_wrong_settings(run, environ, stored, monkeypatch):
    monkeypatch.setenv("MONITORING_DATA_DIR", environ["MONITORING_DATA_DIR"])
    environ["ALERT_REPEAT"] = "never"
    (stored.folder / "changeover.db").write_bytes(b"broken" * 1000)
    result = run("stop", "--reason", "panic")
    assert result.exit_code == 0
    assert (stored.folder / "STOP").exists()
    assert "the store was not told" in result.stderr
