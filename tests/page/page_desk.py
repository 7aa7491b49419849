"""The page server's orders and logins: canned rights, and a list of what was asked for."""

from __future__ import annotations

from typing import Any

from aiohttp import web

Json = dict[str, Any]

VERBS = (
    "stage.advance",
    "stage.hold",
    "stage.resume",
    "stage.rollback",
    "stage.approve",
    "stop",
    "start",
    "freeze.add",
    "freeze.end",
    "flag.set",
    "flag.unset",
    "alert.ack",
    "alert.silence",
    "alert.unsilence",
    "maintenance.add",
    "maintenance.end",
)
TOKEN = "co_right"


class PageDesk:
    """Answers `api/me`, `api/orders`, `api/login` and `api/logout`.

    Attributes:
        role: of whoever asks; None for a stranger.
        takes_orders: whether there is `api/orders` at all.
        answers: what the next orders are answered with, (status, body); then 200.
        orders: the orders that came, oldest first.
    """

    def __init__(self) -> None:
        self.role: str | None = "operator"
        self.via = "session"
        self.takes_orders = True
        self.answers: list[tuple[int, Json]] = []
        self.orders: list[Json] = []

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """The addresses below `prefix`."""
        app.router.add_get(f"{prefix}/api/me", self._me)
        app.router.add_get(f"{prefix}/api/orders", self._verbs)
        app.router.add_post(f"{prefix}/api/orders", self._order)
        app.router.add_post(f"{prefix}/api/login", self._login)
        app.router.add_post(f"{prefix}/api/logout", self._logout)

    async def _me(self, _request: web.Request) -> web.StreamResponse:
        name = None if self.role is None else "user:ada"
        via = "none" if self.role is None else self.via
        may_order = self.role in ("operator", "admin")
        me = {"name": name, "role": self.role, "via": via, "may_order": may_order}
        return web.json_response(me | {"session_ends_at": None})

    async def _verbs(self, _request: web.Request) -> web.StreamResponse:
        if not self.takes_orders:
            raise web.HTTPNotFound
        verbs = VERBS if self.role in ("operator", "admin") else ()
        told = [{"verb": verb, "about": verb, "role": "operator", "values": {}} for verb in verbs]
        return web.json_response({"schema_version": 1, "orders": told})

    async def _order(self, request: web.Request) -> web.StreamResponse:
        assert request.content_type == "application/json"
        self.orders.append(await request.json())
        status, body = self.answers.pop(0) if self.answers else (200, {"result": {}})
        return web.json_response(body, status=status)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        if (await request.json()).get("token") != TOKEN:
            problem = {"code": "token_unknown", "message": "nobody has this token"}
            return web.json_response({"error": problem}, status=401)
        self.role = "operator"
        return web.Response(status=204)

    async def _logout(self, _request: web.Request) -> web.StreamResponse:
        self.role = None
        return web.Response(status=204)
