"""What Discord itself rules, whatever the library."""

from __future__ import annotations

ANSWER_WITHIN_S = 3.0
"""Discord forgets an interaction that nobody answered. Source: "Receiving and Responding"."""

LATE = 10062
"""The code of "Unknown interaction": these 3 s were over. Source: "JSON error codes"."""


def shard_of(guild_id: int | None, shards: int | None) -> int:
    """The shard that a guild's events come through; direct messages come through the first.

    Source: Discord's reference, "Sharding".
    """
    return 0 if guild_id is None or not shards else (guild_id >> 22) % shards
