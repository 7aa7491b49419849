"""One channel as this process sees it: its pace, its rests after failures, what went wrong."""

from __future__ import annotations

import logging
import random
from collections import deque

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import ChannelError
from changeover.core.ports import Channel, Put

logger = logging.getLogger("changeover.alerts")

MOST_A_MINUTE = 30  # messages; what waits meanwhile goes out as few
_MINUTE_NS = 60 * NS_PER_S
_PROBE_AFTER = 3  # failures in a row
_DOUBLINGS = 20  # beyond, the longest rest has long been reached


class Lane:
    """The road of the messages of one channel; a broken one rests longer and longer.

    Rests are kept in memory, by the monotonic clock: setting the wall clock changes nothing,
    and a restart tries at once. They belong to the channel rather than to a message, so that
    fifty messages do not knock at a broken receiver fifty times.

    Args:
        name: what messages are owed to.
        channel: where they go.
        clock: for the rests.
        rng: for the jitter.
        first_retry_s, longest_retry_s: the rests grow from one to the other by doubling.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        *,
        clock: Clock,
        rng: random.Random,
        first_retry_s: float,
        longest_retry_s: float,
    ) -> None:
        self.name = name
        self.channel = channel
        self._clock = clock
        self._rng = rng
        self._first_s = first_retry_s
        self._longest_s = longest_retry_s
        self._rests_until_ns = 0
        self.failures = 0  # in a row
        self.disabled = False  # until restart: trying again is useless
        self.last_error: str | None = None
        self.waiting = 0  # messages, when last looked at
        self.given_up = 0  # since the start
        self.unmarked: list[Put] = []  # says what was delivered, but the store does not know it yet
        self._most: int | None = None
        self._probe_worked = False
        self.unnoted: ChannelError | None = None  # a failure that the store does not know of yet
        self._sent_ns: deque[int] = deque(maxlen=MOST_A_MINUTE)  # the newest attempts, monotonic

    @property
    def takes_acknowledged(self) -> bool:
        """Whether its receiver wants to hear that somebody looks after an alert."""
        return bool(getattr(self.channel, "takes_acknowledged", False))

    @property
    def rest_s(self) -> float:
        """Seconds until the channel may be tried again; 0 for now."""
        free_ns = self._rests_until_ns
        if len(self._sent_ns) == MOST_A_MINUTE:
            free_ns = max(free_ns, self._sent_ns[0] + _MINUTE_NS)
        return max(0, free_ns - self._clock.monotonic_ns()) / NS_PER_S

    @property
    def most(self) -> int | None:
        """How many alerts a message may tell of now; None for any number.

        After some failures one is tried alone: while the receiver is down, one message is all
        that need be claimed and given back. Where it takes the one and then not the others
        together, it is one of these that it does not like; halving finds out which.
        """
        return 1 if self.failures >= _PROBE_AFTER else self._most

    def begun(self) -> None:
        """An attempt begins."""
        self._sent_ns.append(self._clock.monotonic_ns())

    def emptied(self) -> None:
        """Nothing is left to send."""
        self._most, self._probe_worked = None, False

    def delivered(self) -> None:
        """The receiver accepted a message."""
        self._probe_worked |= self.failures >= _PROBE_AFTER
        if self.failures:
            logger.info("alert channel %s works again", self.name)
        self.failures = 0
        self.last_error = None

    def failed(self, error: ChannelError, size: int = 1) -> None:
        """The receiver did not accept a message: rest, or stop for good. Said once in the log.

        Args:
            error: why.
            size: how many alerts the message told of.
        """
        if self._probe_worked:
            self._most = max(1, size // 2)
        first = not self.failures
        self.failures += 1
        self.last_error = str(error)
        if error.permanent:
            self.disabled = True
            logger.error(
                "alert channel %s is off until its settings change and a restart: %s",
                self.name,
                error,
            )
            return
        rest_s = self._rest_after(error)
        self._rests_until_ns = self._clock.monotonic_ns() + round(rest_s * NS_PER_S)
        if first:
            logger.warning("alert channel %s failed, will retry: %s", self.name, error)

    def _rest_after(self, error: ChannelError) -> float:
        asked_s = error.retry_after_s
        doublings = self.failures - 1
        if asked_s is not None:
            doublings -= 1  # the first time, what the receiver asked for is enough
        rest_s = 0.0
        if doublings >= 0:
            rest_s = min(self._longest_s, self._first_s * 2 ** min(doublings, _DOUBLINGS))
        # Up to a tenth is added and never taken away: what the receiver asked for is the least.
        return max(rest_s, asked_s or 0.0) * self._rng.uniform(1.0, 1.1)

    def told(self) -> str | None:
        """What is wrong here, in words, or None."""
        parts = []
        if self.disabled:
            parts.append(f"off until restart: {self.last_error}")
        elif self.failures:
            parts.append(f"failing: {self.last_error}")
        if self.waiting and parts:
            parts.append(f"{self.waiting} waiting")
        if self.given_up:
            parts.append(f"{self.given_up} given up")
        return f"{self.name} {', '.join(parts)}" if parts else None
