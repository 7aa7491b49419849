"""The adapter on the bot's road: routes, times and records each call, and changes nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from inspect import isawaitable
from types import CoroutineType, GeneratorType
from typing import Any, TypeVar
from weakref import WeakSet

from changeover.core.clock import Clock, SystemClock
from changeover.core.errors import Guard
from changeover.core.model import LEGACY, OTHER, UNKNOWN, Kind, Outcome, Reason, Trace
from changeover.core.place import place_of
from changeover.core.ports import Recorder
from changeover.route.command import Command, Handler, UnknownCommandError
from changeover.route.identity import StickyBy, id_getter
from changeover.route.outcome import (
    Classify,
    ClassifyResult,
    default_classify,
    guarded_classify,
)
from changeover.route.recording import GuardedRecorder
from changeover.route.router import Choice, Router

_H = TypeVar("_H", bound=Handler)
_LOST = Choice(LEGACY, Trace(Reason.DOUBT))


class CommandIntegrationAdapter:
    """Sends each call of a command to the legacy or the new handler, and records what happened.

    A handler is called as `handler(message, args)`; what it returns is awaited where it can be.
    Its result or its exception leaves `process_command` as it is. Safe from several threads
    and event loops at once.

    Args:
        router: makes the choice.
        recorder: where executions and flag checks go.
        clock: for durations.
        guard: takes errors of ours.
        classify: the outcome that an exception means.
        classify_result: the outcome that a result means, for handlers that catch their own
            errors and say so in what they return; by default every result is `ok`.
        sticky_by: which id of a message shares go by: `user`, `guild`, `channel`, or a function
            that takes the message and returns the id or None.
        on_loop: called once with every event loop that runs a call, on that loop.
    """

    def __init__(
        self,
        router: Router,
        recorder: Recorder,
        clock: Clock | None = None,
        *,
        guard: Guard | None = None,
        classify: Classify = default_classify,
        classify_result: ClassifyResult | None = None,
        sticky_by: StickyBy = "user",
        on_loop: Callable[[asyncio.AbstractEventLoop], None] | None = None,
    ) -> None:
        self._router = router
        self._monotonic_ns = (clock or SystemClock()).monotonic_ns
        self._guard = guard or Guard()
        self._record = GuardedRecorder(recorder, self._guard)
        self._classify = classify
        self._classify_result = classify_result
        self._id_of = id_getter(sticky_by)
        self._on_loop = on_loop
        self._loops: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        self._registering = threading.Lock()
        self._commands: dict[str, Command] = {}

    # --- registration -------------------------------------------------------------------------

    def register(
        self,
        command: str,
        *,
        legacy: Handler | None = None,
        new: Handler | None = None,
        category: str | None = None,
        safe_to_repeat: bool | None = None,
    ) -> None:
        """Make a command known, or add to what is known of it; what is None stays as it was.

        Args:
            command: its qualified name, such as `ping` or `grp sub`.
            legacy: the handler of the legacy system.
            new: the handler of the new system.
            category: what it is grouped and flagged by, such as `utility`.
            safe_to_repeat: whether legacy may run after the new handler failed halfway.

        Raises:
            BadValueError: no name, a handler that cannot be called, or no handler at all.
        """
        with self._registering:
            known = self._commands.get(command) or Command(command)
            merged = Command(
                command,
                category or known.category,
                legacy or known.legacy,
                new or known.new,
                known.safe_to_repeat if safe_to_repeat is None else safe_to_repeat,
            ).checked()
            self._router.register(
                command,
                category=merged.category,
                has_legacy=merged.legacy is not None,
                has_new=merged.new is not None,
                safe_to_repeat=merged.safe_to_repeat,
                legacy_at=place_of(merged.legacy),
                new_at=place_of(merged.new),
            )
            self._commands[command] = merged

    def legacy(
        self, command: str, *, category: str | None = None, safe_to_repeat: bool | None = None
    ) -> Callable[[_H], _H]:
        """Register the decorated function, unchanged, as a command's legacy handler."""

        def decorate(handler: _H) -> _H:
            self.register(command, legacy=handler, category=category, safe_to_repeat=safe_to_repeat)
            return handler

        return decorate

    def new(
        self, command: str, *, category: str | None = None, safe_to_repeat: bool | None = None
    ) -> Callable[[_H], _H]:
        """Register the decorated function, unchanged, as a command's new handler."""

        def decorate(handler: _H) -> _H:
            self.register(command, new=handler, category=category, safe_to_repeat=safe_to_repeat)
            return handler

        return decorate

    def __contains__(self, command: object) -> bool:
        return isinstance(command, str) and command in self._commands

    # --- the bot's road -----------------------------------------------------------------------

    async def process_command(
        self, message: Any, command: str, args: Any = (), *, kind: Kind = Kind.CALL
    ) -> Any:
        """Run one call of a command in the system that is chosen for it.

        Args:
            message: what the chat library gave; passed on, and looked at for an id.
            command: the registered name.
            args: passed on.
            kind: how the call reached the bot, for the records.

        Returns:
            What the handler returned.

        Raises:
            UnknownCommandError: nobody registered the command.
            BaseException: what the handler raised, the same object; cancellation included.
        """
        if self._on_loop is not None:
            self._meet_loop()
        known = self._commands.get(command) if isinstance(command, str) else None
        if known is None:
            self._record.execution(OTHER, UNKNOWN, 0, Outcome.NOT_FOUND, kind=kind)
            raise UnknownCommandError(str(command))
        name = known.name
        id_, choice, handler = self._choose(known, message)
        system, trace, _ = choice
        started_ns = self._monotonic_ns()
        try:
            result = handler(message, args)
            if type(result) is CoroutineType or _is_awaitable(result):
                result = await result
        except BaseException as error:
            duration_ns = self._monotonic_ns() - started_ns
            outcome = guarded_classify(self._classify, error, self._guard)
            self._record.execution(
                name, system, duration_ns, outcome, error=error, trace=trace, kind=kind
            )
            legacy = None if system == LEGACY else self._fallback(known, id_, outcome)
            if legacy is None:
                raise
        else:
            duration_ns = self._monotonic_ns() - started_ns
            outcome = self._outcome_of(result)
            self._record.execution(name, system, duration_ns, outcome, trace=trace, kind=kind)
            return result
        # One call is one record: the failure's. What legacy says to it is its answer all the same.
        result = legacy(message, args)
        return await result if _is_awaitable(result) else result

    def _choose(self, known: Command, message: Any) -> tuple[str | int | None, Choice, Handler]:
        id_, choice = None, _LOST
        try:
            id_ = self._id_of(message)
        except Exception as error:  # noqa: BLE001  # a message we cannot read has no id
            self._guard.caught("route.id", error)
        try:
            choice = self._router.choose(known.name, id_)
        except Exception as error:  # noqa: BLE001  # legacy on any doubt
            self._guard.caught("route.choose", error)
        self._record.check(known.name, choice)
        handler = known.handler(choice.system)
        if handler is None:  # the choice was lost; what exists must answer
            system = self._router.system if known.legacy is None else LEGACY
            choice = Choice(system, choice.trace)
            handler = known.any_handler()
        return id_, choice, handler

    def _fallback(self, known: Command, id_: str | int | None, outcome: Outcome) -> Handler | None:
        """Legacy's handler, where it may answer after the new one failed; else None."""
        if not outcome.is_error or _is_being_cancelled():
            return None
        try:
            choice = self._router.fallback(known.name, id_)
        except Exception as trouble:  # noqa: BLE001  # then the bot's own error leaves
            self._guard.caught("route.fallback", trouble)
            return None
        if choice is None:
            return None
        self._record.check(known.name, choice)
        return known.legacy if choice.system == LEGACY else None

    def _outcome_of(self, result: Any) -> Outcome:
        if self._classify_result is None:
            return Outcome.OK
        try:
            return Outcome(self._classify_result(result))
        except Exception as trouble:  # noqa: BLE001  # a result we cannot read is still a result
            self._guard.caught("route.classify", trouble)
            return Outcome.OK

    def _meet_loop(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # driven by something other than asyncio
            return
        if loop in self._loops or self._on_loop is None:
            return
        self._loops.add(loop)  # only this loop's own thread gets here with it
        try:
            self._on_loop(loop)
        except Exception as trouble:  # noqa: BLE001  # whatever it wanted, the call goes on
            self._guard.caught("route.on_loop", trouble)


def _is_awaitable(result: Any) -> bool:
    """What `inspect.isawaitable` says, by the type alone.

    That one asks for `__class__`, which a lazy proxy answers by running code that may raise.
    """
    kind = type(result)
    if issubclass(kind, GeneratorType):  # made by `types.coroutine`
        return isawaitable(result)
    return hasattr(kind, "__await__")


def _is_being_cancelled() -> bool:
    """Whether somebody asked the running task to end; then nothing more is started."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # driven by something other than asyncio
        return False
    return task is not None and task.cancelling() > 0
