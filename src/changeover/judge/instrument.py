"""What is known of the recording itself."""

from __future__ import annotations

from dataclasses import dataclass

from changeover.core.quantity import format_duration


@dataclass(slots=True)
class Instrument:
    """Troubles of the instrument. They hold promotions, and never block a rollback.

    Attributes:
        dropped: records lost lately.
        stale_s: seconds since the store last answered.
        others: further troubles, each in one sentence.
        unknown: executions whose system nobody knows, since the judge began.
        muted: executions not counted because the same person had failed twice in a row.
    """

    dropped: int = 0
    stale_s: float = 0.0
    others: tuple[str, ...] = ()
    unknown: int = 0
    muted: int = 0

    def concerns(self) -> list[str]:
        """Each in one sentence."""
        told = []
        if self.dropped:
            told.append(f"{self.dropped:,} records were lost, so the counts are too low.")
        if self.stale_s:
            told.append(f"The store has not answered for {format_duration(self.stale_s)}.")
        return [*told, *self.others]
