"""What the errors of discord.py mean, inside the wrappers it puts around them."""

from __future__ import annotations

from collections.abc import Iterator

import discord
from discord import app_commands
from discord.ext import commands

from changeover.core.model import Outcome

_LATE = 10062  # "Unknown interaction": the 3 s to answer it were over

# The first that fits counts: an app command's cooldown is a CheckFailure too, and what the bot
# itself may not do is the operator's trouble, not the user's.
_BY_TYPE: tuple[tuple[tuple[type[BaseException], ...], Outcome], ...] = (
    ((commands.CommandNotFound, app_commands.CommandNotFound), Outcome.NOT_FOUND),
    (
        (
            commands.CommandOnCooldown,
            app_commands.CommandOnCooldown,
            commands.MaxConcurrencyReached,
        ),
        Outcome.THROTTLED,
    ),
    (
        (
            commands.BotMissingPermissions,
            app_commands.BotMissingPermissions,
            commands.BotMissingRole,
            commands.BotMissingAnyRole,
        ),
        Outcome.FAILURE,
    ),
    ((commands.CheckFailure, app_commands.CheckFailure, commands.DisabledCommand), Outcome.DENIED),
    ((commands.UserInputError, app_commands.TransformerError), Outcome.USER_ERROR),
)
_RAN = (commands.CommandInvokeError, app_commands.CommandInvokeError)


def unwrap(error: BaseException) -> BaseException:
    """What really happened, inside discord.py's wrappers."""
    return list(_chain(error))[-1]


def outcome_of(error: BaseException) -> Outcome | None:
    """The outcome that an unwrapped error of discord.py means; None for anybody else's."""
    if isinstance(error, discord.NotFound) and error.code == _LATE:
        return Outcome.FAILURE
    for types, outcome in _BY_TYPE:
        if isinstance(error, types):
            return outcome
    return None


def was_run(error: BaseException) -> bool:
    """Whether the command's callback had begun when this error arose."""
    return any(isinstance(link, _RAN) for link in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those it wraps, the outermost first.

    Only discord.py's own wrappers are opened: an author's exception may have an attribute
    `original` too.
    """
    wrappers = (
        commands.HybridCommandError,
        commands.CommandInvokeError,
        app_commands.CommandInvokeError,
        commands.ConversionError,
    )
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        inner = getattr(inner, "original", None) if isinstance(inner, wrappers) else None
