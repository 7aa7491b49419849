"""`changeover retire`: which legacy code may go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from changeover.cli.figures import count
from changeover.cli.table import Column, render
from changeover.core.window import format_moment

if TYPE_CHECKING:
    from changeover.settings import Settings
    from changeover.show.retire import Retiree

_STEP_S = 3_600


@click.command()
@click.option(
    "--days", default=14, show_default=True, type=click.IntRange(1, 365),
    help="For how long legacy must not have run.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def retire(days: int, as_json: bool) -> None:
    """Say which legacy handlers nothing needs any more, by file and line.

    Looks at what was stored (MONITORING_KEEP_HISTORY, 30 days by default). Exit code 0 when all
    of them may go, 1 when some are still needed.
    """
    from changeover.settings import load

    found = _look(load(), days)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        click.echo(_draw(found, days))
    if not found or not all(one.ready for one in found):
        raise SystemExit(1)


def _look(settings: Settings, days: int) -> list[Retiree]:
    from changeover.cli.source import viewer
    from changeover.core.clock import NS_PER_S, SystemClock
    from changeover.show.retire import DAY_NS, retirees

    monitor = viewer(settings)
    try:
        readings = monitor.catch_up().readings()
        now_ns, step_ns = SystemClock().wall_ns(), _STEP_S * NS_PER_S
        start_ns = now_ns - max(days * DAY_NS, settings.keep_history_s * NS_PER_S)
        return retirees(
            readings.commands(),
            readings.slots(start_ns, now_ns, step_ns),
            step_ns=step_ns,
            now_ns=now_ns,
            days=days,
            fallback_share=monitor.flags.share(f"{settings.system}.commands.fallbackOnError") or 0,
        )
    finally:
        monitor.stop()


def _draw(found: Sequence[Retiree], days: int) -> str:
    if not found:
        return "no command with a legacy handler is known: start the bot once with this store"
    columns = [
        Column("command"),
        Column("may go"),
        Column(f"legacy calls, {days} d", is_number=True),
        Column("new calls", is_number=True),
        Column("legacy last ran"),
        Column("where"),
        Column("why"),
    ]
    ready = [one for one in found if one.ready]
    lines = [render(columns, [_row(one) for one in found]), ""]
    if len(ready) == len(found):
        lines.append(
            "Every legacy handler may go. Remove them, then the routing: give the bot the new ones "
            "as its own commands, and keep `attach` only for the figures."
        )
    else:
        lines.append(f"{len(ready)} of {len(found)} legacy handlers may go.")
    return "\n".join(lines)


def _row(one: Retiree) -> list[str]:
    last = format_moment(one.last_legacy_ns)[:10] if one.last_legacy_ns else "not in the history"
    return [
        one.command,
        click.style("yes", fg="green") if one.ready else click.style("no", fg="yellow"),
        count(one.legacy_calls),
        count(one.new_calls),
        last,
        one.legacy_at or "-",
        one.why,
    ]
