"""`changeover healthcheck`: for Docker and other supervisors; slim images have no curl."""

from __future__ import annotations

import http.client
import json
import sys

import click


@click.command()
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--ready", is_flag=True, help="Ask /health/ready: is the bot ready, not only alive?")
def healthcheck(timeout: float, ready: bool) -> None:
    """Ask the monitor of this machine whether the bot is well.

    Exit code 0: it is (a degraded monitor counts as well), or the monitor is switched off and
    nobody can know. 1: it is not, or nothing answers.
    """
    from changeover.cli.source import authorization, local_address
    from changeover.settings import load

    settings = load()
    if not (settings.enabled and settings.http):  # no reason to have a supervisor end the bot
        off = "MONITORING_HTTP" if settings.enabled else "MONITORING_ENABLED"
        click.echo(f"not checked: {off} is false")
        return
    path = "/health/ready" if ready else "/health"
    address = local_address(settings)
    connection = http.client.HTTPConnection(address, settings.port, timeout=timeout)
    try:
        connection.request("GET", path, headers=authorization(settings))
        answer = connection.getresponse()
        status = json.loads(answer.read()).get("status", "unknown")
    except (OSError, http.client.HTTPException, ValueError) as error:
        click.echo(f"no answer from {address} port {settings.port}: {error}", err=True)
        sys.exit(1)
    finally:
        connection.close()
    click.echo(f"{status} ({answer.status})")
    sys.exit(0 if answer.status == http.client.OK else 1)
