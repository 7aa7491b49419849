"""The rollout of one process: wired to its flags, its commands and the other processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from changeover.act.board import Teller
from changeover.act.brakes import Brakes, StopFile
from changeover.act.crash import Runs
from changeover.act.criteria import Verdicts
from changeover.act.pending import PENDING_FILE, Pending
from changeover.act.plan_file import load_plan
from changeover.act.rollout import Rollout
from changeover.act.taking_back import Facts
from changeover.core.clock import Clock
from changeover.core.errors import Guard, StoreError
from changeover.core.model import Instance
from changeover.core.move import Move
from changeover.core.ports import State
from changeover.core.process import Every
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router
from changeover.settings import Settings

LEASE = "rollout"
_LEASE_S, _RENEW_S = 30.0, 10.0


class Rolling:
    """Steps the rollout, holds the lease of the one process that leads, and watches for crashes.

    Attributes:
        rollout: what people give orders to.
    """

    def __init__(
        self,
        settings: Settings,
        state: State,
        *,
        clock: Clock,
        guard: Guard,
        instance: Instance,
        channels: Sequence[str],
        flags: FeatureFlags,
        router: Router,
        brakes: Brakes,
        stop_file: StopFile,
        has_store: bool,
        wake: Callable[[], None],
    ) -> None:
        self._state = state
        self._router = router
        self._instance = instance
        self._guard = guard
        self._wake_delivery = wake
        self._renew_due = Every(_RENEW_S, clock)
        self._leads = False
        self._runs = Runs(state, clock=clock, instance=instance)
        file = settings.folder / PENDING_FILE if has_store else None
        self.rollout = Rollout(
            state,
            load_plan(settings.config_file),
            clock=clock,
            system=settings.system,
            guard=guard,
            brakes=brakes,
            stop_file=stop_file,
            pending=Pending(file, guard=guard),
            facts=lambda: Facts(commands=router.registered(), shares=flags.shares),
            apply=flags.brake,
            teller=Teller(
                channels=channels,
                instance=f"{instance.host}/{instance.process}",
                link=settings.link,
            ),
            wake=self._wake,
        )

    @property
    def leads(self) -> bool:
        """Whether this is the process that moves shares up."""
        return self._leads

    @property
    def is_mixed(self) -> bool:
        """Whether some command is answered by both systems, whoever set its share."""
        return any(0 < command.share < 100 for command in self._router.states())

    def step(self, verdicts: Verdicts, *, has_bot: bool) -> Sequence[Move]:
        """One step, after the verdicts; a process without a bot only looks on.

        Returns:
            Every scope as it stands; nothing while nobody can say.
        """
        moves: Sequence[Move] = ()
        try:
            moves = self.rollout.step(verdicts, leads=has_bot and self._lead())
            if has_bot:
                self._runs.look(self.rollout.take_back_rising, is_rising=self.rollout.is_rising)
        except StoreError:
            pass  # the store's own check says so, and for how long
        except Exception as error:  # noqa: BLE001  # the tick goes on to what comes after
            self._guard.caught("service.rollout", error)
        return moves

    def close(self, *, is_clean: bool) -> None:
        """Give the lease back; an end in good order is no crash."""
        try:
            if self._leads:
                self._state.lease(LEASE, self._instance.id, 0.0)
            self._runs.end(is_clean=is_clean)
        except StoreError as error:
            self._guard.caught("service.rollout", error)

    def _wake(self) -> None:
        try:
            self._wake_delivery()
        except RuntimeError as error:  # no thread to be had: told with the next evaluation
            self._guard.caught("service.rollout", error)

    def _lead(self) -> bool:
        if self._renew_due.is_due():
            try:
                self._leads = self._state.lease(LEASE, self._instance.id, _LEASE_S)
            except StoreError:
                self._leads = False  # nobody can tell; nothing goes up
        return self._leads
