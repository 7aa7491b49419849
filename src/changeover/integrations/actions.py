"""One thing a user does is one record, whatever happens in it.

A library's file says when an action begins and ends (`Actions.act`) and puts `Actions.routed`
in the place of each command's callback. Both meet in a context variable, so that nothing has
to be handed through the library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar
from functools import update_wrapper
from inspect import isawaitable, signature
from typing import Any

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import Guard
from changeover.core.model import LEGACY, OTHER, UNKNOWN, Kind, Outcome, Reason, Trace
from changeover.core.place import place_of
from changeover.core.ports import Recorder
from changeover.integrations.port import Dialect
from changeover.integrations.registry import NewHandler, Registry, Slot
from changeover.route.identity import StickyBy, id_getter
from changeover.route.outcome import Classify, default_classify, guarded_classify
from changeover.route.recording import GuardedRecorder
from changeover.route.router import Choice, Router

LEGACY_OF = "__changeover_legacy__"  # on a routed callback: what it stands in the place of

_LOST = Choice(LEGACY, Trace(Reason.DOUBT))
NONE_NEW = Choice(LEGACY, Trace(Reason.NO_NEW_HANDLER))


class Action:
    """One thing a user does, while it goes on.

    Attributes:
        kind: how it reached the bot.
        name: the command's qualified name; set at the end, when it is known for sure.
        shard: which shard it came through; None where the bot has none.
        outcome: set by the library where no error tells; by default `ok`, or what `error` means.
        error: what went wrong, as the library wrapped it.
        choice: which system its command, or what made its component, ran in; None before.
        ran: the command whose callback ran, by its name.
        has_sent: whether the handler has done something that the user, or anybody, can see.
        is_over: recorded; a task that outlives its action is none of it.
    """

    # On the class, since one is made for every command, and few of these are ever set.
    name: str | None = None
    shard: int | None = None
    outcome: Outcome | None = None
    error: BaseException | None = None
    choice: Choice | None = None
    ran: str | None = None
    stopped_ns: int | None = None
    handled_ns = 0
    depth = 0
    has_sent = False
    is_over = False

    def __init__(self, kind: Kind, started_ns: int) -> None:
        self.kind = kind
        self.started_ns = started_ns

    def fail(self, error: BaseException, now_ns: int) -> None:
        """Note what went wrong, if it is the first; what an action calls in itself has no say."""
        if not self.depth and self.error is None:
            self.error, self.stopped_ns = error, now_ns


Describe = Callable[[Action], None]

_RUNNING: ContextVar[Action | None] = ContextVar("changeover_action", default=None)


def running() -> Action | None:
    """The action that the caller is part of, if it goes on."""
    action = _RUNNING.get()
    return None if action is None or action.is_over else action


def choice_in(context: Context | None) -> Choice:
    """What had been chosen for the action of this context, such as that which made a menu."""
    action = None if context is None else context.get(_RUNNING)
    return NONE_NEW if action is None or action.choice is None else action.choice


class Actions:
    """Begins and ends actions, and routes what runs in them.

    Args:
        recorder: where executions and flag checks go.
        router: makes the choice.
        registry: the commands.
        clock: for durations.
        dialect: how the bot's library says what happened.
        guard: takes errors of ours.
        classify: what an error means that is not the library's own.
        sticky_by: which id shares go by, as for the adapter.
    """

    def __init__(
        self,
        recorder: Recorder,
        router: Router,
        registry: Registry,
        clock: Clock,
        *,
        dialect: Dialect,
        guard: Guard | None = None,
        classify: Classify = default_classify,
        sticky_by: StickyBy = "user",
    ) -> None:
        self.guard = guard or Guard()
        self.registry = registry
        self.now_ns = clock.monotonic_ns
        self.is_attached = True
        self._router = router
        self._record = recorder.record_command_execution
        self._checks = GuardedRecorder(recorder, self.guard)
        self._dialect = dialect
        self._classify = classify
        self._id_of = id_getter(sticky_by)

    # --- actions ------------------------------------------------------------------------------

    async def act(
        self, kind: Kind, describe: Describe, work: Callable[..., Awaitable[Any]], *args: Any
    ) -> Any:
        """Await `work(*args)` as one action; inside another one, as part of that.

        Args:
            kind: how it reached the bot.
            describe: called at the end, sets `name`, `shard` and what else it knows.
            work: what the library does.
            args: passed on.

        Returns:
            What the work returned; what it raises leaves as it is.
        """
        outer = _RUNNING.get()
        if outer is not None and not outer.is_over:
            outer.depth += 1
            try:
                return await work(*args)
            finally:
                outer.depth -= 1
        action = Action(kind, self.now_ns())
        token = _RUNNING.set(action)
        try:
            return await work(*args)
        except BaseException as error:
            action.fail(error, self.now_ns())
            raise
        finally:
            _RUNNING.reset(token)
            self._end(action, describe)

    def fail(self, error: BaseException) -> None:
        """Note what went wrong in the running action; without one, nothing."""
        action = running()
        if action is not None:
            action.fail(error, self.now_ns())

    def _end(self, action: Action, describe: Describe) -> None:
        action.is_over = True
        try:
            describe(action)
        except Exception as trouble:  # noqa: BLE001  # recorded with less
            self.guard.caught("attach.describe", trouble)
        name, choice, duration_ns = action.name or OTHER, action.choice, action.handled_ns
        if action.ran != name:  # no callback of ours ran, or only that of a group above
            duration_ns = (action.stopped_ns or self.now_ns()) - action.started_ns
            choice = choice if action.ran is None else None
        system = self._system_of(action) if choice is None else choice.system
        error, outcome = (None, action.outcome or Outcome.OK)
        if action.error is not None:
            error, outcome = self._judge(action, action.error)
        try:
            self._record(
                name,
                system,
                duration_ns / NS_PER_S,
                outcome is Outcome.OK,
                error,
                outcome=outcome,
                trace=None if choice is None else choice.trace,
                kind=action.kind,
                shard=action.shard,
            )
        except Exception as trouble:  # noqa: BLE001  # the call went as it went
            self.guard.caught("attach.record", trouble)

    def _judge(self, action: Action, error: BaseException) -> tuple[BaseException, Outcome]:
        """The error that really happened, and the outcome."""
        real = self._unwrapped(error)
        return real, action.outcome or self._outcome_of(real)

    def _unwrapped(self, error: BaseException) -> BaseException:
        try:
            return self._dialect.unwrap(error)
        except Exception as trouble:  # noqa: BLE001  # the wrapper tells enough
            self.guard.caught("attach.unwrap", trouble)
            return error

    def _outcome_of(self, error: BaseException) -> Outcome:
        def classify(error: BaseException) -> Outcome:
            known = None
            if not hasattr(error, "changeover_outcome"):  # what the bot's author says goes first
                known = self._dialect.outcome_of(error)
            return known or self._classify(error)

        return guarded_classify(classify, error, self.guard)

    def _system_of(self, action: Action) -> str:
        """Of a call that no callback of ours saw: legacy's, unless nothing ran at all."""
        if action.error is None:
            return LEGACY if action.outcome in (None, Outcome.OK) else UNKNOWN
        return LEGACY if self._dialect.was_run(action.error) else UNKNOWN

    # --- routing ------------------------------------------------------------------------------

    def routed(
        self,
        legacy: Callable[..., Any],
        command: str,
        *,
        category: str | None = None,
        kind: Kind | None = None,
        has_self: bool = False,
    ) -> Callable[..., Any]:
        """A callback that runs a legacy callback or the new handler, to be put in its place.

        It looks like the legacy callback, which is its attribute `LEGACY_OF`, and takes the same
        arguments. After `detach` it only passes on.

        Args:
            legacy: what the library calls; async.
            command: its qualified name.
            category: what it is grouped and flagged by.
            kind: how calls reach this very callback; None where every way leads to it.
            has_self: whether the library passes the cog first.

        Raises:
            BadValueError: its new handler cannot take its arguments.
        """
        legacy = getattr(legacy, LEGACY_OF, legacy)
        shape, position = signature(legacy), int(has_self)
        place = place_of(legacy)
        slot = self.registry.add_slot(
            command, shape, category=category, kind=kind, has_self=has_self, place=place
        )
        subject_name = next(iter([*shape.parameters][position:]), "")

        async def routed(*args: Any, **kwargs: Any) -> Any:
            if not self.is_attached:
                return await legacy(*args, **kwargs)
            action = _RUNNING.get()
            if action is None or action.is_over:  # called by hand, in no action of a user
                return await self.act(Kind.CALL, _named(slot), lambda: routed(*args, **kwargs))
            choice, new, subject = NONE_NEW, slot.new, None
            if new is not None:
                subject = args[position] if len(args) > position else kwargs.get(subject_name)
                choice, new = self._choose(slot, new, subject)
            started_ns = self._begin_turn(action, slot, choice)
            try:
                if new is None:
                    return await legacy(*args, **kwargs)
                result = new.call(args, kwargs)
                return await result if isawaitable(result) else result
            except BaseException as error:
                self._note(action, error)
                if new is None or not self._may_fall_back(action, slot, subject, error):
                    raise
            finally:
                self._end_turn(action, started_ns)
            return await _answer_instead(action, legacy, args, kwargs)

        update_wrapper(routed, legacy)
        setattr(routed, LEGACY_OF, legacy)
        return routed

    def routed_plain(
        self, legacy: Callable[..., Any], command: str, *, category: str | None = None
    ) -> Callable[..., Any]:
        """The same for a function that is not async, and that no chat library calls."""
        slot = self.registry.add_slot(
            command, signature(legacy), category=category, place=place_of(legacy)
        )

        def run(action: Action, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            choice, new, subject = NONE_NEW, slot.new, None
            if new is not None:
                subject = next(iter((*args, *kwargs.values())), None)
                choice, new = self._choose(slot, new, subject)
            started_ns = self._begin_turn(action, slot, choice)
            try:
                return legacy(*args, **kwargs) if new is None else new.call(args, kwargs)
            except BaseException as error:
                self._note(action, error)
                if new is None or not self._may_fall_back(action, slot, subject, error):
                    raise
            finally:
                self._end_turn(action, started_ns)
            action.depth += 1
            try:
                return legacy(*args, **kwargs)
            finally:
                action.depth -= 1

        def routed(*args: Any, **kwargs: Any) -> Any:
            outer = running()
            if outer is not None:
                return run(outer, args, kwargs)
            action = Action(Kind.CALL, self.now_ns())
            token = _RUNNING.set(action)
            try:
                return run(action, args, kwargs)
            finally:
                _RUNNING.reset(token)
                self._end(action, _named(slot))

        update_wrapper(routed, legacy)
        return routed

    def _begin_turn(self, action: Action, slot: Slot, choice: Choice) -> int:
        if not action.depth:
            action.ran, action.choice = slot.entry.name, choice
        action.depth += 1
        return self.now_ns()

    def _note(self, action: Action, error: BaseException) -> None:
        """What left a handler that the library called itself."""
        if action.depth == 1 and action.error is None:
            action.error, action.stopped_ns = error, self.now_ns()

    def _end_turn(self, action: Action, started_ns: int) -> None:
        action.depth -= 1
        if not action.depth:
            action.handled_ns += self.now_ns() - started_ns

    def _choose(
        self, slot: Slot, new: NewHandler, subject: Any
    ) -> tuple[Choice, NewHandler | None]:
        name = slot.entry.name
        try:
            choice = self._router.choose(name, self._id(subject))
        except Exception as trouble:  # noqa: BLE001  # legacy on any doubt
            self.guard.caught("route.choose", trouble)
            choice = _LOST
        self._checks.check(name, choice)
        return choice, None if choice.system == LEGACY else new

    def _id(self, subject: Any) -> str | int | None:
        if isinstance(subject, (str, int)):  # of a function that no library calls
            return subject
        try:
            return self._id_of(subject)
        except Exception as trouble:  # noqa: BLE001  # what we cannot read has no id
            self.guard.caught("route.id", trouble)
            return None

    def _may_fall_back(
        self, action: Action, slot: Slot, subject: Any, error: BaseException
    ) -> bool:
        """Whether legacy may answer: the new handler failed, and nobody has heard from it."""
        command = slot.entry.name
        try:
            if not self._outcome_of(self._unwrapped(error)).is_error or _is_being_cancelled():
                return False
            after_s = (self.now_ns() - action.started_ns) / NS_PER_S
            if action.has_sent or self._dialect.has_answered(subject, after_s):
                return False
            choice = self._router.fallback(command, self._id(subject))
        except Exception as trouble:  # noqa: BLE001  # then the bot's own error leaves
            self.guard.caught("route.fallback", trouble)
            return False
        if choice is None:
            return False
        self._checks.check(command, choice)
        return choice.system == LEGACY


def _named(slot: Slot) -> Describe:
    def describe(action: Action) -> None:
        action.name = slot.entry.name

    return describe


async def _answer_instead(
    action: Action, legacy: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Legacy, for a new handler that failed: the record is that one's, and this makes none."""
    action.depth += 1
    try:
        return await legacy(*args, **kwargs)
    finally:
        action.depth -= 1


def _is_being_cancelled() -> bool:
    """Whether somebody asked the running task to end; then nothing more is started."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # driven by something other than asyncio
        return False
    return task is not None and task.cancelling() > 0
