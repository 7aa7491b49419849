"""Chat libraries, a file or a few each; `find` says which one a bot is of, importing none.

What they share is in `port` (what a library's file offers), `actions` (one record for each
thing a user does, and the callback that routes), `registry`, `handover`, `hooks`, `messages`
(those that the bot posts for us) and `platform`. `family_*` is what discord.py and its forks share.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, cast

from changeover.integrations.port import Integration, UnsupportedBotError

_PYCORD = "pycord"
# The package a bot's class stems from -> our module, with a class `Bot` in it.
_HOMES = {
    "discord": "discordpy",
    _PYCORD: "pycord",
    "disnake": "disnake",
    "nextcord": "nextcord",
    "hikari": "hikari",
    "lightbulb": "hikari",
    "arc": "hikari",
}


def find(bot: Any) -> Integration:
    """What attaches to a bot of this library; touches nothing yet.

    The classes of the bot tell, so that a library that is not there costs nothing.

    Raises:
        UnsupportedBotError: no bot of a supported library.
    """
    packages = [cls.__module__.partition(".")[0] for cls in type(bot).__mro__]
    for package in packages:
        if package == "discord" and _is_pycord():
            package = _PYCORD  # noqa: PLW2901  # it imports under the name of discord.py
        if package in _HOMES:
            return _made(package, bot)
    raise UnsupportedBotError(_complaint(bot))


def _is_pycord() -> bool:
    return getattr(sys.modules.get("discord"), "__title__", "discord") == _PYCORD


def _made(package: str, bot: Any) -> Integration:
    name = f"{__name__}.{_HOMES[package]}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        raise UnsupportedBotError(_complaint(bot)) from None
    return cast("Integration", module.Bot(bot))


def _complaint(bot: Any) -> str:
    kind = type(bot)
    return (
        f"attach({kind.__module__}.{kind.__qualname__}): expected a bot of discord.py, py-cord, "
        "disnake or nextcord, or a client of lightbulb or arc, for example commands.Bot(...); "
        "without one, use @changeover.command('name')"
    )
