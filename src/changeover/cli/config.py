"""`changeover config show`: every setting, its value and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from changeover.cli.table import Column, render

if TYPE_CHECKING:
    from changeover.settings import Row


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(as_json: bool) -> None:
    """Print every setting with its value and source; secrets are hidden.

    Wrong settings are all named at once, with exit code 2.
    """
    import json

    from changeover.settings import load, table

    settings = load()
    rows = [
        {
            "variable": row.variable,
            "value": _shown(getattr(settings, name), row, settings.folder),
            "source": settings.sources[name],
        }
        for name, row, _ in table()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    columns = [Column("setting"), Column("value"), Column("from")]
    click.echo(render(columns, [[row["variable"], row["value"], row["source"]] for row in rows]))
    for warning in settings.warnings:
        click.secho(f"warning: {warning}", fg="yellow", err=True)


def _shown(value: Any, row: Row, folder: Path) -> str:
    if value is None:
        paths = {"MONITORING_DATA_DIR": str(folder), "ALERT_LOG": str(folder / "alerts.log")}
        return paths.get(row.variable, "-")
    return row.grammar.show(value) or "-"
