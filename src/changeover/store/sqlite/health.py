"""What is wrong with the file now, since when, and what happened to it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.model import Status
from changeover.core.quantity import format_duration

logger = logging.getLogger("changeover.store")

_LOG_EVERY_NS = 60 * NS_PER_S
_NOTICE_DEGRADES_NS = 86_400 * NS_PER_S  # long enough that somebody sees it


class Health:
    """Remembers failures by what failed (`read`, `write`) until the same works again.

    A trouble is logged when it begins, at most once a minute, and when it is over.
    """

    def __init__(self, clock: Clock, path: Path) -> None:
        self._clock, self._path = clock, path
        self.begin_anew()
        self._troubles: dict[str, tuple[int, str]] = {}
        self._logged_ns = -_LOG_EVERY_NS
        self._told = False
        self._notices: list[tuple[int, str]] = []

    def begin_anew(self) -> None:
        """In the child of a fork: what is known stays, the lock may be held by nobody."""
        self._lock = threading.Lock()

    def failed(self, what: str, sentence: str) -> None:
        """Reading or writing did not work."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            since_ns, _ = self._troubles.get(what, (now_ns, ""))
            self._troubles[what] = (since_ns, sentence)
            tell = not self._told and now_ns - self._logged_ns >= _LOG_EVERY_NS
            if tell:
                self._told, self._logged_ns = True, now_ns
        if tell:
            logger.warning("the store cannot %s: %s; it is tried again", what, sentence)

    def worked(self, what: str) -> None:
        """Reading or writing worked."""
        if what not in self._troubles:  # by far the most calls; no lock for a look
            return
        with self._lock:
            self._troubles.pop(what, None)
            tell = self._told and not self._troubles
            self._told = self._told and not tell
        if tell:
            logger.warning("the store at %s works again", self._path)

    @property
    def has_trouble(self) -> bool:
        """Whether anything does not work at present."""
        return bool(self._troubles)

    def note(self, sentence: str) -> None:
        """Something happened that an operator should know of, though it works again."""
        with self._lock:
            self._notices.append((self._clock.monotonic_ns(), sentence))
            del self._notices[:-3]
        logger.error("%s", sentence)

    def told(self, plain: str) -> tuple[Status, str]:
        """Status and sentence: the trouble, or else what is plain, with the notices."""
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            troubles, notices = dict(self._troubles), list(self._notices)
        parts = [
            f"cannot {what} since {format_duration((now_ns - since_ns) / NS_PER_S)}: {sentence}"
            for what, (since_ns, sentence) in sorted(troubles.items())
        ]
        recent = any(now_ns - at_ns < _NOTICE_DEGRADES_NS for at_ns, _ in notices)
        parts = [*(parts or [plain]), *(sentence for _, sentence in notices)]
        status = Status.DEGRADED if troubles or recent else Status.HEALTHY
        return status, "; ".join(parts)
