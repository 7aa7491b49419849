"""Time, behind one small interface, so that a test can turn it."""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Where every room reads the time. Nothing else in the package calls `time`."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC; may step back when somebody sets the clock."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since some fixed moment; never steps back. For durations and ages."""


class SystemClock:
    """The machine's own clocks; plain builtins, so that a call costs nothing more."""

    wall_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.perf_counter_ns)


class ManualClock:
    """A clock that stands still until it is turned.

    Args:
        wall_ns: where the wall clock starts; by default 2026-01-01T00:00:00Z.
    """

    def __init__(self, wall_ns: int = 1_767_225_600 * NS_PER_S) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = 0

    def wall_ns(self) -> int:
        """Nanoseconds since 1970, as last set or advanced to."""
        return self._wall_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds advanced so far; `set_wall` leaves it alone."""
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Turn both clocks forward."""
        if seconds < 0:
            msg = f"a clock advances by 0 s or more, got {seconds}; use set_wall to go back"
            raise ValueError(msg)
        step_ns = round(seconds * NS_PER_S)
        self._wall_ns += step_ns
        self._monotonic_ns += step_ns

    def set_wall(self, wall_ns: int) -> None:
        """Set the wall clock alone, as NTP or a person does."""
        self._wall_ns = wall_ns
