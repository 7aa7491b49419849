"""The steps of timelines that are over: counted once, until something late comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.model import Stats
from changeover.core.window import Window

# Half a second, then what people read easily off an axis; whole minutes from a minute on.
_STEPS_NS = (
    500 * NS_PER_MS,
    *(seconds * NS_PER_S for seconds in (1, 5, 10, 60, 300, 900, 3_600, 7_200, 21_600)),
)
_MOST_SLOTS = 120
_MOST_KEPT = 4_096

Figures = Mapping[str, Stats]  # by system


def step_of(window: Window) -> int:
    """The finest step that cuts the window into 120 or fewer, in nanoseconds.

    The usual windows get 60 to 120 steps: 30s 60, 5m 60, 1h 60, 24h 96, 7d 84, 30d 120.
    """
    return next(step for step in _STEPS_NS if step * _MOST_SLOTS >= window.ns)


@dataclass(frozen=True, slots=True)
class Step:
    """A span of a timeline, `[start_ns, start_ns + length_ns)`."""

    start_ns: int
    length_ns: int

    @property
    def end_ns(self) -> int:
        """Where it ends, and the next one begins."""
        return self.start_ns + self.length_ns


class KeptSteps:
    """Figures of steps that are over. Not safe from several threads."""

    def __init__(self) -> None:
        self._kept: dict[Step, tuple[int, Figures]] = {}
        self._end_ns = 0  # where the latest of them ends

    def get(self, step: Step, since_ns: int) -> Figures | None:
        """What was counted of the step from `since_ns` on, if it was, and still holds."""
        known_since_ns, figures = self._kept.get(step, (None, None))
        return figures if known_since_ns == since_ns else None

    def put(self, step: Step, since_ns: int, figures: Figures) -> None:
        """Keep the figures of a step that is over, counted from `since_ns` on."""
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[step] = (since_ns, figures)
        self._end_ns = max(self._end_ns, step.end_ns)

    def forget(self, earliest_ns: int) -> None:
        """Executions came in that ended at `earliest_ns` or later: count those steps anew."""
        if earliest_ns < self._end_ns:
            self._kept = {step: k for step, k in self._kept.items() if step.end_ns <= earliest_ns}
            self._end_ns = earliest_ns
