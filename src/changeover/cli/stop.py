"""`changeover stop` and `changeover resume-all`: the emergency stop, and its end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from changeover.cli.stage import reason_option, who, with_rollout
from changeover.core.errors import ChangeoverError, SettingsError
from changeover.core.order import RefusedOrderError
from changeover.settings import Settings


@click.command()
@reason_option
def stop(reason: str) -> None:
    """Send every call to legacy now, whatever else works; `changeover resume-all` lifts it.

    A file named STOP in the data folder stops the processes of this machine within a second,
    even with a locked store, a full disk or wrong settings. Then the store tells the others.
    """
    from changeover.act.brakes import StopFile
    from changeover.core.clock import SystemClock

    settings = _settings()
    file = StopFile(settings.folder, settings.system)
    trouble: list[str] = []
    try:
        file.write(who(), reason, SystemClock().wall_ns())
        click.echo(f"stopped on this machine: {file.path}")
    except OSError as error:
        trouble.append(f"{file.path}: {error.strerror}")
    try:
        with_rollout(lambda rollout: rollout.stop(actor=who(), reason=reason))
        click.echo("stopped in the store: every process follows within 2 s")
    except ChangeoverError as error:
        trouble.append(f"the store was not told: {error}")
    for told in trouble:
        click.secho(f"warning: {told}", fg="yellow", err=True)
    if len(trouble) > 1:
        sys.exit(1)


@click.command("resume-all")
@reason_option
def resume_all(reason: str) -> None:
    """Lift the emergency stop; every share is again what it was."""
    try:
        with_rollout(lambda rollout: rollout.start_again(actor=who(), reason=reason))
    except RefusedOrderError as refusal:
        click.secho(f"refused: {refusal}", fg="yellow", err=True)
        sys.exit(1)
    click.echo("the stop is lifted: every share is again what it was")


def _settings() -> Settings:
    """What is set, or the defaults: nobody who wants to stop waits for a typo to be found."""
    from changeover.settings import load

    try:
        return load()
    except SettingsError as error:
        click.secho(f"warning: {error}", fg="yellow", err=True)
        folder = os.environ.get("MONITORING_DATA_DIR")
        return Settings(data_dir=Path(folder) if folder else None)
