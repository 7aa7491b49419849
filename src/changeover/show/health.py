"""The judgement of `/health`: what is wrong, how old the news is, and whether to restart the bot.

A platform restarts a bot whose `/health` fails. So only the bot's own trouble may make it
fail: an event loop that stands still. A full disk or a silent evaluator is the monitor's
trouble; it degrades, and the bot goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from changeover.core.model import Check, Status
from changeover.show.readings import HealthReport

LOOP_CHECK = "bot_loop"


def report(
    checks: Sequence[Check],
    *,
    uptime_s: float,
    instance: str,
    ready: bool,
    loop_silent_s: float | None,
    blocked_after_s: float = 30.0,
) -> HealthReport:
    """Judge what was looked at.

    Args:
        checks: of the monitor's own parts (store, evaluator, sampler, recorder); whatever
            they say, they only degrade.
        uptime_s: seconds since the start.
        instance: who answers, as `host/process`.
        ready: whether the bot does its work yet.
        loop_silent_s: how long the bot's loop has not answered; None where none is watched.
        blocked_after_s: how long it may be silent.
    """
    is_blocked = loop_silent_s is not None and loop_silent_s > blocked_after_s
    own = [_capped(check) for check in checks]
    is_degraded = any(check.status is not Status.HEALTHY for check in own)
    return HealthReport(
        status=_overall(is_blocked=is_blocked, is_degraded=is_degraded),
        checks=[*_loop_checks(loop_silent_s, blocked_after_s), *own],
        uptime_s=uptime_s,
        version=installed_version(),
        instance=instance,
        ready=ready,
        loop_blocked=is_blocked,
    )


@cache
def installed_version() -> str:
    """This package's version as installed, or `unknown` when it runs from a bare folder."""
    from importlib.metadata import (  # noqa: PLC0415  # 0.6 MB that a bot without HTTP is spared
        PackageNotFoundError,
        version,
    )

    try:
        return version("changeover")
    except PackageNotFoundError:
        return "unknown"


def silent_report(
    detail: str, *, loop_silent_s: float | None, blocked_after_s: float
) -> HealthReport:
    """What to say when the health reading itself did not answer: degraded, unless the loop hangs."""
    return report(
        [Check("monitor", Status.DEGRADED, detail)],
        uptime_s=0.0,
        instance="unknown",
        ready=False,
        loop_silent_s=loop_silent_s,
        blocked_after_s=blocked_after_s,
    )


def _overall(*, is_blocked: bool, is_degraded: bool) -> Status:
    if is_blocked:
        return Status.UNHEALTHY
    return Status.DEGRADED if is_degraded else Status.HEALTHY


def _capped(check: Check) -> Check:
    if check.status is not Status.UNHEALTHY:
        return check
    return Check(check.name, Status.DEGRADED, check.detail, check.age_s)


def _loop_checks(silent_s: float | None, blocked_after_s: float) -> list[Check]:
    if silent_s is None:
        return []
    if silent_s > blocked_after_s:
        detail = f"The bot's event loop has been blocked for {silent_s:.0f} s."
        return [Check(LOOP_CHECK, Status.UNHEALTHY, detail, silent_s)]
    return [Check(LOOP_CHECK, Status.HEALTHY, "The bot's event loop answers.", silent_s)]
