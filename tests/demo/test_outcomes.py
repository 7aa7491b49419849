"""What discord.py's errors mean, however they are wrapped."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from discord import NotFound, app_commands
from discord.ext import commands

from changeover.core.model import Outcome
from changeover.demo import mistakes
from changeover.demo.bot.outcomes import classify, explain
from changeover.integrations.discordpy_outcomes import unwrap, was_run

COOLDOWN = commands.Cooldown(1, 5)
PING = SimpleNamespace(name="ping", qualified_name="ping")


def wrapped(error):
    """As a hybrid slash command's error reaches `on_command_error`."""
    return commands.HybridCommandError(app_commands.CommandInvokeError(PING, error))


def not_found(code):
    response = SimpleNamespace(status=404, reason="Not Found")
    return NotFound(response, {"code": code, "message": "Unknown"})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (commands.BadArgument("x"), Outcome.USER_ERROR),
        (commands.ExpectedClosingQuoteError('"'), Outcome.USER_ERROR),
        (commands.MissingPermissions(["administrator"]), Outcome.DENIED),
        (commands.DisabledCommand(), Outcome.DENIED),
        (commands.NoPrivateMessage(), Outcome.DENIED),
        (app_commands.MissingPermissions(["administrator"]), Outcome.DENIED),
        (commands.BotMissingPermissions(["embed_links"]), Outcome.FAILURE),
        (commands.CommandOnCooldown(COOLDOWN, 5, commands.BucketType.user), Outcome.THROTTLED),
        (app_commands.CommandOnCooldown(app_commands.Cooldown(1, 5), 5), Outcome.THROTTLED),
        (commands.MaxConcurrencyReached(1, commands.BucketType.user), Outcome.THROTTLED),
        (commands.CommandNotFound("x"), Outcome.NOT_FOUND),
        (app_commands.CommandNotFound("x", []), Outcome.NOT_FOUND),
        (not_found(10062), Outcome.FAILURE),
        (not_found(10008), Outcome.FAILURE),
        (TimeoutError(), Outcome.TIMEOUT),
        (asyncio.CancelledError(), Outcome.CANCELLED),
        (KeyError("prompt"), Outcome.FAILURE),
        (mistakes.not_owner("Tea"), Outcome.DENIED),
        (mistakes.too_many_codes(), Outcome.THROTTLED),
    ],
)
def test_an_error_means_the_same_wrapped_or_not(error, outcome):
    assert classify(error) is outcome
    assert classify(wrapped(error)) is outcome
    assert unwrap(wrapped(error)) is error


def test_only_errors_of_a_callback_come_from_a_call_that_the_adapter_saw():
    assert was_run(commands.CommandInvokeError(KeyError("x")))
    assert was_run(wrapped(KeyError("x")))
    assert not was_run(commands.HybridCommandError(app_commands.CheckFailure()))
    assert not was_run(commands.BadArgument("x"))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (wrapped(mistakes.not_owner("Tea")), "Tea belongs to somebody else."),
        (commands.BadArgument("x"), "One of these arguments is not what I need there. See `!tz help add`."),
        (commands.ExpectedClosingQuoteError('"'), "I cannot read that: is a quote left open? See `!tz help add`."),
        (commands.CommandOnCooldown(COOLDOWN, 2.1, commands.BucketType.user), "Slow down: try again in 3 s."),
        (commands.CommandNotFound(), "I have no command `add`: `!tz help` shows all."),
        (wrapped(KeyError("secret")), "Something went wrong, and it was not your fault. Try again later."),
    ],
)  # fmt: skip
def test_people_are_told_what_to_do_and_never_the_inside_of_an_error(error, told):
    assert explain(error, "!tz ", "add") == told
