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

    Exit code 0: it is (a degraded monitor counts as well). 1: it is not, or nothing answers.
    """
    from changeover.settings import load

    settings = load()
    path = "/health/ready" if ready else "/health"
    connection = http.client.HTTPConnection("127.0.0.1", settings.port, timeout=timeout)
    headers = {"Host": f"127.0.0.1:{settings.port}"}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token.reveal()}"
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        status = json.loads(answer.read()).get("status", "unknown")
    except (OSError, http.client.HTTPException, ValueError) as error:
        click.echo(f"no answer from 127.0.0.1:{settings.port}{path}: {error}", err=True)
        sys.exit(1)
    finally:
        connection.close()
    click.echo(f"{status} ({answer.status})")
    sys.exit(0 if answer.status == http.client.OK else 1)
