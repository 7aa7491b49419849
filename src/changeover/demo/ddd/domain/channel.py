"""A channel, and who may change what happens in it."""

from __future__ import annotations

from dataclasses import dataclass

from changeover.demo import mistakes
from changeover.demo.call import Call


@dataclass(frozen=True, slots=True)
class Activation:
    """A personality answers everything said in a channel. `guild_id` is None in direct messages."""

    channel_id: int
    guild_id: int | None
    personality_id: int
    activated_by: int
    activated_s: int


def require_moderator(call: Call, *, is_verified: bool) -> None:
    """Moderators decide in a server, verified people in a direct message; the bot's owner anywhere.

    Raises `NotAllowedError`.
    """
    person = call.author
    if person.is_bot_owner:
        return
    if call.is_direct and not is_verified:
        raise mistakes.not_verified()
    if not call.is_direct and not (person.can_manage or person.is_admin):
        raise mistakes.not_moderator()


def require_admin(call: Call) -> None:
    """Administrators and the bot's owner. Raises `NotAllowedError`."""
    if not (call.author.is_admin or call.author.is_bot_owner):
        raise mistakes.not_admin()
