"""`changeover doctor`: looks at everything that a start needs, and says what it saw."""

from __future__ import annotations

import platform
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import click

from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Check, Status
from changeover.settings import Settings

_SIGNS = {Status.HEALTHY: ("ok", "green"), Status.DEGRADED: ("!!", "yellow")}


@click.command()
def doctor() -> None:
    """Check settings, flags, store, port and libraries without starting anything.

    Exit code 1 when something would keep the monitor from working.
    """
    from changeover.settings import load

    settings = load()
    worst = Status.HEALTHY
    for check in _checks(settings):
        sign, colour = _SIGNS.get(check.status, ("no", "red"))
        click.echo(f"{click.style(sign, fg=colour)}  {check.name:<10} {check.detail}")
        if check.status is Status.UNHEALTHY:
            worst = check.status
    sys.exit(0 if worst is Status.HEALTHY else 1)


def _checks(settings: Settings) -> Iterator[Check]:
    yield _libraries()
    yield _settings(settings)
    yield from _store(settings)
    yield _port(settings)


def _libraries() -> Check:
    try:
        discord = f"discord.py {version('discord.py')}"
    except PackageNotFoundError:
        discord = "no discord.py (pip install 'changeover[discord]')"
    detail = f"Python {platform.python_version()}, changeover {version('changeover')}, {discord}"
    return Check("libraries", Status.HEALTHY, detail)


def _settings(settings: Settings) -> Check:
    if not settings.enabled:
        return Check("settings", Status.DEGRADED, "MONITORING_ENABLED is false: nothing will run")
    if settings.warnings:
        return Check("settings", Status.DEGRADED, "; ".join(settings.warnings))
    own = sum(source != "default" for source in settings.sources.values())
    return Check("settings", Status.HEALTHY, f"{own} set, the others at their defaults")


def _store(settings: Settings) -> Iterator[Check]:
    from changeover.service import Changeover

    monitor = Changeover(settings, watching_only=True)
    try:
        # With the bot's commands known, misspelt flags are too; what fails is in the checks.
        with suppress(StoreUnavailableError):
            monitor.catch_up()
        checks = {check.name: check for check in monitor.health().checks}
        yield from (checks[name] for name in ("store", "flags"))
    finally:
        monitor.stop()


def _port(settings: Settings) -> Check:
    if not settings.http:
        return Check("port", Status.HEALTHY, "not used: MONITORING_HTTP is off")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    where = f"{settings.host}:{settings.port}"
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except OSError as error:
            detail = f"{where} cannot be listened on: {error.strerror}; is a monitor running?"
            return Check("port", Status.DEGRADED, detail)
    return Check("port", Status.HEALTHY, f"{where} is free")
