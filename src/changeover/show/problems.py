"""What every refused request is told, in one shape, and the JSON that every answer is made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus

from changeover.core.errors import BadValueError, ChangeoverError, ConflictError, StoreError
from changeover.core.order import NotAllowedError, UnknownVerbError
from changeover.show.schema import Problem, ProblemView

VALUE_LENGTH = 64
MESSAGE_LENGTH = 500


class RefusedError(ChangeoverError):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status, 400 or above.
        problem: what the body says.
        headers: to send beside it, such as `retry-after`; names in lower case.
        is_audited: whether whoever refused it has kept that already.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        parameter: str | None = None,
        value: str | None = None,
        allowed: str | None = None,
        example: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.is_audited = False
        self.headers = dict(headers or {})
        self.problem: Problem = {
            "code": code,
            "message": message,
            "parameter": parameter,
            "value": None if value is None else value[:VALUE_LENGTH],
            "allowed": allowed,
            "example": example,
        }
        super().__init__(message)

    @property
    def body(self) -> ProblemView:
        """The body of the answer."""
        return {"error": self.problem}


def bad_value(error: BadValueError) -> RefusedError:
    """A parameter that cannot be used, as 400."""
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "bad_parameter",
        f"{error.name} must be {error.allowed}, for example {error.example}",
        parameter=error.name,
        value=error.value,
        allowed=error.allowed,
        example=error.example,
    )


def refusal_of(error: ChangeoverError) -> RefusedError:
    """What is answered to an order that was not carried out; it is in the audit already."""
    match error:
        case UnknownVerbError():
            refused = _unknown_verb(error)
        case BadValueError():
            refused = bad_value(error)
        case NotAllowedError():
            refused = _not_allowed(error)
        case ConflictError():
            refused = _conflict(error)
        case StoreError():
            refused = store_unavailable()
        case _:  # `RefusedOrderError`, and what else is ours: the message says why
            told = str(error)[:MESSAGE_LENGTH]
            refused = RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_possible", told)
    refused.is_audited = True
    return refused


def _unknown_verb(error: UnknownVerbError) -> RefusedError:
    return RefusedError(
        HTTPStatus.NOT_FOUND,
        "unknown_verb",
        "there is no such verb",
        parameter="verb",
        value=error.value,
        allowed=error.allowed,
        example=error.example,
    )


def _not_allowed(error: NotAllowedError) -> RefusedError:
    return RefusedError(
        HTTPStatus.FORBIDDEN,
        "not_allowed",
        str(error)[:MESSAGE_LENGTH],
        parameter="verb",
        allowed=f"whoever has the role {error.needed}",
        example=f"changeover token create NAME --role {error.needed}",
    )


def _conflict(error: ConflictError) -> RefusedError:
    refused = RefusedError(
        HTTPStatus.CONFLICT,
        "conflict",
        f"{error.kind} {error.key[:MESSAGE_LENGTH]} was changed since: look at it again",
        parameter="expected",
        value=str(error.expected),
        allowed=str(error.found),
    )
    refused.problem["found"] = error.found
    refused.problem["current"] = None if error.current is None else dict(error.current)
    return refused


def store_unavailable() -> RefusedError:
    """A store that is away, as 503."""
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store_unavailable",
        "the store cannot answer now; /health says why",
        headers={"retry-after": "5"},
    )


def encode(value: object) -> bytes:
    """Strict JSON in ASCII: no NaN, no Infinity, and a lone surrogate is an escape, not a 500."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_without_nan(value), allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value
