"""The command line. Every command imports what it needs when it runs, so that all start fast."""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from changeover.cli.alerts import alerts
from changeover.cli.audit import audit
from changeover.cli.backup import backup
from changeover.cli.config import config
from changeover.cli.demo import demo
from changeover.cli.doctor import doctor
from changeover.cli.flags import flags
from changeover.cli.healthcheck import healthcheck
from changeover.cli.judge import judge
from changeover.cli.notify import notify
from changeover.cli.report import report
from changeover.cli.retire import retire
from changeover.cli.serve import serve
from changeover.cli.stage import stage
from changeover.cli.status import status
from changeover.cli.stop import resume_all, stop
from changeover.cli.token import token
from changeover.core.errors import ChangeoverError

__all__ = ["changeover", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("changeover"), message="changeover %(version)s")
def changeover() -> None:
    """Watch and steer the move of a bot's commands to a new implementation.

    Settings come from the environment and from changeover.toml; `changeover config show` lists
    them all. To see what it does, run `changeover demo`.
    """


for command in (
    alerts,
    audit,
    backup,
    config,
    demo,
    doctor,
    flags,
    healthcheck,
    judge,
    notify,
    report,
    resume_all,
    retire,
    serve,
    stage,
    status,
    stop,
    token,
):
    changeover.add_command(command)


def main() -> None:
    """Run the command line; errors of ours are one clear message and exit code 2."""
    try:
        changeover(prog_name="changeover")
    except ChangeoverError as error:
        click.echo(f"changeover: {error}", err=True)
        sys.exit(2)
