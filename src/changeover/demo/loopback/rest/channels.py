"""Channels and their messages: send, read, edit, delete, react."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from changeover.demo.loopback import drafts, payloads
from changeover.demo.loopback.errors import (
    CANNOT_DM,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NOT_YOUR_MESSAGE,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    ApiError,
    invalid_form,
)
from changeover.demo.loopback.flags import Permission
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.messages import Json, Message
from changeover.demo.loopback.nouns import Channel
from changeover.demo.loopback.rest.plumbing import Route, body, form, number

_HISTORY_MAX = 100


async def channel(hub: Hub, request: web.Request) -> Json:
    """GET /channels/{channel_id}."""
    return payloads.channel(_channel(hub, request), hub.world)


async def typing(hub: Hub, request: web.Request) -> Any:
    """POST /channels/{channel_id}/typing."""
    _channel(hub, request, Permission.SEND_MESSAGES)


async def send(hub: Hub, request: web.Request) -> Json:
    """POST /channels/{channel_id}/messages."""
    where = _channel(hub, request, Permission.SEND_MESSAGES)
    if where.recipient is not None and not where.recipient.accepts_dms:
        raise ApiError(CANNOT_DM)
    payload = await form(hub, request)
    if "uploads" in payload:
        _require(hub, where, Permission.ATTACH_FILES)
    message = hub.draft(where, hub.world.bot)
    drafts.apply(payload, message, hub.world.users)
    _refer(hub, message, payload.get("message_reference"))
    hub.publish(message)
    hub.counters.answers += 1
    return hub.message_json(message)


async def history(hub: Hub, request: web.Request) -> list[Json]:
    """GET /channels/{channel_id}/messages, newest first."""
    where = _channel(hub, request, Permission.READ_MESSAGE_HISTORY)
    query = {key: int(value) for key, value in request.query.items() if value.isdigit()}
    limit = query.get("limit", 50)
    if not 1 <= limit <= _HISTORY_MAX:
        text = f"int value should be between 1 and {_HISTORY_MAX}."
        raise invalid_form("limit", "NUMBER_TYPE_MAX", text)
    found = hub.messages.history(
        where.id, before=query.get("before"), after=query.get("after"), limit=limit
    )
    return [hub.message_json(message) for message in found]


async def message(hub: Hub, request: web.Request) -> Json:
    """GET /channels/{channel_id}/messages/{message_id}."""
    return hub.message_json(_message(hub, request, Permission.READ_MESSAGE_HISTORY))


async def edit(hub: Hub, request: web.Request) -> Json:
    """PATCH /channels/{channel_id}/messages/{message_id}."""
    found = _message(hub, request)
    if found.author != hub.world.bot:
        raise ApiError(NOT_YOUR_MESSAGE)
    drafts.apply(await form(hub, request), found, hub.world.users)
    hub.edited(found)
    return hub.message_json(found)


async def delete(hub: Hub, request: web.Request) -> Any:
    """DELETE /channels/{channel_id}/messages/{message_id}."""
    found = _message(hub, request)
    if found.author != hub.world.bot:
        _require(hub, found.channel, Permission.MANAGE_MESSAGES, in_guild=True)
    hub.delete(found)


async def bulk_delete(hub: Hub, request: web.Request) -> Any:
    """POST /channels/{channel_id}/messages/bulk-delete; what is gone already is no error."""
    where = _channel(hub, request)
    _require(hub, where, Permission.MANAGE_MESSAGES, in_guild=True)
    ids = [int(message_id) for message_id in (await body(request)).get("messages", [])]
    if not 2 <= len(ids) <= _HISTORY_MAX:
        text = f"Must be between 2 and {_HISTORY_MAX} in length."
        raise invalid_form("messages", "BASE_TYPE_BAD_LENGTH", text)
    for message_id in ids:
        found = hub.messages.find(message_id)
        if found is not None and found.channel == where:
            hub.messages.remove(found)
    hub.notify("MESSAGE_DELETE_BULK", {"ids": [str(i) for i in ids]}, where)


async def react(hub: Hub, request: web.Request) -> Any:
    """PUT .../reactions/{emoji}/@me."""
    found = _message(hub, request, Permission.ADD_REACTIONS)
    found.reactions.setdefault(request.match_info["emoji"], set()).add(hub.world.bot.id)
    hub.notify("MESSAGE_REACTION_ADD", _reaction(hub, request), found.channel, reaction=True)


async def unreact(hub: Hub, request: web.Request) -> Any:
    """DELETE .../reactions/{emoji}/@me."""
    found = _message(hub, request)
    who = found.reactions.get(request.match_info["emoji"], set())
    who.discard(hub.world.bot.id)
    if not who:
        found.reactions.pop(request.match_info["emoji"], None)
    hub.notify("MESSAGE_REACTION_REMOVE", _reaction(hub, request), found.channel, reaction=True)


def _reaction(hub: Hub, request: web.Request) -> Json:
    return {
        "user_id": str(hub.world.bot.id),
        "message_id": request.match_info["message_id"],
        "emoji": payloads.emoji(request.match_info["emoji"]),
        "burst": False,
        "type": 0,
    }


def _channel(hub: Hub, request: web.Request, needs: Permission = Permission.NONE) -> Channel:
    """The channel in the path; raises ApiError 10003, 50001 if unseen, 50013 if not `needs`."""
    found = hub.world.channels.get(number(request, "channel_id"))
    if found is None:
        raise ApiError(UNKNOWN_CHANNEL)
    _require(hub, found, needs)
    return found


def _message(hub: Hub, request: web.Request, needs: Permission = Permission.NONE) -> Message:
    where = _channel(hub, request, needs)
    return hub.messages.get(where.id, number(request, "message_id"))


def _require(hub: Hub, where: Channel, needs: Permission, *, in_guild: bool = False) -> None:
    allowed = hub.world.permissions(hub.world.bot, where)
    if not allowed:
        raise ApiError(MISSING_ACCESS)
    if needs not in allowed or (in_guild and where.guild_id is None):
        raise ApiError(MISSING_PERMISSIONS)


def _refer(hub: Hub, message: Message, reference: Json | None) -> None:
    """Make a message a reply; one to a message that is gone fails, unless it says otherwise."""
    if reference is None:
        return
    target = hub.messages.find(int(reference["message_id"]))
    if target is not None and target.channel == message.channel:
        message.reference_id = target.id
    elif reference.get("fail_if_not_exists", True):
        text = UNKNOWN_MESSAGE.message
        raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", text)


_ONE = "/channels/{channel_id}/messages/{message_id}"

ROUTES = [
    Route("GET", "/channels/{channel_id}", channel),
    Route("POST", "/channels/{channel_id}/typing", typing),
    Route("POST", "/channels/{channel_id}/messages", send),
    Route("GET", "/channels/{channel_id}/messages", history),
    Route("POST", "/channels/{channel_id}/messages/bulk-delete", bulk_delete),
    Route("GET", _ONE, message),
    Route("PATCH", _ONE, edit),
    Route("DELETE", _ONE, delete),
    Route("PUT", _ONE + "/reactions/{emoji}/@me", react),
    Route("DELETE", _ONE + "/reactions/{emoji}/@me", unreact),
]
