"""A made-up Discord on 127.0.0.1 that real discord.py bots run on, for the demo and for tests."""

from __future__ import annotations

from changeover.demo.loopback.conversation import Answer, Exchange
from changeover.demo.loopback.errors import (
    BadOptionError,
    LoopbackError,
    NotAllowedError,
    UnknownCommandError,
)
from changeover.demo.loopback.flags import Intent, Permission
from changeover.demo.loopback.nouns import Overwrite
from changeover.demo.loopback.server import LoopbackDiscord
from changeover.demo.loopback.world import World

__all__ = [
    "Answer",
    "BadOptionError",
    "Exchange",
    "Intent",
    "LoopbackDiscord",
    "LoopbackError",
    "NotAllowedError",
    "Overwrite",
    "Permission",
    "UnknownCommandError",
    "World",
]
