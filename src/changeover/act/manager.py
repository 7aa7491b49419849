"""The alert manager: evaluates every rule, keeps every alert, owes every message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from changeover.act.documents import OUTBOX
from changeover.act.ledger import Ledger
from changeover.act.life import advance, alert_key, retire, shift
from changeover.act.rules import Reading, Rule, read
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import Guard, StoreError
from changeover.core.model import (
    Alert,
    Check,
    Instance,
    Phase,
    ResourceSample,
    Status,
    Summary,
)
from changeover.core.ports import State
from changeover.core.quantity import format_duration
from changeover.core.window import Window

LEASE = "alerts"
_SHORTEST_LEASE_S = 30.0
_CLOCK_WAS_SET_NS = 60 * NS_PER_S  # less is drift, or a slow evaluation
_OVERDUE = 3  # evaluations missed before `check` complains


class _Sources(NamedTuple):
    summary_of: Callable[[Window], Summary]
    latest_resource: Callable[[], ResourceSample | None]
    stale_after_s: float


class AlertManager:
    """Says when something is wrong, and when it is over.

    Of several processes on one store, the one that holds the lease evaluates. While the store
    is away, the process that led last goes on in its own memory and tells its log
    (`changeover.alerts`); see `Ledger`.

    Args:
        state: where alerts and owed messages are kept.
        rules: what is watched; names are unique.
        clock: the wall clock for moments, the monotonic one to see the wall clock being set.
        instance: this process.
        channels: the names of the channels that owe every message.
        guard: counts what fails here.
        link: the page's address for messages, or None.
        interval_s: the time between two calls of `check_alerts`.
        wake: called after an evaluation that leaves messages to deliver, such as
            `DeliveryThread.wake`.
    """

    def __init__(
        self,
        state: State,
        rules: Sequence[Rule],
        *,
        clock: Clock,
        instance: Instance,
        channels: Sequence[str],
        guard: Guard,
        link: str | None = None,
        interval_s: float = 60.0,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self._state = state
        self._rules = tuple(rules)
        self._clock = clock
        self._holder = instance.id
        self._guard = guard
        self._interval_s = interval_s
        self._wake = wake
        self._ledger = Ledger(
            state,
            channels=channels,
            instance=f"{instance.host}/{instance.process}",
            link=link,
            guard=guard,
        )
        self._active: Sequence[Alert] = ()
        self._failing: dict[str, str] = {}  # rule: the error's type
        self._leads = True  # until another process is known to
        self._clocks = (clock.wall_ns(), clock.monotonic_ns())
        self._made_ns = clock.monotonic_ns()
        self._checked_ns: int | None = None

    def check_alerts(
        self,
        summary_of: Callable[[Window], Summary],
        latest_resource: Callable[[], ResourceSample | None],
        stale_after_s: float = 90.0,
    ) -> list[Alert]:
        """Evaluate every rule once; return the alerts that fire, the most urgent first.

        A rule whose question fails is a rule without data: the others go on. Blocks on the
        store, so never call it on the bot's road.

        Args:
            summary_of: the executions of a window that ends now.
            latest_resource: the newest sample of this process.
            stale_after_s: the age from which a sample says nothing about now.
        """
        jump_ns = self._clock_jump_ns()
        self._leads = self._lead()
        self._ledger.load()
        if self._leads:
            self._evaluate(_Sources(summary_of, latest_resource, stale_after_s), jump_ns)
        else:
            self._ledger.forget_unsaved()
        self._active = self._ledger.active()
        self._checked_ns = self._clock.monotonic_ns()
        self._wake_delivery()
        return [alert for alert in self._active if alert.phase is Phase.FIRING]

    def alerts(self, limit: int = 100) -> tuple[Sequence[Alert], Sequence[Alert]]:
        """The alerts that are pending or firing, and those that are over, newest first.

        While the store is away: what this process knows, and no past.
        """
        try:
            if not self._ledger.is_away:
                return self._ledger.stored(), self._ledger.past(limit)
        except StoreError:
            pass  # said by the store's own check, and by ours after the next evaluation
        return self._active, ()

    def check(self) -> Check:
        """Whether alerts are evaluated, and how long ago they were."""
        now = self._clock.monotonic_ns()
        age_s = None if self._checked_ns is None else (now - self._checked_ns) / NS_PER_S
        problem = self._problem((now - (self._checked_ns or self._made_ns)) / NS_PER_S)
        if problem:
            return Check("alerts", Status.DEGRADED, problem, age_s)
        if age_s is None:
            return Check("alerts", Status.HEALTHY, "not evaluated yet")
        who = f"{len(self._rules)} rules evaluated" if self._leads else "another process evaluates"
        return Check("alerts", Status.HEALTHY, who, age_s)

    def close(self) -> None:
        """Give the lease back, so that another process need not wait until it runs out."""
        if self._leads and self._checked_ns is not None:
            try:
                self._state.lease(LEASE, self._holder, 0.0)
            except StoreError as error:
                self._guard.caught("act.lease", error)

    def _problem(self, waited_s: float) -> str | None:
        if waited_s > _OVERDUE * self._interval_s:
            return f"not evaluated for {format_duration(waited_s)}"
        if self._failing:
            told = ", ".join(f"{rule} ({error})" for rule, error in sorted(self._failing.items()))
            return f"without an answer: {told}"
        if self._ledger.is_away:
            return "the store is away: alerts are kept in memory and told to the log only"
        return None

    def _clock_jump_ns(self) -> int:
        """By how much the wall clock was set since the last call; 0 for less than a minute.

        A machine asleep looks the same where the monotonic clock sleeps too: the time slept
        then counts for no alert.
        """
        before, self._clocks = self._clocks, (self._clock.wall_ns(), self._clock.monotonic_ns())
        jump_ns = (self._clocks[0] - before[0]) - (self._clocks[1] - before[1])
        return jump_ns if abs(jump_ns) >= _CLOCK_WAS_SET_NS else 0

    def _lead(self) -> bool:
        ttl_s = max(_SHORTEST_LEASE_S, 1.5 * self._interval_s)
        try:
            return self._state.lease(LEASE, self._holder, ttl_s)
        except StoreError:
            return self._leads  # nobody can tell; who led, leads on

    def _evaluate(self, sources: _Sources, jump_ns: int) -> None:
        now_ns = self._clocks[0]
        for rule in self._rules:
            try:
                reading = self._read(rule, sources, now_ns)
                alert = self._ledger.get(alert_key(rule.name, reading.labels))
                alert = shift(alert, jump_ns) if alert and jump_ns else alert
                self._ledger.save(*advance(alert, rule, reading, now_ns), now_ns)
            except Exception as error:  # noqa: BLE001 - one rule must never hide another (S51)
                self._failing[rule.name] = type(error).__name__
                self._guard.caught("act.rule", error)
        names = {rule.name for rule in self._rules}
        for alert in self._ledger.active():
            if alert.rule not in names:
                self._ledger.save(*retire(alert, now_ns), now_ns)

    def _read(self, rule: Rule, sources: _Sources, now_ns: int) -> Reading:
        try:
            summary = sources.summary_of(rule.window) if rule.window else None
            resource = None if rule.window else sources.latest_resource()
            stale_after_s = sources.stale_after_s
            reading = read(rule, summary, resource, now_ns, stale_after_s=stale_after_s)
        except Exception as error:  # noqa: BLE001 - whatever fails, nothing is known
            self._failing[rule.name] = type(error).__name__
            self._guard.caught("act.rule", error)
            return Reading(labels=rule.labels, failed=True)
        self._failing.pop(rule.name, None)
        return reading

    def _wake_delivery(self) -> None:
        if self._wake is None or self._ledger.is_away or not self._leads:
            return
        try:
            if self._state.read(OUTBOX):
                self._wake()
        except (StoreError, RuntimeError) as error:  # RuntimeError: no thread to be had
            self._guard.caught("act.wake", error)
