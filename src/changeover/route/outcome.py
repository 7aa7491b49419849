"""How a call ended, seen from the exception that left its handler."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any

from changeover.core.errors import Guard
from changeover.core.model import Outcome

Classify = Callable[[BaseException], Outcome]
ClassifyResult = Callable[[Any], Outcome]


def default_classify(error: BaseException) -> Outcome:
    """The outcome that an exception means.

    An exception says it itself with an attribute `changeover_outcome` (an `Outcome` or its
    text, on the object or the class); otherwise a `TimeoutError` is a timeout and everything
    else a failure. Cancellation, and what ends the process or a coroutine, is `cancelled`.

    Raises:
        ValueError: the attribute is not an outcome.
    """
    kind = type(error)  # not isinstance: that asks for `__class__`, which may be made to raise
    if issubclass(kind, CancelledError) or not issubclass(kind, Exception):
        return Outcome.CANCELLED
    told = getattr(error, "changeover_outcome", None)
    if told is not None:
        return Outcome(told)
    return Outcome.TIMEOUT if issubclass(kind, TimeoutError) else Outcome.FAILURE


def guarded_classify(classify: Classify, error: BaseException, guard: Guard) -> Outcome:
    """The outcome by `classify`, or by the default where it raises; the error stays as it was.

    Cancellation is not asked about: no classifier may make a failure or a success of it.
    """
    if not issubclass(type(error), Exception):
        return Outcome.CANCELLED
    traceback = object.__getattribute__(error, "__traceback__")
    for attempt in (classify, default_classify):
        try:
            return Outcome(attempt(error))
        except Exception as trouble:  # noqa: BLE001  # a failed classification is ours, not the bot's
            if trouble is not error:
                guard.caught("route.classify", trouble)
        finally:
            # `raise error` is one way to sort errors; it must leave no frames of ours behind.
            # Not assigned: a frozen dataclass refuses that, and its refusal would leave instead.
            BaseException.with_traceback(error, traceback)
    return Outcome.FAILURE
