"""What the errors of py-cord mean, inside the wrappers it puts around them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from changeover.core.model import Outcome
from changeover.integrations.port import Dialect

# Both libraries are named `discord`, and what checks types here knows discord.py: so not imported
# by statement, and no class looked up before there is a bot of py-cord.
discord: Any = import_module("discord")
commands: Any = import_module("discord.ext.commands")

ANSWER_WITHIN_S = 3.0
"""Discord forgets an interaction that nobody answered. Source: "Receiving and Responding"."""

_LATE = 10062  # "Unknown interaction": these 3 s were over


class Speech(Dialect):
    """How py-cord says what happened."""

    def __init__(self) -> None:
        self._ran = (commands.CommandInvokeError, discord.ApplicationCommandInvokeError)
        self._wrappers = (*self._ran, commands.ConversionError)
        # The first that fits counts: what the bot itself may not do is a CheckFailure too, but
        # the operator's trouble, not the user's.
        self._by_type: tuple[tuple[tuple[type[BaseException], ...], Outcome], ...] = (
            ((commands.CommandNotFound,), Outcome.NOT_FOUND),
            ((commands.CommandOnCooldown, commands.MaxConcurrencyReached), Outcome.THROTTLED),
            (
                (
                    commands.BotMissingPermissions,
                    commands.BotMissingRole,
                    commands.BotMissingAnyRole,
                ),
                Outcome.FAILURE,
            ),
            (
                (commands.CheckFailure, discord.CheckFailure, commands.DisabledCommand),
                Outcome.DENIED,
            ),
            ((commands.UserInputError,), Outcome.USER_ERROR),
        )

    def unwrap(self, error: BaseException) -> BaseException:
        """What really happened, inside py-cord's wrappers."""
        return list(self._chain(error))[-1]

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """The outcome that an unwrapped error of py-cord means; None for anybody else's."""
        if isinstance(error, discord.NotFound) and error.code == _LATE:
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
        interaction = getattr(subject, "interaction", subject)
        if not isinstance(interaction, discord.Interaction):
            return False
        return bool(interaction.response.is_done()) or after_s >= ANSWER_WITHIN_S

    def _chain(self, error: BaseException) -> Iterator[BaseException]:
        """The error and those it wraps, the outermost first.

        Only py-cord's own wrappers are opened: an author's exception may have an attribute
        `original` too.
        """
        inner: object = error
        while isinstance(inner, BaseException):
            yield inner
            inner = getattr(inner, "original", None) if isinstance(inner, self._wrappers) else None
