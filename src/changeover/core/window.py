"""The strict grammar of time windows (`5m`) and moments (`since`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.errors import BadValueError

PRESETS = ("30s", "5m", "1h", "24h", "7d", "30d")
LONGEST_S = 30 * 86_400

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WINDOW = re.compile(r"([1-9][0-9]{0,6})([smhd])", re.ASCII)
_EPOCH = re.compile(r"[0-9]{9,13}(\.[0-9]{1,9})?", re.ASCII)
_RFC_3339 = re.compile(
    r"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(\.(?P<fraction>[0-9]{1,9}))?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
# Epoch milliseconds have 12 digits or more since 1973, epoch seconds 10 until 2286.
_FIRST_MILLISECONDS = 100_000_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time that ends now.

    Attributes:
        text: as it was asked for, such as `5m`.
        seconds: its length, 1 to 2 592 000 (30 days).
    """

    text: str
    seconds: int

    @property
    def ns(self) -> int:
        """The length in nanoseconds."""
        return self.seconds * NS_PER_S


def parse_window(text: str) -> Window:
    """A whole number and a unit (s, m, h, d), from `1s` to `30d`; else `BadValueError`."""
    match = _WINDOW.fullmatch(text)
    seconds = int(match[1]) * _UNITS_S[match[2]] if match else 0
    if not 1 <= seconds <= LONGEST_S:
        raise BadValueError("window", text, "a whole number and s, m, h or d, up to 30d", "5m")
    return Window(text, seconds)


def format_span(seconds: int) -> str:
    """Seconds as `parse_window` reads them, in the largest unit that fits: `24h` is `1d`."""
    for unit, length in reversed(_UNITS_S.items()):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def parse_moment(text: str, name: str = "since") -> int:
    """Nanoseconds since 1970 of an RFC 3339 time or of epoch seconds or milliseconds.

    Raises `BadValueError` for anything else, dates that do not exist included.
    """
    try:
        if _EPOCH.fullmatch(text):
            return _epoch_ns(text)
        if match := _RFC_3339.fullmatch(text):
            moment = datetime.fromisoformat(match["time"] + match["zone"].upper())
            fraction_ns = int((match["fraction"] or "").ljust(9, "0"))
            return int(moment.timestamp()) * NS_PER_S + fraction_ns
    except (ValueError, OverflowError):
        pass  # a date that no calendar has is refused like any other text
    allowed = "an RFC 3339 time with zone, or epoch seconds or milliseconds"
    raise BadValueError(name, text, allowed, "2026-01-31T12:00:00Z")


def format_moment(wall_ns: int) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`."""
    seconds, rest_ns = divmod(wall_ns, NS_PER_S)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // NS_PER_MS:03d}Z"


def _epoch_ns(text: str) -> int:
    whole, _, fraction = text.partition(".")
    unit_ns = NS_PER_MS if int(whole) >= _FIRST_MILLISECONDS else NS_PER_S
    return int(whole) * unit_ns + int(fraction.ljust(9, "0") or 0) * unit_ns // NS_PER_S
