"""The made-up world: who exists, in which guilds, and what they may."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

from changeover.demo.loopback import names
from changeover.demo.loopback.errors import LoopbackError
from changeover.demo.loopback.flags import Permission
from changeover.demo.loopback.nouns import (
    Channel,
    ChannelKind,
    Guild,
    Member,
    Overwrite,
    Role,
    User,
)
from changeover.demo.loopback.snowflake import at_ms, created_at

_FIRST_GUILD_MS = 1_577_836_800_000  # 2020-01-01
_FIRST_ID_MS = 1_609_459_200_000  # 2021-01-01


class World:
    """Users, guilds and permissions; the same calls always give the same ids.

    Build it before the bot connects: what is added later is not announced to it.

    Args:
        bot_name: the account's name of the bot.

    Attributes:
        bot: the bot's own user.
        owner: the person who owns the bot (`is_owner` in discord.py).
        users: all users by id, the bot's among them.
        guilds: all guilds by id, in the order they were added.
        channels: all channels by id, direct messages among them.
    """

    def __init__(self, bot_name: str = "loopback-bot") -> None:
        # Guild ids are a millisecond apart each, so that they spread evenly over shards.
        self._guild_ids = itertools.count(_FIRST_GUILD_MS)
        self._ids = itertools.count(_FIRST_ID_MS)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self._dms: dict[int, Channel] = {}
        self.bot = self.add_user(bot_name, bot=True)
        self.owner = self.add_user("bot-owner")

    @classmethod
    def build(cls, *, guilds: int = 5, users: int = 200, seed: int = 1) -> World:
        """A lively world: people in one to three guilds each, moderators, closed channels.

        Each guild has `#general` and `#bots`, a `#news` that only moderators may write in (the
        bot may not: code 50013), and `#backstage` that the bot cannot even see (50001).
        """
        world = cls()
        # Not for secrets: the same seed must give the same world.
        dice = random.Random(seed)  # noqa: S311
        people = [world.add_user(names.person(index)) for index in range(users)]
        for index in range(guilds):
            owner = people[index % len(people)] if people else world.owner
            world._furnish(world.add_guild(names.guild(index), owner=owner))
        for user in people:
            homes = list(world.guilds.values())
            for guild in dice.sample(homes, min(len(homes), dice.choice((1, 1, 2, 3)))):
                roles = [guild.role("Moderator")] if dice.random() < 0.08 else []
                if user.id not in guild.members:
                    world.add_member(guild, user, roles)
        return world

    def _furnish(self, guild: Guild) -> None:
        moderator = self.add_role(guild, "Moderator", Permission.MODERATE)
        self.add_channel(guild, "bots")
        write_only = Overwrite(moderator.id, allow=Permission.SEND_MESSAGES)
        silent = Overwrite(guild.id, deny=Permission.SEND_MESSAGES)
        self.add_channel(guild, "news", overwrites=(silent, write_only))
        see = Overwrite(moderator.id, allow=Permission.VIEW_CHANNEL)
        hidden = Overwrite(guild.id, deny=Permission.VIEW_CHANNEL)
        self.add_channel(guild, "backstage", overwrites=(hidden, see))

    def add_user(self, name: str, *, bot: bool = False, accepts_dms: bool = True) -> User:
        """A new account; raises LoopbackError if the name is taken."""
        if any(user.name == name for user in self.users.values()):
            raise LoopbackError(f"user {name!r} exists already: choose another name")
        user = User(self._next_id(), name, bot=bot, accepts_dms=accepts_dms)
        self.users[user.id] = user
        return user

    def add_guild(self, name: str, *, owner: User | None = None) -> Guild:
        """A new guild with `@everyone`, `#general`, its owner, the bot and a role of the bot's."""
        owner = owner or self.owner
        guild = Guild(at_ms(next(self._guild_ids)), name, owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", Permission.TALK, 0)
        self.guilds[guild.id] = guild
        bot_role = self.add_role(guild, self.bot.name, Permission.MANAGE_MESSAGES)
        self.add_member(guild, self.bot, [bot_role])
        self.add_member(guild, owner)
        self.add_channel(guild, "general")
        return guild

    def add_role(self, guild: Guild, name: str, permissions: Permission) -> Role:
        """A new role above those there are."""
        role = Role(self._next_id(), name, permissions, len(guild.roles))
        guild.roles[role.id] = role
        return role

    def add_channel(
        self,
        guild: Guild,
        name: str,
        *,
        overwrites: tuple[Overwrite, ...] = (),
        kind: ChannelKind = ChannelKind.TEXT,
        nsfw: bool = False,
    ) -> Channel:
        """A new channel below those there are."""
        channel = Channel(
            self._next_id(),
            name,
            kind,
            guild.id,
            overwrites=overwrites,
            position=len(guild.channels),
            nsfw=nsfw,
        )
        guild.channels[channel.id] = self.channels[channel.id] = channel
        return channel

    def add_member(self, guild: Guild, user: User, roles: Iterable[Role] = ()) -> Member:
        """Let a user join, or give a member these roles instead of those they had."""
        joined_at = created_at(guild.id)
        member = Member(user, tuple(role.id for role in roles), joined_at)
        guild.members[user.id] = member
        return member

    def dm(self, user: User) -> Channel:
        """The direct messages between the bot and a user; made when first asked for."""
        if user.id not in self._dms:
            channel = Channel(self._next_id(), user.name, ChannelKind.DM, recipient=user)
            self._dms[user.id] = self.channels[channel.id] = channel
        return self._dms[user.id]

    def person(self, name: str | None = None) -> User:
        """The user of that name, or without one the first plain member of the first guild."""
        if name is None:
            return self._somebody()
        for user in self.users.values():
            if user.name == name:
                return user
        raise LoopbackError(f"no user {name!r} in this world: add_user({name!r}) makes one")

    def _somebody(self) -> User:
        for guild in self.guilds.values():
            for member in guild.members.values():
                if not member.user.bot and not member.role_ids and member.user.id != guild.owner_id:
                    return member.user
        return self.owner

    def home_of(self, user: User) -> Channel:
        """The first channel of a guild where a user may talk; their DMs if there is none."""
        for guild in self.guilds.values():
            if user.id in guild.members:
                for channel in guild.channels.values():
                    if Permission.SEND_MESSAGES in self.permissions(user, channel):
                        return channel
        return self.dm(user)

    def permissions(self, user: User, channel: Channel) -> Permission:
        """What a user may in a channel. Source: Discord's reference, "Permission Overwrites"."""
        if channel.guild_id is None:
            inside = user in (channel.recipient, self.bot)
            return Permission.TALK if inside else Permission.NONE
        guild = self.guilds[channel.guild_id]
        member = guild.members.get(user.id)
        if member is None:
            return Permission.NONE
        allowed = guild.permissions_of(member)
        if allowed != Permission.ALL:
            allowed = _overwritten(allowed, channel, member, guild.id)
        return allowed if Permission.VIEW_CHANNEL in allowed else Permission.NONE

    def _next_id(self) -> int:
        return at_ms(next(self._ids))


def _overwritten(
    allowed: Permission, channel: Channel, member: Member, everyone_id: int
) -> Permission:
    """Apply a channel's overwrites in Discord's order: everyone, the roles together, the member."""
    steps = (
        [o for o in channel.overwrites if o.target_id == everyone_id],
        [o for o in channel.overwrites if not o.for_member and o.target_id in member.role_ids],
        [o for o in channel.overwrites if o.for_member and o.target_id == member.user.id],
    )
    for step in steps:
        deny = allow = Permission.NONE
        for overwrite in step:
            deny |= overwrite.deny
            allow |= overwrite.allow
        allowed = allowed & ~deny | allow
    return allowed
