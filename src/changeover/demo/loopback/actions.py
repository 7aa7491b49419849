"""What people do, as the events that it causes; refused where Discord's client would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from changeover.demo.loopback import drafts, payloads
from changeover.demo.loopback.commands import (
    CommandKind,
    Found,
    required_permissions,
    works_in_dms,
)
from changeover.demo.loopback.errors import ApiError, LoopbackError, NotAllowedError
from changeover.demo.loopback.flags import Permission
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.interactions import Interaction
from changeover.demo.loopback.messages import InteractionKind, Json, Message
from changeover.demo.loopback.modals import filled
from changeover.demo.loopback.nouns import Channel, User
from changeover.demo.loopback.options import Form
from changeover.demo.loopback.session import Session
from changeover.demo.loopback.world import World

Target = User | Message
_UPLOAD_MAX = 10 * 1024 * 1024


class Place(NamedTuple):
    """Who does something, and where."""

    user: User
    channel: Channel


class Opened(NamedTuple):
    """An interaction, and the gateway sessions that were told of it."""

    interaction: Interaction
    told: list[Session]


def place(world: World, user: User | str | None, channel: Channel | None) -> Place:
    """Fill in who and where: by default the first plain member, and a channel they may talk in."""
    if isinstance(user, str):
        user = world.person(user)
    if user is None:
        user = world.person() if channel is None else _somebody_in(world, channel)
    return Place(user, channel or world.home_of(user))


def send_message(hub: Hub, content: str, where: Place) -> tuple[Message, list[Session]]:
    """Write a message.

    Raises:
        NotAllowedError: they may not write there, or it is empty or longer than 2 000 characters.
    """
    _require(hub, where, Permission.SEND_MESSAGES, "write")
    message = hub.draft(where.channel, where.user)
    try:
        drafts.apply({"content": content}, message, hub.world.users)
    except ApiError as error:
        raise NotAllowedError(f"{where.user.name} cannot send this: {error}") from error
    hub.counters.messages += 1
    return message, hub.publish(message)


def use_command(
    hub: Hub, words: str, values: Mapping[str, Any], where: Place, target: Target | None = None
) -> Opened:
    """Use a slash command (`/group sub`), or with a target an entry of its context menu.

    Raises:
        UnknownCommandError: it is not synced there.
        NotAllowedError: they may not use it, or not there.
        BadOptionError: a value does not fit.
    """
    found = _find(hub, words, where, _kind_for(target))
    form = Form(hub.world, where.channel)
    data = form.slash(found, values) if target is None else form.menu(found.command, target)
    return _open(hub, InteractionKind.COMMAND, _full_name(found), data, where)


def complete(
    hub: Hub, words: str, option: str, typed: Any, values: Mapping[str, Any], where: Place
) -> Opened:
    """Type into an option that has autocomplete; raises as `use_command` does."""
    found = _find(hub, words, where, CommandKind.SLASH)
    data = Form(hub.world, where.channel).slash(found, {**values, option: typed}, option)
    known = {each["name"]: each for each in found.options}
    if not known[option].get("autocomplete"):
        raise NotAllowedError(f"option {option!r} of {words!r} has no autocomplete")
    return _open(hub, InteractionKind.AUTOCOMPLETE, _full_name(found), data, where)


def press(hub: Hub, message: Message, control: str, values: list[Any], user: User) -> Opened:
    """Press a button, or choose `values` in a select menu.

    `control` is its label, placeholder or custom id.

    Raises:
        NotAllowedError: it is disabled, or the message is somebody else's ephemeral one.
        LoopbackError: the message has no such control.
    """
    found = _control(message, control)
    if found.get("disabled"):
        raise NotAllowedError(f"{control!r} is disabled")
    if message.is_ephemeral and message.origin is not None and message.origin.user != user:
        raise NotAllowedError(f"only {message.origin.user.name} sees this message")
    where = Place(user, message.channel)
    _require(hub, where, Permission.VIEW_CHANNEL, "press anything")
    data: Json = {"custom_id": found["custom_id"], "component_type": found["type"]}
    if values:
        data |= Form(hub.world, message.channel).chosen(found, values)
    return _open(hub, InteractionKind.COMPONENT, found["custom_id"], data, where, source=message)


def react(hub: Hub, message: Message, emoji: str, user: User) -> list[Session]:
    """React to a message; raises NotAllowedError without the permission."""
    where = Place(user, message.channel)
    _require(hub, where, Permission.ADD_REACTIONS, "react")
    message.reactions.setdefault(emoji, set()).add(user.id)
    event: Json = {
        "user_id": str(user.id),
        "message_id": str(message.id),
        "message_author_id": str(message.author.id),
        "emoji": payloads.emoji(emoji),
        "burst": False,
        "type": 0,
    }
    if where.channel.guild_id is not None:
        member = hub.world.guilds[where.channel.guild_id].members[user.id]
        event["member"] = payloads.member(member)
    return hub.notify("MESSAGE_REACTION_ADD", event, where.channel, reaction=True)


def submit(hub: Hub, opener: Interaction, values: Mapping[str, Any]) -> Opened:
    """Send the form (modal) that the bot opened as its answer to `opener`; raises BadOptionError."""
    if opener.modal is None:
        raise LoopbackError(f"the bot opened no form as its answer to {opener.name!r}")
    data = filled(opener.modal, values)
    where = Place(opener.user, opener.channel)
    kind, name = InteractionKind.MODAL_SUBMIT, data["custom_id"]
    return _open(hub, kind, name, data, where, source=opener.source)


def _open(
    hub: Hub,
    kind: InteractionKind,
    name: str,
    data: Json,
    where: Place,
    *,
    source: Message | None = None,
) -> Opened:
    interaction = hub.interactions.open(
        hub.snowflakes.next(),
        kind,
        name=name,
        user=where.user,
        channel=where.channel,
        source=source,
    )
    event = _event(hub, interaction, data)
    if source is not None:
        event["message"] = hub.message_json(source)
    told = hub.gateway.dispatch("INTERACTION_CREATE", event, guild_id=where.channel.guild_id)
    hub.counters.interactions += 1
    hub.counters.undelivered += not told
    return Opened(interaction, told)


def _event(hub: Hub, interaction: Interaction, data: Json) -> Json:
    """What INTERACTION_CREATE says. Source: Discord's reference, "Interaction Object"."""
    world, where = hub.world, interaction.channel
    event: Json = {
        "id": str(interaction.id),
        "application_id": str(world.bot.id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": data,
        "channel_id": str(where.id),
        "channel": payloads.channel(where, world),
        "locale": payloads.LOCALE,
        "app_permissions": str(int(world.permissions(world.bot, where))),
        "entitlements": [],
        "attachment_size_limit": _UPLOAD_MAX,
    }
    if where.guild_id is None:
        owners = {"1": str(interaction.user.id)}
        more = {"user": payloads.user(interaction.user), "context": 1}
        return event | more | {"authorizing_integration_owners": owners}
    guild_id = str(where.guild_id)
    member = world.guilds[where.guild_id].members[interaction.user.id]
    allowed = world.permissions(interaction.user, where)
    return event | {
        "guild_id": guild_id,
        "guild": {"id": guild_id, "locale": payloads.LOCALE, "features": []},
        "guild_locale": payloads.LOCALE,
        "member": payloads.with_permissions(member, allowed),
        "context": 0,
        "authorizing_integration_owners": {"0": guild_id},
    }


def _find(hub: Hub, words: str, where: Place, kind: CommandKind) -> Found:
    found = hub.commands.find(words, kind, where.channel.guild_id)
    if where.channel.guild_id is None:
        if not works_in_dms(found.command):
            raise NotAllowedError(f"{words!r} cannot be used in direct messages")
        return found
    _require(hub, where, Permission.USE_APPLICATION_COMMANDS, f"use {words!r}")
    _require(hub, where, required_permissions(found.command), f"use {words!r}")
    return found


def _require(hub: Hub, where: Place, needs: Permission, what: str) -> None:
    allowed = hub.world.permissions(where.user, where.channel)
    if not allowed or needs not in allowed:
        missing = needs & ~allowed if allowed else Permission.VIEW_CHANNEL
        raise NotAllowedError(
            f"{where.user.name} may not {what} in #{where.channel.name}: lacks {missing.name}"
        )


def _kind_for(target: Target | None) -> CommandKind:
    if target is None:
        return CommandKind.SLASH
    return CommandKind.USER_MENU if isinstance(target, User) else CommandKind.MESSAGE_MENU


def _full_name(found: Found) -> str:
    return " ".join([found.command["name"], *(step["name"] for step in found.path)])


def _control(message: Message, wanted: str) -> Json:
    names = []
    for control in message.controls():
        if "custom_id" in control:
            own = [control.get(key) for key in ("label", "placeholder", "custom_id")]
            if wanted in own:
                return control
            names.append(str(next(name for name in own if name)))
    raise LoopbackError(f"no button or menu {wanted!r} here; there are: {names or 'none'}")


def _somebody_in(world: World, channel: Channel) -> User:
    if channel.recipient is not None:
        return channel.recipient
    for user in world.users.values():
        if not user.bot and Permission.SEND_MESSAGES in world.permissions(user, channel):
            return user
    raise LoopbackError(f"nobody may talk in #{channel.name}")
