"""A small real web server with the page's static files, strict headers and canned snapshots."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import page_moves
import page_snapshots
from aiohttp import web
from page_desk import PageDesk

STATIC = Path(__file__).parents[2] / "src/changeover/show/static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class PageServer:
    """Serves on a free port of 127.0.0.1 from its own thread; what it answers is set from tests.

    Attributes:
        make: Builds the snapshot from the window's name and the time in epoch seconds.
        mode: `ok`, `frozen` (as_of stands still), `no_stream` (404 there), or a status to answer.
        interval_s: Seconds between two events of a stream.
        streams: How many streams are open.
        asked: How often each path was asked for.
        windows: The windows that streams were asked for, in order.
        sent: How many snapshots were sent on streams.
        desk: Who is logged in, what they may ask for, and what they asked for.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self.make: Callable[[str, float], page_snapshots.Json] = page_snapshots.busy
        self.mode: str | int = "ok"
        self.interval_s = 0.2
        self.streams = 0
        self.asked: Counter[str] = Counter()
        self.windows: list[str] = []
        self.sent = 0
        self.desk = PageDesk()
        self.url = ""
        self._frozen_at = time.time()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="page-server", daemon=True)

    def start(self) -> None:
        """Returns once the port is bound."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the page's server did not start")

    def close(self) -> None:
        """Ends the streams and the thread; a second call does nothing."""
        if self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        app = web.Application(middlewares=[self._guard])
        for prefix in ("", "/mounted/here"):
            app.router.add_get(f"{prefix}/", self._page)
            app.router.add_get(f"{prefix}/monitoring-dashboard.html", self._page)
            app.router.add_static(f"{prefix}/static", STATIC)
            app.router.add_get(f"{prefix}/api/snapshot", self._snapshot)
            app.router.add_get(f"{prefix}/api/stream", self._stream)
            app.router.add_get(f"{prefix}/api/commands/{{name}}", self._command)
            self.desk.add_routes(app, prefix)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        self.asked[request.path] += 1
        if "/api/" in request.path and isinstance(self.mode, int):
            return web.Response(status=self.mode, headers=HEADERS)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    def _answer(self, request: web.Request) -> str:
        now = self._frozen_at if self.mode == "frozen" else time.time()
        self._frozen_at = now
        return json.dumps(self.make(request.query.get("window", "1h"), now))

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self._answer(request), content_type="application/json")

    async def _command(self, request: web.Request) -> web.StreamResponse:
        now, window = time.time(), request.query.get("window", "1h")
        name = request.match_info["name"]
        found = page_moves.command_page(name, window, now, self.make(window, now))
        if found is None:
            raise web.HTTPNotFound
        return web.json_response(found)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.mode == "no_stream":
            raise web.HTTPNotFound
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        self.streams += 1
        self.windows.append(request.query.get("window", ""))
        try:
            while self._stop is not None and not self._stop.is_set():
                if isinstance(self.mode, int):
                    break
                event = f"event: snapshot\ndata: {self._answer(request)}\n\n"
                await response.write(f": heartbeat\n\n{event}".encode())
                self.sent += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), self.interval_s)
        except ConnectionError:
            pass  # the page hung up, as it may
        finally:
            self.streams -= 1
        return response
