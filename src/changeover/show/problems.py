"""What every refused request is told, in one shape, and the JSON that every answer is made of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus

from changeover.core.errors import BadValueError, ChangeoverError
from changeover.show.schema import Problem, ProblemView

VALUE_LENGTH = 64


class RefusedError(ChangeoverError):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status, 400 or above.
        problem: what the body says.
        headers: to send beside it, such as `retry-after`; names in lower case.
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
