"""`changeover alerts test`: rules played through before they are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from changeover.core.errors import BadValueError, MissingExtraError, SettingsError

if TYPE_CHECKING:
    from changeover.act.rules import Rule
    from changeover.service.rehearsal import Difference


@click.command("test")
@click.argument("rules", type=click.Path(path_type=Path))
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    help="What happens and what is expected, as YAML or TOML; by default RULES has it, too.",
)
def test_rules(rules: Path, samples: Path | None) -> None:
    """Play made-up executions through the rules of RULES, on a virtual clock.

    Compares the alerts with those expected. Exit code 0: they are the same. 1: they differ.
    2: a file is broken. Nothing is sent, and no store is touched.
    """
    from changeover.act.script import script_of
    from changeover.service.rehearsal import rehearse

    known = _rules_of(rules)
    script = script_of(_content(samples or rules), known, file=str(samples or rules))
    named = {one.rule for one in script.expected}
    differences = rehearse([rule for rule in known if rule.name in named], script)
    for difference in differences:
        _show(difference)
    checked = len({(one.step, one.rule) for one in script.expected})
    played = f"{script.steps} evaluations of {len(named)} rules"
    if differences:
        click.echo(f"{len(differences)} of {checked} expectations differ ({played})")
        raise SystemExit(1)
    click.echo(f"all {checked} expectations hold ({played})")


def _rules_of(file: Path) -> Sequence[Rule]:
    from dataclasses import replace

    from changeover.act.rulebook import rules_of_file
    from changeover.settings import Settings
    from changeover.settings.alert_rules import built_in_of

    try:
        found = rules_of_file(file, built_in_of(Settings()))
    except OSError as error:
        raise _unreadable(file, str(error.strerror)) from error
    return [replace(rule, enabled=True) for rule in found]


def _content(file: Path) -> dict[str, Any]:
    from changeover.act.rulebook import read_document

    try:
        if file.suffix not in {".yaml", ".yml"}:
            return read_document(file)[1]
        content = _parse_yaml(file)
    except OSError as error:
        raise _unreadable(file, str(error.strerror)) from error
    if not isinstance(content, dict):
        raise _unreadable(file, str(content))
    return content


def _parse_yaml(file: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("a YAML file of samples", "yaml") from None
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise _unreadable(file, error.reason) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise _unreadable(f"{file}{place}", error.problem or "no YAML") from error
    except yaml.YAMLError as error:
        raise _unreadable(file, " ".join(str(error).split())) from error


def _unreadable(file: Path | str, reason: str) -> SettingsError:
    allowed = "a readable file in TOML or YAML, with a table test"
    return SettingsError([BadValueError(str(file), reason, allowed, '[test] with every = "1m"')])


def _show(difference: Difference) -> None:
    click.secho(f"at {difference.at}, rule {difference.rule}", bold=True)
    for expected, got in zip(difference.expected, difference.got, strict=True):
        click.secho(f"  - expected  {expected}", fg="red")
        click.secho(f"  + got       {got}", fg="green")
