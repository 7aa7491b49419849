"""Alerts whose rule takes the new system back: once for each time that they fire."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from changeover.act.manager import AlertManager
from changeover.act.rules import ROLLBACK
from changeover.core.errors import ChangeoverError, Guard, StoreError
from changeover.core.model import Alert, CommandState
from changeover.core.ports import Put, State
from changeover.core.verdict import EVERYTHING
from changeover.service.moving import Moving
from changeover.service.orders import clean_text

KIND = "rule_rollback"  # by the alert's key: which of its episodes took something back
_LEGACY = "legacy"


class RuleRollbacks:
    """Carries out the action `rollback` of alert rules.

    What an episode of an alert took back stays so until a person resumes it; the same episode
    takes nothing back again, in no process that shares the store and after no restart. An
    alert that fires while nothing of it is on the new system waits until something is.

    Args:
        alerts: knows which fire.
        moving: takes back.
        commands: every command and where its calls go now.
        state: where it is kept which episodes are done.
        guard: counts what fails here.
    """

    def __init__(
        self,
        alerts: AlertManager,
        moving: Moving,
        commands: Callable[[], Sequence[CommandState]],
        *,
        state: State,
        guard: Guard,
    ) -> None:
        self._alerts = alerts
        self._moving = moving
        self._commands = commands
        self._state = state
        self._guard = guard
        self._done: dict[str, int] = {}  # the episode by the alert's key
        self._unsaved: dict[str, int] = {}

    def carry_out(self) -> None:
        """Take back what the alerts that fire ask for; cheap where none does. Raises nothing."""
        for alert, rule in self._alerts.wanting(ROLLBACK):
            scope = _scope(alert)
            if scope is not None and self._is_on(scope) and not self._is_done(alert):
                self._take_back(scope, alert, rule.name)
        self._save()

    def _take_back(self, scope: str, alert: Alert, rule: str) -> None:
        rollout, reason = self._moving.rollout, clean_text(alert.summary)
        actor = f"rule:{rule}"
        try:
            self._moving.act(lambda: rollout.rollback(scope, actor=actor, reason=reason))
        except StoreError:
            pass  # acts in this process, and is written by the next steps
        except ChangeoverError as error:
            self._guard.caught("service.rule_rollback", error)
        self._done[alert.key] = self._unsaved[alert.key] = alert.episode

    def _is_on(self, scope: str) -> bool:
        return any(
            state.share > 0 and state.has_legacy
            for state in self._commands()
            if scope in (EVERYTHING, state.command)
        )

    def _is_done(self, alert: Alert) -> bool:
        """Whether this episode took something back, as far as anybody can tell."""
        if self._done.get(alert.key) == alert.episode:
            return True
        try:
            found = self._state.read(KIND).get(alert.key)
        except StoreError:
            return False  # legacy on any doubt
        is_done = found is not None and found.value.get("episode") == alert.episode
        if is_done:
            self._done[alert.key] = alert.episode
        return is_done

    def _save(self) -> None:
        if not self._unsaved:
            return
        try:
            self._state.commit(
                [Put(KIND, key, {"episode": episode}) for key, episode in self._unsaved.items()]
            )
        except StoreError:
            return  # tried again with the next tick
        self._unsaved.clear()


def _scope(alert: Alert) -> str | None:
    """What to take back: the alert's command, else everything; nothing for legacy's own trouble."""
    if alert.labels.get("system") == _LEGACY:
        return None
    return alert.labels.get("command", EVERYTHING)
