"""`changeover token`: who may do something over HTTP; made and revoked on this machine."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from typing import Any

import click

from changeover.cli.table import Column, render


@click.group()
def token() -> None:
    """Make, list and revoke the tokens of those who use the page and the API."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "operator", "admin"]),
    required=True,
    help="What it allows: to read; to change flags, stages and alerts as well; tokens, too.",
)
@click.option("--expires", default=None, help="How long it holds, such as 30d; else until revoked.")
@click.option("--reason", default="", help="Why; kept with the change.")
def create(name: str, role: str, expires: str | None, reason: str) -> None:
    """Make a token and print it: this is the only time that it is shown.

    The store keeps a digest. Running bots know the new token within two seconds.
    """
    values = {"role": role} | ({} if expires is None else {"expires": expires})
    made = _order("token.create", name, reason, values)
    until = f" until {made['expires_at']}" if made["expires_at"] else ""
    click.echo(made["token"])
    click.echo(f"{name} is {role}{until}; keep this token, it is not shown again", err=True)


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_tokens(as_json: bool) -> None:
    """List the tokens: whose, with which role, and when they were used; never their text."""
    from changeover.cli.source import viewer
    from changeover.core.clock import SystemClock
    from changeover.settings import load
    from changeover.show.units import moment

    monitor = viewer(load())
    try:
        tokens = monitor.tokens.all()
    finally:
        monitor.stop()
    now_ns = SystemClock().wall_ns()
    rows = [
        {
            "name": each.name,
            "role": each.role.value,
            "created_at": moment(each.created_ns),
            "created_by": each.created_by,
            "expires_at": moment(each.expires_ns),
            "expired": each.is_expired(now_ns),
            "used_at": moment(each.used_ns),
        }
        for each in tokens
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif not rows:
        click.echo("no token; for example: changeover token create anna --role operator")
    else:
        columns = [Column(heading) for heading in ("name", "role", "made by", "expires", "used")]
        click.echo(render(columns, [_row(row) for row in rows]))


@token.command()
@click.argument("name")
@click.option("--reason", default="", help="Why; kept with the change.")
def revoke(name: str, reason: str) -> None:
    """Make a token worthless, and end its logins, in every process within two seconds."""
    _order("token.revoke", name, reason, {})
    click.echo(f"{name}: revoked")


def _order(verb: str, subject: str, reason: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    from changeover.cli.source import viewer
    from changeover.core.order import Order
    from changeover.settings import load

    monitor = viewer(load())
    try:
        actor = f"cli:{getpass.getuser()}"
        return monitor.order(
            Order(verb=verb, subject=subject, actor=actor, reason=reason, values=values)
        )
    finally:
        monitor.stop()


def _row(row: Mapping[str, Any]) -> list[str]:
    expires = "expired" if row["expired"] else _day(row["expires_at"]) or "never"
    return [row["name"], row["role"], row["created_by"], expires, _day(row["used_at"]) or "-"]


def _day(moment: str | None) -> str | None:
    return None if moment is None else moment[:16] + "Z"
