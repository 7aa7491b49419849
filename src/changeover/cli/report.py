"""`changeover report`: the story of the move, as Markdown or HTML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from changeover.service import Changeover
    from changeover.show.report import Story

_FLIPS = 5_000
_ALERTS = 200
_STEP_S = 3_600


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html"]),
    help="By default as the file's name says; Markdown on the screen.",
)  # fmt: skip
@click.option(
    "--days", default=14, show_default=True, type=click.IntRange(1, 365),
    help="For how long legacy must not have run before it may go.",
)  # fmt: skip
def report(file: Path | None, form: str | None, days: int) -> None:
    """Write the story of the move: stages, incidents, rollbacks, evidence, before and after.

    FILE is written anew, such as move.md or move.html; without it, the story is printed.
    """
    from changeover.cli.source import viewer
    from changeover.settings import load
    from changeover.show.paper import to_html, to_markdown
    from changeover.show.report import report as paper_of

    monitor = viewer(load())
    try:
        story = _story(monitor.catch_up(), days)
    finally:
        monitor.stop()
    blocks = paper_of(story)
    is_html = form == "html" or (form is None and file is not None and file.suffix == ".html")
    text = to_html(blocks, f"The move to {story.system}") if is_html else to_markdown(blocks)
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, "utf-8")
    click.echo(f"written to {file}")


def _story(monitor: Changeover, days: int) -> Story:
    from changeover.core.clock import NS_PER_S, SystemClock
    from changeover.core.window import parse_window
    from changeover.show.report import Story
    from changeover.show.retire import DAY_NS, retirees

    readings, settings = monitor.readings(), monitor.settings
    steering = readings.steering
    now_ns, step_ns = SystemClock().wall_ns(), _STEP_S * NS_PER_S
    start_ns = now_ns - max(days * DAY_NS, settings.keep_history_s * NS_PER_S)
    return Story(
        now_ns=now_ns,
        system=settings.system,
        commands=readings.commands(),
        summary=readings.summary(parse_window("30d")),
        moves=steering.moves() if steering else (),
        verdicts=[verdict for verdict, _ in steering.verdicts()] if steering else (),
        flips=steering.flips(_FLIPS, None) if steering else (),
        alerts=readings.alerts(_ALERTS)[1],
        retirees=retirees(
            readings.commands(),
            readings.slots(start_ns, now_ns, step_ns),
            step_ns=step_ns,
            now_ns=now_ns,
            days=days,
            fallback_share=monitor.flags.share(f"{settings.system}.commands.fallbackOnError") or 0,
        ),
    )
