"""Shares: what people write for the value of a flag, and what it means in percent."""

from __future__ import annotations

import math
import re

from changeover.core.errors import BadValueError

_WORDS = {"true": 100.0, "on": 100.0, "yes": 100.0, "1": 100.0}
_WORDS |= {"false": 0.0, "off": 0.0, "no": 0.0, "0": 0.0}
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)[ ]?%?", re.ASCII)
_ALLOWED = "true, false or a percentage from 0 to 100 in steps of 0.01"
_EXAMPLE = "25%"


def parse_share(name: str, text: str) -> float:
    """The percent that a text means; `name` is what the person knows the value by.

    `true on yes 1` are 100 and `false off no 0` are 0, in any case. Everything else is a
    percentage with or without its sign: `50%`, `50`, `0.5` (half a percent). A bare `1` is
    "on", because that is what it means in every other environment variable; one percent is
    written `1%`.

    Raises:
        BadValueError: for anything else, more than two decimals included.
    """
    cleaned = text.strip().lower()
    if (word := _WORDS.get(cleaned)) is not None:
        return word
    match = _PERCENT.fullmatch(cleaned)
    if match is None or float(match[1]) > 100:
        raise BadValueError(name, text, _ALLOWED, _EXAMPLE)
    return float(match[1])


def to_share(name: str, value: object) -> float:
    """The percent that a typed value means: a bool, a number in percent or a text.

    A number is always a percentage (1 is one percent), as where there are numbers there are
    booleans too. Raises `BadValueError` for anything else, NaN and infinity included.
    """
    if isinstance(value, bool):
        return 100.0 if value else 0.0
    if isinstance(value, str):
        return parse_share(name, value)
    if isinstance(value, (int, float)) and 0 <= value <= 100:
        hundredths = value * 100
        if math.isclose(hundredths, round(hundredths), abs_tol=1e-6):
            return round(hundredths) / 100
    raise BadValueError(name, str(value), _ALLOWED, _EXAMPLE)


def format_share(share: float) -> str:
    """The shortest text that `parse_share` reads as the same share: `25%`."""
    return f"{share:g}%"
