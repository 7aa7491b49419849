"""`changeover status`: the page, in a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from changeover.cli.figures import count, milliseconds, percent, size
from changeover.cli.table import Column, render, tame
from changeover.core.errors import BadValueError
from changeover.core.window import parse_window

_COLOURS = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}
_MARKS = {"healthy": "●", "degraded": "▲", "unhealthy": "✖"}
_DECISIONS = {"promote": "green", "hold": None, "rollback": "red"}

Snapshot = Mapping[str, Any]


def _window(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return parse_window(text).text
    except BadValueError as error:
        raise click.BadParameter(f"expected {error.allowed}, for example {error.example}") from None


@click.command()
@click.option(
    "--window", default="1h", show_default=True, callback=_window, help="Such as 5m, 24h."
)
@click.option("--json", "as_json", is_flag=True, help="Print the snapshot as JSON, for machines.")
@click.option("--watch", is_flag=True, help="Print it anew every two seconds until Ctrl-C.")
def status(window: str, as_json: bool, watch: bool) -> None:
    """Show how the bot's two command systems do.

    Asks the monitor on this machine; where none answers, reads the store itself.
    Exit code 1 when the bot is unhealthy.
    """
    from changeover.cli.source import follow, snapshot_of
    from changeover.settings import load

    settings = load()
    if watch:
        for snapshot, source in follow(settings, window):
            click.clear()
            click.echo(json.dumps(snapshot) if as_json else draw(snapshot, source))
        return
    snapshot, source = snapshot_of(settings, window)
    click.echo(json.dumps(snapshot, indent=2) if as_json else draw(snapshot, source))
    sys.exit(1 if snapshot["health"]["status"] == "unhealthy" else 0)


def draw(snapshot: Snapshot, source: str) -> str:
    """The snapshot as lines for a terminal of 80 columns or more."""
    parts = [
        _head(snapshot),
        *_troubles(snapshot),
        "",
        _cards(snapshot),
        "",
        *_moves(snapshot),
        *_commands(snapshot),
        "",
        click.style(f"from {source}, as of {snapshot['as_of']}", dim=True),
    ]
    return "\n".join(parts)


def _head(snapshot: Snapshot) -> str:
    state = snapshot["health"]["status"]
    mark = click.style(f"{_MARKS[state]} {state}", fg=_COLOURS[state], bold=True)
    migration = snapshot["migration"]
    moved = (
        f"{migration['on_new']} of {migration['total']} commands on {snapshot['systems']['new']}"
    )
    return f"{mark}   last {snapshot['window']['text']}   {moved}"


def _troubles(snapshot: Snapshot) -> list[str]:
    lines = [
        click.style(
            tame(f"  {_MARKS[check['status']]} {check['name']}: {check['detail']}"), fg="yellow"
        )
        for check in snapshot["health"]["checks"]
        if check["status"] != "healthy"
    ]
    lines += [
        click.style(tame(f"  ! {alert['severity']}: {alert['summary']}"), fg="red", bold=True)
        for alert in snapshot["alerts"]["active"]
        if alert["phase"] == "firing"
    ]
    return lines


def _cards(snapshot: Snapshot) -> str:
    systems = [("all", snapshot["totals"]), *snapshot["by_system"].items()]
    columns = [Column("system")] + [
        Column(heading, is_number=True)
        for heading in ("commands", "errors", "error rate", "p50", "p95", "p99", "max")
    ]
    rows = [
        [
            name,
            count(stats["total"]),
            count(stats["errors"]),
            percent(stats["error_rate"], snapshot["alerts"]["thresholds"]["error_rate"]),
            *(milliseconds(stats[f"{level}_ms"]) for level in ("p50", "p95", "p99", "max")),
        ]
        for name, stats in systems
    ]
    resources = snapshot["resources"]
    memory = size(resources["memory_mb"])
    lag = milliseconds(resources["loop_lag_ms"])
    stale = click.style("  stale", fg="yellow") if resources["stale"] else ""
    return f"{render(columns, rows)}\n\nmemory {memory}   loop lag {lag}{stale}"


def _moves(snapshot: Snapshot) -> list[str]:
    """Where each scope of the plan stands; nothing where no plan is."""
    moves = snapshot.get("moves", ())
    if not moves:
        return []
    columns = [
        Column("scope"),
        Column("stage"),
        Column("share", is_number=True),
        Column("mode"),
        Column("waits for"),
    ]
    rows = [
        [
            move["scope"],
            move["stage"],
            f"{move['share_percent']:g} %",
            move["mode"],
            move["waits_for"] or "-",
        ]
        for move in moves
    ]
    return [render(columns, rows), ""]


def _verdicts(snapshot: Snapshot) -> dict[str, str]:
    """The judge's word on each command."""
    return {
        verdict["scope"]: click.style(
            verdict["decision"], fg=_DECISIONS.get(verdict["decision"], "yellow")
        )
        for verdict in snapshot.get("verdicts", ())
    }


def _commands(snapshot: Snapshot) -> list[str]:
    if not snapshot["commands"]:
        return ["no command is registered or was called yet"]
    old, new = snapshot["systems"]["legacy"], snapshot["systems"]["new"]
    verdicts = _verdicts(snapshot)
    columns = [
        Column("command"),
        Column("category"),
        Column("share", is_number=True),
        *(
            Column(f"{heading} {system}", is_number=True)
            for heading in ("calls", "errors", "p95")
            for system in (old, new)
        ),
        *([Column("verdict")] if verdicts else []),
    ]
    limit = snapshot["alerts"]["thresholds"]["error_rate"]
    rows = []
    for command in snapshot["commands"]:
        both = [command["systems"].get(system) or {} for system in (old, new)]
        rows.append([
            command["command"],
            command["category"] or "-",
            f"{command['share_percent']:g} %",
            *(count(stats.get("total")) for stats in both),
            *(percent(stats.get("error_rate"), limit) for stats in both),
            *(milliseconds(stats.get("p95_ms")) for stats in both),
            *([verdicts.get(command["command"], "-")] if verdicts else []),
        ])  # fmt: skip
    return [render(columns, rows)]
