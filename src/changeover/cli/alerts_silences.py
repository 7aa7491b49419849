"""`changeover alerts silence`, `silences`, `unsilence` and `maintenance`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from changeover.cli.alerts_text import (
    AS_JSON,
    actor,
    matchers_of,
    moment_of,
    print_json,
    seconds_of,
    shown,
    shown_moment,
    viewing,
)
from changeover.cli.table import Column, render
from changeover.core.alerting import Silence
from changeover.core.clock import NS_PER_S, SystemClock

_REASON = click.option("--reason", required=True, help="Why; everybody sees it.")


@click.command()
@click.argument("matchers", nargs=-1, required=True, metavar="NAME=TEXT...")
@click.option("--for", "length", required=True, metavar="LENGTH", help="Such as 2h, up to 30d.")
@_REASON
def silence(matchers: Sequence[str], length: str, reason: str) -> None:
    """Withhold the messages of alerts for a while; the alerts go on.

    NAME is rule, severity or a label; TEXT may have `*` and `?`. All must match:

    `changeover alerts silence rule=error_rate "command=add*" --for 2h --reason "known"`
    """
    seconds = seconds_of(length, "--for")
    with viewing() as monitor:
        one = monitor.silences.add(
            matchers_of(matchers), seconds=seconds, actor=actor(), reason=reason
        )
    click.echo(f"silence {one.id}: {_what(one)} until {shown_moment(one.until_ns)}")


@click.command()
@AS_JSON
def silences(as_json: bool) -> None:
    """List the silences that hold."""
    with viewing() as monitor:
        found = monitor.silences.list()
    _print(found, as_json, "nothing is silenced")


@click.command()
@click.argument("id")
def unsilence(id: str) -> None:  # noqa: A002 - the name of the argument
    """End a silence before its time: what fires is told then. ID is in `silences`."""
    with viewing() as monitor:
        one = monitor.silences.end(id, actor=actor())
    click.echo(f"silence {one.id} of {_what(one)} has ended")


@click.group()
def maintenance() -> None:
    """Plan windows of time in which no alert is told."""


@maintenance.command("add")
@click.option("--from", "begin", metavar="TIME", help="When it begins; by default now.")
@click.option("--for", "length", metavar="LENGTH", help="How long: such as 2h, up to 30d.")
@click.option("--until", metavar="TIME", help="When it ends, instead of --for.")
@_REASON
def add_window(begin: str | None, length: str | None, until: str | None, reason: str) -> None:
    """Withhold every message in a window of time; the alerts go on.

    `changeover alerts maintenance add --for 1h --reason "new database"`
    """
    if (length is None) == (until is None):
        raise click.UsageError("say how long: either --for or --until")
    from_ns, until_ns = moment_of(begin, "--from"), moment_of(until, "--until")
    if until_ns is None:
        from_ns = SystemClock().wall_ns() if from_ns is None else from_ns
        until_ns = from_ns + seconds_of(length or "", "--for") * NS_PER_S
    with viewing() as monitor:
        one = monitor.maintenance.add(from_ns, until_ns, actor=actor(), reason=reason)
    begins, ends = shown_moment(one.from_ns), shown_moment(one.until_ns)
    click.echo(f"maintenance {one.id}: from {begins} until {ends}")


@maintenance.command("list")
@AS_JSON
def list_windows(as_json: bool) -> None:
    """List the windows that hold or are to come."""
    with viewing() as monitor:
        found = monitor.maintenance.list()
    _print(found, as_json, "no maintenance is planned")


@maintenance.command("end")
@click.argument("id")
def end_window(id: str) -> None:  # noqa: A002 - the name of the argument
    """End a window before its time, or call it off. ID is in the list."""
    with viewing() as monitor:
        one = monitor.maintenance.end(id, actor=actor())
    click.echo(f"maintenance {one.id} has ended")


def _print(found: Sequence[Silence], as_json: bool, nothing: str) -> None:
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        click.echo(nothing)
    else:
        columns = [Column(name) for name in ("id", "what", "from", "until", "by", "reason")]
        click.echo(render(columns, [_row(one) for one in found]))


def _row(one: Silence) -> list[str]:
    begins, ends = shown_moment(one.from_ns), shown_moment(one.until_ns)
    return [shown(one.id), _what(one), begins, ends, shown(one.actor), shown(one.reason)]


def _what(one: Silence) -> str:
    told = " ".join(f"{name}={text}" for name, text in sorted(one.matchers.items()))
    return shown(told) or "everything"
