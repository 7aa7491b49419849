"""Rules played through on a virtual clock, and what came of it beside what was expected."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from changeover.act.baseline import KEY, KIND, Baseline, Pace, baseline_document
from changeover.act.manager import AlertManager
from changeover.act.rules import Rule
from changeover.act.script import Expected, Script
from changeover.act.stage_play import StagePlay
from changeover.core.clock import ManualClock
from changeover.core.errors import Guard
from changeover.core.model import Alert, Instance
from changeover.core.ports import Put, State
from changeover.store.memory import MemoryState

_MANY = 1_000_000  # executions behind a baseline that somebody wrote down


@dataclass(frozen=True, slots=True)
class Difference:
    """One moment at which a rule's alerts are not those expected; both as lines of text."""

    at: str
    rule: str
    expected: Sequence[str]
    got: Sequence[str]


def rehearse(rules: Sequence[Rule], script: Script) -> list[Difference]:
    """Play a script through the real alert manager; what differs, in the order of time.

    Args:
        rules: those to be tested; those that are off are looked at, too.
        script: what happens, and what is expected.
    """
    clock = ManualClock()
    state = MemoryState(clock)
    _put_baseline(state, script)
    play = StagePlay(script, clock)
    manager = AlertManager(
        state, rules, clock=clock, instance=Instance("0" * 16, "rehearsal", 0), channels=(),
        guard=Guard(clock), interval_s=script.every_s,
    )  # fmt: skip
    wanted: dict[int, list[Expected]] = {}
    for one in script.expected:
        wanted.setdefault(one.step, []).append(one)
    differences: list[Difference] = []
    with _quiet_logs():
        for step in range(1, script.steps + 1):
            clock.advance(script.every_s)
            play.step = step
            manager.check_alerts(play.summary, play.latest, 1.5 * max(60, script.every_s),
                                 samples_of=play.samples)  # fmt: skip
            if step in wanted:
                differences += _compare(wanted[step], manager.alerts(0)[0])
    return differences


def _compare(expected: Sequence[Expected], active: Sequence[Alert]) -> Iterator[Difference]:
    """Of each rule that is expected something of, all alerts count: one too many differs."""
    for rule in dict.fromkeys(one.rule for one in expected):
        wanted = [one for one in expected if one.rule == rule]
        there = {_labelled(alert.labels): alert for alert in active if alert.rule == rule}
        listed = {_labelled(one.labels): one for one in wanted if one.labels is not None}
        told, got = [], []
        for labels in sorted(listed.keys() | there.keys()):
            want, alert = listed.get(labels), there.get(labels)
            if not _fits(want, alert):
                told.append(_line(labels, want.state if want else "none", _severity(want)))
                got.append(_line(labels, str(alert.phase), alert.severity) if alert else
                           _line(labels, "none"))  # fmt: skip
        if told:
            yield Difference(wanted[0].at, rule, told, got)


def _fits(want: Expected | None, alert: Alert | None) -> bool:
    state = want.state if want else "none"
    if alert is None:
        return state == "none"
    severity = _severity(want) or alert.severity
    return (str(alert.phase), alert.severity) == (state, severity)


def _severity(want: Expected | None) -> str:
    return (want.severity if want else None) or ""


def _labelled(labels: Mapping[str, str] | None) -> str:
    return "{" + ", ".join(f"{name}={text}" for name, text in sorted((labels or {}).items())) + "}"


def _line(labels: str, state: str, severity: str = "") -> str:
    return " ".join(filter(None, [state, severity, labels if labels != "{}" else ""]))


def _put_baseline(state: State, script: Script) -> None:
    if not script.baseline:
        return
    paces = {
        command: Pace(executions=_MANY, mean_ms=float(ms), p95_ms=float(ms))
        for command, ms in script.baseline.get("response_ms", {}).items()
    }
    baseline = Baseline(at_ns=0, memory_mb=float(script.baseline.get("memory_mb", 0)), paces=paces)
    state.commit([Put(KIND, KEY, baseline_document(baseline))])


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Errors of made-up questions belong to the play, and to no log."""
    loggers = [logging.getLogger(name) for name in ("changeover", "changeover.alerts")]
    before = [one.disabled for one in loggers]
    for one in loggers:
        one.disabled = True
    try:
        yield
    finally:
        for one, was in zip(loggers, before, strict=True):
            one.disabled = was
