"""What the errors of a fork of discord.py mean, inside the wrappers it puts around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from changeover.core.model import Outcome

_LATE = 10062  # "Unknown interaction": the 3 s to answer it were over

# The first that fits counts: what the bot itself may not do is the operator's trouble, not the
# user's. By name, for a fork lacks some of them.
_BY_NAME = (
    (("CommandNotFound",), Outcome.NOT_FOUND),
    (("CommandOnCooldown", "MaxConcurrencyReached"), Outcome.THROTTLED),
    (
        (
            "BotMissingPermissions",
            "BotMissingRole",
            "BotMissingAnyRole",
            "ApplicationBotMissingPermissions",
            "ApplicationBotMissingRole",
            "ApplicationBotMissingAnyRole",
        ),
        Outcome.FAILURE,
    ),
    (("CheckFailure", "ApplicationCheckFailure", "DisabledCommand"), Outcome.DENIED),
    (("UserInputError",), Outcome.USER_ERROR),
)
_RAN = ("CommandInvokeError", "ApplicationInvokeError")
_WRAPPERS = (*_RAN, "ConversionError")

Types = tuple[type[BaseException], ...]


class Meanings:
    """The meanings of one library's errors.

    Args:
        homes: the modules in which the errors are.
    """

    def __init__(self, *homes: Any) -> None:
        def types(names: tuple[str, ...]) -> Types:
            found = {getattr(home, name, None) for home in homes for name in names}
            return tuple(each for each in found if isinstance(each, type))

        self._by_type = [(types(names), outcome) for names, outcome in _BY_NAME]
        self._ran, self._wrappers = types(_RAN), types(_WRAPPERS)
        self._not_found = types(("NotFound",))

    def unwrap(self, error: BaseException) -> BaseException:
        """What really happened, inside the library's wrappers."""
        return list(self._chain(error))[-1]

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """The outcome that an unwrapped error of the library means; None for anybody else's."""
        if isinstance(error, self._not_found) and getattr(error, "code", None) == _LATE:
            return Outcome.FAILURE
        for types, outcome in self._by_type:
            if isinstance(error, types):
                return outcome
        return None

    def was_run(self, error: BaseException) -> bool:
        """Whether the command's callback had begun when this error arose."""
        return any(isinstance(link, self._ran) for link in self._chain(error))

    def _chain(self, error: BaseException) -> Iterator[BaseException]:
        """The error and those it wraps, the outermost first.

        Only the library's own wrappers are opened: an author's exception may have an attribute
        `original` too.
        """
        inner: object = error
        while isinstance(inner, BaseException):
            yield inner
            inner = getattr(inner, "original", None) if isinstance(inner, self._wrappers) else None
