"""`changeover stage`: where each scope of the move is, and orders to move it."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from changeover.cli.table import Column, render
from changeover.core.errors import ConflictError
from changeover.core.move import Move
from changeover.core.order import RefusedOrderError
from changeover.core.quantity import format_duration
from changeover.core.window import format_moment, parse_moment

if TYPE_CHECKING:
    from changeover.act.rollout import Rollout

_COLOURS = {"off": None, "canary": "cyan", "ramp": "cyan", "guarded": "yellow", "done": "green"}


def reason_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that every order has."""
    return click.option("--reason", default="", help="Why; kept with the change.")(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option of everything that prints."""
    text = "Print JSON instead of words."
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


def expect_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option that binds an order to what somebody saw."""
    text = "Only if the scope is still at this version (see --json of `stage show`)."
    return click.option("--expect", type=int, default=None, help=text)(command)


@click.group()
def stage() -> None:
    """Look at the move, scope by scope, and steer it while the bot runs."""


@stage.command()
@json_option
def show(as_json: bool) -> None:
    """Show each scope: its stage, its share, and what it waits for."""
    moves = with_rollout(lambda rollout: rollout.moves())
    if as_json:
        click.echo(json.dumps([asdict(move) for move in moves], indent=2))
    elif not moves:
        click.echo("no scope yet: they are known as soon as the bot has run once")
    else:
        columns = [Column("scope"), Column("stage"), Column("share", is_number=True)]
        columns += [Column("mode"), Column("since"), Column("waits for")]
        click.echo(render(columns, [_row(move) for move in moves]))


@stage.command()
@json_option
def plan(as_json: bool) -> None:
    """Show the plan in force: the order, the ladder and the criteria of each scope."""
    found = with_rollout(lambda rollout: rollout.plan)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    names = ("scope", "after", "ladder", "each at least", "watched", "mode", "proof")
    rows = [
        [
            scope.name,
            ", ".join(scope.after) or "-",
            " ".join(f"{share:g}" for share in scope.ladder) + " %",
            f"{format_duration(scope.min_time_s)}, {scope.min_executions} executions",
            format_duration(scope.bake_s),
            str(scope.mode),
            str(scope.criteria.proof),
        ]
        for scope in found.scopes
    ]
    click.echo(render([Column(name) for name in names], rows))
    cooldown = format_duration(found.cooldown_s)
    click.echo(f"after a rollback: {cooldown} on legacy, {found.retries} retries, then a person")


@stage.command()
@click.argument("scope")
@click.option(
    "--force", is_flag=True, help="Although figures, a freeze or a hold stand against it."
)
@reason_option
@expect_option
@json_option
def advance(scope: str, force: bool, reason: str, expect: int | None, as_json: bool) -> None:
    """Move a scope one rung up."""

    def order(rollout: Rollout) -> Move:
        return rollout.advance(scope, actor=who(), reason=reason, expected=expect, force=force)

    _give(scope, order, as_json)


@stage.command()
@click.argument("scope")
@reason_option
@expect_option
@json_option
def approve(scope: str, reason: str, expect: int | None, as_json: bool) -> None:
    """Say yes to what a scope proposes."""
    _give(
        scope,
        lambda rollout: rollout.approve(scope, actor=who(), reason=reason, expected=expect),
        as_json,
    )


@stage.command()
@click.argument("scope")
@reason_option
@expect_option
@json_option
def hold(scope: str, reason: str, expect: int | None, as_json: bool) -> None:
    """Keep a scope from going up until somebody resumes it."""
    _give(
        scope,
        lambda rollout: rollout.hold(scope, actor=who(), reason=reason, expected=expect),
        as_json,
    )


@stage.command()
@click.argument("scope")
@reason_option
@expect_option
@json_option
def resume(scope: str, reason: str, expect: int | None, as_json: bool) -> None:
    """Let a scope go on after a hold or a rollback, or from a share set by hand."""
    _give(
        scope,
        lambda rollout: rollout.resume(scope, actor=who(), reason=reason, expected=expect),
        as_json,
    )


@stage.command()
@click.argument("scope")
@reason_option
@json_option
def rollback(scope: str, reason: str, as_json: bool) -> None:
    """Take a category or command back to legacy, or `*` for all; it stays so until resumed."""
    _give(scope, lambda rollout: rollout.rollback(scope, actor=who(), reason=reason), as_json)


@stage.command()
@click.option("--until", default=None, help="A time with its zone: 2026-12-27T08:00:00Z.")
@click.option("--lift", is_flag=True, help="End the freeze now.")
@reason_option
def freeze(until: str | None, lift: bool, reason: str) -> None:
    """Let nothing go up until a moment. Taking back is never frozen."""
    if lift == (until is not None):
        raise click.UsageError("either --until or --lift")
    until_ns = None if until is None else parse_moment(until, "until")
    with_rollout(lambda rollout: rollout.freeze(until_ns, actor=who(), reason=reason))
    click.echo("the freeze is over" if until is None else f"nothing goes up until {until}")


def who() -> str:
    """Who gives an order from this shell."""
    return f"cli:{getpass.getuser()}"


def with_rollout(ask: Callable[[Rollout], Any]) -> Any:
    """Ask the rollout of the store that the settings name."""
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        return ask(monitor.catch_up().rollout)
    finally:
        monitor.stop()


def _give(scope: str, order: Callable[[Rollout], Move], as_json: bool) -> None:
    """Give one order; where somebody was first or something stands against it, exit code 1."""
    try:
        move = with_rollout(order)
    except RefusedOrderError as refusal:
        click.secho(f"refused: {refusal}", fg="yellow", err=True)
        sys.exit(1)
    except ConflictError:
        moves = with_rollout(lambda rollout: rollout.moves())
        now = next((_told(move) for move in moves if move.scope == scope), "gone")
        click.secho(
            f"{scope} was changed meanwhile, nothing was done: {now}", fg="yellow", err=True
        )
        sys.exit(1)
    click.echo(json.dumps(asdict(move), indent=2) if as_json else _told(move))


def _told(move: Move) -> str:
    held = f", held by {move.held_by}: {move.held_because}" if move.held_by else ""
    approved = f", approved by {move.approved_by}" if move.approved_by else ""
    return f"{move.scope}: {move.stage} {move.share:g} %{held}{approved} (version {move.version})"


def _row(move: Move) -> list[str]:
    since = format_moment(move.since_ns)[:16].replace("T", " ") if move.since_ns else "-"
    next_share = f" -> {move.proposal:g}" if move.proposal is not None else ""
    return [
        move.scope,
        click.style(str(move.stage), fg=_COLOURS[move.stage.value]),
        f"{move.share:g}{next_share} %",
        str(move.mode),
        since,
        move.waits_for or "-",
    ]
