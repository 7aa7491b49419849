"""The gate every request passes before the application: limits, host, token, headers, errors.

Plain ASGI, so that a stream passes it piece by piece, and so that it stands wherever the
application is mounted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from changeover.core.errors import Guard
from changeover.show.access import Access
from changeover.show.callers import SAFE_METHODS, Callers, client_of, one
from changeover.show.controls import Controls
from changeover.show.problems import RefusedError, encode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

BARE = "changeover.bare"  # in the scope: answer with the status only
STREAM = "/api/stream"
MOST_HEADER_BYTES = 16 * 1024
MOST_HEADERS = 100
MOST_BODY_BYTES = 4 * 1024  # nobody reads the body of a GET; some clients send an empty object
MOST_ORDER_BYTES = 16 * 1024
CALLER = "changeover.caller"  # in the scope: who asks
LOGINS = frozenset({"/api/login", "/api/logout"})  # for those who are not known, or no longer

_AUDITED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

CONTENT_SECURITY_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CHALLENGES = (
    (b"www-authenticate", b'Basic realm="Changeover", charset="UTF-8"'),
    (b"www-authenticate", b'Bearer realm="Changeover"'),
)


class Gate:
    """Refuses what may not pass and dresses every answer.

    Args:
        app: the application behind it.
        access: who may read.
        callers: finds out who asks.
        guard: counts and logs what goes wrong in the application; the client gets a 500
            without details.
        controls: audits what was refused; None where nobody changes anything.
    """

    def __init__(
        self,
        app: App,
        *,
        access: Access,
        callers: Callers,
        guard: Guard,
        controls: Controls | None = None,
    ) -> None:
        self._app = app
        self._access = access
        self._callers = callers
        self._guard = guard
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan, which passes untouched."""
        if scope["type"] == "http":
            await self._handle(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send, is_head=scope["method"] == "HEAD")
        try:
            inner = self._admit(scope)
            await self._app(inner, receive, answer.send)
        except RefusedError as error:
            self._audit(scope, error)
            await answer.refuse(error, may_ask=scope["method"] in SAFE_METHODS)
        except Exception as error:
            self._guard.caught("show", error)
            if answer.has_started:  # the connection must break, or the client takes half for all
                raise
            await answer.refuse(_broken())

    def _admit(self, scope: Scope) -> Scope:
        """The scope to pass on; raises `RefusedError`."""
        headers: list[Header] = scope["headers"]
        is_change = self._controls is not None and scope["method"] not in SAFE_METHODS
        _check_size(headers, MOST_ORDER_BYTES if is_change else MOST_BODY_BYTES)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        inner = dict(scope)
        if path == "/health":
            inner[BARE] = not self._is_welcome(scope)
        else:
            self._check_origin(headers, may_navigate=not is_change)
            is_login = is_change and path in LOGINS
            inner[CALLER] = (
                self._callers.stranger(scope) if is_login else self._callers.identify(scope)
            )
        if scope["method"] == "HEAD" and path != STREAM:
            inner["method"] = "GET"
        return inner

    def _is_welcome(self, scope: Scope) -> bool:
        # wrong tokens are counted here too, or the full answer would tell a right guess
        try:
            self._callers.identify(scope)
        except RefusedError as error:
            self._audit(scope, error)
            return False
        return self._access.knows_host(one(scope["headers"], b"host"))

    def _check_origin(self, headers: list[Header], *, may_navigate: bool) -> None:
        """The name must be ours (DNS rebinding), and no foreign page may make the request."""
        if not self._access.knows_host(one(headers, b"host")):
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "unknown_host",
                "this server does not answer to this host name",
                parameter="Host",
                value=(one(headers, b"host") or b"").decode("latin-1"),
                allowed="localhost, an address, or a name in MONITORING_ALLOWED_HOSTS",
                example="MONITORING_ALLOWED_HOSTS=bot.example.com",
            )
        is_navigation = may_navigate and one(headers, b"sec-fetch-mode") == b"navigate"
        if one(headers, b"sec-fetch-site") == b"cross-site" and not is_navigation:
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "cross_site", "a page of another site may not read this"
            )

    def _audit(self, scope: Scope, error: RefusedError) -> None:
        """Keep who was refused, but not that a browser asked before it knew of the token."""
        if self._controls is None or error.is_audited or error.status not in _AUDITED:
            return
        code = error.problem["code"]
        if code == "token_missing" and scope["method"] in SAFE_METHODS:
            return
        what = f"{scope['method']} {scope['path']}"
        who = f"http:{client_of(scope) or 'unknown'}"
        self._controls.refused(what, f"{error.status.value} {code}", who)


class _Answer:
    """One answer on its way out: gets our headers, and no body when only the head was asked for."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self._send = send
        self._is_head = is_head
        self.has_started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            message = {**message, "headers": _dressed(message.get("headers", ()))}
        elif message["type"] == "http.response.body" and self._is_head:
            message = {**message, "body": b""}
        await self._send(message)

    async def refuse(self, error: RefusedError, *, may_ask: bool = True) -> None:
        """Answer with an error; `may_ask` lets a browser ask for the token by itself."""
        body = encode(error.body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in error.headers.items()),
        ]
        if error.status is HTTPStatus.UNAUTHORIZED:
            headers += _CHALLENGES if may_ask else _CHALLENGES[1:]
        start = {"type": "http.response.start", "status": error.status.value, "headers": headers}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _dressed(headers: Iterable[Header]) -> list[Header]:
    ours = {name for name, _ in SECURITY_HEADERS}
    return [header for header in headers if header[0].lower() not in ours] + [*SECURITY_HEADERS]


def _check_size(headers: list[Header], most_body_bytes: int) -> None:
    size = sum(len(name) + len(value) for name, value in headers)
    if size > MOST_HEADER_BYTES or len(headers) > MOST_HEADERS:
        raise RefusedError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "large_headers",
            f"headers must be at most {MOST_HEADERS} and {MOST_HEADER_BYTES} bytes in all",
        )
    length = one(headers, b"content-length") or b"0"
    is_small = length.isdigit() and len(length) < 10 and int(length) <= most_body_bytes
    if not is_small or one(headers, b"transfer-encoding") is not None:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "large_body",
            f"a body must say its length and have at most {most_body_bytes} bytes",
            headers={"connection": "close"},
        )


def _broken() -> RefusedError:
    return RefusedError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "the monitor failed to answer; its log says why",
    )
