"""Names as they come from outside, and the few they are counted by."""

from __future__ import annotations

from changeover.core.model import OTHER, UNKNOWN, Outcome, Series
from changeover.core.text import clean_name

MOST_SYSTEMS = 16


class Names:
    """Cleans names and caps how many different ones are counted.

    Args:
        max_series: how many pairs of command and system are admitted. Later ones are counted
            as command `__other__` of their system, systems beyond 16 as system `__other__`.

    Attributes:
        folded: how many times a name was replaced because of a cap.
    """

    def __init__(self, max_series: int = 2_000) -> None:
        self._max_series = max_series
        self._max_cached = 4 * max_series
        self._pairs: set[tuple[str, str]] = set()
        self._systems = {UNKNOWN}
        self._clean: dict[str, str] = {}
        self.folded = 0

    def clean(self, raw: object) -> str:
        """The name made harmless; remembered for the names that occur often."""
        if type(raw) is not str:
            return clean_name(raw)
        known = self._clean.get(raw)
        if known is None:
            known = clean_name(raw)
            # What users type may be here too: when it is full, whoever still occurs comes back.
            if len(self._clean) >= self._max_cached:
                self._clean.clear()
            self._clean[raw] = known
        return known

    def series(self, command: object, system: object, outcome: Outcome) -> tuple[Series, bool]:
        """What to count a call by, and whether that is the pair's own name (not a fold)."""
        pair = self.clean(command), self._system(self.clean(system))
        if pair in self._pairs:
            return Series(*pair, outcome), True
        if len(self._pairs) < self._max_series:
            self._pairs.add(pair)
            return Series(*pair, outcome), True
        self.folded += 1
        return Series(OTHER, pair[1], outcome), False

    def _system(self, system: str) -> str:
        if system not in self._systems:
            if len(self._systems) > MOST_SYSTEMS:
                self.folded += 1
                return OTHER
            self._systems.add(system)
        return system
