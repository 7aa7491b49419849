"""`changeover serve`: the page and the API over an existing store, without a bot."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import click


@click.command()
def serve() -> None:
    """Serve the page and the API over the store in MONITORING_DATA_DIR, without a bot.

    Useful beside several bot processes, or to look at a backup. Ctrl-C ends it.
    """
    from changeover.cli.source import viewer
    from changeover.settings import load

    # The bot that this stands beside may be told by MONITORING_HTTP not to serve.
    monitor = viewer(replace(load(), http=True))
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    monitor.start()
    try:
        click.echo(f"store  {monitor.store_file}")
        page = monitor.wait_until_served()
        click.echo(f"page   {page or 'not served: `changeover doctor` says why'}")
        done.wait()
    finally:
        monitor.stop()
