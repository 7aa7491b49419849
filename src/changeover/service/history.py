"""What was recorded, for those who look back: executions one by one, flips, the calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.model import ERRORS, Execution, Flip, Instance, Outcome
from changeover.core.ports import Put, State, Telemetry

# A kind of its own: who reads it must not read the judge's whole evidence with it.
KIND, KEY = "calibration", "newest"
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Looks back at the store, page by page. Everything may raise `StoreUnavailableError`.

    Attributes:
        telemetry, state: the store.
        instance: this process; what it recorded itself is left out.
        keep_s: for how many seconds single executions are kept.
        clock: the wall clock.
    """

    telemetry: Telemetry
    state: State
    instance: Instance
    keep_s: float
    clock: Clock

    def first_kept_ns(self) -> int:
        """Before this moment, single executions may be gone already."""
        return self.clock.wall_ns() - round(self.keep_s * NS_PER_S)

    def executions(self, since_ns: int, until_ns: int) -> Iterator[Execution]:
        """Every execution that ended in `[since_ns, until_ns)` and is kept, as it was stored."""
        cursor, more = None, True
        while more:
            page = self.telemetry.follow(cursor, but=self.instance, since_ns=since_ns)
            cursor, more = page.cursor, page.more
            for execution in page.executions:
                if since_ns <= execution.at_ns < until_ns:
                    yield execution

    def count(self, since_ns: int, until_ns: int) -> int:
        """About how many executions that are, for those who show how far they are."""
        cells = self.telemetry.count(since_ns, until_ns).cells
        return sum(cell.count for cell in cells.values())

    def rates(self) -> dict[str, float]:
        """Executions an hour of each command, over the last day; of a younger log, since it began.

        Only those count that say something of the system: ok, failures and time-outs.
        """
        now_ns = self.clock.wall_ns()
        first_ns = next((one.at_ns for one in self.executions(0, now_ns)), now_ns)
        start_ns = max(first_ns, now_ns - _DAY_S * NS_PER_S)
        counted = self.telemetry.count(start_ns, now_ns)
        span_h = max(60.0, (now_ns - start_ns) / NS_PER_S) / 3_600
        found: Counter[str] = Counter()
        for series, cell in counted.cells.items():
            if series.outcome is Outcome.OK or series.outcome in ERRORS:
                found[series.command] += cell.count
        return {command: count / span_h for command, count in sorted(found.items())}

    def flips(self, since_ns: int, until_ns: int, most: int = 5_000) -> Sequence[Flip]:
        """The changes in that time, oldest first; of very many, the newest."""
        found = self.state.flips(most)
        return [flip for flip in reversed(found) if since_ns <= flip.at_ns < until_ns]

    def calibration(self) -> Mapping[str, Any] | None:
        """The newest calibration as it was kept, or None."""
        document = self.state.read(KIND).get(KEY)
        return None if document is None else document.value

    def keep_calibration(self, value: Mapping[str, Any]) -> None:
        """Keep it in place of the one before."""
        self.state.commit([Put(KIND, KEY, value)])
