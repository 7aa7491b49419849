"""What the errors of discord.py and of its forks mean, inside the wrappers put around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from changeover.core.model import Outcome
from changeover.integrations.platform import ANSWER_WITHIN_S, LATE
from changeover.integrations.port import Dialect

# The first that fits counts: an app command's cooldown is a CheckFailure too, and what the bot
# itself may not do is the operator's trouble, not the user's. By name, for each library lacks
# some of them.
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
    (("UserInputError", "TransformerError"), Outcome.USER_ERROR),
)
_RAN = ("CommandInvokeError", "ApplicationInvokeError", "ApplicationCommandInvokeError")
_WRAPPERS = (*_RAN, "ConversionError", "HybridCommandError")

Types = tuple[type[BaseException], ...]


class Speech(Dialect):
    """How one library says what happened.

    Args:
        discord: the package, such as `disnake`.
        homes: more modules in which its errors are.
    """

    def __init__(self, discord: Any, *homes: Any) -> None:
        def types(names: tuple[str, ...]) -> Types:
            found = {getattr(home, name, None) for home in (discord, *homes) for name in names}
            return tuple(each for each in found if isinstance(each, type))

        self._by_type = [(types(names), outcome) for names, outcome in _BY_NAME]
        self._ran, self._wrappers = types(_RAN), types(_WRAPPERS)
        self._not_found = types(("NotFound",))
        self._interaction = discord.Interaction

    def unwrap(self, error: BaseException) -> BaseException:
        """What really happened, inside the library's wrappers."""
        return list(self._chain(error))[-1]

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """The outcome that an unwrapped error of the library means; None for anybody else's."""
        if isinstance(error, self._not_found) and getattr(error, "code", None) == LATE:
            return Outcome.FAILURE
        for types, outcome in self._by_type:
            if isinstance(error, types):
                return outcome
        return None

    def was_run(self, error: BaseException) -> bool:
        """Whether the command's callback had begun when this error arose."""
        return any(isinstance(link, self._ran) for link in self._chain(error))

    def has_answered(self, subject: Any, after_s: float) -> bool:
        """Whether an interaction is answered or lost; what is sent otherwise, HTTP tells."""
        if not isinstance(subject, self._interaction):
            subject = getattr(subject, "interaction", None)  # of a context, where it has one
        if not isinstance(subject, self._interaction):
            return False
        response: Any = subject.response
        return bool(response.is_done()) or after_s >= ANSWER_WITHIN_S

    def _chain(self, error: BaseException) -> Iterator[BaseException]:
        """The error and those it wraps, the outermost first.

        Only the library's own wrappers are opened: an author's exception may have an attribute
        `original` too.
        """
        inner: object = error
        while isinstance(inner, BaseException):
            yield inner
            inner = getattr(inner, "original", None) if isinstance(inner, self._wrappers) else None
