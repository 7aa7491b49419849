"""What every REST route goes through: authorisation, rate limits, errors, JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from aiohttp import web
from aiohttp.multipart import BodyPartReader

from changeover.demo.loopback.errors import INVALID_JSON, NOT_FOUND, UNAUTHORIZED, ApiError
from changeover.demo.loopback.hub import Hub, Uploaded
from changeover.demo.loopback.messages import Json

API = "/api/v10"
_UNHANDLED_MAX = 1000
HUB = web.AppKey("hub", Hub)

Handler = Callable[[Hub, web.Request], Awaitable[Any]]
"""Answers with something for JSON, or with `None` for 204."""


class Route(NamedTuple):
    """One route.

    Attributes:
        path: with `{name}` for each part that varies.
        is_open: needs no bot token, because the path holds a token of its own.
    """

    method: str
    path: str
    handler: Handler
    is_open: bool = False


def mount(app: web.Application, routes: list[Route]) -> None:
    """Add routes under the API's path."""
    for route in routes:
        app.router.add_route(route.method, API + route.path, _served(route))


async def unknown(request: web.Request) -> web.Response:
    """Answer for every path that no route has, and remember that it was asked for."""
    hub = request.app[HUB]
    if len(hub.unhandled) < _UNHANDLED_MAX:
        hub.unhandled.append(f"{request.method} {request.path.removeprefix(API)}")
    hub.counters.errors += 1
    return _json(ApiError(NOT_FOUND).body(), 404)


def number(request: web.Request, name: str) -> int:
    """An id out of the path; what is no number is answered with 404."""
    text = request.match_info[name]
    if not text.isdigit():
        raise ApiError(NOT_FOUND)
    return int(text)


async def body(request: web.Request) -> Any:
    """The request's JSON; raises ApiError 50109."""
    try:
        return await request.json()
    except ValueError as wrong:
        raise ApiError(INVALID_JSON) from wrong


async def form(hub: Hub, request: web.Request) -> Json:
    """The request's JSON; files that come with it are kept, and stand in it as `uploads`."""
    if request.content_type == "application/x-www-form-urlencoded":
        return await _of_form(request)
    if not request.content_type.startswith("multipart/"):
        return dict(await body(request))
    payload: Json = {}
    files: list[Json] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.name == "payload_json":
            payload = json.loads(content)
        else:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(hub.keep_file(Uploaded(part.filename or "file", content, kind)))
    _message_of(payload)["uploads"] = files
    return payload


async def _of_form(request: web.Request) -> Json:
    """What py-cord sends when there are no files: a form all the same."""
    try:
        return dict(json.loads(str((await request.post()).get("payload_json"))))
    except ValueError as wrong:
        raise ApiError(INVALID_JSON) from wrong


def _message_of(payload: Json) -> Json:
    """Where the message stands: within `data` for an interaction's answer."""
    inner: Json = payload.get("data", payload)
    return inner


def _served(route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    bucket = f"{route.method} {route.path}"

    async def serve(request: web.Request) -> web.Response:
        hub = request.app[HUB]
        headers = {}
        if not route.path.startswith("/interactions/"):  # those have no bucket, and hikari checks
            headers = hub.rate_limits.headers(bucket, hub.snowflakes.now_ms())
        wait_s = hub.rate_limits.hit(f"{request.method} {request.path.removeprefix(API)}")
        if wait_s is not None:
            hub.counters.errors += 1
            return _limited(wait_s, headers)
        try:
            if not route.is_open:
                _authorise(hub, request)
            answer = await route.handler(hub, request)
        except ApiError as error:
            hub.counters.errors += 1
            return _json(error.body(), error.refusal.status, headers)
        if answer is None:
            return web.Response(status=204, headers=headers)
        return _json(answer, 200, headers)

    return serve


def _authorise(hub: Hub, request: web.Request) -> None:
    if request.headers.get("Authorization") != f"Bot {hub.token}":
        raise ApiError(UNAUTHORIZED)


def _limited(wait_s: float, headers: dict[str, str]) -> web.Response:
    headers |= {
        "Retry-After": str(max(1, round(wait_s))),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": f"{wait_s:.3f}",
        "X-RateLimit-Scope": "user",
        # discord.py retries only what came through Discord's proxies.
        "Via": "1.1 google",
    }
    text = "You are being rate limited."
    return _json({"message": text, "retry_after": wait_s, "global": False}, 429, headers)


def _json(data: Any, status: int, headers: dict[str, str] | None = None) -> web.Response:
    # Bytes, because discord.py takes no charset after the content type.
    return web.Response(
        body=json.dumps(data).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
    )
