"""Rate limits: headers that never make a bot wait, and a 429 on demand."""

from __future__ import annotations

import fnmatch
import hashlib
from dataclasses import dataclass

from changeover.demo.loopback.errors import LoopbackError

LIMIT = 1000
"""Requests in a window that the headers promise for each route. Discord's own limits are far
lower and differ by route; here nothing is refused, so that a load test measures the bot."""

WINDOW_S = 1.0


@dataclass(slots=True)
class _Ordered:
    pattern: str
    seconds: float
    times: int


class RateLimits:
    """The 429s that were ordered, and the headers of every answer."""

    def __init__(self) -> None:
        self._ordered: list[_Ordered] = []

    def order(self, route: str, seconds: float, times: int) -> None:
        """Refuse the next `times` requests that match `route` (`POST /channels/*/messages`)."""
        method, _, path = route.partition(" ")
        if not (method.isupper() and path.startswith("/")):
            raise LoopbackError(
                f"route {route!r}: expected a method and a path, where * is anything, "
                "for example 'POST /channels/*/messages'"
            )
        self._ordered.append(_Ordered(route, seconds, times))

    def hit(self, route: str) -> float | None:
        """How many seconds a request has to wait; `None` if it may go on."""
        for ordered in self._ordered:
            if fnmatch.fnmatchcase(route, ordered.pattern):
                ordered.times -= 1
                if ordered.times <= 0:
                    self._ordered.remove(ordered)
                return ordered.seconds
        return None

    @staticmethod
    def headers(bucket: str, now_ms: int) -> dict[str, str]:
        """The headers of an answer, in Discord's form; `bucket` is the route's template."""
        return {
            "X-RateLimit-Limit": str(LIMIT),
            "X-RateLimit-Remaining": str(LIMIT - 1),
            "X-RateLimit-Reset": f"{now_ms / 1000 + WINDOW_S:.3f}",
            "X-RateLimit-Reset-After": f"{WINDOW_S:.3f}",
            "X-RateLimit-Bucket": hashlib.blake2b(bucket.encode(), digest_size=16).hexdigest(),
        }
