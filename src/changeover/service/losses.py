"""What was lost lately: a loss is trouble for a while, not for the rest of the process's life."""

from __future__ import annotations

from collections.abc import Mapping

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.model import Check, Status

TROUBLE_FOR_S = 600.0


class Losses:
    """Watches counts that only grow, and remembers when one did.

    Args:
        clock: for how long ago that was.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: Mapping[str, int] = {}
        self._grew_ns: int | None = None

    def note(self, counts: Mapping[str, int]) -> None:
        """The counts as they are now."""
        if sum(counts.values()) > sum(self._counts.values()):
            self._grew_ns = self._clock.monotonic_ns()
        self._counts = dict(counts)

    @property
    def recent(self) -> int:
        """How many there are in all, if any came in the last ten minutes; else 0."""
        age_s = self._age_s()
        return sum(self._counts.values()) if age_s is not None and age_s < TROUBLE_FOR_S else 0

    def check(self, name: str) -> Check:
        """Degraded for ten minutes after a loss; then only told."""
        told = "; ".join(f"{reason}: {count}" for reason, count in self._counts.items() if count)
        age_s = self._age_s()
        if age_s is None:
            return Check(name, Status.HEALTHY, told or "nothing was lost")
        status = Status.DEGRADED if age_s < TROUBLE_FOR_S else Status.HEALTHY
        return Check(name, status, f"{told}; since the start", age_s)

    def _age_s(self) -> float | None:
        if self._grew_ns is None:
            return None
        return (self._clock.monotonic_ns() - self._grew_ns) / NS_PER_S
