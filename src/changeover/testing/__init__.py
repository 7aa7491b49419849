"""For tests of bots: a Discord on 127.0.0.1 that a real discord.py client runs on, and a clock.

    async with LoopbackDiscord() as discord, discord.running(bot):
        assert (await discord.say("!ping")).content == "Pong!"

With pytest, the fixture `loopback_discord` is one that runs already. The names are imported when
first used: pytest loads this package's plugin in every run, and must not pay for a web server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from changeover.core.clock import ManualClock
    from changeover.demo.loopback import (
        Answer,
        BadOptionError,
        Exchange,
        Intent,
        LoopbackDiscord,
        NotAllowedError,
        Overwrite,
        Permission,
        UnknownCommandError,
        World,
    )

__all__ = [
    "Answer",
    "BadOptionError",
    "Exchange",
    "Intent",
    "LoopbackDiscord",
    "ManualClock",
    "NotAllowedError",
    "Overwrite",
    "Permission",
    "UnknownCommandError",
    "World",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "changeover.core.clock" if name == "ManualClock" else "changeover.demo.loopback"
    return getattr(importlib.import_module(home), name)
