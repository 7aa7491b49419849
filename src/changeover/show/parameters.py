"""The query parameters: one table that both reads them, strictly, and describes them in OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from changeover.core.errors import BadValueError
from changeover.core.model import MetricType
from changeover.core.window import PRESETS, parse_moment, parse_window
from changeover.show.problems import RefusedError, bad_value

MOST_RECORDS = 1_000
_LONGEST_QUERY = 4_096
_LONGEST_CURSOR = 256
_LONGEST_SUBJECT = 300


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a request, in the query unless it says `path`.

    Attributes:
        name: as in the URL.
        parse: from text to the value; raises `BadValueError`.
        default: the text it stands for when it is not given, or None.
        schema: its JSON Schema.
        description: for OpenAPI.
        place: `query` or `path`.
    """

    name: str
    parse: Callable[[str], Any]
    default: str | None
    schema: Mapping[str, Any]
    description: str
    place: str = "query"

    def openapi(self) -> dict[str, Any]:
        """Its entry in an operation's `parameters`."""
        return {
            "name": self.name,
            "in": self.place,
            "required": self.place == "path",
            "description": self.description,
            "schema": dict(self.schema),
        }


def parse_limit(text: str) -> int:
    """A whole number from 1 to 1 000."""
    if text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MOST_RECORDS:
        return int(text)
    raise BadValueError("limit", text, f"a whole number from 1 to {MOST_RECORDS}", "100")


def parse_cursor(text: str) -> str:
    """What `next` of the page before said; whether it is known is the store's business."""
    if 0 < len(text) <= _LONGEST_CURSOR and text.isascii() and text.isprintable():
        return text
    raise BadValueError("cursor", text, "the `next` of a page before", "leave it out")


def parse_subject(text: str) -> str:
    """What a row of the audit is about, as it stands there."""
    if 0 < len(text) <= _LONGEST_SUBJECT and text.isprintable():
        return text
    allowed = f"1 to {_LONGEST_SUBJECT} characters that can be seen"
    raise BadValueError("subject", text, allowed, "flag ddd.commands.utility")


def parse_type(text: str) -> MetricType:
    """A type of records; an unknown one is 404, for it is part of the path."""
    try:
        return MetricType(text)
    except ValueError:
        raise RefusedError(
            HTTPStatus.NOT_FOUND,
            "unknown_type",
            "there are no records of this type",
            parameter="type",
            value=text,
            allowed=", ".join(MetricType),
            example=MetricType.COMMAND_EXECUTION.value,
        ) from None


COMMAND = Parameter(
    "name",
    str,
    None,
    {"type": "string", "minLength": 1, "examples": ["ping"]},
    "The command's qualified name.",
    place="path",
)
TYPE = Parameter(
    "type",
    parse_type,
    None,
    {"type": "string", "enum": [metric_type.value for metric_type in MetricType]},
    "The type of the records.",
    place="path",
)
WINDOW = Parameter(
    "window",
    parse_window,
    "1h",
    {
        "type": "string",
        "pattern": "^[1-9][0-9]{0,6}[smhd]$",
        "default": "1h",
        "examples": list(PRESETS),
    },
    "How far back to count: a whole number and s, m, h or d, at most 30d.",
)
SINCE = Parameter(
    "since",
    parse_moment,
    None,
    {"type": "string", "examples": ["2026-01-31T12:00:00Z", "1769860800", "1769860800000"]},
    "Only records from this moment on: RFC 3339 with a zone, or epoch seconds or milliseconds.",
)
LIMIT = Parameter(
    "limit",
    parse_limit,
    "100",
    {"type": "integer", "minimum": 1, "maximum": MOST_RECORDS, "default": 100},
    "The most records of one page.",
)
CURSOR = Parameter(
    "cursor",
    parse_cursor,
    None,
    {"type": "string", "minLength": 1, "maxLength": _LONGEST_CURSOR},
    "The `next` of the page before; left out, the newest page.",
)
SUBJECT = Parameter(
    "subject",
    parse_subject,
    None,
    {
        "type": "string",
        "minLength": 1,
        "maxLength": _LONGEST_SUBJECT,
        "examples": ["flag ddd.commands.utility"],
    },
    "Only rows about this.",
)


def read_query(query: bytes, known: Sequence[Parameter]) -> dict[str, Any]:
    """The values of all known parameters, None where one is neither given nor has a default.

    Unknown and repeated parameters are refused, not ignored: who mistypes `window` would
    otherwise read the wrong hours. A plus sign is a plus sign (`+02:00`), not a space.

    Raises:
        RefusedError: 400, naming the parameter, its value and what is allowed.
    """
    given: dict[str, str] = {}
    for name, text in _pairs(query):
        if name not in {parameter.name for parameter in known}:
            raise _unknown(name, known)
        if name in given:
            raise _repeated(name, text)
        given[name] = text
    return {parameter.name: _value(parameter, given) for parameter in known}


def _pairs(query: bytes) -> list[tuple[str, str]]:
    if len(query) > _LONGEST_QUERY:
        raise RefusedError(
            HTTPStatus.BAD_REQUEST,
            "long_query",
            f"the query must have at most {_LONGEST_QUERY} bytes",
            allowed=f"{_LONGEST_QUERY} bytes",
        )
    parts = [part.partition(b"=") for part in query.split(b"&") if part]
    return [(_decoded(name), _decoded(text)) for name, _, text in parts]


def _decoded(raw: bytes) -> str:
    return unquote_to_bytes(raw).decode("utf-8", "replace")


def _value(parameter: Parameter, given: Mapping[str, str]) -> Any:
    text = given.get(parameter.name, parameter.default)
    if text is None:
        return None
    try:
        return parameter.parse(text)
    except BadValueError as error:
        raise bad_value(error) from None


def _unknown(name: str, known: Sequence[Parameter]) -> RefusedError:
    allowed = ", ".join(parameter.name for parameter in known) or "no parameters"
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "unknown_parameter",
        f"there is no such parameter; allowed: {allowed}",
        parameter=name[:64],
        allowed=allowed,
        example=_example(known[0]) if known else None,
    )


def _repeated(name: str, text: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "repeated_parameter",
        f"{name} must be given once",
        parameter=name,
        value=text,
        allowed="one value",
    )


def _example(parameter: Parameter) -> str:
    return f"{parameter.name}={parameter.default or parameter.schema['examples'][0]}"
