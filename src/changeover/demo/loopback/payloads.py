"""The world as JSON, in the shapes of Discord's API version 10; ids are strings there."""

from __future__ import annotations

from dataclasses import replace

from changeover.demo.loopback.flags import Permission
from changeover.demo.loopback.messages import InteractionKind, Json, Message, Origin
from changeover.demo.loopback.nouns import Channel, Guild, Member, Overwrite, Role, User
from changeover.demo.loopback.snowflake import created_at
from changeover.demo.loopback.world import World

_CHAT_INPUT, _REPLY, _DEFAULT = 20, 19, 0
LOCALE = "en-US"


def user(of: User) -> Json:
    """A user object."""
    return {
        "id": str(of.id),
        "username": of.name,
        "global_name": None,
        "discriminator": "0",
        "avatar": None,
        "bot": of.bot,
        "public_flags": 0,
    }


def member(of: Member, *, with_user: bool = True) -> Json:
    """A guild member object; inside a message it comes without the user."""
    found: Json = {
        "roles": [str(role_id) for role_id in of.role_ids],
        "joined_at": of.joined_at,
        "nick": None,
        "avatar": None,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }
    if with_user:
        found["user"] = user(of.user)
    return found


def role(of: Role) -> Json:
    """A role object."""
    return {
        "id": str(of.id),
        "name": of.name,
        "permissions": str(int(of.permissions)),
        "position": of.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": True,
        "flags": 0,
    }


def channel(of: Channel, world: World) -> Json:
    """A channel object, of a guild or of direct messages."""
    found: Json = {"id": str(of.id), "type": int(of.kind), "flags": 0, "last_message_id": None}
    if of.recipient is not None:
        return found | {"recipients": [user(of.recipient)]}
    return found | {
        "guild_id": str(of.guild_id),
        "name": of.name,
        "position": of.position,
        "permission_overwrites": [_overwrite(overwrite) for overwrite in of.overwrites],
        "parent_id": None,
        "topic": None,
        "nsfw": of.nsfw,
        "rate_limit_per_user": 0,
        "bitrate": 64_000,
        "user_limit": 0,
        "permissions": str(int(world.permissions(world.bot, of))),
    }


def _overwrite(of: Overwrite) -> Json:
    return {
        "id": str(of.target_id),
        "type": int(of.for_member),
        "allow": str(int(of.allow)),
        "deny": str(int(of.deny)),
    }


def guild(of: Guild, world: World) -> Json:
    """A guild object without its channels and members, as REST answers it."""
    return {
        "id": str(of.id),
        "name": of.name,
        "owner_id": str(of.owner_id),
        "roles": [role(each) for each in of.roles.values()],
        "member_count": len(of.members),
        "approximate_member_count": len(of.members),
        "emojis": [],
        "stickers": [],
        "features": [],
        "icon": None,
        "description": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": LOCALE,
        "afk_timeout": 300,
        "afk_channel_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "vanity_url_code": None,
        "application_id": None,
        "banner": None,
        "splash": None,
        "discovery_splash": None,
        "max_video_channel_users": 25,
        "permissions": str(int(of.permissions_of(of.members[world.bot.id]))),
    }


def guild_create(of: Guild, world: World, members: list[Member], *, large: bool) -> Json:
    """What GUILD_CREATE says: the guild with its channels, and the members given."""
    return guild(of, world) | {
        "unavailable": False,
        "large": large,
        "joined_at": of.members[world.bot.id].joined_at,
        "channels": [channel(each, world) for each in of.channels.values()],
        "members": [member(each) for each in members],
        "presences": [],
        "threads": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(of: Message, world: World, referenced: Message | None = None) -> Json:
    """A message object as the gateway sends it (REST's has `guild_id` and `member` less)."""
    found: Json = {
        "id": str(of.id),
        "channel_id": str(of.channel.id),
        "author": user(of.author),
        "content": of.content,
        "timestamp": created_at(of.id),
        "edited_timestamp": of.edited_at,
        "tts": False,
        "pinned": False,
        "mention_everyone": of.mentions_everyone,
        "mentions": [_mention(each, of.channel, world) for each in of.mentions],
        "mention_roles": [str(role_id) for role_id in of.mentioned_roles],
        "embeds": of.embeds,
        "components": of.components,
        "attachments": of.attachments,
        "flags": int(of.flags),
        "type": _DEFAULT,
        "reactions": [_reaction(emoji, who, world) for emoji, who in of.reactions.items()],
    }
    if of.nonce is not None:
        found["nonce"] = of.nonce
    if of.channel.guild_id is not None:
        found["guild_id"] = str(of.channel.guild_id)
        author = world.guilds[of.channel.guild_id].members.get(of.author.id)
        if author is not None:
            found["member"] = member(author, with_user=False)
    if of.reference_id is not None:
        found |= _reference(of, world, referenced)
    if of.origin is not None:
        found |= _origin(of.origin, world)
    return found


def without_content(of: Json) -> Json:
    """A message as a bot without the message-content intent gets it."""
    return of | {"content": "", "embeds": [], "components": [], "attachments": []}


def emoji(name: str) -> Json:
    """An emoji object from what stands in a route: a character, or `name:id`."""
    word, _, emoji_id = name.partition(":")
    return {"id": emoji_id or None, "name": word, "animated": False}


def with_permissions(of: Member, permissions: Permission, *, with_user: bool = True) -> Json:
    """A member as an interaction holds it: with what they may in the channel."""
    return member(of, with_user=with_user) | {"permissions": str(int(permissions))}


def _mention(of: User, where: Channel, world: World) -> Json:
    found = user(of)
    if where.guild_id is not None:
        inside = world.guilds[where.guild_id].members.get(of.id)
        if inside is not None:
            found["member"] = member(inside, with_user=False)
    return found


def _reaction(name: str, who: set[int], world: World) -> Json:
    return {
        "emoji": emoji(name),
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me": world.bot.id in who,
        "me_burst": False,
    }


def _reference(of: Message, world: World, referenced: Message | None) -> Json:
    place = {"message_id": str(of.reference_id), "channel_id": str(of.channel.id), "type": 0}
    if of.channel.guild_id is not None:
        place["guild_id"] = str(of.channel.guild_id)
    full = None if referenced is None else message(referenced, world)
    return {"type": _REPLY, "message_reference": place, "referenced_message": full}


def _origin(of: Origin, world: World) -> Json:
    interaction_id, who = str(of.interaction_id), user(of.user)
    return {
        "type": _CHAT_INPUT if of.kind == InteractionKind.COMMAND else _DEFAULT,
        "webhook_id": str(world.bot.id),
        "application_id": str(world.bot.id),
        "interaction": {
            "id": interaction_id,
            "type": int(of.kind),
            "name": of.name,
            "user": who,
        },
        "interaction_metadata": _metadata(of, who),
    }


def _metadata(of: Origin, who: Json) -> Json:
    told: Json = {
        "id": str(of.interaction_id),
        "type": int(of.kind),
        "user": who,
        "authorizing_integration_owners": {},
    }
    if of.kind is InteractionKind.MODAL_SUBMIT:  # what had opened it; under the form's own id here
        kind = InteractionKind.COMMAND if of.source_id is None else InteractionKind.COMPONENT
        return told | {"triggering_interaction_metadata": _metadata(replace(of, kind=kind), who)}
    if of.kind is InteractionKind.COMPONENT:
        told["interacted_message_id"] = str(of.source_id)
    return told
