"""`changeover alerts test`: exit codes, a readable diff, TOML and YAML."""

from __future__ import annotations

import sys

import pytest

from changeover import ChangeoverError

RULES = """
[[alerts.rules]]
name = "mine"
metric = "errors"
window = "1h"
warning = 5
"""
TOML = """
[[test.series]]
command = "add"
executions = "10x1440"
errors = "0x60 1x60 0x1320"
[[test.expect]]
at = "2h"
rule = "mine"
state = "{state}"
[[test.expect]]
at = "24h"
rule = "mine"
state = "none"
"""
YAML = """
test:
  every: 1m
  series:
    - command: add
      executions: 10x180
      errors: 0x60 1x60 0x60
  expect:
    - {at: 2h, rule: mine, state: firing}
"""


@pytest.fixture
def files(tmp_path):
    def write(**contents):
        for name, text in contents.items():
            (tmp_path / name.replace("_", ".")).write_text(text, "utf-8")
        return tmp_path

    return write


def test_a_day_that_goes_as_expected_is_exit_code_0(run, files):
    folder = files(rules_toml=RULES + TOML.format(state="firing"))
    result = run("alerts", "test", str(folder / "rules.toml"))
    assert (result.exit_code, result.output) == (
        0,
        "all 2 expectations hold (1440 evaluations of 1 rules)\n",
    )


def test_a_difference_is_exit_code_1_and_shows_both_sides(run, files):
    folder = files(rules_toml=RULES, day_toml=TOML.format(state="none"))
    result = run(
        "alerts", "test", str(folder / "rules.toml"), "--samples", str(folder / "day.toml")
    )
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "at 2h, rule mine",
        "  - expected  none",
        "  + got       firing warning",
        "1 of 2 expectations differ (1440 evaluations of 1 rules)",
    ]


def test_samples_may_be_yaml(run, files):
    folder = files(rules_toml=RULES, day_yaml=YAML)
    result = run(
        "alerts", "test", str(folder / "rules.toml"), "--samples", str(folder / "day.yaml")
    )
    assert (result.exit_code, "all 1 expectations hold" in result.output) == (0, True)


def test_without_its_library_yaml_says_what_to_install(run, files, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    folder = files(rules_toml=RULES, day_yaml=YAML)
    result = run(
        "alerts", "test", str(folder / "rules.toml"), "--samples", str(folder / "day.yaml")
    )
    assert isinstance(result.exception, ChangeoverError)
    assert "pip install 'changeover[yaml]'" in str(result.exception)


@pytest.mark.parametrize(
    ("rules", "samples", "told"),
    [
        ("[[alerts.rules", None, "rules.toml, line 1="),
        ("a = 1\nb = \nc = 1", None, "rules.toml, line 2, column 5="),
        (RULES.replace("errors", "erors"), None, "rules.toml, line 4: rule 1 (mine): metric='erors'"),
        (RULES, None, "test='': expected a table"),
        (RULES, "test: [", "day.yaml, line 1, column"),
        (RULES, "- 1\n", "day.yaml"),
        (RULES, YAML.replace("rule: mine", "rule: min"), "did you mean mine?"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_with_its_place(run, files, rules, samples, told):
    folder = files(rules_toml=rules, day_yaml=samples or "")
    words = ["alerts", "test", str(folder / "rules.toml")]
    result = run(*words, *(["--samples", str(folder / "day.yaml")] if samples else []))
    assert isinstance(result.exception, ChangeoverError)
    assert told in str(result.exception)


def test_a_file_that_is_not_there_is_told(run, tmp_path):
    result = run("alerts", "test", str(tmp_path / "none.toml"))
    assert "No such file" in str(result.exception)


def test_a_rehearsal_touches_no_store_and_tells_no_log(run, files, environ, caplog):
    folder = files(rules_toml=RULES + TOML.format(state="firing"))
    environ["MONITORING_DATA_DIR"] = str(folder / "data")
    run("alerts", "test", str(folder / "rules.toml"))
    assert not (folder / "data").exists()
    assert caplog.records == []
