"""How late the bot's event loops are, and whether one has stopped answering."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from changeover.core.clock import NS_PER_S, Clock, SystemClock


class LoopWatch:
    """Lets every watched loop beat four times a second and measures how late the beats come.

    All methods may be called from any thread, also while a loop is blocked.

    Args:
        clock: its monotonic time is what beats are measured with.
        interval_s: seconds between beats.
    """

    def __init__(self, *, clock: Clock | None = None, interval_s: float = 0.25) -> None:
        self._clock = clock or SystemClock()
        self._interval_s = interval_s
        self.begin_anew()

    def begin_anew(self) -> None:
        """In the child of a fork, where a loop that ran counts as running and never beats again."""
        self._lock = threading.Lock()
        self._hearts: dict[asyncio.AbstractEventLoop, _Heart] = {}

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch a loop until it is closed. Watching one again, or a closed one, does nothing."""
        with self._lock:
            self._forget_closed()
            if loop in self._hearts or loop.is_closed():
                return
            heart = _Heart(loop, self._clock, self._interval_s)
            self._hearts[loop] = heart
        heart.start()

    def worst_ns_since_last(self) -> int | None:
        """The worst lag of any loop since the last call, in nanoseconds; None without a loop."""
        return max((heart.take_worst_ns() for heart in self._living()), default=None)

    def blocked_for_s(self) -> float | None:
        """How long the worst loop is overdue right now, 0.0 when none is; None without a loop."""
        return max((heart.overdue_ns() / NS_PER_S for heart in self._living()), default=None)

    def stop(self) -> None:
        """Let all loops go; each beats once more at most. `watch` starts anew."""
        with self._lock:
            hearts = list(self._hearts.values())
            self._hearts.clear()
        for heart in hearts:
            heart.is_stopped = True

    def _living(self) -> list[_Heart]:
        with self._lock:
            self._forget_closed()
            return list(self._hearts.values())

    def _forget_closed(self) -> None:
        for loop in [loop for loop in self._hearts if loop.is_closed()]:
            del self._hearts[loop]


class _Heart:
    """The beat of one loop. `_beat` runs on the loop, the rest anywhere."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, interval_s: float) -> None:
        self.is_stopped = False
        self._loop = loop
        self._now_ns = clock.monotonic_ns
        self._interval_s = interval_s
        self._interval_ns = round(interval_s * NS_PER_S)
        self._lock = threading.Lock()
        self._worst_ns = 0
        self._due_ns = self._now_ns() + self._interval_ns
        self._was_paused = not loop.is_running()

    def start(self) -> None:
        with suppress(RuntimeError):  # closed in this very moment: forgotten at the next look
            self._loop.call_soon_threadsafe(self._beat)

    def take_worst_ns(self) -> int:
        overdue_ns = self.overdue_ns()
        with self._lock:
            worst_ns, self._worst_ns = self._worst_ns, 0
        return max(worst_ns, overdue_ns)

    def overdue_ns(self) -> int:
        """How late the next beat already is. A loop that does not run owes none."""
        if not self._loop.is_running():
            self._was_paused = True
            return 0
        return 0 if self._was_paused else max(0, self._now_ns() - self._due_ns)

    def _beat(self) -> None:
        if self.is_stopped:
            return
        now_ns = self._now_ns()
        if self._was_paused:
            self._was_paused = False  # what passed while it stood still was no lag
        else:
            with self._lock:
                self._worst_ns = max(self._worst_ns, now_ns - self._due_ns)
        self._due_ns = now_ns + self._interval_ns
        self._loop.call_later(self._interval_s, self._beat)
