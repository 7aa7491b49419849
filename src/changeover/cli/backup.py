"""`changeover backup`: a copy of the store, taken while everything runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the store to FILE while the bot runs. An existing FILE is not overwritten."""
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        monitor.backup(file)
    finally:
        monitor.stop()
    click.echo(f"{monitor.store_file} -> {file} ({file.stat().st_size:,} bytes)")
