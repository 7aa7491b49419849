"""The gate every request passes before the application: limits, host, token, headers, errors.

Plain ASGI, so that a stream passes it piece by piece, and so that it stands wherever the
application is mounted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

from changeover.core.clock import Clock
from changeover.core.errors import Guard
from changeover.show.access import Access, Doorkeeper, Verdict
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
MOST_BODY_BYTES = 4 * 1024  # nothing here reads a body; some clients send an empty object

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
        clock: for the limit on wrong tokens.
        guard: counts and logs what goes wrong in the application; the client gets a 500
            without details.
    """

    def __init__(self, app: App, *, access: Access, clock: Clock, guard: Guard) -> None:
        self._app = app
        self._access = access
        self._doorkeeper = Doorkeeper(access, clock)
        self._guard = guard

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
            await answer.refuse(error)
        except Exception as error:
            self._guard.caught("show", error)
            if answer.has_started:  # the connection must break, or the client takes half for all
                raise
            await answer.refuse(_broken())

    def _admit(self, scope: Scope) -> Scope:
        """The scope to pass on; raises `RefusedError`."""
        headers: list[Header] = scope["headers"]
        _check_size(headers)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        inner = dict(scope)
        if path == "/health":
            inner[BARE] = not self._is_welcome(scope, headers)
        else:
            self._check_origin(headers)
            self._check_token(scope, headers)
        if scope["method"] == "HEAD" and path != STREAM:
            inner["method"] = "GET"
        return inner

    def _is_welcome(self, scope: Scope, headers: list[Header]) -> bool:
        # wrong tokens are counted here too, or the full answer would tell a right guess
        verdict = self._doorkeeper.look(_client(scope), _one(headers, b"authorization"))
        return verdict is Verdict.WELCOME and self._access.knows_host(_one(headers, b"host"))

    def _check_origin(self, headers: list[Header]) -> None:
        """The name must be ours (DNS rebinding), and no foreign page may make the request."""
        if not self._access.knows_host(_one(headers, b"host")):
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "unknown_host",
                "this server does not answer to this host name",
                parameter="Host",
                value=(_one(headers, b"host") or b"").decode("latin-1"),
                allowed="localhost, an address, or a name in MONITORING_ALLOWED_HOSTS",
                example="MONITORING_ALLOWED_HOSTS=bot.example.com",
            )
        site = _one(headers, b"sec-fetch-site")
        if site == b"cross-site" and _one(headers, b"sec-fetch-mode") != b"navigate":
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "cross_site", "a page of another site may not read this"
            )

    def _check_token(self, scope: Scope, headers: list[Header]) -> None:
        client = _client(scope)
        match self._doorkeeper.look(client, _one(headers, b"authorization")):
            case Verdict.LIMITED:
                wait_s = int(self._doorkeeper.wait_s(client)) + 1
                raise RefusedError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "too_many_wrong_tokens",
                    f"too many wrong tokens; try again in {wait_s} s",
                    headers={"retry-after": str(wait_s)},
                )
            case Verdict.NO_TOKEN:
                raise _unauthorized("token_missing", "this needs the monitor's token")
            case Verdict.WRONG_TOKEN:
                raise _unauthorized("token_wrong", "this is not the monitor's token")


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

    async def refuse(self, error: RefusedError) -> None:
        body = encode(error.body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in error.headers.items()),
        ]
        if error.status is HTTPStatus.UNAUTHORIZED:
            headers += _CHALLENGES
        start = {"type": "http.response.start", "status": error.status.value, "headers": headers}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _dressed(headers: Iterable[Header]) -> list[Header]:
    ours = {name for name, _ in SECURITY_HEADERS}
    return [header for header in headers if header[0].lower() not in ours] + [*SECURITY_HEADERS]


def _check_size(headers: list[Header]) -> None:
    size = sum(len(name) + len(value) for name, value in headers)
    if size > MOST_HEADER_BYTES or len(headers) > MOST_HEADERS:
        raise RefusedError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "large_headers",
            f"headers must be at most {MOST_HEADERS} and {MOST_HEADER_BYTES} bytes in all",
        )
    length = _one(headers, b"content-length") or b"0"
    is_small = length.isdigit() and len(length) < 10 and int(length) <= MOST_BODY_BYTES
    if not is_small or _one(headers, b"transfer-encoding") is not None:
        raise RefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "large_body",
            f"a body must say its length and have at most {MOST_BODY_BYTES} bytes",
            headers={"connection": "close"},
        )


def _one(headers: list[Header], name: bytes) -> bytes | None:
    """The only value of a header; empty, so that nothing accepts it, when it comes twice."""
    values = [value for key, value in headers if key.lower() == name]
    if len(values) > 1:
        return b""
    return values[0] if values else None


def _client(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _unauthorized(code: str, message: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.UNAUTHORIZED,
        code,
        message,
        parameter="Authorization",
        allowed="Bearer TOKEN, or Basic with the token as password",
        example="curl -H 'Authorization: Bearer TOKEN' ...",
    )


def _broken() -> RefusedError:
    return RefusedError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "the monitor failed to answer; its log says why",
    )
