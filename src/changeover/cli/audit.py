"""`changeover audit`: who changed what, when and why, and who tried."""

from __future__ import annotations

import json

import click

from changeover.cli.table import Column, render
from changeover.core.model import Flip
from changeover.core.window import format_moment


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--subject", default=None, help="Only rows about this, such as 'flag NAME'.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a row a line.")
def audit(limit: int, subject: str | None, as_json: bool) -> None:
    """List the newest changes and refused attempts, with who, when and why."""
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        flips = monitor.controls.flips(limit, subject)
    finally:
        monitor.stop()
    if as_json:
        for flip in flips:
            click.echo(json.dumps(_told(flip)))
    elif not flips:
        click.echo("nothing was changed yet")
    else:
        columns = [Column(heading) for heading in ("when", "what", "old", "new", "who", "why")]
        click.echo(
            render(columns, [[cell or "-" for cell in _told(flip).values()] for flip in flips])
        )


def _told(flip: Flip) -> dict[str, str | None]:
    return {
        "at": format_moment(flip.at_ns)[:19] + "Z",
        "subject": flip.subject,
        "old": flip.old,
        "new": flip.new,
        "actor": flip.actor,
        "reason": flip.reason,
    }
