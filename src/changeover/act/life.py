"""The life of one alert: a pure function from what was and what is seen to what is.

    inactive --above--> pending --for_s--> firing --fine for keep_firing_s--> resolved
        ^--fine--------'                   warning -> critical, reminders      |
        '------------------------------above again: pending -------------------'

No data, and a question that failed, are states of their own beside these: they neither fire
nor resolve, no reminder claims that it still is so, and their time counts for nothing. Only
the alert of a series that is gone altogether (a command that was renamed) ends after a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from changeover.act.rules import CRITICAL, WARNING, Reading, Rule
from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Phase
from changeover.core.quantity import format_duration, format_quantity

NO_DATA, GONE, FAILED = "no_data", "gone", "failed"
GONE_AFTER_S = 86_400.0  # every habit of a day has had its chance; see docs/reference/alerts.md

_ANCHORS = (
    "since_ns", "fired_ns", "clear_since_ns", "notified_ns", "acknowledged_ns", "unknown_since_ns"
)  # fmt: skip


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
        return _while_unknown(alert, rule, reading, now_ns)
    alert = _known_again(alert, now_ns)
    if alert.phase is Phase.FIRING:
        return _while_firing(alert, rule, reading, now_ns)
    return _while_quiet(alert, rule, reading, now_ns)


def retire(
    alert: Alert, now_ns: int, why: str = "no longer watched; its rule was removed"
) -> tuple[Alert, Event | None]:
    """End an alert that nobody can judge any more."""
    alert = replace(alert, unknown=None, unknown_since_ns=None)
    if alert.phase is not Phase.FIRING:
        return replace(alert, phase=Phase.INACTIVE, since_ns=None), None
    labels = " of " + " on ".join(alert.labels.values()) if alert.labels else ""
    summary = f"{_title(alert.rule)}{labels} is {why}"
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
        summary=f"{_title(rule.name)} was never {rule.side} its threshold",
        value=None,
        threshold=rule.first,
        unit=rule.unit,
        labels=dict(reading.labels),
    )


# --- without an answer ------------------------------------------------------------------------


def _while_unknown(
    alert: Alert, rule: Rule, reading: Reading, now_ns: int
) -> tuple[Alert, Event | None]:
    if alert.phase not in {Phase.PENDING, Phase.FIRING}:
        return alert, None
    why = FAILED if reading.failed else GONE if reading.gone else NO_DATA
    if alert.unknown != why:
        # The time without an answer goes on, but for one that is gone: it has a day from now on.
        since_ns = alert.unknown_since_ns
        if since_ns is None or why == GONE:
            alert = _credited(alert, now_ns)
            since_ns = now_ns
        alert = replace(alert, unknown=why, unknown_since_ns=since_ns)
    window_s = rule.window.seconds if rule.window else 0
    longest_s = max(GONE_AFTER_S, window_s + rule.keep_firing_s)
    if why == GONE and _age_s(alert.unknown_since_ns, now_ns) >= longest_s:
        return retire(alert, now_ns, f"no longer seen for {format_duration(longest_s)}")
    return alert, None


def _known_again(alert: Alert, now_ns: int) -> Alert:
    """The alert without the time in which nobody knew how it was."""
    if alert.unknown is None:
        return alert
    return replace(_credited(alert, now_ns), unknown=None, unknown_since_ns=None)


def _credited(alert: Alert, now_ns: int) -> Alert:
    """The time without an answer made up for: it is no time in which a threshold was passed.

    Of a firing alert the beginning stays what it was; only its calm is measured anew.
    """
    if alert.unknown_since_ns is None:
        return alert
    lost_ns = max(0, now_ns - alert.unknown_since_ns)
    clear_ns = _moved(alert.clear_since_ns, lost_ns)
    is_pending = alert.phase is Phase.PENDING
    since_ns = _moved(alert.since_ns, lost_ns) if is_pending else alert.since_ns
    return replace(alert, clear_since_ns=clear_ns, since_ns=since_ns)


# --- with an answer ---------------------------------------------------------------------------


def _while_quiet(
    alert: Alert, rule: Rule, reading: Reading, now_ns: int
) -> tuple[Alert, Event | None]:
    severity = _severity(rule, reading)
    if severity is None:
        was_pending = alert.phase is Phase.PENDING
        return _calmed(alert, rule, reading) if was_pending else alert, None
    if alert.phase is not Phase.PENDING:
        alert = replace(
            alert, phase=Phase.PENDING, since_ns=now_ns, peak=reading.value, fired_ns=None,
            resolved_ns=None, notified_ns=None, clear_since_ns=None, acknowledged_ns=None,
            acknowledged_by=None, unit=rule.unit,
        )  # fmt: skip
    alert = _worse(alert, rule, reading, severity)
    if _age_s(alert.since_ns, now_ns) < rule.for_s:
        return alert, None
    episode = alert.episode + 1
    fired = replace(alert, phase=Phase.FIRING, fired_ns=now_ns, notified_ns=now_ns, episode=episode)
    return fired, Event.FIRING


def _calmed(alert: Alert, rule: Rule, reading: Reading) -> Alert:
    summary = _now(rule, reading)
    return replace(alert, phase=Phase.INACTIVE, since_ns=None, value=reading.value, summary=summary)


def _while_firing(
    alert: Alert, rule: Rule, reading: Reading, now_ns: int
) -> tuple[Alert, Event | None]:
    severity = _severity(rule, reading)
    if severity is None:
        return _while_clear(alert, rule, reading, now_ns)
    # It never steps down inside one alert: swinging round the critical step would escalate
    # again and again.
    escalates = severity == CRITICAL and alert.severity != CRITICAL
    kept = CRITICAL if CRITICAL in (severity, alert.severity) else WARNING
    alert = replace(_worse(alert, rule, reading, kept), clear_since_ns=None)
    if escalates:
        return replace(alert, notified_ns=now_ns), Event.ESCALATED
    is_due = _age_s(alert.notified_ns, now_ns) >= rule.repeat_s
    if is_due and alert.acknowledged_ns is None:
        return replace(alert, notified_ns=now_ns), Event.REMINDER
    return alert, None


def _while_clear(
    alert: Alert, rule: Rule, reading: Reading, now_ns: int
) -> tuple[Alert, Event | None]:
    clear_since_ns = now_ns if alert.clear_since_ns is None else alert.clear_since_ns
    summary = f"{_now(rule, reading)}, {_why_fine(rule, reading)}"
    alert = replace(
        alert, value=reading.value, threshold=rule.first, clear_since_ns=clear_since_ns,
        summary=summary,
    )  # fmt: skip
    if _age_s(clear_since_ns, now_ns) < rule.keep_firing_s:
        return alert, None
    lasted = format_duration(_age_s(alert.since_ns, now_ns))
    summary = f"{_now(rule, reading)} again after {lasted}, peak {_quantity(alert.peak, rule)}"
    return _resolved(replace(alert, summary=summary), now_ns), Event.RESOLVED


def _resolved(alert: Alert, now_ns: int) -> Alert:
    return replace(
        alert, phase=Phase.RESOLVED, resolved_ns=now_ns, notified_ns=now_ns, clear_since_ns=None
    )


def _worse(alert: Alert, rule: Rule, reading: Reading, severity: str) -> Alert:
    """The alert with a value beyond a threshold; the threshold told is the last one passed now."""
    value = reading.value
    threshold = rule.threshold(_severity(rule, reading) or WARNING)
    peak = alert.peak if value is None else rule.worst(alert.peak, value)
    summary = f"{_now(rule, reading)}, {rule.side} {_quantity(threshold, rule)}"
    return replace(
        alert, value=value, peak=peak, severity=severity, threshold=threshold, summary=summary,
        channels=rule.channels, runbook=rule.runbook,
    )  # fmt: skip


def _why_fine(rule: Rule, reading: Reading) -> str:
    if reading.value is not None and rule.severity(reading.value) is not None:
        return f"but fewer than {rule.min_errors} errors"
    return f"no longer {rule.side} {_quantity(rule.first, rule)}"


def _severity(rule: Rule, reading: Reading) -> str | None:
    return None if reading.value is None else rule.severity(reading.value, reading.errors)


def _age_s(moment_ns: int | None, now_ns: int) -> float:
    return 0.0 if moment_ns is None else max(0, now_ns - moment_ns) / NS_PER_S


def _now(rule: Rule, reading: Reading) -> str:
    """Such as `Error rate of add on ddd is 5 % over 1h`."""
    metric = rule.of
    labels = reading.labels
    of = f" of {labels['command']}" if "command" in labels else ""
    on = f" on {labels['system']}" if "system" in labels else ""
    over = f" over {rule.window.text}" if rule.window else ""
    detail = f" ({reading.detail})" if reading.detail else ""
    noun = metric.noun[:1].upper() + metric.noun[1:]
    return f"{noun}{of}{on} {metric.verb} {_quantity(reading.value, rule)}{over}{detail}"


def _quantity(value: float | None, rule: Rule) -> str:
    return format_quantity(value, rule.unit)


def _title(rule: str) -> str:
    return rule.replace("_", " ").capitalize()
