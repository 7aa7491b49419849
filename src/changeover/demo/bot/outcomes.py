"""What a user is told of a call that ended in an error."""

from __future__ import annotations

import math

from discord import app_commands
from discord.ext import commands

from changeover.core.model import Outcome
from changeover.demo.mistakes import MistakeError, shown
from changeover.integrations.discordpy_outcomes import outcome_of, unwrap
from changeover.route.outcome import default_classify


def classify(error: BaseException) -> Outcome:
    """The outcome that an error means, wrapped by discord.py or not."""
    real = unwrap(error)
    return outcome_of(real) or default_classify(real)


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
