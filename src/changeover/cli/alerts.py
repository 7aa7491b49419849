"""`changeover alerts`: what is wrong now, and what was."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from changeover.cli.rehearsal import test_rules
from changeover.cli.table import Column, render
from changeover.core.model import Alert
from changeover.core.window import format_moment


@click.group()
def alerts() -> None:
    """Look at the alerts."""


alerts.add_command(test_rules)


@alerts.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_alerts(limit: int, as_json: bool) -> None:
    """List the alerts that are active, then the newest of those that are over."""
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        active, past = monitor.alerts.alerts(limit)
    finally:
        monitor.stop()
    if as_json:
        shown = {"active": [asdict(a) for a in active], "past": [asdict(a) for a in past]}
        click.echo(json.dumps(shown, indent=2))
    elif not active and not past:
        click.echo("no alert, now or before")
    else:
        columns = [Column("phase"), Column("severity"), Column("since"), Column("what")]
        click.echo(render(columns, [_row(alert) for alert in [*active, *past]]))


def _row(alert: Alert) -> list[str]:
    since = alert.fired_ns or alert.since_ns
    colour = {"firing": "red", "pending": "yellow"}.get(alert.phase.value)
    unknown = f" ({alert.unknown.replace('_', ' ')})" if alert.unknown else ""
    return [
        click.style(alert.phase.value + unknown, fg=colour),
        alert.severity,
        format_moment(since)[:19] + "Z" if since else "-",
        alert.summary,
    ]
