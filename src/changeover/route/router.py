"""The choice between the two systems, made from memory, legacy on any doubt."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from changeover.core.deciding import deciding_flags, integration_flag, master_flag
from changeover.core.errors import BadValueError, Guard
from changeover.core.model import LEGACY, UNKNOWN, CommandState, Reason, Trace
from changeover.route.assignment import Answer, ask
from changeover.route.flags import FeatureFlags

_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


class Choice(NamedTuple):
    """Which system answers one call, and why.

    Attributes:
        system: `legacy` or the new system's name.
        trace: the reason; where a flag was asked, its name, share and the id's bucket.
        enabled: what that flag said to this id.
    """

    system: str
    trace: Trace
    enabled: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One registered command.

    Attributes:
        flags: the flags that may decide, the most specific first; the first one set does.
        legacy_at, new_at: where the handlers were written, for people.
    """

    command: str
    category: str | None
    has_legacy: bool
    has_new: bool
    safe_to_repeat: bool
    flags: tuple[str, ...]
    legacy_at: str | None = None
    new_at: str | None = None


class Router:
    """Chooses the system for each call. Never raises, never waits, never grows.

    The new system answers when `<system>.commands.enabled` and `<system>.commands.integration`
    are on for the call's id, and the flag that decides is too. That is the first one set of
    `<system>.commands.<command>` (blanks as dots: `grp sub` is `grp.sub`), the same of each
    group above it (`grp`), and `<system>.commands.<category>`; none set means legacy. A
    command or category named like one of the three switches has no flag of its own.

    Args:
        flags: what the flags say.
        system: the new system's name.
        guard: takes errors of ours.

    Raises:
        BadValueError: no such name for a system.
    """

    def __init__(
        self, flags: FeatureFlags, *, system: str = "ddd", guard: Guard | None = None
    ) -> None:
        if not _SYSTEM.fullmatch(system) or system in {LEGACY, UNKNOWN}:
            allowed = f"letters, digits, - and _, other than {LEGACY} and {UNKNOWN}"
            raise BadValueError("system", system, allowed, "ddd")
        self.system = system
        self._flags = flags
        self._guard = guard or Guard()
        self._routes: dict[str, Route] = {}
        self._master = master_flag(system)
        self._integration = integration_flag(system)
        self._fallback = f"{system}.commands.fallbackOnError"
        switches = (self._master, self._integration, self._fallback)
        flags.names.register(*switches, complete=False)
        # A counter of itertools counts without a lock and loses nothing between threads.
        self._choices = {reason: count() for reason in Reason}
        self._reads = dict.fromkeys(Reason, 0)
        self._reading = threading.Lock()

    def register(
        self,
        command: str,
        *,
        category: str | None = None,
        has_legacy: bool = True,
        has_new: bool = False,
        safe_to_repeat: bool = False,
        legacy_at: str | None = None,
        new_at: str | None = None,
    ) -> None:
        """Make a command known, or replace what is known of it.

        Args:
            command: its qualified name, such as `ping` or `grp sub`.
            category: what it is grouped and flagged by, such as `utility`.
            has_legacy: whether the legacy system answers it.
            has_new: whether the new system answers it.
            safe_to_repeat: whether legacy may run after the new system failed halfway.
            legacy_at: where the legacy handler was written, `FILE:LINE`, for people.
            new_at: the same of the new handler.
        """
        flags = deciding_flags(self.system, command, category)
        self._routes[command] = Route(
            command, category, has_legacy, has_new, safe_to_repeat, flags, legacy_at, new_at
        )
        self._flags.names.register(*flags)

    def choose(self, command: str, id: str | int | None = None) -> Choice:  # noqa: A002  # the field's word
        """The system for one call, by the id the call is sticky by.

        A command that is not registered has no new handler, so it is legacy's.
        """
        try:
            choice = self._choose(command, id)
        except Exception as error:  # noqa: BLE001  # whatever it is, legacy answers
            self._guard.caught("route.choose", error)
            choice = Choice(LEGACY, Trace(Reason.DOUBT))
        next(self._choices[choice.trace.reason])
        return choice

    def fallback(self, command: str, id: str | int | None = None) -> Choice | None:  # noqa: A002  # as above
        """Whether legacy may answer after the new system failed.

        Returns:
            None when the command is not safe to repeat or has no legacy handler; else what
            `<system>.commands.fallbackOnError` says: legacy with reason `fallback`, or the new
            system, which then stays responsible.
        """
        route = self._routes.get(command)
        if route is None or not (route.has_legacy and route.safe_to_repeat):
            return None
        share = self._flags.share(self._fallback)
        answer = ask(self._fallback, share, id)
        if not answer.on:
            return Choice(self.system, _trace(Reason.FLAG, self._fallback, share, answer))
        next(self._choices[Reason.FALLBACK])
        trace = _trace(Reason.FALLBACK, self._fallback, share, answer)
        return Choice(LEGACY, trace, enabled=True)

    @property
    def counts(self) -> Mapping[Reason, int]:
        """How many choices were made for each reason since the start."""
        with self._reading:
            told = {}
            for reason, counter in self._choices.items():
                told[reason] = next(counter) - self._reads[reason]  # a look counts as one, too
                self._reads[reason] += 1
            return told

    def states(self) -> list[CommandState]:
        """Every registered command and where its calls go now, by name."""
        return sorted(self.registered(), key=lambda state: state.command)

    def registered(self) -> list[CommandState]:
        """The same in the order of registration."""
        shares = self._flags.shares
        return [self._state(route, shares) for route in tuple(self._routes.values())]

    def _choose(self, command: str, id: str | int | None) -> Choice:  # noqa: A002  # as above
        route = self._routes.get(command)
        if route is None or not route.has_new:
            return Choice(LEGACY, Trace(Reason.NO_NEW_HANDLER))
        if not route.has_legacy:
            return Choice(self.system, Trace(Reason.NO_LEGACY_HANDLER))
        shares = self._flags.shares  # once, so that one choice sees one moment
        gates = ((self._master, Reason.MASTER_OFF), (self._integration, Reason.INTEGRATION_OFF))
        for flag, reason in gates:
            share = shares.get(flag)
            if share is not None and share >= 100:
                continue
            answer = ask(flag, share, id)
            if not answer.on:
                return Choice(LEGACY, _trace(reason, flag, share, answer))
        decider, share = _decider(route, shares)
        if decider is None or share is None:
            return Choice(LEGACY, Trace(Reason.NO_FLAG, decider))
        answer = ask(decider, share, id)
        system = self.system if answer.on else LEGACY
        return Choice(system, _trace(Reason.FLAG, decider, share, answer), answer.on)

    def _state(self, route: Route, shares: Mapping[str, float]) -> CommandState:
        reason, share, flag = self._outlook(route, shares)
        return CommandState(
            route.command,
            route.category,
            route.has_legacy,
            route.has_new,
            share,
            reason,
            flag,
            route.safe_to_repeat,
            route.legacy_at,
            route.new_at,
        )

    def _outlook(
        self, route: Route, shares: Mapping[str, float]
    ) -> tuple[Reason, float, str | None]:
        """The reason, the share of ids on the new system in percent, and the deciding flag."""
        if not route.has_new:
            return Reason.NO_NEW_HANDLER, 0.0, None
        if not route.has_legacy:
            return Reason.NO_LEGACY_HANDLER, 100.0, None
        master, integration = shares.get(self._master, 0.0), shares.get(self._integration, 0.0)
        if not master:
            return Reason.MASTER_OFF, 0.0, self._master
        if not integration:
            return Reason.INTEGRATION_OFF, 0.0, self._integration
        flag, share = _decider(route, shares)
        if share is None:
            return Reason.NO_FLAG, 0.0, flag
        # Buckets are independent between flags, so the shares multiply.
        return Reason.FLAG, round(master * integration * share / 10_000, 6), flag


def _decider(route: Route, shares: Mapping[str, float]) -> tuple[str | None, float | None]:
    """The first flag that is set, with its share; else the broadest one that could be."""
    flag = None
    for flag in route.flags:
        share = shares.get(flag)
        if share is not None:
            return flag, share
    return flag, None


def _trace(reason: Reason, flag: str, share: float | None, answer: Answer) -> Trace:
    if answer.wants_id:
        reason = Reason.NO_ID
    return Trace(reason, flag, share, answer.bucket)
