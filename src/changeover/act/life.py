"""The life of one alert: a pure function from what was and what is seen to what is.

    inactive --above--> pending --for_s--> firing --fine for keep_firing_s--> resolved
        ^--fine--------'                   warning -> critical, reminders      |
        '------------------------------above again: pending -------------------'

No data, and a question that failed, change nothing: they neither fire nor resolve, and no
reminder claims that it still is so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from changeover.act.rules import CRITICAL, WARNING, Reading, Rule
from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Phase
from changeover.core.quantity import format_duration, format_quantity

_ANCHORS = ("since_ns", "fired_ns", "clear_since_ns", "notified_ns")


def alert_key(rule: str, labels: Mapping[str, str]) -> str:
    """`error_rate`, or `error_rate{command=add,system=ddd}`."""
    if not labels:
        return rule
    return f"{rule}{{{','.join(f'{name}={labels[name]}' for name in sorted(labels))}}}"


def dedup_key(alert: Alert) -> str:
    """The same for every message of one episode of one alert: `error_rate#3`."""
    return f"{alert.key}#{alert.episode}"


def advance(
    alert: Alert | None, rule: Rule, reading: Reading, now_ns: int
) -> tuple[Alert, Event | None]:
    """The alert after one more reading, and the event that people should hear of, if any."""
    alert = _anchored(alert or _unborn(rule, reading), now_ns)
    if reading.value is None:
        return alert, None
    if alert.phase is Phase.FIRING:
        return _while_firing(alert, rule, reading.value, now_ns)
    return _while_quiet(alert, rule, reading.value, now_ns)


def retire(alert: Alert, now_ns: int) -> tuple[Alert, Event | None]:
    """End an alert whose rule is no more."""
    if alert.phase is not Phase.FIRING:
        return replace(alert, phase=Phase.INACTIVE, since_ns=None), None
    summary = f"{_title(alert.rule)} is no longer watched; its rule was removed"
    return _resolved(replace(alert, summary=summary), now_ns), Event.RESOLVED


def shift(alert: Alert, by_ns: int) -> Alert:
    """The alert after the wall clock was set by so much, so that its ages stay what they were."""
    moved: dict[str, Any] = {name: _moved(getattr(alert, name), by_ns) for name in _ANCHORS}
    return replace(alert, **moved)


def _moved(moment_ns: int | None, by_ns: int) -> int | None:
    return None if moment_ns is None else moment_ns + by_ns


def _anchored(alert: Alert, now_ns: int) -> Alert:
    """Moments from the future (the clock was set back) count from now: no age is below zero.

    Otherwise an alert would stay mute until the clock is where it had been.
    """
    moments = {name: getattr(alert, name) for name in _ANCHORS}
    ahead: dict[str, Any] = {
        name: now_ns for name, at in moments.items() if at is not None and at > now_ns
    }
    return replace(alert, **ahead) if ahead else alert


def _unborn(rule: Rule, reading: Reading) -> Alert:
    return Alert(
        key=alert_key(rule.name, reading.labels),
        rule=rule.name,
        phase=Phase.INACTIVE,
        severity=WARNING,
        summary=f"{_title(rule.name)} was never above its threshold",
        value=None,
        threshold=rule.warning,
        unit=rule.unit,
        labels=dict(reading.labels),
    )


def _while_quiet(alert: Alert, rule: Rule, value: float, now_ns: int) -> tuple[Alert, Event | None]:
    severity = rule.severity(value)
    if severity is None:
        was_pending = alert.phase is Phase.PENDING
        return _calmed(alert, rule, value) if was_pending else alert, None
    if alert.phase is not Phase.PENDING:
        alert = replace(
            alert, phase=Phase.PENDING, since_ns=now_ns, peak=value, fired_ns=None,
            resolved_ns=None, notified_ns=None, clear_since_ns=None,
        )  # fmt: skip
    alert = _worse(alert, rule, value, severity)
    if _age_s(alert.since_ns, now_ns) < rule.for_s:
        return alert, None
    episode = alert.episode + 1
    fired = replace(alert, phase=Phase.FIRING, fired_ns=now_ns, notified_ns=now_ns, episode=episode)
    return fired, Event.FIRING


def _calmed(alert: Alert, rule: Rule, value: float) -> Alert:
    summary = _now(rule, value)
    return replace(alert, phase=Phase.INACTIVE, since_ns=None, value=value, summary=summary)


def _while_firing(
    alert: Alert, rule: Rule, value: float, now_ns: int
) -> tuple[Alert, Event | None]:
    severity = rule.severity(value)
    if severity is None:
        return _while_clear(alert, rule, value, now_ns)
    # It never steps down inside one alert: swinging round the critical step would escalate
    # again and again.
    escalates = severity == CRITICAL and alert.severity != CRITICAL
    kept = CRITICAL if CRITICAL in (severity, alert.severity) else WARNING
    alert = replace(_worse(alert, rule, value, kept), clear_since_ns=None)
    if escalates:
        return replace(alert, notified_ns=now_ns), Event.ESCALATED
    if _age_s(alert.notified_ns, now_ns) >= rule.repeat_s:
        return replace(alert, notified_ns=now_ns), Event.REMINDER
    return alert, None


def _while_clear(alert: Alert, rule: Rule, value: float, now_ns: int) -> tuple[Alert, Event | None]:
    clear_since_ns = now_ns if alert.clear_since_ns is None else alert.clear_since_ns
    summary = f"{_now(rule, value)}, no longer above {_quantity(rule.warning, rule)}"
    alert = replace(
        alert, value=value, threshold=rule.warning, clear_since_ns=clear_since_ns, summary=summary
    )
    if _age_s(clear_since_ns, now_ns) < rule.keep_firing_s:
        return alert, None
    lasted = format_duration(_age_s(alert.since_ns, now_ns))
    summary = f"{_now(rule, value)} again after {lasted}, peak {_quantity(alert.peak, rule)}"
    return _resolved(replace(alert, summary=summary), now_ns), Event.RESOLVED


def _resolved(alert: Alert, now_ns: int) -> Alert:
    return replace(
        alert, phase=Phase.RESOLVED, resolved_ns=now_ns, notified_ns=now_ns, clear_since_ns=None
    )


def _worse(alert: Alert, rule: Rule, value: float, severity: str) -> Alert:
    """The alert with a value above a threshold; the threshold told is the highest passed now."""
    threshold = rule.threshold(rule.severity(value) or WARNING)
    peak = value if alert.peak is None else max(alert.peak, value)
    summary = f"{_now(rule, value)}, above {_quantity(threshold, rule)}"
    return replace(
        alert, value=value, peak=peak, severity=severity, threshold=threshold, summary=summary
    )


def _age_s(moment_ns: int | None, now_ns: int) -> float:
    return 0.0 if moment_ns is None else max(0, now_ns - moment_ns) / NS_PER_S


def _now(rule: Rule, value: float) -> str:
    over = f" over {rule.window.text}" if rule.window else ""
    return f"{_title(rule.name)} is {_quantity(value, rule)}{over}"


def _quantity(value: float | None, rule: Rule) -> str:
    return format_quantity(value, rule.unit)


def _title(rule: str) -> str:
    return rule.replace("_", " ").capitalize()
