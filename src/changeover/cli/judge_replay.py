"""`changeover judge replay`: what would have happened with other settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from changeover.cli.figures import count
from changeover.cli.judge_settings import bar, judge_options, judge_settings, moment_of, scope_name
from changeover.cli.table import Column, render

if TYPE_CHECKING:
    from changeover.core.model import Execution, Flip
    from changeover.judge.replay import Moment, Replay
    from changeover.judge.settings import JudgeSettings
    from changeover.service import Changeover

_BAR_STEP = 1_000  # as often as the replay says how far it is


@dataclass(slots=True)
class Log:
    """The executions on their way to the judge, and from when to when they were.

    Attributes:
        first_ns, last_ns: of those that passed; None before the first.
    """

    executions: Iterator[Execution]
    first_ns: int | None = None
    last_ns: int | None = None

    def __iter__(self) -> Iterator[Execution]:
        for execution in self.executions:
            self.first_ns = min(self.first_ns or execution.at_ns, execution.at_ns)
            self.last_ns = max(self.last_ns or execution.at_ns, execution.at_ns)
            yield execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of it, and what really happened.

    Attributes:
        found: of the replay.
        log: what was judged.
        flips: changes of where calls go, in the time of the log, oldest first.
        flags: by scope, the flags that say where its calls go.
        settings: that were judged with.
        keep: for how long single executions are kept, such as `24h`.
    """

    found: Replay
    log: Log
    flips: Sequence[Flip]
    flags: Mapping[str, frozenset[str]]
    settings: JudgeSettings
    keep: str


@click.command()
@click.option("--since", metavar="WHEN", help="A span such as 24h, or a moment; all by default.")
@click.option("--until", metavar="WHEN", help="The same; now by default.")
@judge_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def replay(
    since: str | None, until: str | None, as_json: bool, **changes: str | None
) -> None:  # fmt: skip
    """Judge the recorded executions again, with other settings.

    Says when each command, and all together, would have been promoted or rolled back, beside
    what really happened. Nothing is changed. The same log and settings give the same answer.
    What was rolled back in truth has no executions afterwards, and so nothing to judge.
    """
    from changeover.cli.source import viewer
    from changeover.settings import load

    settings = load()
    judged_by = judge_settings(settings, changes)
    monitor = viewer(settings)
    try:
        told = _run(monitor.catch_up(), judged_by, since, until)
    finally:
        monitor.stop()
    click.echo(json.dumps(_as_json(told), indent=2) if as_json else "\n".join(_draw(told)))


def _run(
    monitor: Changeover, judged_by: JudgeSettings, since: str | None, until: str | None
) -> Told:
    from changeover.core.clock import SystemClock
    from changeover.core.window import format_span
    from changeover.judge.replay import replay as judge_again

    now_ns, history = SystemClock().wall_ns(), monitor.history
    since_ns = 0 if since is None else moment_of(since, now_ns, "--since")
    until_ns = now_ns if until is None else moment_of(until, now_ns, "--until")
    log = Log(history.executions(since_ns, until_ns))
    length = history.count(max(since_ns, history.first_kept_ns()), until_ns)
    with bar("judging", length, is_shown=length > _BAR_STEP) as shown:
        found = judge_again(
            log,
            judged_by,
            system=monitor.settings.system,
            progress=lambda _: shown.update(_BAR_STEP),
        )
    flips: Sequence[Flip] = ()
    if log.first_ns is not None:
        flips = [
            flip
            for flip in history.flips(log.first_ns, until_ns)
            if flip.subject == "stop" or flip.subject.startswith("flag ")
        ]
    return Told(
        found=found,
        log=log,
        flips=flips,
        flags=_flags(monitor, found.verdicts),
        settings=judged_by,
        keep=format_span(round(monitor.settings.keep_executions_s)),
    )


def _flags(monitor: Changeover, scopes: Iterable[str]) -> dict[str, frozenset[str]]:
    """The subjects of the flips that concern a scope: its own flag, those above, the main ones."""
    prefix = f"flag {monitor.settings.system}.commands."
    above = {"stop", f"{prefix}enabled", f"{prefix}integration"}
    found = {scope: above | {f"{prefix}{name}" for name in _names(scope)} for scope in scopes}
    for state in monitor.readings().commands():
        if state.command in found and state.category:
            found[state.command].add(f"{prefix}{state.category}")
    for move in monitor.moving.moves():
        for command in move.commands:
            if command in found:
                found[command].add(f"flag {move.flag}")
    return {scope: frozenset(subjects) for scope, subjects in found.items()}


def _names(command: str) -> Iterator[str]:
    """`grp sub` has the flags `grp.sub` and `grp`."""
    words = command.split()
    return (".".join(words[:length]) for length in range(len(words), 0, -1))


def _really(told: Told, moment: Moment) -> Flip | None:
    """The change in the same direction that is nearest in time, of what concerns the scope."""
    down = moment.verdict.decision.value == "rollback"
    found = [
        flip
        for flip in told.flips
        if flip.subject in told.flags.get(moment.verdict.scope, ())
        and (_share(flip.new) < _share(flip.old)) == down
        and _share(flip.new) != _share(flip.old)
    ]
    return min(found, key=lambda flip: abs(flip.at_ns - moment.at_ns), default=None)


def _share(text: str | None) -> float:
    words = {"on": 100.0, "off": 0.0, "running": 100.0, "stopped": 0.0}
    try:
        return words[text] if text in words else float((text or "0").removesuffix("%"))
    except ValueError:
        return 0.0


# --- as text ----------------------------------------------------------------------------------


def _draw(told: Told) -> Iterator[str]:
    from changeover.core.window import format_moment

    log = told.log
    kept = f"single executions are kept {told.keep}: MONITORING_KEEP_EXECUTIONS"
    if log.first_ns is None or log.last_ns is None:
        yield f"There is no execution to judge in this time ({kept})."
        return
    looked = f"{format_moment(log.first_ns)} to {format_moment(log.last_ns)}"
    yield f"Judged {count(told.found.executions)} executions, {looked}"
    yield click.style(f"({kept})", dim=True)
    yield ""
    columns = ["command", "would have been", "at", "calls of new", "really"]
    yield render(
        [Column(name, is_number=name == "calls of new") for name in columns],
        [*_moment_rows(told), *_other_rows(told)],
    )
    yield ""
    yield click.style("Why", bold=True)
    yield from _reasons(told)
    yield ""
    if not told.flips:
        yield "Where calls go was not changed in this time."
        return
    yield click.style("What really happened", bold=True)
    yield render(
        [Column(name) for name in ("at", "what", "from", "to", "who", "why")],
        [
            [format_moment(f.at_ns), f.subject, f.old or "-", f.new or "-", f.actor, f.reason]
            for f in told.flips
        ],
    )


def _moment_rows(told: Told) -> Iterator[list[str]]:
    from changeover.core.window import format_moment

    words = {
        "promote": click.style("promoted", fg="green"),
        "rollback": click.style("rolled back", fg="red"),
    }
    for moment in told.found.moments:
        verdict = moment.verdict
        yield [
            scope_name(verdict.scope),
            words[verdict.decision.value],
            format_moment(moment.at_ns),
            count(verdict.new.executions),
            _really_words(_really(told, moment), moment.at_ns),
        ]


def _other_rows(told: Told) -> Iterator[list[str]]:

    decided = {moment.verdict.scope for moment in told.found.moments}
    for scope, verdict in sorted(told.found.verdicts.items()):
        if scope not in decided:
            calls = count(verdict.new.executions)
            yield [scope_name(scope), "held", "-", calls, "-"]


def _reasons(told: Told) -> Iterator[str]:
    decided = {moment.verdict.scope for moment in told.found.moments}
    yield from (moment.verdict.reason for moment in told.found.moments)
    verdicts = sorted(told.found.verdicts.items())
    yield from (verdict.reason for scope, verdict in verdicts if scope not in decided)


def _really_words(flip: Flip | None, at_ns: int) -> str:
    from changeover.core.clock import NS_PER_S
    from changeover.core.quantity import format_duration

    if flip is None:
        return "nothing alike"
    apart_s = (flip.at_ns - at_ns) / NS_PER_S
    when = f"{format_duration(abs(apart_s))} {'later' if apart_s >= 0 else 'before'}"
    return f"{flip.old or 0} to {flip.new or 0} by {flip.actor}, {when}"


# --- as JSON ----------------------------------------------------------------------------------


def _as_json(told: Told) -> dict[str, Any]:
    from changeover.core.verdict import EVERYTHING
    from changeover.show import units
    from changeover.show.flips import flip_view
    from changeover.show.steering import verdict_view

    scopes = sorted(told.found.verdicts, key=lambda scope: (scope != EVERYTHING, scope))
    return {
        "executions": told.found.executions,
        "from": units.moment(told.log.first_ns),
        "to": units.moment(told.log.last_ns),
        "kept": told.keep,
        "settings": asdict(told.settings),
        "moments": [_moment_json(told, moment) for moment in told.found.moments],
        "verdicts": [verdict_view(told.found.verdicts[scope]) for scope in scopes],
        "flips": [flip_view(flip) for flip in told.flips],
    }


def _moment_json(told: Told, moment: Moment) -> dict[str, Any]:
    from changeover.core.window import format_moment
    from changeover.show.flips import flip_view
    from changeover.show.steering import verdict_view

    flip = _really(told, moment)
    return {
        "scope": moment.verdict.scope,
        "decision": moment.verdict.decision.value,
        "at": format_moment(moment.at_ns),
        "executions": moment.executions,
        "verdict": verdict_view(moment.verdict),
        "really": None if flip is None else flip_view(flip),
    }
