"""Guilds and their members, roles and channels, to read."""

from __future__ import annotations

from aiohttp import web

from changeover.demo.loopback import payloads
from changeover.demo.loopback.errors import (
    MISSING_ACCESS,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    ApiError,
)
from changeover.demo.loopback.flags import Intent
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.messages import Json
from changeover.demo.loopback.nouns import Guild
from changeover.demo.loopback.rest.plumbing import Route, number


async def guilds(hub: Hub, request: web.Request) -> list[Json]:
    """GET /users/@me/guilds, in order of their ids, after `after`."""
    after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 200))
    found = sorted((g for g in hub.world.guilds.values() if g.id > after), key=lambda g: g.id)
    return [
        payloads.guild(each, hub.world) | {"owner": each.owner_id == hub.world.bot.id}
        for each in found[:limit]
    ]


async def guild(hub: Hub, request: web.Request) -> Json:
    """GET /guilds/{guild_id}."""
    return payloads.guild(_guild(hub, request), hub.world)


async def channels(hub: Hub, request: web.Request) -> list[Json]:
    """GET /guilds/{guild_id}/channels."""
    found = _guild(hub, request).channels.values()
    return [payloads.channel(channel, hub.world) for channel in found]


async def roles(hub: Hub, request: web.Request) -> list[Json]:
    """GET /guilds/{guild_id}/roles."""
    return [payloads.role(role) for role in _guild(hub, request).roles.values()]


async def members(hub: Hub, request: web.Request) -> list[Json]:
    """GET /guilds/{guild_id}/members, in order of their ids; needs the members intent."""
    if Intent.GUILD_MEMBERS not in hub.privileged:
        raise ApiError(MISSING_ACCESS)
    after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 1))
    inside = _guild(hub, request).members
    ids = sorted(user_id for user_id in inside if user_id > after)
    return [payloads.member(inside[user_id]) for user_id in ids[:limit]]


async def search(hub: Hub, request: web.Request) -> list[Json]:
    """GET /guilds/{guild_id}/members/search."""
    start = request.query.get("query", "").lower()
    limit = int(request.query.get("limit", 1))
    found = [
        member
        for member in _guild(hub, request).members.values()
        if member.user.name.lower().startswith(start)
    ]
    return [payloads.member(member) for member in found[:limit]]


async def member(hub: Hub, request: web.Request) -> Json:
    """GET /guilds/{guild_id}/members/{user_id}."""
    found = _guild(hub, request).members.get(number(request, "user_id"))
    if found is None:
        raise ApiError(UNKNOWN_MEMBER)
    return payloads.member(found)


def _guild(hub: Hub, request: web.Request) -> Guild:
    found = hub.world.guilds.get(number(request, "guild_id"))
    if found is None:
        raise ApiError(UNKNOWN_GUILD)
    return found


ROUTES = [
    Route("GET", "/users/@me/guilds", guilds),
    Route("GET", "/guilds/{guild_id}", guild),
    Route("GET", "/guilds/{guild_id}/channels", channels),
    Route("GET", "/guilds/{guild_id}/roles", roles),
    Route("GET", "/guilds/{guild_id}/members", members),
    Route("GET", "/guilds/{guild_id}/members/search", search),
    Route("GET", "/guilds/{guild_id}/members/{user_id}", member),
]
