"""The bodies of changes: read within bounds, and strict JSON of a known shape."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Never

from starlette.requests import ClientDisconnect, Request

from changeover.core.errors import BadValueError
from changeover.core.nearest import nearest
from changeover.core.order import Order
from changeover.show.gate import MOST_ORDER_BYTES
from changeover.show.problems import RefusedError, bad_value

BODY_WITHIN_S = 10.0
LONGEST_VERB = 64
LONGEST_SUBJECT = 200
LARGEST_VERSION = 2**53 - 1

ORDER_KEYS = ("verb", "subject", "reason", "expected", "values")
ORDER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verb"],
    "properties": {
        "verb": {"type": "string", "minLength": 1, "maxLength": LONGEST_VERB},
        "subject": {"type": "string", "maxLength": LONGEST_SUBJECT},
        "reason": {"type": "string", "description": "Why; cleaned and cut at 500 characters."},
        "expected": {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": LARGEST_VERSION},
                {"type": "null"},
            ],
            "description": "The version that was seen: 409 if it is another one by now.",
        },
        "values": {"type": "object", "description": "What else the verb takes."},
    },
    "example": {
        "verb": "flag.set",
        "subject": "ddd.commands.utility",
        "reason": "first users",
        "values": {"value": "25%"},
    },
}
LOGIN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["token"],
    "properties": {"token": {"type": "string", "minLength": 1, "maxLength": 512}},
}
EMPTY_SCHEMA: dict[str, Any] = {"type": "object", "additionalProperties": False}


def check_json(content_type: bytes | None) -> None:
    """Refuse all but JSON: a form of another site can send the other types without asking.

    Raises:
        RefusedError: 415.
    """
    parts = [part.strip() for part in (content_type or b"").lower().split(b";")]
    kind, *parameters = parts
    is_utf_8 = all(each.replace(b'"', b"") in {b"charset=utf-8", b""} for each in parameters)
    if kind != b"application/json" or not is_utf_8:
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "the body must be JSON in UTF-8, and the headers must say so",
            parameter="Content-Type",
            value=(content_type or b"").decode("latin-1"),
            allowed="application/json",
            example="Content-Type: application/json",
        )


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        RefusedError: 413, it is longer than it said; 408, it does not come.
    """
    chunks: list[bytes] = []
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in request.stream():
                chunks.append(chunk)
                if sum(map(len, chunks)) > MOST_ORDER_BYTES:
                    raise RefusedError(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                        "large_body",
                        f"a body must have at most {MOST_ORDER_BYTES} bytes",
                        headers={"connection": "close"},
                    )
    except (TimeoutError, ClientDisconnect):
        raise RefusedError(
            HTTPStatus.REQUEST_TIMEOUT,
            "slow_body",
            f"the body did not come within {BODY_WITHIN_S:g} s",
            headers={"connection": "close"},
        ) from None
    return b"".join(chunks)


def parse_object(body: bytes, known: Sequence[str]) -> dict[str, Any]:
    """The object of a body, with no keys but known ones, each of them once.

    Raises:
        RefusedError: 400, for anything that is no such object: other JSON, nested too deeply,
            numbers that are none, text that cannot be written as UTF-8.
    """
    try:
        text = body.decode("utf-8")
        told = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_finite,
        )
        json.dumps(told, ensure_ascii=False).encode("utf-8")  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise _malformed("must be JSON, in UTF-8, each key once") from None
    if not isinstance(told, dict):
        raise _malformed("must be a JSON object")
    for key in told:
        if key not in known:
            allowed = ", ".join(known) or "no keys"
            example = nearest(key[:64], known) or next(iter(known), "{}")
            raise bad_value(BadValueError("body", key, allowed, example))
    return told


def order_of(told: Mapping[str, Any], actor: str) -> Order:
    """The order of a body. Raises `RefusedError` (400) for values of wrong types."""
    try:
        return Order(
            verb=_text(told, "verb", LONGEST_VERB, "flag.set", is_needed=True),
            subject=_text(told, "subject", LONGEST_SUBJECT, "ddd.commands.utility"),
            actor=actor,
            reason=_text(told, "reason", MOST_ORDER_BYTES, "first users"),
            expected=_version(told.get("expected")),
            values=_values(told.get("values", {})),
        )
    except BadValueError as error:
        raise bad_value(error) from None


def token_of(told: Mapping[str, Any]) -> str:
    """The token of a login's body; no error shows it. Raises `RefusedError` (400)."""
    token = told.get("token")
    if not isinstance(token, str) or not 1 <= len(token) <= 512:
        raise bad_value(BadValueError("token", None, "a token of 1 to 512 characters", "co_..."))
    return token


def _text(
    told: Mapping[str, Any], key: str, longest: int, example: str, *, is_needed: bool = False
) -> str:
    value = told.get(key, "")
    if not isinstance(value, str) or len(value) > longest or (is_needed and not value):
        allowed = f"a text of {int(is_needed)} to {longest} characters"
        raise BadValueError(key, str(value), allowed, example)
    return value


def _version(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JSON, 3.0 is as whole as 3
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_VERSION:
        raise BadValueError(
            "expected", str(value), "a version: a whole number from 0, or null", "3"
        )
    return value


def _values(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadValueError("values", str(value), "an object", '{"value": "25%"}')
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a key twice")
    return told


def _no_number(text: str) -> Never:
    raise ValueError(text)  # NaN and Infinity are no JSON


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):  # 1e999
        raise ValueError(text)
    return value


def _malformed(allowed: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "bad_body",
        f"the body {allowed}",
        parameter="body",
        allowed="a JSON object",
        example='{"verb": "flag.set", "subject": "ddd.commands.utility", "values": {"value": "25%"}}',
    )
