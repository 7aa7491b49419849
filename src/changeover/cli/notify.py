"""`changeover notify`: which channels are set up, and whether their receivers accept a message."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from changeover.cli.table import Column, render

if TYPE_CHECKING:
    from changeover.core.ports import Channel
    from changeover.service.trial import Trial


@click.group()
def notify() -> None:
    """Look at the channels that alerts go to, and try them."""


@notify.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_channels(as_json: bool) -> None:
    """List the channels that are set up."""
    channels = _channels()
    rows = [{"channel": name, "receiver": repr(channel)} for name, channel in channels.items()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    columns = [Column("channel"), Column("receiver")]
    click.echo(render(columns, [[row["channel"], row["receiver"]] for row in rows]))


@notify.command("test")
@click.option("--channel", "wanted", multiple=True, help="Only this one, such as discord.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def test(wanted: tuple[str, ...], as_json: bool) -> None:
    """Send a test message through each channel that is set up.

    Exit code 0 only when every receiver accepted it. The channel bot belongs to the bot's own
    process, and cannot be tried from another.
    """
    import asyncio

    from changeover.core.clock import SystemClock
    from changeover.service.trial import try_channels

    channels = _wanted(_channels(), wanted)
    link = _link()
    trials = asyncio.run(try_channels(channels, clock=SystemClock(), link=link))
    if as_json:
        shown = [{**trial._asdict(), "latency_ms": round(trial.latency_ms, 1)} for trial in trials]
        click.echo(json.dumps(shown, indent=2))
    else:
        columns = [Column("channel"), Column("accepted"), Column("latency", is_number=True)]
        columns.append(Column("status"))
        click.echo(render(columns, [_row(trial) for trial in trials]))
    sys.exit(0 if all(trial.accepted for trial in trials) else 1)


def _channels() -> Mapping[str, Channel]:
    from changeover.core.clock import SystemClock
    from changeover.service.wiring import channels_of
    from changeover.settings import load

    return channels_of(load(), SystemClock())


def _link() -> str | None:
    from changeover.settings import load

    return load().link


def _wanted(channels: Mapping[str, Channel], names: tuple[str, ...]) -> Mapping[str, Channel]:
    from changeover.core.errors import BadValueError

    for name in names:
        if name not in channels:
            known = "a channel that is set up: " + ", ".join(channels)
            raise BadValueError("--channel", name, known, next(iter(channels)))
    return {name: channels[name] for name in names} if names else channels


def _row(trial: Trial) -> list[str]:
    accepted = click.style("yes", fg="green") if trial.accepted else click.style("no", fg="red")
    return [trial.channel, accepted, f"{trial.latency_ms:.0f} ms", trial.status]
