"""The pytest plugin: a fixture with a loopback Discord. Loads nothing until it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import changeover.testing

if TYPE_CHECKING:
    from changeover.testing import LoopbackDiscord


@pytest.fixture
def loopback_discord() -> Iterator[LoopbackDiscord]:
    """A loopback Discord in a thread of its own, with discord.py pointed at it for the test.

    It works with every asyncio plugin, and no bot can reach the real Discord meanwhile.
    """
    with changeover.testing.LoopbackDiscord.in_thread() as discord, discord.redirected():
        yield discord
