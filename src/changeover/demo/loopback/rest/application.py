"""Who the bot is, where the gateway is, and which commands it has."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from changeover.demo.loopback import payloads
from changeover.demo.loopback.errors import (
    CANNOT_DM,
    MISSING_ACCESS,
    UNKNOWN_GUILD,
    UNKNOWN_USER,
    ApiError,
)
from changeover.demo.loopback.flags import Intent
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.messages import Json
from changeover.demo.loopback.rest.plumbing import Route, body, number

_LIMITED_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
"""Application flags of intents that are switched on. Source: "Application Flags"."""


async def me(hub: Hub, _request: web.Request) -> Json:
    """GET /users/@me."""
    return payloads.user(hub.world.bot) | {"verified": True, "mfa_enabled": True, "flags": 0}


async def application(hub: Hub, _request: web.Request) -> Json:
    """GET /oauth2/applications/@me."""
    world = hub.world
    flags = sum(flag for intent, flag in _LIMITED_FLAGS.items() if intent in hub.privileged)
    return {
        "id": str(world.bot.id),
        "name": world.bot.name,
        "description": "",
        "icon": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": payloads.user(world.owner),
        "team": None,
        "verify_key": "0" * 64,
        "flags": flags,
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "interactions_endpoint_url": None,
    }


async def gateway(hub: Hub, _request: web.Request) -> Json:
    """GET /gateway."""
    return {"url": hub.gateway.url}


async def gateway_bot(hub: Hub, _request: web.Request) -> Json:
    """GET /gateway/bot."""
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    return {"url": hub.gateway.url, "shards": hub.shards, "session_start_limit": limit}


async def user(hub: Hub, request: web.Request) -> Json:
    """GET /users/{user_id}."""
    found = hub.world.users.get(number(request, "user_id"))
    if found is None:
        raise ApiError(UNKNOWN_USER)
    return payloads.user(found)


async def default_sounds(_hub: Hub, _request: web.Request) -> list[Json]:
    """GET /soundboard-default-sounds, which py-cord reads before it is ready."""
    return []


async def open_dm(hub: Hub, request: web.Request) -> Json:
    """POST /users/@me/channels."""
    recipient = hub.world.users.get(int((await body(request)).get("recipient_id", 0)))
    if recipient is None:
        raise ApiError(UNKNOWN_USER)
    if recipient == hub.world.bot:
        raise ApiError(CANNOT_DM)
    return payloads.channel(hub.world.dm(recipient), hub.world)


async def commands(hub: Hub, request: web.Request) -> list[Json]:
    """GET the commands of a scope."""
    return hub.commands.listed(_scope(hub, request))


async def sync_commands(hub: Hub, request: web.Request) -> list[Json]:
    """PUT all commands of a scope."""
    return hub.commands.replace(_scope(hub, request), await body(request))


async def add_command(hub: Hub, request: web.Request) -> Json:
    """POST one command."""
    return hub.commands.add(_scope(hub, request), await body(request))


async def command(hub: Hub, request: web.Request) -> Json:
    """GET one command."""
    return hub.commands.get(_scope(hub, request), number(request, "command_id"))


async def edit_command(hub: Hub, request: web.Request) -> Json:
    """PATCH one command."""
    scope = _scope(hub, request)
    old = hub.commands.get(scope, number(request, "command_id"))
    return hub.commands.add(scope, old | await body(request))


async def remove_command(hub: Hub, request: web.Request) -> Any:
    """DELETE one command."""
    hub.commands.remove(_scope(hub, request), number(request, "command_id"))


def _scope(hub: Hub, request: web.Request) -> int | None:
    if number(request, "application_id") != hub.world.bot.id:
        raise ApiError(MISSING_ACCESS)
    if "guild_id" not in request.match_info:
        return None
    guild_id = number(request, "guild_id")
    if guild_id not in hub.world.guilds:
        raise ApiError(UNKNOWN_GUILD)
    return guild_id


_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"

ROUTES = [
    Route("GET", "/users/@me", me),
    Route("GET", "/oauth2/applications/@me", application),
    Route("GET", "/applications/@me", application),
    Route("GET", "/gateway", gateway, is_open=True),
    Route("GET", "/gateway/bot", gateway_bot),
    Route("POST", "/users/@me/channels", open_dm),
    Route("GET", "/users/{user_id}", user),
    Route("GET", "/soundboard-default-sounds", default_sounds),
] + [
    Route(method, path + tail, handler)
    for path in (_GLOBAL, _GUILD)
    for method, tail, handler in (
        ("GET", "", commands),
        ("PUT", "", sync_commands),
        ("POST", "", add_command),
        ("GET", "/{command_id}", command),
        ("PATCH", "/{command_id}", edit_command),
        ("DELETE", "/{command_id}", remove_command),
    )
]
