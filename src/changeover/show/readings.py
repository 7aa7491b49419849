"""What this room needs from the others, as one bundle of functions that the service wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changeover.core.alerting import ChannelState, Silence
from changeover.core.cell import Cells, CellSlot
from changeover.core.detail import CommandDetail
from changeover.core.model import (
    Alert,
    Check,
    CommandState,
    FlagState,
    Flip,
    Gateway,
    MetricQuery,
    Page,
    ResourceSample,
    Status,
    Summary,
    Timeline,
)
from changeover.core.move import Freeze, Halt, Move
from changeover.core.verdict import Verdict
from changeover.core.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """How the bot's process and its monitor are; `health.report` makes one.

    Attributes:
        status: unhealthy only when the bot's own loop is blocked.
        checks: everything that was looked at, in a stable order.
        uptime_s: seconds since the monitor started.
        version: of this package, or `unknown`.
        instance: who answers, as `host/process`.
        ready: whether the bot does its work yet (logged in, handlers registered).
        loop_blocked: whether the bot's event loop stands still for too long.
    """

    status: Status
    checks: Sequence[Check]
    uptime_s: float
    version: str
    instance: str
    ready: bool
    loop_blocked: bool


Curve = Sequence[tuple[int, float]]  # moments in ns, and evidence as a power of ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What the page shows of the move itself. All functions may be called from any thread.

    Attributes:
        moves: every scope of the plan as it stands, in its order.
        verdicts: what the judge says of each command, and of all together first; each with how
            its evidence for a rollback came to be.
        flips: the newest changes first, at most so many, of one subject or of all; may raise
            `StoreUnavailableError`.
        detail: one command closely; may raise `StoreUnavailableError`.
        halt: the emergency stop in force; may raise `StoreUnavailableError`, as the rest does.
        freezes: times in which nothing goes up, that are not over.
        channels: every channel of alerts as it stands.
        silences: what withholds messages now.
        maintenance: windows that hold or are to come.
        calibration: the newest one as it was kept; see `calibration.py`.
    """

    moves: Callable[[], Sequence[Move]]
    verdicts: Callable[[], Sequence[tuple[Verdict, Curve]]]
    flips: Callable[[int, str | None], Sequence[Flip]]
    detail: Callable[[str, Window], CommandDetail]
    halt: Callable[[], Halt | None] = lambda: None
    freezes: Callable[[], Sequence[Freeze]] = tuple
    channels: Callable[[], Sequence[ChannelState]] = tuple
    silences: Callable[[], Sequence[Silence]] = tuple
    maintenance: Callable[[], Sequence[Silence]] = tuple
    calibration: Callable[[], Mapping[str, Any] | None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Where the API, the page and the exporters read everything from.

    All functions are called from a few worker threads of this room, at the same time too;
    all but `health` may take their time and may raise `StoreUnavailableError`.

    Attributes:
        summary, timeline: one window, counted up to now.
        slots: all counts from one moment to another, cut in steps (whole minutes), in ns.
        newest: single records; raises `BadValueError` for a cursor that is not its own.
        flags: every flag, as it stands in this process.
        commands: every registered command and where its calls go now.
        alerts: the active alerts, and at most so many past ones, newest first.
        health: must not wait for anything; after a second without an answer, `/health`
            says so and answers without it.
        resource: the latest sample, or None before the first.
        totals: a copy of the executions since some fixed moment; counts that never go down.
        dropped: what the monitor had to drop, by reason, since the start.
        thresholds: `error_ratio`, `response_time_ms` and `memory_mb`, as the alerts use them.
        system: the name of the new system.
        routes: how many calls were routed for which reason, since the start.
        loop_silent_s: how long the bot's loop has not answered; reads memory only, for when
            the rest of `health` hangs.
        blocked_after_s: from when on that is too long.
        gateway: how the bot is connected, with the rate limits of so many seconds; None where
            no bot is attached.
        steering: of the move itself; None where nobody judges.
    """

    summary: Callable[[Window], Summary]
    timeline: Callable[[Window], Timeline]
    newest: Callable[[MetricQuery], Page]
    flags: Callable[[], Sequence[FlagState]]
    commands: Callable[[], Sequence[CommandState]]
    alerts: Callable[[int], tuple[Sequence[Alert], Sequence[Alert]]]
    health: Callable[[], HealthReport]
    resource: Callable[[], ResourceSample | None]
    totals: Callable[[], Cells]
    dropped: Callable[[], Mapping[str, int]]
    thresholds: Mapping[str, float]
    system: str
    gateway: Callable[[float], Gateway | None] = lambda _: None
    slots: Callable[[int, int, int], Sequence[CellSlot]] = lambda *_: ()
    routes: Callable[[], Mapping[str, int]] = dict
    loop_silent_s: Callable[[], float | None] = lambda: None
    blocked_after_s: float = 30.0
    steering: Steering | None = None
