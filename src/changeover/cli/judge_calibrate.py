"""`changeover judge calibrate`: how often the judge would be wrong, and how soon right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from changeover.cli.judge_settings import bar, judge_options, judge_settings, moment_of
from changeover.cli.table import Column, render

if TYPE_CHECKING:
    from changeover.core.model import Execution
    from changeover.judge.settings import JudgeSettings
    from changeover.service import Changeover


@dataclass(slots=True)
class Legacys:
    """Legacy's executions on their way to be drawn from, counted.

    Attributes:
        count: of those that passed.
    """

    executions: Iterable[Execution]
    count: int = 0

    def __iter__(self) -> Iterator[Execution]:
        from changeover.core.model import LEGACY

        for execution in self.executions:
            if execution.series.system == LEGACY:
                self.count += 1
                yield execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for: where to draw from, and how much to play."""

    since: str | None
    share: float
    runs: int
    length: int
    seed: int


@click.command()
@click.option(
    "--since", metavar="WHEN", help="Draw from here on: 24h, or a moment; all by default."
)
@click.option(
    "--runs", default=60, show_default=True, type=click.IntRange(1, 100_000),
    help="Runs without a fault; a third of it for each kind of fault.",
)  # fmt: skip
@click.option(
    "--share", default=10.0, show_default=True, type=click.FloatRange(0.01, 99.99),
    help="Percent of people on the new system.",
)  # fmt: skip
@click.option(
    "--length", default=5_000, show_default=True, type=click.IntRange(1, 1_000_000),
    help="Executions of a run.",
)  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Of the dice.")
@judge_options
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), help="Write an SVG picture."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def calibrate(
    as_json: bool, picture: Path | None, **asked: Any
) -> None:  # fmt: skip
    """Try the judge on the bot's own traffic, drawn again.

    Legacy's recorded executions are dealt out to two equal systems, to see how often the judge
    would roll back without a fault. Then one of them is broken on purpose, to see how many
    executions, and about how many hours at today's rate, it takes to find out. The newest answer
    is kept and shown on the page. Nothing else is changed.
    """
    from changeover.cli.source import viewer
    from changeover.core.errors import StoreError
    from changeover.settings import load
    from changeover.show.calibration import calibration_svg, calibration_view

    wish = Wish(**{name: asked.pop(name) for name in Wish.__dataclass_fields__})
    settings = load()
    judged_by = judge_settings(settings, asked)
    monitor = viewer(settings)
    try:
        document = _run(monitor.catch_up(), judged_by, wish)
        click.echo(json.dumps(document, indent=2) if as_json else "\n".join(draw(document)))
        view = calibration_view(document)
        if picture is not None and view is not None:
            picture.write_text(calibration_svg(view), "utf-8")
            click.echo(f"the picture is in {picture}", err=True)
        try:
            monitor.history.keep_calibration(document)
        except StoreError as error:
            click.echo(f"it was not kept for the page: {error}", err=True)
    finally:
        monitor.stop()


def _run(monitor: Changeover, judged_by: JudgeSettings, wish: Wish) -> dict[str, Any]:
    from changeover.core.clock import SystemClock
    from changeover.core.errors import BadValueError
    from changeover.judge.calibrate import FAULTS
    from changeover.judge.calibrate import calibrate as try_out
    from changeover.service.calibrating import document_of

    now_ns, history = SystemClock().wall_ns(), monitor.history
    since_ns = 0 if wish.since is None else moment_of(wish.since, now_ns, "--since")
    drawn = Legacys(history.executions(since_ns, now_ns))
    fault_runs = max(1, wish.runs // 3)
    with bar("trying", wish.runs + fault_runs * len(FAULTS), is_shown=True) as shown:
        try:
            found = try_out(
                drawn,
                judged_by,
                share=wish.share,
                runs=wish.runs,
                fault_runs=fault_runs,
                length=wish.length,
                seed=wish.seed,
                progress=lambda *_: shown.update(1),
            )
        except BadValueError as error:
            raise _too_little(error, drawn.count) from None
    return document_of(
        found, judged_by, at_ns=now_ns, history=drawn.count, rates=history.rates()
    )  # fmt: skip


def _too_little(error: Exception, count: int) -> Exception:
    from changeover.core.errors import BadValueError, ChangeoverError

    if not isinstance(error, BadValueError) or error.name != "history":
        return error
    return ChangeoverError(
        f"too little history to draw from: {count} executions of legacy are kept, {error.value}; "
        f"needed is {error.allowed}, and {error.example} is better"
    )


def draw(document: Mapping[str, Any]) -> Iterator[str]:
    """The calibration as lines for a terminal."""
    runs, wrong = document["false_runs"], document["false_rollbacks"]
    high, alpha = 100 * document["false_high"], 100 * document["alpha"]
    yield (
        f"Drawn from {document['history']} executions of legacy, {document['commands']} commands; "
        f"{document['share_percent']:g} % on the new system, {document['executions']} executions "
        "a run."
    )
    yield ""
    yield (
        f"Rolled back without a fault: {wrong} of {runs} runs, so at most {high:.2g} % with 95 % "
        f"confidence. Asked for: {alpha:.2g} % for the whole life of the bot (alpha)."
    )
    yield ""
    columns = ["what is broken", "found", "half by", "about", "9 of 10 by", "about", "misplaced"]
    yield render(
        [Column(name, is_number=place > 0) for place, name in enumerate(columns)],
        [_row(one) for one in document["detections"]],
    )
    yield ""
    yield click.style(
        "By so many executions of the new system where the fault is; hours at today's rate. A dash: "
        "not found so often\nwithin a run. Misplaced: another command was rolled back instead.",
        dim=True,
    )


def _row(one: Mapping[str, Any]) -> list[str]:
    return [
        one["fault"],
        f"{one['found']} of {one['runs']}",
        *_delay(one["median"], one["median_hours"]),
        *_delay(one["p90"], one["p90_hours"]),
        str(one["misplaced"]) if one["misplaced"] else "-",
    ]


def _delay(executions: int | None, hours: float | None) -> list[str]:
    from changeover.show.calibration import hours_words

    if executions is None:
        return ["-", "-"]
    about = "-" if hours is None else hours_words(hours).removeprefix("about ")
    return [f"{executions:,}".replace(",", " "), about]
