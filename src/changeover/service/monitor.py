"""The monitor of one bot: makes the rooms, and moves the data along."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from changeover.act.brakes import Brakes, StopFile
from changeover.act.delivery import DeliveryThread
from changeover.act.manager import LEASE_S, AlertManager
from changeover.act.outbox import Outbox
from changeover.act.silences import Maintenance, Silences
from changeover.act.tokens import Tokens
from changeover.aggregate.summaries import Summaries
from changeover.core.clock import Clock, SystemClock
from changeover.core.errors import ChangeoverError, Guard, StoreError
from changeover.core.model import Flip, Gateway, MetricQuery, Page, Status
from changeover.core.order import Order, Principal, Role
from changeover.core.process import Every, Ticker, around_fork, before_the_end, this_instance
from changeover.judge.table import load_judge
from changeover.record.collector import MetricsCollector, Readers
from changeover.record.loop_lag import LoopWatch
from changeover.record.resources import ResourceSampler
from changeover.route.adapter import CommandIntegrationAdapter
from changeover.route.catalogue import Catalogue
from changeover.route.outcome import Classify, default_classify
from changeover.route.share import parse_share
from changeover.route.sources import set_flag
from changeover.service.alert_verbs import add_alert_verbs, add_silence_verbs
from changeover.service.channels import picture_of
from changeover.service.door import Door
from changeover.service.history import History
from changeover.service.losses import Losses
from changeover.service.moving import QUICK_S, Moving
from changeover.service.orders import Orders, clean_text
from changeover.service.road import Road
from changeover.service.rolling import Rolling
from changeover.service.rule_rollbacks import RuleRollbacks
from changeover.service.stage_verbs import add_stage_verbs
from changeover.service.verbs import add_flag_verbs, add_token_verbs
from changeover.service.wiring import (
    channels_of,
    check_flags,
    routing_of,
    rules_of,
    server_of,
    stores_of,
)
from changeover.settings import Settings, load
from changeover.store.writer import Writer

if TYPE_CHECKING:
    from changeover.service.telling import Telling
    from changeover.show.controls import Controls
    from changeover.show.readings import HealthReport, Readings
    from changeover.show.server import Server

logger = logging.getLogger("changeover")

TICK_S = 0.5  # what is recorded is stored at most this and a commit later
PRUNE_EVERY_S = 60.0
BUFFER = 65_536  # records that may wait for a tick


class Monitor:
    """The monitor of one bot: records, aggregates, stores, routes, alerts and shows.

    Making one opens the store; `start` starts everything else, in threads of its own, and
    `stop` ends it.

    Args:
        settings: by default read from the environment and `changeover.toml`.
        watching_only: for a process without a bot: shows what others stored, records nothing.
        classify: says which outcome an exception of a handler means.
        clock: where every room reads the time.
        on_error: called with every error of ours on the bot's road; tests pass one that raises.

    Attributes:
        settings: what is in force.
        metrics: the `MetricsCollector`; what it is told goes the whole road.
        flags: the `FeatureFlags` of this process.
        adapter: the `CommandIntegrationAdapter`; commands are registered with it.
        alerts: the `AlertManager`.
        tokens: of those who may do something over HTTP.
        orders: the verbs that `order` knows.
        moving: the judge, and how the rollout acts on it.
        silences, maintenance: what people do not want to be told for a while.
        rollout: the `Rollout`, which moves commands up and takes them back.
        history: what was recorded, one by one, for those who look back.
        is_ready: says whether the bot does its work yet, for `/health/ready`; to be set.
        loops: the event loops that are watched; the adapter adds those it is called on.
        store_file: where figures are kept, or None for memory.

    Raises:
        SettingsError: naming every setting that is wrong.
        StoreSchemaError: a newer version wrote the file.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        watching_only: bool = False,
        classify: Classify = default_classify,
        clock: Clock | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self.settings = settings = settings or load()
        self.is_ready: Callable[[], bool] = lambda: True
        self._clock: Clock = clock or SystemClock()
        self._guard = Guard(self._clock, on_error)
        self._classify = classify
        self._has_bot = settings.enabled and not watching_only
        self._stores = stores_of(settings, self._clock)
        self._telemetry, self._state = self._stores.telemetry, self._stores.state
        self.silences = Silences(self._state, self._clock)
        self.maintenance = Maintenance(self._state, self._clock)
        self.store_file = self._stores.file
        self._make_bots_part()
        self._catalogue = Catalogue(self._state, self._router)
        self._tick_lock = threading.Lock()
        self._stopping = threading.RLock()  # a signal's handler may stop what its thread stops
        self._door = Door(
            self._make_server,
            serves=settings.enabled and settings.http,
            clock=self._clock,
            guard=self._guard,
        )
        self._is_running = self._is_stopped = False
        self._undo_end: Callable[[], None] = lambda: None
        self._make_own_part()
        around_fork(self._tick_lock, self._go_on_in_forked_child)

    def _make_bots_part(self) -> None:
        """What stands on the bot's road, or is asked there; the same in a forked child."""
        settings = self.settings
        self.loops = LoopWatch(clock=self._clock)
        self.metrics = MetricsCollector(
            clock=self._clock,
            limit=BUFFER if settings.enabled else 0,
            readers=Readers(
                sample=lambda: self._road.sample(),  # noqa: PLW0108  # a fork makes another road
                newest=self._newest,
                record_json=lambda *record: self._telling().record_json(*record),
                summary=self.summary,
            ),
        )
        self._brakes = Brakes(self._clock)
        self._stop_file = StopFile(settings.folder, settings.system)
        self.flags, self._router = routing_of(
            settings,
            self._state,
            brakes=[self._stop_file, self._brakes],
            clock=self._clock,
            guard=self._guard,
        )
        self.adapter = CommandIntegrationAdapter(
            self._router,
            self.metrics,
            self._clock,
            guard=self._guard,
            classify=self._classify,
            sticky_by=settings.sticky_by,
            on_loop=self.loops.watch,
        )

    def _make_own_part(self) -> None:
        """What belongs to this one process and its threads; a fork makes it anew."""
        settings, clock, guard = self.settings, self._clock, self._guard
        self._instance = this_instance(clock, settings.shard)
        self._started_ns = clock.monotonic_ns()
        self.history = History(
            telemetry=self._telemetry,
            state=self._state,
            instance=self._instance,
            keep_s=settings.keep_executions_s,
            clock=clock,
        )
        self._sampler = ResourceSampler(clock=clock, loop_lag_ns=self.loops.worst_ns_since_last)
        self._summaries = Summaries(self._telemetry, clock=clock)
        self._losses = Losses(clock)
        self._writer = Writer(self._telemetry, clock=clock, guard=guard)
        self._channels = channels_of(settings, clock, picture_of(self._summaries.timeline))
        self._outbox = Outbox(self._state, self._channels, clock=clock, guard=guard)
        self._delivery = DeliveryThread(self._outbox, guard=guard)
        self._make_acting(list(self._channels))
        self._make_orders()
        self._road = Road(
            self.metrics,
            self._sampler,
            self._summaries,
            self.moving,
            self._writer,
            self._telemetry,
            instance=self._instance,
            has_bot=self._has_bot,
            clock=clock,
        )
        self._tick_due = Every(TICK_S, clock)
        self._alerts_due = Every(settings.alert_every_s, clock)
        self._lead_due = Every(LEASE_S / 3, clock)
        self._prune_due = Every(PRUNE_EVERY_S, clock)
        self._ticker = Ticker(self._beat, self._pause_s, name="changeover", guard=guard)

    def _make_acting(self, channels: list[str]) -> None:
        """What tells people, and what moves shares."""
        settings, clock, guard = self.settings, self._clock, self._guard
        self.alerts = AlertManager(
            self._state,
            rules_of(settings, clock),
            clock=clock,
            instance=self._instance,
            channels=channels,
            guard=guard,
            link=settings.link,
            interval_s=settings.alert_every_s,
            wake=self._delivery.wake,
        )
        rolling = Rolling(
            settings,
            self._state,
            clock=clock,
            guard=guard,
            instance=self._instance,
            channels=channels,
            flags=self.flags,
            router=self._router,
            brakes=self._brakes,
            stop_file=self._stop_file,
            has_store=self._stores.file is not None,
            wake=self._delivery.wake,
        )
        self.rollout = rolling.rollout
        self.moving = Moving(
            self._state,
            rolling,
            load_judge(settings.config_file, sticky_by=settings.sticky_by),
            system=settings.system,
            release=settings.release,
            clock=clock,
            guard=guard,
            instance=self._instance,
            has_bot=self._has_bot,
            dropped=self._recently_lost,
        )
        self._rule_rollbacks = RuleRollbacks(
            self.alerts, self.moving, self._router.states, state=self._state, guard=guard
        )

    def _make_orders(self) -> None:
        """What people may ask for, and who they are."""
        clock = self._clock
        self.tokens = Tokens(self._state, clock=clock, guard=self._guard)
        self.orders = Orders(self._state, clock=clock)
        add_flag_verbs(self.orders, self._state, clock, self.flags.refresh)
        add_token_verbs(self.orders, self.tokens)
        add_stage_verbs(self.orders, self.moving, clock)
        add_alert_verbs(self.orders, self.alerts)
        add_silence_verbs(self.orders, self.silences, self.maintenance, clock)

    def _make_server(self) -> Server:
        return server_of(
            self.settings,
            self.readings(),
            self.controls,
            clock=self._clock,
            guard=self._guard,
        )

    # --- its life -----------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the threads and the server; with `MONITORING_ENABLED=false`, nothing.

        Once stopped, a monitor does not start again, and says so in the log: make a new one.
        A store that cannot be used, or a port that is taken, degrades the monitor and is
        tried again; neither keeps the bot from starting.

        Raises:
            SettingsError: a flag in the environment or in the file is wrong.
        """
        check_flags(self.settings, self.flags.names)
        self.flags.refresh()
        self.tokens.refresh()
        if not self.settings.enabled or self._is_running:
            return self
        if self._is_stopped:
            logger.error("a monitor that was stopped records nothing; make a new Changeover")
            return self
        for warning in self.settings.warnings:
            logger.warning("%s", warning)
        self._undo_end = before_the_end(self.stop)
        self._run()
        return self

    def _run(self) -> None:
        self._is_running = True
        if self._has_bot:
            self._sampler.start()
        self._writer.start()
        self._ticker.start()

    def stop(self) -> None:
        """Store what was recorded and end every thread, within 2 s.

        A second call does nothing but wait for the first.
        """
        with self._stopping:
            self._is_stopped = True
            if self._is_running:
                self._is_running = False
                self._wind_down()
            self._writer.stop(0.2)
            self._telemetry.close()
            self._state.close()

    def _wind_down(self) -> None:
        self._ticker.stop(0.3)
        self._road.forward()
        is_stored = self._flush()
        self._undo_end()  # not earlier: a signal in the middle of the flush waits for its end
        self._door.close()
        self._delivery.stop(0.3)
        if is_stored:  # else the store would hold up the end; the leases run out by themselves
            self.alerts.close()
            self.moving.close(is_clean=not self._is_blocked())
            self.orders.settle()
        self._sampler.stop()
        self.loops.stop()

    def _is_blocked(self) -> bool:
        return (self.loops.blocked_for_s() or 0.0) > self.settings.blocked_after_s

    def _flush(self) -> bool:
        """A store in trouble gets a second; one that is only slow gets longer: nothing is lost."""
        for timeout_s in (1.0, *[0.25] * 20):  # in steps: a lock shows itself after a second
            if self._writer.flush(timeout_s):
                return True
            if self._writer.check().status is not Status.HEALTHY:
                break
        return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _go_on_in_forked_child(self) -> None:
        """The child is an instance of its own, without a server; the parent keeps the port."""
        was_running, self._is_running = self._is_running, False
        if self._tick_lock.locked():
            self._tick_lock = threading.Lock()
        self._stopping = threading.RLock()
        for shared in (self._guard, self.flags, self.loops, self._brakes):
            shared.begin_anew()
        self._door.leave()
        self._sampler.stop()
        self._make_own_part()
        if was_running:
            self._run()

    # --- the road of the data -----------------------------------------------------------------

    def _beat(self) -> None:
        """A tick twice a second; in between, while shares move, a look at what came in."""
        if self._tick_due.is_due():
            self.tick()
        else:
            with self._tick_lock:
                self._road.gather()
                self.moving.look()

    def _pause_s(self) -> float:
        return QUICK_S if self.moving.is_watching else TICK_S

    def tick(self) -> None:
        """One step of the road: record, aggregate, store; judge and take back; act. Showing reads."""
        with self._tick_lock:
            if self._is_running:
                self._door.open_if_due()  # not in `start`: that would hold up a bot
            self._look_at_bot()
            self._road.forward()
            self.moving.look()  # before anything that may wait for a disk
            try:
                self._road.follow_others()
                self._share_catalogue()
                if self._prune_due.is_due():
                    self._telemetry.prune(self._clock.wall_ns())
            except StoreError:
                pass  # the store's own check says so, and for how long
            self.flags.refresh()
            self.tokens.refresh()
            self.orders.settle()
            if self._has_bot:
                self._act()

    def _act(self) -> None:
        self.alerts.refresh_rules()
        took_over = self._lead_due.is_due() and self.alerts.keep_lead()
        if self._alerts_due.is_due() or took_over:
            self.alerts.check_alerts(
                self._summaries.summary,
                self._summaries.fullest_resource,
                samples_of=self._summaries.samples,
                shares=lambda: [command.share for command in self._router.states()],
            )
        self._rule_rollbacks.carry_out()

    def _share_catalogue(self) -> None:
        if self._has_bot:
            self._catalogue.tell()
        else:
            self._catalogue.learn()

    def _recently_lost(self) -> int:
        self._losses.note({**self.metrics.dropped, **self._writer.dropped})
        return self._losses.recent

    # --- what it tells ------------------------------------------------------------------------

    @property
    def url(self) -> str | None:
        """Where the page is; None before the server is up, about a second after the start."""
        return self._door.url

    def wait_until_served(self, timeout_s: float = 10.0) -> str | None:
        """The page's address, as soon as the server is up; None when it is not in time."""
        return self._door.wait(timeout_s)

    def summary(self, window: str = "1h") -> dict[str, Any]:
        """What `/health/commands` answers: the reference's summary, and more."""
        self._road.forward()
        return self._telling().summary(window)

    def snapshot(self, window: str = "1h") -> dict[str, Any]:
        """Everything the page shows."""
        return self._telling().snapshot(window)

    def catch_up(self) -> Self:
        """Learn all that the store holds now, also without a `start`; for a look from outside.

        Raises:
            StoreUnavailableError: it cannot be read.
        """
        with self._tick_lock:  # or a started monitor would count what both are reading twice
            self._catalogue.learn()
            self._road.follow_others()
            self.flags.refresh()
        return self

    def readings(self) -> Readings:
        """What the page, the API and the exporters read; for `show.api.create_app`."""
        return self._telling().readings()

    def health(self) -> HealthReport:
        """How the bot and its monitor are; never waits."""
        return self._telling().health()

    def set_flag(self, name: str, value: str | None, *, actor: str, reason: str = "") -> Flip:
        """Set a flag for every process that shares the store.

        Args:
            name: such as `ddd.commands.utility`.
            value: `on`, `off` or a share such as `25%`; None takes it out of the store, so
                that the environment or the file speaks again.
            actor: who changes it.
            reason: why.

        Raises:
            BadValueError: no such value.
            StoreUnavailableError: nothing was changed.
        """
        share = None if value is None else parse_share(name, value)
        flip = set_flag(
            self._state,
            name,
            share,
            actor=clean_text(actor),
            reason=clean_text(reason),
            clock=self._clock,
        )
        self.flags.refresh()
        return flip

    def order(self, order: Order, principal: Principal | None = None) -> Mapping[str, Any]:
        """Do what somebody asks for; `orders.verbs()` says what there is.

        Args:
            order: such as `Order(verb="flag.set", subject="ddd.commands.utility",
                actor="cli:anna", values={"value": "25%"})`.
            principal: who asks, if not somebody who may do anything, such as this program.

        Raises:
            NotAllowedError: their role is too small.
            BadValueError: there is no such verb, or it cannot use a value.
            ConflictError: somebody else was first.
            RefusedOrderError: not possible as things are.
            StoreError: the store is away.
        """
        return self.orders.carry_out(order, principal or Principal(order.actor, Role.ADMIN))

    @property
    def controls(self) -> Controls:
        """How people change something from the page and the API; for `show.api.create_app`."""
        from changeover.show.controls import Controls  # noqa: PLC0415  # only where HTTP is on

        return Controls(
            orders=self.orders.verbs,
            carry_out=self.order,
            who=self.tokens.find,
            flips=self._state.flips,
            refused=self.orders.refused,
        )

    def backup(self, file: Path) -> None:
        """Copy the store while everything runs. Raises `ChangeoverError` where there is none."""
        if self._stores.backup is None:
            raise ChangeoverError("MONITORING_STORE=memory keeps no file to copy")
        self._stores.backup(file)

    def _telling(self) -> Telling:
        from changeover.service.telling import Telling  # noqa: PLC0415  # see there

        return Telling(
            settings=self.settings,
            clock=self._clock,
            guard=self._guard,
            instance=self._instance,
            telemetry=self._telemetry,
            summaries=self._summaries,
            metrics=self.metrics,
            loops=self.loops,
            flags=self.flags,
            router=self._router,
            writer=self._writer,
            alerts=self.alerts,
            outbox=self._outbox,
            losses=self._losses,
            moving=self.moving,
            silences=self.silences,
            maintenance=self.maintenance,
            history=self.history,
            flips=self._state.flips,
            has_bot=self._has_bot,
            is_ready=self._is_bot_ready,
            gateway=self._gateway,
            started_ns=self._started_ns,
        )

    def _is_bot_ready(self) -> bool:
        """Asked when it is needed, as it may be set after the start; what fails is not ready."""
        try:
            return bool(self.is_ready())
        except Exception as error:  # noqa: BLE001  # the bot's; no check of ours goes down with it
            self._guard.caught("service.is_ready", error)
            return False

    def _look_at_bot(self) -> None:
        """See how the bot is; with every tick. Without a bot that is attached, nothing."""

    def _gateway(self, _window_s: float) -> Gateway | None:
        """How the bot is connected; None without one that is attached."""
        return None

    def _newest(self, query: MetricQuery) -> Page:
        self._road.forward()
        self._writer.flush(1.0)
        return self._telemetry.newest(query)
