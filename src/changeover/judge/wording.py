"""The reason of a verdict, in one plain sentence with its figures."""

from __future__ import annotations

from dataclasses import dataclass

from changeover.core.quantity import format_duration
from changeover.core.verdict import EVERYTHING, Arm

_WEAKER = " This compares with legacy as it was recorded, not with a control group: it is weaker."


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a sentence is made of. Ratios 0 to 1, times in seconds."""

    scope: str
    system: str
    code: str
    legacy: Arm
    new: Arm
    margin: float
    limit: float
    value: float
    threshold: float
    missing: int | None
    eta_s: float | None
    wait_s: float
    concern: str
    baseline: bool


def sentence(facts: Facts) -> str:
    """The reason; a second sentence says so when there was no control group."""
    return _TELLERS[facts.code](facts) + (_WEAKER if facts.baseline else "")


def _what(facts: Facts) -> str:
    return "all commands together" if facts.scope == EVERYTHING else f"`{facts.scope}`"


def _failed(arm: Arm) -> str:
    if not arm.executions:
        return "nothing is known"
    return f"{arm.errors:,} of {arm.executions:,} failed ({_percent(arm.error_ratio)})"


def _percent(ratio: float | None) -> str:
    return "no data" if ratio is None else f"{ratio * 100:.2g} %" if ratio < 0.1 else _whole(ratio)


def _whole(ratio: float) -> str:
    return f"{ratio * 100:.0f} %"


def _ms(duration_ns: float | None) -> str:
    if duration_ns is None:
        return "no data"
    value = duration_ns / 1e6
    return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"


def _against(facts: Facts) -> str:
    return f"evidence {facts.value:,.0f} to 1, {facts.threshold:,.0f} needed"


def _errors(facts: Facts) -> str:
    return (
        f"{_what(facts)}: on {facts.system} {_failed(facts.new)}, on legacy "
        f"{_failed(facts.legacy)}; {_against(facts)}."
    )


def _over_limit(facts: Facts) -> str:
    return (
        f"{_what(facts)}: on {facts.system} {_failed(facts.new)}, where "
        f"{_percent(facts.limit)} is the limit; {_against(facts)}."
    )


def _slower(facts: Facts) -> str:
    return (
        f"{_what(facts)}: {facts.system} takes {_ms(facts.new.p50_ns)} (p95 "
        f"{_ms(facts.new.p95_ns)}), legacy {_ms(facts.legacy.p50_ns)} (p95 "
        f"{_ms(facts.legacy.p95_ns)}); more than 1.55 times slower, {_against(facts)}."
    )


def _warned(facts: Facts) -> str:
    return (
        f"{_what(facts)}: {facts.system} takes {_ms(facts.new.p50_ns)} (p95 "
        f"{_ms(facts.new.p95_ns)}), legacy {_ms(facts.legacy.p50_ns)} (p95 "
        f"{_ms(facts.legacy.p95_ns)}); that is more than 1.22 times slower."
    )


def _nothing(facts: Facts) -> str:
    return f"{_what(facts)}: no execution on {facts.system} yet."


def _users(facts: Facts) -> str:
    return (
        f"{_what(facts)}: {facts.system} tells users of mistakes at another rate than legacy; "
        "one of them may reject what is right."
    )


def _instrument(facts: Facts) -> str:
    return f"{_what(facts)}: {facts.concern}"


def _few(facts: Facts) -> str:
    text = "more executions"
    if facts.missing:
        text = f"{facts.missing:,} more execution{'s' * (facts.missing != 1)}"
    verb = "is" if facts.missing == 1 else "are"
    when = f", about {format_duration(facts.eta_s)} at today's rate" if facts.eta_s else ""
    return f"{_what(facts)}: {text} on {facts.system} {verb} needed{when}; so far {_failed(facts.new)}."


def _early(facts: Facts) -> str:
    return (
        f"{_what(facts)}: as good as legacy so far, but a whole day has to be seen; "
        f"{format_duration(facts.wait_s)} to go."
    )


def _good(facts: Facts) -> str:
    return (
        f"{_what(facts)}: on {facts.system} {_failed(facts.new)}, on legacy "
        f"{_failed(facts.legacy)}; not {_percent(facts.margin)} worse, and not slower."
    )


_TELLERS = {
    "worse_errors": _errors,
    "over_error_limit": _over_limit,
    "slower": _slower,
    "slower_than_wished": _warned,
    "nothing_seen": _nothing,
    "user_errors_differ": _users,
    "instrument": _instrument,
    "too_few_executions": _few,
    "too_early": _early,
    "as_good": _good,
}
