"""The alert manager: evaluates every rule, keeps every alert, owes every message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from changeover.act.baseline import BaselineKeeper
from changeover.act.documents import OUTBOX
from changeover.act.evaluation import NO_DATA, Evaluation, RuleState
from changeover.act.evidence import Evidence
from changeover.act.history import page_of
from changeover.act.ledger import Ledger
from changeover.act.rulebook import RuleBook
from changeover.act.rules import Rule
from changeover.core.alerting import AlertPage, AlertQuery
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import Guard, StoreError
from changeover.core.model import (
    Alert,
    Check,
    Flip,
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
LEASE_S = 20.0  # renewed every third of it; another process takes over within 30 s
_CLOCK_WAS_SET_NS = 60 * NS_PER_S  # less is drift, or a slow evaluation
_OVERDUE = 3  # evaluations missed before `check` complains


class AlertManager:
    """Says when something is wrong, and when it is over.

    Of several processes on one store, the one that holds the lease evaluates. While the store
    is away, the process that led last goes on in its own memory and tells its log
    (`changeover.alerts`); see `Ledger`.

    Args:
        state: where alerts and owed messages are kept.
        rules: what is watched, with unique names; or the book that holds it.
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
        rules: Sequence[Rule] | RuleBook,
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
        self._book = rules if isinstance(rules, RuleBook) else RuleBook(rules)
        self._clock = clock
        self._holder = instance.id
        self._guard = guard
        self._channels = tuple(channels)
        self._interval_s = interval_s
        self._wake = wake
        self._ledger = Ledger(
            state,
            channels=channels,
            instance=f"{instance.host}/{instance.process}",
            link=link,
            guard=guard,
        )
        self._evaluation = Evaluation(self._ledger, guard)
        self._baseline = BaselineKeeper(state, clock)
        self._active: Sequence[Alert] = ()
        self._leads = True  # until another process is known to
        self._clocks = (clock.wall_ns(), clock.monotonic_ns())
        self._made_ns = clock.monotonic_ns()
        self._checked_ns: int | None = None

    def check_alerts(
        self,
        summary_of: Callable[[Window], Summary],
        latest_resource: Callable[[], ResourceSample | None],
        stale_after_s: float = 90.0,
        *,
        samples_of: Callable[[Window], Sequence[ResourceSample]] | None = None,
        shares: Callable[[], Iterable[float]] | None = None,
    ) -> list[Alert]:
        """Evaluate every rule once; return the alerts that fire, the most urgent first.

        A rule whose question fails is a rule without data: the others go on. Blocks on the
        store, so never call it on the bot's road.

        Args:
            summary_of: the executions of a window that ends now.
            latest_resource: the newest sample of this process.
            stale_after_s: the age from which a sample says nothing about now.
            samples_of: every process's samples of a window that ends now; without it, rules
                over samples have no data, and no baseline is taken.
            shares: of each command, the percent of ids that the new system answers; without
                it no baseline is taken.
        """
        self._book.refresh()
        jump_ns = self._clock_jump_ns()
        self._leads = self._lead()
        self._ledger.load()
        self._keep_baseline(summary_of, samples_of, shares)
        if self._leads:
            evidence = Evidence(
                summary_of,
                latest_resource,
                samples_of,
                now_ns=self._clocks[0],
                stale_after_s=stale_after_s,
                up_s=(self._clocks[1] - self._made_ns) / NS_PER_S,
                baseline=self._baseline.known(),
                failing=lambda: len(self._evaluation.failing),
            )
            self._evaluation.run(self._book.rules, evidence, jump_ns)
        else:
            self._ledger.forget_unsaved()
        self._active = self._ledger.active()
        self._checked_ns = self._clock.monotonic_ns()
        self._wake_delivery()
        return [alert for alert in self._active if alert.phase is Phase.FIRING]

    def keep_lead(self) -> bool:
        """Renew the lease, or take it where its holder is gone; call it every `LEASE_S / 3`.

        Returns:
            Whether this process has just taken over: it should evaluate at once.
        """
        led, self._leads = self._leads, self._lead()
        return self._leads and not led

    def refresh_rules(self) -> None:
        """Read the rules' file again if it changed; cheap, and at most every 5 s.

        Call it more often than `check_alerts`, so that somebody who writes rules hears soon
        what is wrong with them.
        """
        self._book.refresh()

    @property
    def rules(self) -> Sequence[Rule]:
        """The rules in force."""
        return self._book.rules

    def rule_states(self) -> Sequence[RuleState]:
        """How each rule did in this process's last evaluation: `ok`, `no_data` or `failed`."""
        return list(self._evaluation.states.values())

    def wanting(self, action: str) -> Sequence[tuple[Alert, Rule]]:
        """The firing alerts, as of the last evaluation, whose rule asks for an action."""
        rules = {rule.name: rule for rule in self._book.rules if rule.action == action}
        return [
            (alert, rules[alert.rule])
            for alert in self._active
            if alert.phase is Phase.FIRING and alert.rule in rules
        ]

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

    def history(self, query: AlertQuery) -> AlertPage:
        """The alerts that are over and are asked for, newest first.

        Raises:
            BadValueError: the limit or the cursor cannot be used.
            StoreUnavailableError: they cannot be read.
        """
        return page_of(self._ledger.past(), query)

    def changes(self, key: str, limit: int = 50) -> Sequence[Flip]:
        """What happened to an alert, newest first. May raise `StoreUnavailableError`."""
        return self._state.flips(limit, f"alert {key}")

    def acknowledge(self, key: str, actor: str, reason: str, expected: int | None = None) -> Alert:
        """Say that somebody looks after a firing alert: no reminders until it is over.

        For any thread and any process on the store. That it gets worse is told all the same.

        Args:
            key: the alert's.
            actor: who says so.
            reason: in their words; may be empty.
            expected: the episode that they saw; None for the one that fires now.

        Raises:
            RefusedOrderError: it does not fire, or is acknowledged, or is another episode.
            StoreUnavailableError: nothing was changed.
        """
        # Delivery is not woken: this may be the command line, which has no business sending.
        return self._ledger.acknowledge(
            key, self._clock.wall_ns(), actor=actor, reason=reason, expected=expected
        )

    def check(self) -> Check:
        """Whether alerts are evaluated, and how long ago they were."""
        now = self._clock.monotonic_ns()
        age_s = None if self._checked_ns is None else (now - self._checked_ns) / NS_PER_S
        problem = self._problem((now - (self._checked_ns or self._made_ns)) / NS_PER_S)
        if problem:
            return Check("alerts", Status.DEGRADED, problem, age_s)
        if age_s is None:
            return Check("alerts", Status.HEALTHY, "not evaluated yet")
        return Check("alerts", Status.HEALTHY, self._who(), age_s)

    def close(self) -> None:
        """Give the lease back, so that another process need not wait until it runs out."""
        if self._leads and self._checked_ns is not None:
            try:
                self._state.lease(LEASE, self._holder, 0.0)
            except StoreError as error:
                self._guard.caught("act.lease", error)

    def _who(self) -> str:
        if not self._leads:
            return "another process evaluates"
        without = sum(state.state == NO_DATA for state in self._evaluation.states.values())
        told = f", {without} without data" if without else ""
        return f"{len(self._book.rules)} rules evaluated{told}"

    def _problem(self, waited_s: float) -> str | None:
        if waited_s > _OVERDUE * self._interval_s:
            return f"not evaluated for {format_duration(waited_s)}"
        if self._book.problem:
            return f"the rules stay as they were: {self._book.problem}"
        if failing := self._evaluation.failing:
            told = ", ".join(f"{rule} ({error})" for rule, error in sorted(failing.items()))
            return f"without an answer: {told}"
        if self._ledger.is_away:
            return "the store is away: alerts are kept in memory and told to the log only"
        for rule in self._book.rules:
            if missing := set(rule.channels) - set(self._channels):
                told = ", ".join(sorted(missing))
                return f"rule {rule.name} names channels that are not set up: {told}"
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
        try:
            return self._state.lease(LEASE, self._holder, LEASE_S)
        except StoreError:
            return self._leads  # nobody can tell; who led, leads on

    def _keep_baseline(
        self,
        summary_of: Callable[[Window], Summary],
        samples_of: Callable[[Window], Sequence[ResourceSample]] | None,
        shares: Callable[[], Iterable[float]] | None,
    ) -> None:
        if samples_of is None or shares is None:
            return
        try:
            self._baseline.note(shares())
            if self._leads:
                self._baseline.observe(summary_of, samples_of)
        except Exception as error:  # noqa: BLE001 - no rule goes without for want of a baseline
            self._guard.caught("act.baseline", error)

    def _wake_delivery(self) -> None:
        if self._wake is None or self._ledger.is_away or not self._leads:
            return
        try:
            if self._state.read(OUTBOX):
                self._wake()
        except (StoreError, RuntimeError) as error:  # RuntimeError: no thread to be had
            self._guard.caught("act.wake", error)
