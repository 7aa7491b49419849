"""Discord's ids: 64-bit numbers that carry the time they were made at."""

from __future__ import annotations

from datetime import UTC, datetime

from changeover.core.clock import NS_PER_MS, Clock, SystemClock

EPOCH_MS = 1_420_070_400_000
"""2015-01-01 UTC, where Discord's milliseconds begin."""

TIME_SHIFT = 22
"""The milliseconds stand above these bits. Source: Discord's reference, "Snowflakes"."""


class Snowflakes:
    """Makes ids that carry the real time, as cooldowns and expiry dates in bots read it.

    The time is the machine's at the start plus what `clock` has advanced since: with a manual
    clock, turning it by a minute makes the next message a minute younger, and nothing is ever
    years away from the bot's own clock (which would make each interaction look expired).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_ns = SystemClock().wall_ns() - clock.monotonic_ns()
        self._last = 0

    def next(self) -> int:
        """A new id, greater than every one before."""
        now = self.now_ms() - EPOCH_MS << TIME_SHIFT
        self._last = max(self._last + 1, now)
        return self._last

    def now_ms(self) -> int:
        """Milliseconds since 1970 on the made-up Discord."""
        return (self._start_ns + self._clock.monotonic_ns()) // NS_PER_MS

    def now_iso(self) -> str:
        """The same as ISO 8601 in UTC."""
        return _iso(self.now_ms())


def created_at(snowflake: int) -> str:
    """When an id was made, as ISO 8601 in UTC."""
    return _iso((snowflake >> TIME_SHIFT) + EPOCH_MS)


def at_ms(wall_ms: int) -> int:
    """The first id of a millisecond."""
    return wall_ms - EPOCH_MS << TIME_SHIFT


def _iso(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat()
