"""What people tried, in the append-only audit: kept when the store is away, bounded in a flood."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, replace

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import StoreError
from changeover.core.model import Flip
from changeover.core.ports import State

logger = logging.getLogger("changeover")

AT_ONCE = 10
ONE_MORE_EVERY_NS = 300 * NS_PER_S
MOST_WAITING = 1_000
MOST_ACTORS = 64


@dataclass(slots=True)
class _Allowance:
    """How much one actor may still have refused."""

    free_ns: int  # the moment at which all of it is there again
    uncounted: int = 0  # refusals that were only counted since the last row
    last: Flip | None = None  # the newest of these


class Audit:
    """Writes flips; what was done always, what was refused up to a limit for each actor.

    An actor has ten refusals, and one more every five minutes. Beyond that they are counted,
    and the next row says how many there were. The audit keeps its newest rows only, so a
    flood of a day must not push out who changed what: this one leaves some 300 rows.

    Args:
        state: where the audit is.
        clock: for the limit.
    """

    def __init__(self, state: State, *, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[Flip] = deque()
        self._allowances: OrderedDict[str, _Allowance] = OrderedDict()
        self._lost = 0

    def done(self, flip: Flip) -> None:
        """A row that is always kept. Looks at memory alone; `settle` writes it."""
        with self._lock:
            self._wait(flip)

    def refused(self, flip: Flip, *, within: str | None = None) -> None:
        """A row about what was refused. Looks at memory alone; `settle` writes it.

        Args:
            flip: the row.
            within: whose limit it counts in; by default its actor's.
        """
        now = self._clock.monotonic_ns()
        with self._lock:
            allowance = self._allowance(within or flip.actor, now)
            if not _has_one(allowance, now):
                allowance.uncounted += 1
                allowance.last = flip
                return
            self._take(allowance, flip, now)

    def settle(self) -> bool:
        """Write what waits; whether all of it is written. A store that is away is tried again."""
        now = self._clock.monotonic_ns()
        with self._lock:
            for allowance in self._allowances.values():
                if allowance.last is not None and _has_one(allowance, now):
                    allowance.uncounted -= 1  # the row itself is one of them
                    self._take(allowance, allowance.last, now)
            waiting = list(self._waiting)
            self._waiting.clear()
        if not waiting:
            return True
        try:
            self._state.commit([], waiting)
        except StoreError:
            with self._lock:
                newer, self._waiting = self._waiting, deque()
                for flip in [*waiting, *newer]:
                    self._wait(flip)
            return False
        return True

    def _wait(self, flip: Flip) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            if self._lost in {1, 100, 10_000}:
                logger.error("the store is away, and %d rows of the audit are lost", self._lost)
            return
        self._waiting.append(flip)

    def _allowance(self, name: str, now: int) -> _Allowance:
        found = self._allowances.get(name)
        if found is None:
            found = self._allowances[name] = _Allowance(now)
            if len(self._allowances) > MOST_ACTORS:
                self._allowances.popitem(last=False)
        return found

    def _take(self, allowance: _Allowance, flip: Flip, now: int) -> None:
        allowance.free_ns = max(now, allowance.free_ns) + ONE_MORE_EVERY_NS
        if allowance.uncounted:
            told = f"{flip.reason} (and {allowance.uncounted} more that are not listed)".strip()
            flip = replace(flip, reason=told)
        allowance.uncounted, allowance.last = 0, None
        self._wait(flip)


def _has_one(allowance: _Allowance, now: int) -> bool:
    return allowance.free_ns - now <= (AT_ONCE - 1) * ONE_MORE_EVERY_NS
