"""What the monitor tells: health, summaries, the snapshot, and what the page reads.

A module of its own, so that a bot that nobody asks loads none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changeover.act.manager import AlertManager
from changeover.act.outbox import Outbox
from changeover.act.silences import Maintenance, Silences
from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import Guard
from changeover.core.model import (
    Check,
    Execution,
    FlagCheck,
    Flip,
    Gateway,
    Instance,
    ResourceSample,
    Status,
)
from changeover.core.ports import Telemetry
from changeover.core.window import parse_window
from changeover.record.collector import MetricsCollector
from changeover.record.loop_lag import LoopWatch
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router
from changeover.service.history import History
from changeover.service.losses import Losses
from changeover.service.moving import Moving
from changeover.service.thresholds import Thresholds
from changeover.settings import Settings
from changeover.show.gateway import gateway_check
from changeover.show.health import report
from changeover.show.readings import HealthReport, Readings, Steering
from changeover.show.records import record_json
from changeover.show.snapshot import snapshot
from changeover.show.views import summary_view
from changeover.store.writer import Writer

STALE_AFTER_S = 90.0  # three samples missed
GATEWAY_WINDOW_S = 300.0  # of the rate limits that a check tells of


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The rooms that something is told of, and the telling.

    Attributes:
        has_bot: whether this process records, or only looks on.
        is_ready: whether the bot does its work yet.
        gateway: how the bot is connected, with what happened in so many seconds; or None.
        started_ns: when, by the monotonic clock.
    """

    settings: Settings
    clock: Clock
    guard: Guard
    instance: Instance
    telemetry: Telemetry
    summaries: Summaries
    metrics: MetricsCollector
    loops: LoopWatch
    flags: FeatureFlags
    router: Router
    writer: Writer
    alerts: AlertManager
    outbox: Outbox
    losses: Losses
    moving: Moving
    silences: Silences
    maintenance: Maintenance
    history: History
    flips: Callable[[int, str | None], Sequence[Flip]]
    has_bot: bool
    is_ready: Callable[[], bool]
    gateway: Callable[[float], Gateway | None]
    started_ns: int

    def summary(self, window: str) -> dict[str, Any]:
        """What `/health/commands` answers."""
        span = parse_window(window)
        view = summary_view(
            self.summaries.summary(span),
            window=span,
            timeline=self.summaries.timeline(span),
            resource=self.summaries.latest_resource(),
            commands=self.router.states(),
            now_ns=self.clock.wall_ns(),
        )
        return dict(view)

    def snapshot(self, window: str) -> dict[str, Any]:
        """Everything the page shows."""
        return dict(snapshot(self.readings(), parse_window(window), self.clock.wall_ns()))

    def record_json(
        self, instance: str, record: Execution | FlagCheck | ResourceSample
    ) -> dict[str, Any]:
        """One record in the reference's field names."""
        return record_json(instance, record)

    def readings(self) -> Readings:
        """What the page, the API and the exporters read."""
        return Readings(
            summary=self.summaries.summary,
            timeline=self.summaries.timeline,
            slots=self.telemetry.slots,
            newest=self.telemetry.newest,
            flags=self.flags.states,
            commands=self.router.states,
            alerts=self.alerts.alerts,
            health=self.health,
            resource=self.summaries.latest_resource,
            totals=self.summaries.totals,
            dropped=self.dropped,
            routes=lambda: {reason.value: count for reason, count in self.router.counts.items()},
            loop_silent_s=self.loops.blocked_for_s,
            blocked_after_s=self.settings.blocked_after_s,
            thresholds=Thresholds(self.alerts),
            system=self.settings.system,
            gateway=self.gateway,
            steering=Steering(
                moves=self.moving.moves,
                verdicts=self.moving.verdicts,
                flips=self.flips,
                detail=self.summaries.detail,
                halt=lambda: self.moving.rollout.halt,
                freezes=lambda: self.moving.rollout.freezes,
                channels=self.outbox.channels,
                silences=self.silences.list,
                maintenance=self.maintenance.list,
                calibration=self.history.calibration,
            ),
        )

    def health(self) -> HealthReport:
        """How the bot and its monitor are; never waits."""
        return report(
            list(self._checks()),
            uptime_s=(self.clock.monotonic_ns() - self.started_ns) / NS_PER_S,
            instance=f"{self.instance.host}/{self.instance.process}",
            ready=self.is_ready(),
            loop_silent_s=self.loops.blocked_for_s(),
            blocked_after_s=self.settings.blocked_after_s,
        )

    def dropped(self) -> Mapping[str, int]:
        """What could not be kept, by reason."""
        return {**self.metrics.dropped, **self.writer.dropped}

    def _checks(self) -> Iterator[Check]:
        yield self.telemetry.check()
        yield self.flags.check()
        yield self._sampler_check()  # of a viewer too: it is all that says that no bot runs
        if self.has_bot:
            yield self.writer.check()
            yield self._recorder_check()
            yield self.alerts.check()
            yield self.outbox.check()
            yield from self._gateway_checks()

    def _gateway_checks(self) -> Iterator[Check]:
        gateway = self.gateway(GATEWAY_WINDOW_S)
        if gateway is not None:
            yield gateway_check(gateway)

    def _recorder_check(self) -> Check:
        errors = sum(self.guard.counts.values())
        self.losses.note({**self.dropped(), "errors of ours, see the log": errors})
        return self.losses.check("recorder")

    def _sampler_check(self) -> Check:
        sample = self.summaries.latest_resource()
        if sample is None:
            return Check("sampler", Status.HEALTHY, "no sample yet")
        age_s = (self.clock.wall_ns() - sample.at_ns) / NS_PER_S
        if age_s > STALE_AFTER_S:
            return Check("sampler", Status.DEGRADED, "the newest sample is stale", age_s)
        return Check("sampler", Status.HEALTHY, "samples are fresh", age_s)
