"""`changeover flags`: read and change the flags; every process sees a change within 2 s."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict

import click

from changeover.cli.table import Column, render
from changeover.core.errors import ChangeoverError
from changeover.core.model import FlagState

_UNSET = "default"  # the source of a flag that no source sets


@click.group()
def flags() -> None:
    """Look at the flags and change them while the bot runs."""


@flags.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_flags(as_json: bool) -> None:
    """List every flag with its value and where that comes from."""
    states = _states()
    if as_json:
        click.echo(json.dumps([asdict(state) for state in states], indent=2))
        return
    if not states:
        click.echo("no flag is set; for example: changeover flags set ddd.commands.enabled on")
        return
    columns = [Column("flag"), Column("value", is_number=True), Column("from"), Column("reason")]
    click.echo(render(columns, [_row(state) for state in states]))


@flags.command()
@click.argument("name")
def get(name: str) -> None:
    """Print one flag's value in percent; exit code 2 for a flag that is not set."""
    for state in _states():
        if state.name == name and state.source != _UNSET:
            click.echo(f"{state.share:g} %")
            return
    raise ChangeoverError(f"flag {name!r} is not set; `changeover flags list` shows those that are")


@flags.command("set")
@click.argument("name")
@click.argument("value")
@click.option("--reason", default="", help="Why; kept with the change.")
def set_flag(name: str, value: str, reason: str) -> None:
    """Set a flag: on, off, or a share in percent such as 25%.

    It is kept in the store, which wins over environment and file.
    """
    _change(name, value, reason)


@flags.command()
@click.argument("name")
@click.option("--reason", default="", help="Why; kept with the change.")
def unset(name: str, reason: str) -> None:
    """Take a flag out of the store, so that the environment or the file speaks again."""
    _change(name, None, reason)


def _change(name: str, value: str | None, reason: str) -> None:
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        monitor.catch_up()
        flip = monitor.set_flag(name, value, actor=f"cli:{getpass.getuser()}", reason=reason)
        state = next((state for state in monitor.flags.states() if state.name == name), None)
    finally:
        monitor.stop()
    click.echo(f"{name}: {flip.old or 'not set'} -> {flip.new or 'not set'}")
    if state and not state.known:
        hint = f"; did you mean {state.nearest}?" if state.nearest else ""
        click.secho(f"warning: no command of the bot asks for {name}{hint}", fg="yellow", err=True)


def _states() -> list[FlagState]:
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        return monitor.catch_up().flags.states()
    finally:
        monitor.stop()


def _row(state: FlagState) -> list[str]:
    value = {0.0: "off", 100.0: "on"}.get(state.share, f"{state.share:g} %")
    if state.source == _UNSET:  # not off: a flag that is off wins over its category's
        return [state.name, "-", "not set", "-"]
    name = state.name if state.known else f"{state.name} (unknown; {state.nearest}?)"
    why = " ".join(filter(None, [state.actor, state.reason]))
    return [name, value, state.source, why or "-"]
