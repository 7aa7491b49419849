"""The web server: where the gateway, the REST API and the uploads are found."""

from __future__ import annotations

from aiohttp import web

from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.rest import application, channels, guilds, plumbing, webhooks

_HOST = "127.0.0.1"
_BODY_MAX = 32 * 1024 * 1024
_BACKLOG = 2048  # a burst opens hundreds of connections; the kernel drops the excess for a second
_GOODBYE_S = 1.0
_GOING_AWAY = 1001


class Site:
    """Serves a `Hub` on a free port of 127.0.0.1, never on another address."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listen, and tell the hub where."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=_GOODBYE_S)
        await runner.setup()
        await web.TCPSite(runner, _HOST, 0, backlog=_BACKLOG).start()
        self._runner = runner
        address = f"{_HOST}:{runner.addresses[0][1]}"
        self._hub.url = f"http://{address}"
        self._hub.gateway.url = f"ws://{address}/gateway"

    async def close(self) -> None:
        """Close every websocket, and stop listening."""
        await self._hub.gateway.drop(_GOING_AWAY, resumable=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._hub.url = self._hub.gateway.url = ""

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_MAX)
        app[plumbing.HUB] = self._hub
        for topic in (application, guilds, channels, webhooks):
            plumbing.mount(app, topic.ROUTES)
        app.router.add_get("/gateway", self._hub.gateway.handle)
        app.router.add_get("/attachments/{file_id}/{name}", _file)
        app.router.add_route("*", "/{path:.*}", plumbing.unknown)
        return app


async def _file(request: web.Request) -> web.Response:
    """An upload, as Discord's content network serves it."""
    file_id = request.match_info["file_id"]
    found = request.app[plumbing.HUB].files.get(int(file_id)) if file_id.isdigit() else None
    if found is None:
        return web.Response(status=404)
    return web.Response(body=found.content, headers={"Content-Type": found.content_type})
