"""`changeover config show`: every setting, its value and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from changeover.cli.table import Column, render


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
            "value": _shown(getattr(settings, name), settings.folder, row.variable),
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


def _shown(value: Any, folder: Path, variable: str) -> str:
    if value is None:
        paths = {"MONITORING_DATA_DIR": str(folder), "ALERT_LOG": str(folder / "alerts.log")}
        return paths.get(variable, "-")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
