"""How a call ended that never reached its handler, and what the user is told of it.

Checks, cooldowns, converters and unknown commands end a call before the adapter sees it. The
bot records these itself, so that each thing a user does makes one record.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator

import discord
from discord import app_commands
from discord.ext import commands

from changeover.core.model import Outcome
from changeover.demo.mistakes import MistakeError, shown

_LATE = 10062  # "Unknown interaction": the 3 s to answer it were over

# The first that fits counts: an app command's cooldown is a CheckFailure too.
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Outcome], ...] = (
    ((commands.CommandNotFound, app_commands.CommandNotFound), Outcome.NOT_FOUND),
    (
        (
            commands.CommandOnCooldown,
            app_commands.CommandOnCooldown,
            commands.MaxConcurrencyReached,
        ),
        Outcome.THROTTLED,
    ),
    # What the bot lacks is the operator's trouble, not the user's.
    ((commands.BotMissingPermissions, app_commands.BotMissingPermissions), Outcome.FAILURE),
    ((commands.CheckFailure, app_commands.CheckFailure, commands.DisabledCommand), Outcome.DENIED),
    ((commands.UserInputError, app_commands.TransformerError), Outcome.USER_ERROR),
    ((TimeoutError,), Outcome.TIMEOUT),
)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those it wraps, the outermost first."""
    inner: object = error
    while isinstance(inner, BaseException):
        yield inner
        inner = getattr(inner, "original", None)


def unwrap(error: BaseException) -> BaseException:
    """What really happened, inside discord.py's wrappers."""
    return list(chain(error))[-1]


def was_run(error: BaseException) -> bool:
    """Whether the command's callback ran: then the adapter has recorded the call."""
    ran = (commands.CommandInvokeError, app_commands.CommandInvokeError)
    return any(isinstance(link, ran) for link in chain(error))


def is_late(error: BaseException) -> bool:
    """Whether Discord refused an answer because it came after the deadline."""
    return isinstance(error, discord.NotFound) and error.code == _LATE


def classify(error: BaseException) -> Outcome:
    """The outcome that an error of discord.py means, wrapped or not."""
    real = unwrap(error)
    if isinstance(real, asyncio.CancelledError):
        return Outcome.CANCELLED
    if isinstance(real, MistakeError):
        return real.changeover_outcome
    if is_late(real):
        return Outcome.TIMEOUT
    for types, outcome in _BY_TYPE:
        if isinstance(real, types):
            return outcome
    return Outcome.FAILURE


def explain(error: BaseException, prefix: str, command: str) -> str:
    """What the user is told, in one line."""
    real = unwrap(error)
    if isinstance(real, MistakeError):
        return str(real)
    if isinstance(real, commands.CommandOnCooldown | app_commands.CommandOnCooldown):
        return f"Slow down: try again in {math.ceil(real.retry_after)} s."
    match classify(error):
        case Outcome.NOT_FOUND:
            return f"I have no command `{shown(command)}`: `{prefix}help` shows all."
        case Outcome.USER_ERROR:
            return f"{_complaint(real)} See `{prefix}help {command}`."
        case Outcome.DENIED:
            return "You may not do that here."
        case _:
            return "Something went wrong, and it was not your fault. Try again later."


def _complaint(error: BaseException) -> str:
    if isinstance(error, commands.MissingRequiredArgument):
        return f"You left out `{error.param.name}`."
    if isinstance(error, commands.BadArgument):
        return "One of these arguments is not what I need there."
    return "I cannot read that: is a quote left open?"
