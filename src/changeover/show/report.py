"""The story of a move: stages, incidents, rollbacks, evidence, before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.model import LEGACY, Alert, CommandState, Flip, Stats, Summary
from changeover.core.move import Move
from changeover.core.quantity import format_duration, format_quantity
from changeover.core.verdict import EVERYTHING, Arm, Verdict
from changeover.core.window import format_moment
from changeover.show.paper import Block, Heading, Sentence, Table
from changeover.show.retire import Retiree

_STEERING = ("flag ", "stage ", "stop", "freeze")
_NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the report is made of.

    Attributes:
        now_ns: when it is told.
        system: the new system's name.
        commands: the registered ones.
        summary: the longest window that is kept.
        moves, verdicts: as they stand.
        flips: every change, newest first.
        alerts: those that are over, newest first.
        retirees: which legacy handlers may go.
    """

    now_ns: int
    system: str
    commands: Sequence[CommandState]
    summary: Summary
    moves: Sequence[Move] = ()
    verdicts: Sequence[Verdict] = ()
    flips: Sequence[Flip] = ()
    alerts: Sequence[Alert] = ()
    retirees: Sequence[Retiree] = field(default_factory=list)


def report(story: Story) -> list[Block]:
    """The whole paper."""
    return [
        *_head(story),
        *_stages(story),
        *_before_and_after(story),
        *_evidence(story),
        *_rollbacks(story.flips),
        *_incidents(story.alerts),
        *_timeline(story.flips),
        *_retire(story.retirees),
    ]


def _head(story: Story) -> Iterator[Block]:
    total = len(story.commands)
    moved = sum(state.has_new and state.share >= 100 for state in story.commands)
    steering = [flip for flip in story.flips if flip.subject.startswith(_STEERING)]
    yield Heading(1, f"The move from {LEGACY} to {story.system}")
    yield Sentence(
        f"As of {_day(story.now_ns)}, {moved} of {total} commands are on {story.system} for everybody."
    )
    if steering:
        first_ns = steering[-1].at_ns
        lasted = format_duration((story.now_ns - first_ns) / NS_PER_S)
        yield Sentence(
            f"The first change was made on {_day(first_ns)}, {lasted} before. "
            f"There were {len(steering)} changes; rollbacks: {sum(map(_is_rollback, steering))}."
        )
    else:
        yield Sentence("Nothing has been changed yet.")


def _stages(story: Story) -> Iterator[Block]:
    yield Heading(2, "Stages")
    if not story.moves:
        yield Sentence("No plan of stages is known.")
        return
    rows = [
        [
            move.scope,
            move.stage.value,
            f"{move.share:g} %",
            _day(move.since_ns),
            str(move.retries),
            move.waits_for or _NONE,
        ]
        for move in story.moves
    ]
    yield Table(["Scope", "Stage", ">Share", "Since", ">Rollbacks", "Waits for"], rows)


def _before_and_after(story: Story) -> Iterator[Block]:
    coverage = story.summary.coverage
    yield Heading(2, "Before and after")
    yield Sentence(f"Counted from {_moment(coverage.start_ns)} to {_moment(coverage.end_ns)}.")
    columns = ["System", ">Calls", ">Errors", ">Error rate", ">p50", ">p95", ">p99"]
    systems = (LEGACY, story.system)
    rows = [
        [name, *_figures(story.summary.by_system.get(name, Stats()))]
        for name in [*systems, *sorted(story.summary.by_system.keys() - set(systems))]
    ]
    yield Table(columns, rows)


def _evidence(story: Story) -> Iterator[Block]:
    yield Heading(2, "Evidence")
    if not story.verdicts:
        yield Sentence("The judge has nothing to say yet.")
        return
    columns = ["Command", "Verdict", ">Calls", ">Error rate legacy", ">Error rate new", "Why"]
    rows = [
        [
            "all together" if verdict.scope == EVERYTHING else verdict.scope,
            verdict.decision.value,
            f"{verdict.legacy.executions} / {verdict.new.executions}",
            _rate(verdict.legacy),
            _rate(verdict.new),
            verdict.reason,
        ]
        for verdict in story.verdicts
    ]
    yield Sentence("Calls are those of legacy / new. Intervals hold however often one looks.")
    yield Table(columns, rows)


def _rollbacks(flips: Iterable[Flip]) -> Iterator[Block]:
    found = [flip for flip in flips if _is_rollback(flip)]
    yield Heading(2, "Rollbacks")
    if not found:
        yield Sentence("There were none.")
        return
    yield Table(
        ["When", "What", "Who", "Why"],
        [[_moment(f.at_ns), f.subject, f.actor, f.reason or _NONE] for f in reversed(found)],
    )


def _incidents(alerts: Sequence[Alert]) -> Iterator[Block]:
    yield Heading(2, "Incidents")
    if not alerts:
        yield Sentence("No alert fired.")
        return
    rows = [
        [
            _moment(alert.fired_ns),
            alert.severity,
            alert.key,
            _lasted(alert),
            format_quantity(alert.peak, alert.unit),
        ]
        for alert in reversed(alerts)
    ]
    yield Table(["Fired", "Severity", "Alert", "Lasted", ">Peak"], rows)


def _timeline(flips: Iterable[Flip]) -> Iterator[Block]:
    yield Heading(2, "Every change")
    rows = [
        [
            _moment(flip.at_ns),
            flip.subject,
            f"{flip.old or _NONE} → {flip.new or _NONE}",
            flip.actor,
            flip.reason or _NONE,
        ]
        for flip in reversed(list(flips))
    ]
    yield Table(["When", "What", "Change", "Who", "Why"], rows) if rows else Sentence("None.")


def _retire(found: Sequence[Retiree]) -> Iterator[Block]:
    yield Heading(2, "What may go")
    ready = [one for one in found if one.ready]
    if not found:
        yield Sentence("No legacy handler is known.")
        return
    yield Sentence(f"{len(ready)} of {len(found)} legacy handlers may go.")
    columns = ["Command", "May go", "Where", "Why"]
    yield Table(
        columns,
        [[o.command, "yes" if o.ready else "no", o.legacy_at or _NONE, o.why] for o in found],
    )


def _is_rollback(flip: Flip) -> bool:
    """Whether a flag that was on for somebody was turned off."""
    is_off = flip.new == "0%" and flip.old != "0%"
    return flip.subject.startswith("flag ") and is_off


def _figures(stats: Stats) -> list[str]:
    return [
        str(stats.total),
        str(stats.errors),
        _NONE if stats.error_ratio is None else f"{stats.error_ratio:.2%}",
        *(_ms(value) for value in (stats.p50_ns, stats.p95_ns, stats.p99_ns)),
    ]


def _rate(arm: Arm) -> str:
    if arm.error_ratio is None:
        return _NONE
    if arm.error_low is None or arm.error_high is None:
        return f"{arm.error_ratio:.2%}"
    return f"{arm.error_ratio:.2%} ({arm.error_low:.2%} to {arm.error_high:.2%})"


def _lasted(alert: Alert) -> str:
    if alert.resolved_ns is None or alert.fired_ns is None:
        return _NONE
    return format_duration((alert.resolved_ns - alert.fired_ns) / NS_PER_S)


def _ms(value_ns: float | None) -> str:
    return _NONE if value_ns is None else f"{value_ns / NS_PER_MS:.1f} ms"


def _moment(at_ns: int | None) -> str:
    return _NONE if at_ns is None else f"{format_moment(at_ns)[:16].replace('T', ' ')} UTC"


def _day(at_ns: int | None) -> str:
    return _NONE if at_ns is None else format_moment(at_ns)[:10]
