"""The nouns of the made-up world: users, roles, channels, members, guilds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from changeover.demo.loopback.flags import Permission


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account.

    Attributes:
        name: the account's name, unique in a world.
        accepts_dms: whether a bot may open a conversation with them (code 50007 if not).
    """

    id: int
    name: str
    bot: bool = False
    accepts_dms: bool = True

    @property
    def mention(self) -> str:
        """What a message must hold to mention them."""
        return f"<@{self.id}>"


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions in a guild; `@everyone` has the guild's own id."""

    id: int
    name: str
    permissions: Permission
    position: int

    @property
    def mention(self) -> str:
        """What a message must hold to mention it."""
        return f"<@&{self.id}>"


class ChannelKind(IntEnum):
    """The channel types that the loopback has."""

    TEXT = 0
    DM = 1
    VOICE = 2


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel allows or denies to one role or one member, beyond their roles."""

    target_id: int
    allow: Permission = Permission.NONE
    deny: Permission = Permission.NONE
    for_member: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A place to talk: in a guild, or between the bot and one user.

    Attributes:
        guild_id: `None` for direct messages.
        recipient: whom the bot talks to there; `None` in guilds.
        nsfw: whether it is age-restricted.
    """

    id: int
    name: str
    kind: ChannelKind = ChannelKind.TEXT
    guild_id: int | None = None
    recipient: User | None = None
    overwrites: tuple[Overwrite, ...] = ()
    position: int = 0
    nsfw: bool = False

    @property
    def mention(self) -> str:
        """What a message must hold to link to it."""
        return f"<#{self.id}>"


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a guild; `role_ids` leaves out `@everyone`, as Discord does."""

    user: User
    role_ids: tuple[int, ...]
    joined_at: str


@dataclass(frozen=True, slots=True)
class Guild:
    """A server, with all that is in it by id."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict, repr=False)
    channels: dict[int, Channel] = field(default_factory=dict, repr=False)
    members: dict[int, Member] = field(default_factory=dict, repr=False)

    def role(self, name: str) -> Role:
        """The role of that name; raises KeyError where there is none."""
        for role in self.roles.values():
            if role.name == name:
                return role
        raise KeyError(name)

    def channel(self, name: str) -> Channel:
        """The channel of that name; raises KeyError where there is none."""
        for channel in self.channels.values():
            if channel.name == name:
                return channel
        raise KeyError(name)

    def having(self, permission: Permission) -> list[User]:
        """The people (no bots) whose roles give them `permission` in the whole guild."""
        return [
            member.user
            for member in self.members.values()
            if not member.user.bot and permission in self.permissions_of(member)
        ]

    def permissions_of(self, member: Member) -> Permission:
        """What a member may in the whole guild, before a channel's overwrites."""
        if member.user.id == self.owner_id:
            return Permission.ALL
        allowed = self.roles[self.id].permissions
        for role_id in member.role_ids:
            allowed |= self.roles[role_id].permissions
        return Permission.ALL if Permission.ADMINISTRATOR in allowed else allowed
