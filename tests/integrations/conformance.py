"""What every library's integration must do, as cases that any bot with these commands can play.

A library's tests make a bot with the commands of `COMMANDS` and play `CASES` with `play`. What a
library cannot do is left out by kind.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from changeover.core.model import OTHER, UNKNOWN, Kind, Outcome

PREFIX, SLASH = Kind.PREFIX, Kind.SLASH
OK, FAILURE, DENIED = Outcome.OK, Outcome.FAILURE, Outcome.DENIED
USER_ERROR, THROTTLED, NOT_FOUND = Outcome.USER_ERROR, Outcome.THROTTLED, Outcome.NOT_FOUND

COMMANDS = """\
ping n          answers "legacy n"; prefix and slash
boom            raises KeyError("boom")
admin           needs the permission Administrator
cool            once a minute for each user
cancelled       raises asyncio.CancelledError
timeout         raises TimeoutError
wanted          raises an exception of the bot's own whose `changeover_outcome` is `denied`
block           blocks the loop for BLOCK_S with time.sleep
nap             awaits asyncio.sleep(BLOCK_S)
grp, grp sub    a group that answers, and a command in it
"""
BLOCK_S = 0.5
"""How long `block` and `nap` take; the record must say so within 5 %."""


class Wanted(Exception):  # noqa: N818  # a bot's own
    """What an author's exception may say of itself."""

    changeover_outcome = Outcome.DENIED


class Case(NamedTuple):
    """Something a user does.

    Attributes:
        does: what is typed, or `/command` for a slash command; several are done one by one.
        expected: command, system, outcome, and name of the error's type, of each record.
        kind: how it reaches the bot.
        options: of a slash command.
    """

    does: str
    expected: list[tuple[str, str, Outcome, str | None]]
    kind: Kind = PREFIX
    options: dict = {}  # noqa: RUF012  # never changed


def one(command, outcome=OK, error=None, *, system="legacy"):
    return [(command, system, outcome, error)]


CASES = {
    "prefix": Case("!ping 7", one("ping")),
    "bad argument": Case("!ping x", one("ping", USER_ERROR, "BadArgument", system=UNKNOWN)),
    "missing argument": Case(
        "!ping", one("ping", USER_ERROR, "MissingRequiredArgument", system=UNKNOWN)
    ),
    "unknown": Case("!nosuch", one(OTHER, NOT_FOUND, "CommandNotFound", system=UNKNOWN)),
    "failure": Case("!boom", one("boom", FAILURE, "KeyError")),
    "no permission": Case("!admin", one("admin", DENIED, "MissingPermissions", system=UNKNOWN)),
    "cooldown": Case(
        "!cool;!cool", [*one("cool"), *one("cool", THROTTLED, "CommandOnCooldown", system=UNKNOWN)]
    ),
    "cancelled": Case("!cancelled", one("cancelled", Outcome.CANCELLED, "CancelledError")),
    "timeout": Case("!timeout", one("timeout", Outcome.TIMEOUT, "TimeoutError")),
    "own outcome": Case("!wanted", one("wanted", DENIED, "Wanted")),
    "group": Case("!grp", one("grp")),
    "sub-command": Case("!grp sub 3", one("grp sub")),
    "bad argument of a sub-command": Case(
        "!grp sub x", one("grp sub", USER_ERROR, "BadArgument", system=UNKNOWN)
    ),
    "chat": Case("hello there", []),
    "chat that looks like one": Case("!", []),
    "slash": Case("/sping", one("sping"), SLASH, {"n": 7}),
    "slash failure": Case("/sboom", one("sboom", FAILURE, "KeyError"), SLASH),
    "slash cooldown": Case(
        "/scool;/scool",
        [*one("scool"), *one("scool", THROTTLED, "CommandOnCooldown", system=UNKNOWN)],
        SLASH,
    ),
    "slash check": Case("/scheck", one("scheck", DENIED, "CheckFailure", system=UNKNOWN), SLASH),
    "slash transformer": Case(
        "/stransform", one("stransform", USER_ERROR, "TransformerError", system=UNKNOWN), SLASH,
        {"n": "x"},
    ),
    "slash group": Case("/sgrp sub", one("sgrp sub"), SLASH, {"n": 7}),
}  # fmt: skip


async def play(case, discord, *, channel=None, user=None):
    """Do what a case says, through a loopback Discord."""
    for number, action in enumerate(case.does.split(";")):
        if number:
            await asyncio.sleep(0)
        if action.startswith("/"):
            await discord.invoke(action, case.options, channel=channel, user=user)
        else:
            await discord.say(action, channel=channel, user=user)


def rows(changeover):
    """Every record so far: (command, system, outcome, error type), oldest first."""
    found = changeover.metrics.get_metrics("command_execution")
    return [(r["command"], r["system"], r["outcome"], r["error_type"]) for r in found]


def records(changeover):
    """Every record so far, in the reference's field names, oldest first."""
    return changeover.metrics.get_metrics("command_execution")
