"""The endpoints by which people change something, and those that say what they may and did."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Request, Response

from changeover.core.clock import Clock
from changeover.core.errors import ChangeoverError
from changeover.core.order import NotAllowedError, Verb
from changeover.core.window import format_moment
from changeover.show.access import Access
from changeover.show.bodies import (
    ORDER_KEYS,
    check_json,
    order_of,
    parse_object,
    read_body,
    token_of,
)
from changeover.show.callers import Caller, Callers, check_same_site, one, port_of, unauthorized
from changeover.show.controls import Controls
from changeover.show.flips import flips_view
from changeover.show.gate import CALLER
from changeover.show.parameters import CURSOR, LIMIT, SUBJECT, read_query
from changeover.show.problems import RefusedError, encode, refusal_of
from changeover.show.schema import SCHEMA_VERSION, DoneView, MeView, VerbView
from changeover.show.sessions import Sessions, cookie_name, write_cookie
from changeover.show.workers import Workers

FLIPS = (LIMIT, SUBJECT, CURSOR)


class Changes:
    """One method for each address.

    Orders have workers of their own: however many readings wait for a store, the emergency
    stop does not wait behind them.

    Args:
        controls: who may do what, and who does it.
        access: which origins are ours.
        callers: opens and closes logins.
        clock: for the time an answer tells.
    """

    def __init__(
        self, controls: Controls, *, access: Access, callers: Callers, clock: Clock
    ) -> None:
        self._controls = controls
        self._access = access
        self._callers = callers
        self._clock = clock
        self._order_workers = Workers()
        self._flip_workers = Workers()

    async def me(self, request: Request) -> Response:
        """Who asks, with which role, and how that is known."""
        read_query(request.scope["query_string"], ())
        return _json(_me_view(request.scope[CALLER]))

    async def verbs(self, request: Request) -> Response:
        """What whoever asks may ask for; nothing where orders are not taken from them."""
        read_query(request.scope["query_string"], ())
        caller: Caller = request.scope[CALLER]
        verbs = self._controls.orders(caller.principal.role) if caller.may_order else ()
        return _json({"schema_version": SCHEMA_VERSION, "orders": [*map(_verb_view, verbs)]})

    async def flips(self, request: Request) -> Response:
        """The audit: who changed what, when and why, and who tried; newest first."""
        query = read_query(request.scope["query_string"], FLIPS)
        now_ns = self._clock.wall_ns()
        try:
            view = await self._flip_workers.run(
                lambda: flips_view(
                    self._controls.flips,
                    limit=query["limit"],
                    subject=query["subject"],
                    cursor=query["cursor"],
                    now_ns=now_ns,
                )
            )
        except RefusedError:
            raise
        except ChangeoverError as error:
            raise refusal_of(error) from error
        return _json(view)

    async def order(self, request: Request) -> Response:
        """Do one thing: the body says what, the token or the login says who asks."""
        caller = self._admit(request)
        if not caller.may_order:
            raise unauthorized("token_missing", "an order needs a token, or a login with one")
        told = parse_object(await read_body(request), ORDER_KEYS)
        order = order_of(told, caller.principal.name)
        try:
            result = await self._order_workers.run(
                lambda: self._controls.carry_out(order, caller.principal)
            )
        except RefusedError:
            raise
        except ChangeoverError as error:
            raise _refusal(error, caller) from error
        view: DoneView = {
            "verb": order.verb,
            "subject": order.subject,
            "actor": caller.principal.name,
            "timestamp": format_moment(self._clock.wall_ns()),
            "result": dict(result),
        }
        return _json(view)

    async def log_in(self, request: Request) -> Response:
        """Exchange a token for a cookie that scripts cannot read and other sites cannot use."""
        self._admit(request)
        told = parse_object(await read_body(request), ("token",))
        name, caller = self._callers.log_in(request.scope, token_of(told))
        answer = _json(_me_view(caller))
        answer.headers["set-cookie"] = self._cookie(request, name, Sessions.LONGEST_S)
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the login, here and in the browser. Without one, nothing."""
        self._admit(request)
        parse_object(await read_body(request) or b"{}", ())
        self._callers.log_out(request.scope)
        answer = _json(_me_view(self._callers.stranger(request.scope)))
        answer.headers["set-cookie"] = self._cookie(request, "", 0)
        return answer

    def _admit(self, request: Request) -> Caller:
        """What every change must have; raises `RefusedError`."""
        caller: Caller = request.scope[CALLER]
        check_same_site(request.scope, caller, self._access)
        check_json(one(request.scope["headers"], b"content-type"))
        read_query(request.scope["query_string"], ())
        return caller

    def _cookie(self, request: Request, value: str, max_age_s: int) -> str:
        scope = request.scope
        headers = scope["headers"]
        # Whoever lies about these gets a cookie that is stricter than it need be, no more.
        is_https = (
            scope.get("scheme") == "https"
            or one(headers, b"x-forwarded-proto") == b"https"
            or (one(headers, b"origin") or b"").startswith(b"https:")
        )
        return write_cookie(
            cookie_name(port_of(scope)),
            value,
            path=scope.get("root_path") or "/",
            secure=is_https or self._access.secure_cookie,
            max_age_s=max_age_s,
        )


def _refusal(error: ChangeoverError, caller: Caller) -> RefusedError:
    if isinstance(error, NotAllowedError) and not caller.is_known:
        refused = unauthorized("token_missing", f"this needs a token of the role {error.needed}")
        refused.is_audited = True
        return refused
    return refusal_of(error)


def _me_view(caller: Caller) -> MeView:
    session = caller.session
    return {
        "name": caller.principal.name,
        "role": caller.principal.role.value,
        "via": caller.via.value,
        "may_order": caller.may_order,
        "session_ends_at": None if session is None else format_moment(session.ends_ns),
    }


def _verb_view(verb: Verb) -> VerbView:
    return {
        "verb": verb.name,
        "role": verb.role.value,
        "about": verb.about,
        "subject": verb.subject or None,
        "values": dict(verb.values),
    }


def _json(value: Any) -> Response:
    return Response(encode(value), status_code=HTTPStatus.OK, media_type="application/json")
