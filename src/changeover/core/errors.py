"""The error tree, and the guard that keeps our own errors off the bot's road.

Three kinds of errors exist. The *bot's* pass through untouched. *Ours* on the bot's road
never surface: the `Guard` counts and logs them. The *operator's* stop the start, all in
one message.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from changeover.core.clock import NS_PER_S, Clock, SystemClock

logger = logging.getLogger("changeover")


class ChangeoverError(Exception):
    """The base of every error this package raises."""


class BadValueError(ChangeoverError, ValueError):
    """A value that somebody typed cannot be used.

    Attributes:
        name: what the value was for, as the person knows it (`window`, `ALERT_MEMORY_THRESHOLD`).
        value: what was given, cut at 64 characters; `None` where it may be a secret.
        allowed: what would be accepted, in words.
        example: one value that would be accepted.
    """

    def __init__(self, name: str, value: str | None, allowed: str, example: str) -> None:
        self.name = name
        self.value = None if value is None else value[:64]
        self.allowed = allowed
        self.example = example
        shown = "(hidden)" if value is None else repr(self.value)
        super().__init__(f"{name}={shown}: expected {allowed}, for example {example}")


class SettingsError(ChangeoverError):
    """One or more settings are wrong; the message names all of them, a line each.

    Attributes:
        problems: one `BadValueError` for each wrong setting, in the order of the table.
    """

    def __init__(self, problems: list[BadValueError]) -> None:
        self.problems = problems
        count = "1 setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        super().__init__("\n  ".join([f"{count} wrong:", *map(str, problems)]))


class MissingExtraError(ChangeoverError, ImportError):
    """Something needs an optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'changeover[{extra}]'")


class StoreError(ChangeoverError):
    """The base of what a store may raise."""


class StoreUnavailableError(StoreError):
    """The store cannot serve now (locked, full, read-only, corrupt, away); try again later."""


class StoreSchemaError(StoreError):
    """The file was written by a newer version; this one refuses to touch it."""


class PoisonError(StoreError):
    """A batch holds a record that can never be stored; split it to find which."""


class ConflictError(StoreError):
    """A compare-and-set lost: somebody else changed the document first.

    Attributes:
        kind, key: which document.
        expected, found: the version the writer had read, and the one that is there now.
        current: the document as it is now, where whoever raised or passed this on knows it.
    """

    def __init__(
        self,
        kind: str,
        key: str,
        *,
        expected: int,
        found: int,
        current: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind, self.key, self.expected, self.found = kind, key, expected, found
        self.current = current
        super().__init__(f"{kind} {key!r} is at version {found}, not {expected}: read it again")


class ChannelError(ChangeoverError):
    """A notification was not delivered.

    Attributes:
        permanent: trying again is useless until somebody changes the channel's settings.
        retry_after_s: the receiver asked to wait this long, or `None`.
        status: of HTTP, that it answered, where whoever raised this knows it.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.status = status
        super().__init__(message)


class Guard:
    """Takes our own errors on the bot's road: counts all, logs each place once a minute.

    Args:
        clock: for the minute.
        on_error: called with every error, after it is counted. Tests pass one that raises.
    """

    LOG_EVERY_NS = 60 * NS_PER_S

    def __init__(
        self, clock: Clock | None = None, on_error: Callable[[Exception], None] | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._on_error = on_error
        self._counts: Counter[str] = Counter()
        self._logged_at: dict[str, int] = {}
        self.begin_anew()

    def begin_anew(self) -> None:
        """In the child of a fork, where a thread that is gone may hold the lock."""
        self._lock = threading.Lock()

    def caught(self, where: str, error: Exception) -> None:
        """Count an error of ours that happened at `where` (a fixed word, not user text)."""
        now = self._clock.monotonic_ns()
        with self._lock:
            self._counts[where] += 1
            due = now - self._logged_at.get(where, -self.LOG_EVERY_NS) >= self.LOG_EVERY_NS
            if due:
                self._logged_at[where] = now
        if due:
            self._log(where, error)
        if self._on_error is not None:
            self._on_error(error)

    def _log(self, where: str, error: Exception) -> None:
        """Tell the log; the program's own handlers of it may raise, and the bot's call goes on."""
        try:
            logger.error("error in changeover at %s; the bot goes on", where, exc_info=error)
        except Exception:  # noqa: BLE001 - whatever it was, logging it would raise again
            with self._lock:
                self._counts["log"] += 1

    @property
    def counts(self) -> Mapping[str, int]:
        """How many errors each place had since the start."""
        with self._lock:
            return dict(self._counts)
