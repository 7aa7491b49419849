"""From the units inside (nanoseconds, bytes, ratios) to those of the JSON; never NaN or Infinity."""

from __future__ import annotations

import math

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.window import format_moment

BYTES_PER_MB = 1024 * 1024  # as in the reference, which divides by 1024 twice


def finite(value: float | None, digits: int = 6) -> float | None:
    """The value rounded, or None for what JSON has no number for."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)


def ms(duration_ns: float | None) -> float | None:
    """Nanoseconds as milliseconds, to the microsecond."""
    return None if duration_ns is None else finite(duration_ns / NS_PER_MS, 3)


def mb(size_bytes: float | None) -> float | None:
    """Bytes as MB of 1024 * 1024 bytes, with one decimal."""
    return None if size_bytes is None else finite(size_bytes / BYTES_PER_MB, 1)


def share(percent: float) -> float:
    """A share in percent, in the steps of 0.01 that flags have."""
    return finite(percent, 2) or 0.0


def moment(wall_ns: int | None) -> str | None:
    """An ISO 8601 time in UTC, or None."""
    return None if wall_ns is None else format_moment(wall_ns)


def age_s(wall_ns: int | None, now_ns: int) -> float | None:
    """Seconds since a moment; 0 when the clock was set back since."""
    return None if wall_ns is None else round(max(0, now_ns - wall_ns) / NS_PER_S, 1)
