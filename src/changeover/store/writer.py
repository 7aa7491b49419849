"""The thread between those who record and a store that may be slow, full or away."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.errors import Guard, PoisonError, StoreError
from changeover.core.model import Batch, Check, Status
from changeover.core.ports import Telemetry
from changeover.core.quantity import format_duration
from changeover.store.batches import split_at, split_up, take_together
from changeover.store.fork import begin_anew_after_fork

logger = logging.getLogger("changeover.store")

BACKLOG = "store_backlog"  # too much was waiting
POISON = "poison"  # the record can never be stored
ERROR = "store_error"  # the store failed in a way that none should
STOPPED = "stopped"  # still waiting when the writer was stopped, or put after that

_TOGETHER = 5_000  # records of one transaction
_LOG_EVERY_NS = 60 * NS_PER_S
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0


class Writer:
    """Stores batches one after the other, in a thread that begins with the first.

    While the store is unavailable batches wait, in order; what comes when `limit_records`
    wait is dropped and counted. The newest goes rather than the oldest: the aggregate has it
    in memory, and the history then has one gap instead of many.

    Args:
        telemetry: the store; only this thread appends to it.
        clock: for the age of a trouble.
        guard: told of errors that are not the store's own; by default they are logged.
        limit_records: how many records may wait.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        *,
        clock: Clock | None = None,
        guard: Guard | None = None,
        limit_records: int = 200_000,
    ) -> None:
        self._telemetry = telemetry
        self._clock = clock or SystemClock()
        self._guard = guard or Guard(self._clock)
        self._limit = limit_records
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """Begin empty; in the child of a fork too, as the parent stores what was waiting."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._waiting: deque[Batch] = deque()
        self._backlog = 0  # records that wait or are under way
        self._taken = self._done = 0  # records ever put, and ever stored or dropped
        self._dropped: Counter[str] = Counter()
        self._trouble: tuple[int, str] | None = None
        self._logged_ns: dict[str, int] = {}
        self._hurry = self._stopping = self._abandoned = False

    def start(self) -> None:
        """Begin now rather than with the first batch: at its end a program may start no thread."""
        with self._changed:
            if not self._stopping:
                self._start()

    def put(self, batch: Batch) -> None:
        """Have a batch stored soon; never waits for the store."""
        if not len(batch):
            return
        with self._changed:
            if self._stopping:
                self._drop(STOPPED, len(batch))
            elif self._backlog + len(batch) > self._limit:
                self._drop(BACKLOG, len(batch))
            else:
                self._waiting.append(batch)
                self._backlog += len(batch)
                self._taken += len(batch)
                self._start()
                self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was put before is stored or dropped; False if that took too long."""
        with self._changed:
            goal = self._taken
            self._hurry = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._done >= goal, timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """Store what waits, then end; after the timeout drop the rest, counted, and say False."""
        with self._changed:
            self._stopping = self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._backlog, timeout_s)
            is_done = not self._backlog
            self._abandoned = True
            while self._waiting:
                self._finish(len(self._waiting.popleft()), STOPPED)
            thread = self._thread
        if thread is not None and is_done:
            thread.join(timeout_s)
        return is_done

    def check(self) -> Check:
        """Whether the backlog moves, and since when it does not. Never raises."""
        with self._changed:
            trouble, backlog, dropped = self._trouble, self._backlog, dict(self._dropped)
        lost = "".join(f", {count} dropped ({reason})" for reason, count in sorted(dropped.items()))
        if trouble is None:
            return Check("writer", Status.HEALTHY, f"{backlog} records wait{lost}")
        since_ns, sentence = trouble
        age_s = (self._clock.monotonic_ns() - since_ns) / NS_PER_S
        detail = f"{backlog} records wait since {format_duration(age_s)}{lost}: {sentence}"
        return Check("writer", Status.DEGRADED, detail)

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many records were dropped, by reason."""
        with self._changed:
            return dict(self._dropped)

    # --- the thread

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="changeover-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if not self._waiting:
                    return
                batch = take_together(self._waiting, _TOGETHER)
            self._store(split_up(batch, _TOGETHER))

    def _store(self, parts: deque[Batch]) -> None:
        """Store all but the records that never can be, however long that takes."""
        pause_s = _FIRST_PAUSE_S
        while parts:
            part = parts.popleft()
            try:
                self._telemetry.append(part)
            except PoisonError as error:
                self._refuse(part, parts, POISON, error)
            except StoreError as error:
                parts.appendleft(part)
                pause_s = self._wait(pause_s, str(error))
                if self._abandoned:
                    self._finish(sum(map(len, parts)), STOPPED)
                    return
            except Exception as error:  # noqa: BLE001 - a defect costs its records, not the thread
                self._guard.caught("store.append", error)
                self._refuse(part, parts, ERROR, error)
            else:
                pause_s = _FIRST_PAUSE_S
                self._finish(len(part))

    def _refuse(self, part: Batch, parts: deque[Batch], reason: str, error: Exception) -> None:
        """Look for the bad record in the halves; drop it when it is found."""
        if len(part) > 1:
            parts.extendleft(reversed(split_at(part, len(part) // 2)))
        else:
            self._finish(1, reason, error)

    def _wait(self, pause_s: float, sentence: str) -> float:
        """Wait before the next attempt unless somebody is in a hurry; says how long the next is."""
        with self._changed:
            since_ns = self._trouble[0] if self._trouble else self._clock.monotonic_ns()
            self._trouble = (since_ns, sentence)
            hurried = self._changed.wait_for(lambda: self._hurry or self._abandoned, pause_s)
            self._hurry = False
            if hurried or self._stopping:
                return _FIRST_PAUSE_S
            return min(2 * pause_s, _LONGEST_PAUSE_S)

    def _finish(
        self, count: int, reason: str | None = None, error: Exception | None = None
    ) -> None:
        """So many records are stored, or dropped for a reason."""
        with self._changed:
            self._backlog -= count
            self._done += count
            if reason is None:
                self._trouble = None
            else:
                self._drop(reason, count, error)
            self._changed.notify_all()

    def _drop(self, reason: str, count: int, error: Exception | None = None) -> None:
        """Count what is dropped; the log gets the first of each reason, then one a minute."""
        self._dropped[reason] += count
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._logged_ns.get(reason, -_LOG_EVERY_NS) >= _LOG_EVERY_NS:
            self._logged_ns[reason] = now_ns
            why = reason if error is None else f"{reason}: {error}"
            logger.warning("%d records dropped (%s), %d so far", count, why, self._dropped[reason])
