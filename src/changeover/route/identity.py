"""The id of a message that a share is sticky by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from changeover.core.errors import BadValueError

IdGetter = Callable[[Any], str | int | None]
StickyBy = Literal["user", "guild", "channel"] | IdGetter


def user_id(message: Any) -> Any:
    """`message.author.id`, or `message.user.id` as interactions have it, or None."""
    author = getattr(message, "author", None)
    if author is None:
        author = getattr(message, "user", None)
    return getattr(author, "id", None)


def guild_id(message: Any) -> Any:
    """`message.guild.id`, or None as in a direct message."""
    return getattr(getattr(message, "guild", None), "id", None)


def channel_id(message: Any) -> Any:
    """`message.channel.id`, or None."""
    return getattr(getattr(message, "channel", None), "id", None)


_BY_NAME: dict[str, IdGetter] = {"user": user_id, "guild": guild_id, "channel": channel_id}


def id_getter(sticky_by: StickyBy) -> IdGetter:
    """The function that finds the id. Raises `BadValueError` for an unknown name."""
    if callable(sticky_by):
        return sticky_by
    if sticky_by not in _BY_NAME:
        raise BadValueError("sticky_by", str(sticky_by), "user, guild or channel", "user")
    return _BY_NAME[sticky_by]
