"""`changeover demo`: an 18-command bot on a made-up Discord, with people, and the page."""

from __future__ import annotations

import click

from changeover.core.errors import BadValueError
from changeover.core.window import parse_window

CATEGORIES = ("utility", "authentication", "conversation", "personality")


def _seconds(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> float | None:
    try:
        return None if text is None else float(parse_window(text).seconds)
    except BadValueError as error:
        raise click.BadParameter(f"expected {error.allowed}, for example 120s") from None


@click.command()
@click.option(
    "--share",
    default=25.0,
    show_default=True,
    type=click.FloatRange(0, 100),
    help="Percent of users whom the new system answers.",
)
@click.option(
    "--enable",
    multiple=True,
    type=click.Choice(CATEGORIES),
    help="A category that the new system answers for everybody. Repeatable.",
)
@click.option(
    "--fail", multiple=True, metavar="COMMAND=RATIO[@FROM[-UNTIL]]",
    help="Let some calls of a new command raise, such as add=0.3@60s-90s. Repeatable.",
)  # fmt: skip
@click.option(
    "--slow", multiple=True, metavar="COMMAND=+DELAY[@FROM[-UNTIL]]",
    help="Let a new command take longer, such as list=+300ms@60s. Repeatable.",
)  # fmt: skip
@click.option(
    "--rate",
    default=None,
    type=click.FloatRange(0.1, 1000),
    help="Commands a second, on average.  [default: 10, with --auto 30]",
)
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal people.")
@click.option(
    "--duration", metavar="TIME", callback=_seconds, help="End after this time, such as 120s or 5m."
)
@click.option(
    "--auto", is_flag=True, help="Move the share by itself: ramp, take back what fails, try again."
)
@click.option(
    "--discord", "on_discord", is_flag=True, help="Run on real Discord, as DISCORD_TOKEN."
)
def demo(
    *,
    share: float,
    enable: tuple[str, ...],
    fail: tuple[str, ...],
    slow: tuple[str, ...],
    rate: float | None,
    seed: int,
    duration: float | None,
    auto: bool,
    on_discord: bool,
) -> None:
    """Run a real discord.py bot whose 18 commands exist twice, and watch it.

    Without --discord it needs no token and no internet: a made-up Discord runs on 127.0.0.1, and
    200 made-up people in 5 guilds use the bot, mistakes included. Nothing is left behind, unless
    MONITORING_DATA_DIR names a folder.
    """
    try:
        from changeover.demo.run import Plan, run
    except ModuleNotFoundError as missing:
        from changeover.core.errors import MissingExtraError

        raise MissingExtraError("the demo", "discord") from missing
    from changeover.demo.faults import parse_fail, parse_slow
    from changeover.settings import load

    plan = Plan(
        share=share,
        enabled=enable,
        fails=[parse_fail(text) for text in fail],
        slows=[parse_slow(text) for text in slow],
        rate=rate or (30.0 if auto else 10.0),
        seed=seed,
        duration_s=duration,
        auto=auto,
        on_discord=on_discord,
    )
    run(plan, load())
