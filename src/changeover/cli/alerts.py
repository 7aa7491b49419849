"""`changeover alerts`: what is wrong now, what was, and who looks after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from changeover.cli.alerts_silences import maintenance, silence, silences, unsilence
from changeover.cli.alerts_text import (
    AS_JSON,
    actor,
    matchers_of,
    moment_of,
    print_json,
    shown,
    shown_moment,
    viewing,
)
from changeover.cli.rehearsal import test_rules
from changeover.cli.table import Column, render
from changeover.core.alerting import AlertPage, AlertQuery, Silence
from changeover.core.errors import ChangeoverError
from changeover.core.model import Alert, Flip
from changeover.core.quantity import format_quantity

if TYPE_CHECKING:
    from changeover.service import Changeover


@click.group()
def alerts() -> None:
    """Look at the alerts, silence them, say that you look after one."""


for command in (maintenance, silence, silences, test_rules, unsilence):
    alerts.add_command(command)


@alerts.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--rule", help="Only alerts of this rule.")
@click.option(
    "--severity", type=click.Choice(["warning", "critical"]), help="Only alerts so severe."
)
@click.option("--label", multiple=True, metavar="NAME=TEXT", help="Only alerts with this label.")
@click.option("--since", metavar="TIME", help="Only those that were over at or after this moment.")
@click.option("--until", metavar="TIME", help="Only those that were over before this moment.")
@click.option("--cursor", help="Go on where the page before ended.")
@AS_JSON
def list_alerts(
    limit: int,
    rule: str | None,
    severity: str | None,
    label: Sequence[str],
    since: str | None,
    until: str | None,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List the alerts that are active, then the newest of those that are over."""
    query = AlertQuery(
        rule=rule,
        severity=severity,
        labels=matchers_of(label),
        since_ns=moment_of(since, "since"),
        until_ns=moment_of(until, "until"),
        limit=limit,
        cursor=cursor,
    )
    with viewing() as monitor:
        page = monitor.alerts.history(query)
        active = [] if cursor else _active(monitor, query)
        muted = {alert.key: _silencer(monitor, alert) for alert in active}
    if as_json:
        parts = {"active": active, "past": page.alerts}
        told = {name: [asdict(one) for one in part] for name, part in parts.items()}
        print_json({**told, "total": page.total, "next": page.next})
        return
    if not active and not page.alerts:
        is_filtered = query != AlertQuery(limit=limit)
        click.echo("no alert, now or before" + (", that matches" if is_filtered else ""))
        return
    _print_list(active, page, muted)


@alerts.command()
@click.argument("key")
@AS_JSON
def show(key: str, as_json: bool) -> None:
    """Show all that is known of one alert: KEY is in the list, such as error_rate."""
    with viewing() as monitor:
        active, past = monitor.alerts.alerts(1000)
        found = [alert for alert in [*active, *past] if alert.key == key]
        if not found:
            raise ChangeoverError(
                f"there is no alert {shown(key)!r}; `changeover alerts list` shows those there are"
            )
        changes = monitor.alerts.changes(key)
        muted = _silencer(monitor, found[0])
    if as_json:
        print_json({"alert": asdict(found[0]), "changes": [asdict(flip) for flip in changes]})
        return
    for name, text in _facts(found[0], muted):
        click.echo(f"{name + ':':<15}{text}")
    if changes:
        columns = [Column(name) for name in ("when", "was", "is", "by", "reason")]
        click.echo("\n" + render(columns, [_change(flip) for flip in changes]))


@alerts.command()
@click.argument("key")
@click.option("--reason", default="", help="Why, or what you do; kept with the change.")
@click.option("--episode", type=int, help="Only if it is this firing of it, as `show` says.")
def ack(key: str, reason: str, episode: int | None) -> None:
    """Say that you look after an alert: no more reminders until it is over."""
    with viewing() as monitor:
        alert = monitor.alerts.acknowledge(key, actor(), reason, expected=episode)
    click.echo(f"{shown(alert.key)}: acknowledged by {shown(alert.acknowledged_by or '')}")


def _active(monitor: Changeover, query: AlertQuery) -> list[Alert]:
    active, _ = monitor.alerts.alerts(1)
    timeless = AlertQuery(rule=query.rule, severity=query.severity, labels=query.labels)
    return [alert for alert in active if timeless.matches(alert)]


def _silencer(monitor: Changeover, alert: Alert) -> Silence | None:
    from changeover.act.silences import silencer
    from changeover.core.clock import SystemClock

    known = [*monitor.silences.list(), *monitor.maintenance.list()]
    return silencer(alert, known, SystemClock().wall_ns())


def _print_list(active: Sequence[Alert], page: AlertPage, muted: dict[str, Silence | None]) -> None:
    columns = [Column(name) for name in ("phase", "severity", "since", "key", "what")]
    rows = [_row(alert, muted.get(alert.key)) for alert in [*active, *page.alerts]]
    click.echo(render(columns, rows))
    if page.next:
        left = f"{page.total - len(page.alerts)} more"
        click.echo(f"\n{left}; the next page: --cursor {json.dumps(shown(page.next))}")


def _row(alert: Alert, muted: Silence | None) -> list[str]:
    since = alert.fired_ns or alert.since_ns
    colour = {"firing": "red", "pending": "yellow"}.get(alert.phase.value)
    what = shown(alert.summary)
    if muted is not None:
        what += f" [silenced until {shown_moment(muted.until_ns)}]"
    elif alert.acknowledged_by and alert.phase.value == "firing":
        what += f" [{shown(alert.acknowledged_by)} looks after it]"
    unknown = f" ({alert.unknown.replace('_', ' ')})" if alert.unknown else ""
    phase = click.style(alert.phase.value + unknown, fg=colour)
    return [phase, alert.severity, shown_moment(since), shown(alert.key), what]


def _facts(alert: Alert, muted: Silence | None) -> Iterator[tuple[str, str]]:
    yield "alert", shown(alert.key)
    yield "phase", f"{alert.phase}, {alert.severity}"
    yield "what", shown(alert.summary)
    yield "value", format_quantity(alert.value, alert.unit)
    yield "threshold", format_quantity(alert.threshold, alert.unit)
    yield "peak", format_quantity(alert.peak, alert.unit)
    for name, text in alert.labels.items():
        yield shown(name), shown(text)
    yield "since", shown_moment(alert.since_ns)
    if alert.resolved_ns is not None:
        yield "over since", shown_moment(alert.resolved_ns)
    yield "episode", str(alert.episode)
    if alert.acknowledged_by:
        by, at = shown(alert.acknowledged_by), shown_moment(alert.acknowledged_ns)
        yield "acknowledged", f"by {by}, {at}"
    if muted is not None:
        until = shown_moment(muted.until_ns)
        yield "silenced", f"until {until} by {shown(muted.actor)}: {shown(muted.reason)}"
    if alert.runbook:
        yield "runbook", shown(alert.runbook)


def _change(flip: Flip) -> list[str]:
    was, now = shown(flip.old or "-"), shown(flip.new or "-")
    return [shown_moment(flip.at_ns), was, now, shown(flip.actor), shown(flip.reason or "-")]
