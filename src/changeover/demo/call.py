"""What both implementations see of Discord: a call comes in, a reply goes out.

A `Call` has the attributes of a discord.py message that the adapter looks at
(`author.id`, `guild.id`, `channel.id`), so it is the `message` of the adapter's handlers,
and a handler can be run without Discord.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from changeover.core.model import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who called. The rights are those in the channel of the call."""

    id: int
    name: str
    is_admin: bool = False  # administrator of the server
    can_manage: bool = False  # may manage messages in the channel
    is_bot_owner: bool = False  # runs this bot; may do what owners and moderators may


@dataclass(frozen=True, slots=True)
class Server:
    """The server (guild) of a call."""

    id: int


async def _nothing_to_purge(_limit: int) -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where somebody called.

    Attributes:
        purge: deletes up to so many of the bot's own newest messages and says how many.
    """

    id: int
    is_nsfw: bool = False  # age-restricted by Discord
    purge: Callable[[int], Awaitable[int]] = _nothing_to_purge


@dataclass(frozen=True, slots=True, kw_only=True)
class BotFacts:
    """What the bot knows of itself at the moment of the call."""

    prefix: str = "!tz "
    latency_s: float = 0.0  # of the gateway; NaN or infinite until the first heartbeat is answered
    servers: int = 0
    started_s: int = 0  # epoch seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of one command. `guild` is None in a direct message."""

    author: Person
    guild: Server | None
    channel: Channel
    bot: BotFacts
    now_s: int  # epoch seconds
    kind: Kind = Kind.CALL

    @property
    def is_direct(self) -> bool:
        """Whether it is a direct message."""
        return self.guild is None

    @property
    def is_private(self) -> bool:
        """Whether nobody else reads the call and its reply."""
        return self.is_direct or self.kind is Kind.SLASH


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says.

    Attributes:
        text: one message, Discord markdown.
        title, fields: an embed under it; fields are pairs of name and value.
        ephemeral: only the caller may see it; a prefix command cannot keep that promise.
    """

    text: str = ""
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    ephemeral: bool = False


Arguments = Mapping[str, Any]
"""A command's arguments by name; those left out are missing or None."""

Handler = Callable[[Call, Arguments], Reply | Awaitable[Reply]]
"""What the adapter calls, as `handler(message, args)`; plain or async."""
