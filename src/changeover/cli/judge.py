"""`changeover judge`: what the judge says, would have said, and how far it can be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from changeover.cli.figures import count, milliseconds
from changeover.cli.judge_calibrate import calibrate
from changeover.cli.judge_replay import replay
from changeover.cli.judge_settings import scope_name
from changeover.cli.table import Column, render

_COLOURS = {"promote": "green", "hold": None, "rollback": "red"}
_LEGEND = """\
promote: proven to be no worse than legacy.  hold: not enough evidence, or something is wrong with it.
rollback: proven to be worse. An interval holds however often one looks. "against it" is the evidence
for a rollback, as odds: 1 says nothing, and at the second figure it is rolled back."""
_TESTS = {
    "errors": "fails more often than legacy",
    "error_limit": "fails more often than allowed",
    "latency": "is slower than legacy",
    "no_worse_errors": "fails no more often than legacy",
    "no_slower_median": "takes no longer, in half of the calls",
    "no_slower_p95": "takes no longer, in 95 of 100 calls",
    "slower_than_wished": "is a little slower than legacy",
    "user_errors": "tells people of other mistakes than legacy",
    "rollback": "should be rolled back, all in all",
}

Verdict = Mapping[str, Any]


@click.group()
def judge() -> None:
    """Say what the judge thinks of the new system, and how far it can be trusted."""


judge.add_command(replay)
judge.add_command(calibrate)


@judge.command("show")
@click.argument("command", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(command: str | None, as_json: bool) -> None:
    """Show the verdict on each command, and on all together, with its figures.

    With COMMAND, every test of this one; `*` is all together. Asks the monitor on this machine;
    where none answers, reads the store itself.
    """
    from changeover.cli.source import snapshot_of
    from changeover.settings import load

    snapshot, source = snapshot_of(load(), "1h")
    verdicts = snapshot.get("verdicts", [])
    if command is not None:
        verdicts = [_find(verdicts, command)]
    if as_json:
        click.echo(json.dumps(verdicts if command is None else verdicts[0], indent=2))
        return
    systems = (snapshot["systems"]["legacy"], snapshot["systems"]["new"])
    lines = _draw(verdicts, systems) if command is None else _draw_one(verdicts[0], systems)
    click.echo("\n".join([*lines, "", click.style(f"from {source}", dim=True)]))


def _find(verdicts: Sequence[Verdict], command: str) -> Verdict:
    from changeover.core.errors import BadValueError
    from changeover.core.nearest import nearest

    found = {verdict["scope"]: verdict for verdict in verdicts}
    if command not in found:
        meant = nearest(command, list(found), at_least=0) if found else "ping"
        allowed = "a command that the judge has seen, or * for all together"
        raise BadValueError("COMMAND", command, allowed, str(meant))
    return found[command]


def _draw(verdicts: Sequence[Verdict], systems: tuple[str, str]) -> list[str]:
    if not any(one["legacy"]["executions"] or one["new"]["executions"] for one in verdicts):
        return ["The judge has seen no execution yet, so it holds everything where it is."]
    columns = [
        Column("command"),
        Column("verdict"),
        *(Column(f"calls {system}", is_number=True) for system in systems),
        *(Column(f"error rate {system}", is_number=True) for system in systems),
        Column("against it", is_number=True),
    ]
    table = render(columns, [_row(verdict) for verdict in verdicts])
    why = [sentence for one in verdicts for sentence in (one["reason"], *one["concerns"])]
    heading = click.style("Why", bold=True)
    return [table, "", heading, *dict.fromkeys(why), "", *_dimmed(_LEGEND)]


def _row(verdict: Verdict) -> list[str]:
    arms = (verdict["legacy"], verdict["new"])
    return [
        scope_name(verdict["scope"]),
        _decision(verdict),
        *(count(arm["executions"]) for arm in arms),
        *(rate(arm) for arm in arms),
        f"{odds(verdict['rollback']['value'])} of {odds(verdict['rollback']['threshold'])}",
    ]


def _draw_one(verdict: Verdict, systems: tuple[str, str]) -> list[str]:
    arms = (verdict["legacy"], verdict["new"])
    weaker = ", against legacy as it was recorded: weaker" if verdict["mode"] == "baseline" else ""
    columns = [Column(""), *(Column(system, is_number=True) for system in systems)]
    figures = [
        ["calls", *(count(arm["executions"]) for arm in arms)],
        ["of these errors", *(count(arm["errors"]) for arm in arms)],
        ["error rate", *(rate(arm) for arm in arms)],
        ["p50", *(milliseconds(arm["p50_ms"]) for arm in arms)],
        ["p95", *(milliseconds(arm["p95_ms"]) for arm in arms)],
    ]
    tests = [Column("the new system"), *(Column(name, is_number=True) for name in _BETS)]
    rows = [
        [_TESTS.get(one["name"], one["name"]), odds(one["value"]), odds(one["threshold"])]
        for one in [*verdict["evidence"], verdict["rollback"]]
    ]
    return [
        f"{click.style(scope_name(verdict['scope']), bold=True)}: {_decision(verdict)}{weaker}",
        verdict["reason"],
        *(click.style(f"! {concern}", fg="yellow") for concern in verdict["concerns"]),
        "",
        render(columns, figures),
        "",
        render(tests, rows),
        "",
        *_dimmed("Evidence is odds: 1 says nothing, 20 is 20 to 1. What reaches its need decides."),
    ]


_BETS = ("evidence", "needs")


def _decision(verdict: Verdict) -> str:
    return click.style(verdict["decision"], fg=_COLOURS.get(verdict["decision"], "yellow"))


def rate(arm: Mapping[str, Any]) -> str:
    """An error rate and its interval in percent: `0.50 % (0.1-2.1)`; a dash without data."""
    if arm["error_rate"] is None:
        return "-"
    low, high = (100 * (arm[name] or 0.0) for name in ("error_low", "error_high"))
    return f"{100 * arm['error_rate']:.2f} % ({low:.2g}-{high:.3g})"


def odds(capital: float) -> str:
    """Evidence in at most three digits: `0.12`, `3.4`, `200`, `1.2e+06`."""
    if capital < 0.005:
        return "0"
    return f"{capital:.0f}" if 100 <= capital < 1e6 else f"{capital:.2g}"


def _dimmed(text: str) -> list[str]:
    return [click.style(line, dim=True) for line in text.splitlines()]
