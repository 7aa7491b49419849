"""Who sends a request: by token, by login, from this machine, or nobody we know."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from changeover.core.clock import Clock
from changeover.core.order import Principal, Role
from changeover.show.access import Access, Doorkeeper, Verdict, host_name
from changeover.show.controls import Controls
from changeover.show.problems import RefusedError
from changeover.show.sessions import Session, Sessions, cookie_name, read_cookie

Header = tuple[bytes, bytes]
Scope = MutableMapping[str, Any]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# What a reverse proxy adds: then the client's address is the proxy's and says nothing.
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")


class Via(StrEnum):
    """How we know who it is."""

    BEARER = "bearer"
    BASIC = "basic"
    SESSION = "session"
    LOOPBACK = "loopback"  # not at all, but from this machine
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request.

    Attributes:
        principal: who it is, and their role.
        via: how we know.
        session: the login, where there is one.
        is_still_known: asks again, for answers that take their time.
    """

    principal: Principal
    via: Via
    session: Session | None = None
    is_still_known: Callable[[], bool] = lambda: True

    @property
    def is_known(self) -> bool:
        """Whether they presented something."""
        return self.via in {Via.BEARER, Via.BASIC, Via.SESSION}

    @property
    def may_order(self) -> bool:
        """Whether orders are taken from them at all; without a token only where it was set so."""
        return self.is_known or self.principal.role is not Role.VIEWER


class Callers:
    """Finds out who sends a request.

    Args:
        access: who may read.
        controls: whose tokens there are; None where nobody changes anything.
        clock: for the limit on wrong tokens, and for logins.
    """

    def __init__(self, access: Access, controls: Controls | None, clock: Clock) -> None:
        self._access = access
        self._has_controls = controls is not None
        self._doorkeeper = (
            Doorkeeper(access, clock)
            if controls is None
            else Doorkeeper(access, clock, controls.who)
        )
        self.sessions = Sessions(clock)

    def identify(self, scope: Scope) -> Caller:
        """Who sends this request. Raises `RefusedError`, 401 or 429, for one who may not read.

        A bearer token goes before a login, and a login before what a browser's prompt sends by
        itself with every request.
        """
        headers: list[Header] = scope["headers"]
        credentials = one(headers, b"authorization")
        if not _is_bearer(credentials) and (caller := self._of_session(scope)) is not None:
            return caller
        is_change = self._has_controls and scope["method"] not in SAFE_METHODS
        if self._access.token is not None or (credentials and is_change):
            self._check(scope, credentials)
        if credentials and (caller := self._of_token(credentials)) is not None:
            return caller
        return self.stranger(scope)

    def stranger(self, scope: Scope) -> Caller:
        """Somebody who presented nothing, whatever they may have sent."""
        if self._access.token is None and _is_local(scope):
            principal = Principal("loopback", self._access.loopback_role)
            return Caller(principal=principal, via=Via.LOOPBACK)
        return Caller(principal=Principal("nobody", Role.VIEWER), via=Via.NOTHING)

    def log_in(self, scope: Scope, token: str) -> tuple[str, Caller]:
        """Open a login for a token: the id for the cookie, and who it is.

        The login that the browser may have had ends.

        Raises:
            RefusedError: 401, it is no token; 429, there were too many wrong ones.
        """
        # as a password, so that a token of any characters is looked at as it is
        credentials = b"Basic " + base64.b64encode(b":" + token.encode("utf-8", "replace"))
        self._check(scope, credentials)
        self.log_out(scope)
        name = self.sessions.open(credentials.decode())
        caller = self._of_session_named(name)
        if caller is None:  # revoked between two lines
            raise unauthorized("token_wrong", "this is no token that holds now")
        return name, caller

    def log_out(self, scope: Scope) -> None:
        """End the login of this request's cookie, if there is one."""
        if (name := _session_name(scope)) is not None:
            self.sessions.close(name)

    def _of_session(self, scope: Scope) -> Caller | None:
        name = _session_name(scope) if self._has_controls else None
        return None if name is None else self._of_session_named(name)

    def _of_session_named(self, name: str) -> Caller | None:
        session = self.sessions.find(name)
        if session is None:
            return None
        principal = self._doorkeeper.recognise(session.token.reveal().encode())
        if principal is None:  # its token was revoked, or has expired
            self.sessions.close(name)
            return None
        return Caller(
            principal=principal,
            via=Via.SESSION,
            session=session,
            is_still_known=lambda: self._of_session_named(name) is not None,
        )

    def _of_token(self, credentials: bytes) -> Caller | None:
        principal = self._doorkeeper.recognise(credentials)
        if principal is None:
            return None
        return Caller(
            principal=principal,
            via=Via.BEARER if _is_bearer(credentials) else Via.BASIC,
            is_still_known=lambda: self._doorkeeper.recognise(credentials) is not None,
        )

    def _check(self, scope: Scope, credentials: bytes | None) -> None:
        client = client_of(scope)
        match self._doorkeeper.look(client, credentials, must=True):
            case Verdict.LIMITED:
                wait_s = int(self._doorkeeper.wait_s(client)) + 1
                raise RefusedError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "too_many_wrong_tokens",
                    f"too many wrong tokens; try again in {wait_s} s",
                    headers={"retry-after": str(wait_s)},
                )
            case Verdict.NO_TOKEN:
                raise unauthorized("token_missing", "this needs the monitor's token")
            case Verdict.WRONG_TOKEN:
                raise unauthorized("token_wrong", "this is not the monitor's token")


def check_same_site(scope: Scope, caller: Caller, access: Access) -> None:
    """Refuse a change that a page of another site may have made a browser send.

    A bearer token is nothing that a browser sends by itself; everything else is, and so must
    say where it comes from. Source: the Fetch standard, `Origin` and `Sec-Fetch-Site`.

    Raises:
        RefusedError: 403.
    """
    if caller.via is Via.BEARER:
        return
    headers: list[Header] = scope["headers"]
    site, origin = one(headers, b"sec-fetch-site"), one(headers, b"origin")
    is_told = site is not None or origin is not None
    is_ours = site in {None, b"same-origin"} and (
        origin is None or _is_ours(origin, headers, access)
    )
    if not (is_told and is_ours):
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            "foreign_origin",
            "a change must come from this monitor's own page, or with a bearer token",
            parameter="Origin",
            value=(origin or b"").decode("latin-1"),
            allowed="the address of this monitor, or a name in MONITORING_ALLOWED_HOSTS",
            example="curl -H 'Authorization: Bearer TOKEN' ...",
        )


def one(headers: list[Header], name: bytes) -> bytes | None:
    """The only value of a header; empty, so that nothing accepts it, when it comes twice."""
    values = [value for key, value in headers if key.lower() == name]
    if len(values) > 1:
        return b""
    return values[0] if values else None


def client_of(scope: Scope) -> str | None:
    """The address that the request came from."""
    client = scope.get("client")
    return client[0] if client else None


def unauthorized(code: str, message: str) -> RefusedError:
    """A 401 that says how to present a token."""
    return RefusedError(
        HTTPStatus.UNAUTHORIZED,
        code,
        message,
        parameter="Authorization",
        allowed="Bearer TOKEN, or Basic with the token as password",
        example="curl -H 'Authorization: Bearer TOKEN' ...",
    )


def port_of(scope: Scope) -> int | None:
    """The port that the request came to."""
    server = scope.get("server")
    return server[1] if server else None


def _session_name(scope: Scope) -> str | None:
    return read_cookie(one(scope["headers"], b"cookie"), cookie_name(port_of(scope)))


def _is_bearer(credentials: bytes | None) -> bool:
    return (credentials or b"").strip()[:7].lower() == b"bearer "


def _is_ours(origin: bytes, headers: list[Header], access: Access) -> bool:
    try:
        parts = urlsplit(origin.decode("ascii"))
        name = parts.hostname
    except ValueError:  # of the characters, or of the address
        return False
    if parts.scheme not in {"http", "https"} or not name or parts.path or parts.query:
        return False
    host = (one(headers, b"host") or b"").decode("latin-1").strip().lower()
    # a proxy may have put its own name there; a name that was set is ours all the same
    return parts.netloc == host or name in access.hosts


def _is_local(scope: Scope) -> bool:
    """Whether it comes from this machine, and not through a proxy on it."""
    headers: list[Header] = scope["headers"]
    if any(key.lower() in _FORWARDED for key, _ in headers):
        return False
    name = host_name((one(headers, b"host") or b"").decode("latin-1"))
    return _is_loopback(client_of(scope)) and (name == "localhost" or _is_loopback(name))


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
