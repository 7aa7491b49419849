"""Logins of browsers: an id in a strict cookie, and what it stands for in this process's memory."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.values import Secret


@dataclass(frozen=True, slots=True)
class Session:
    """One login.

    Attributes:
        token: what it was logged in with, as an `Authorization` header; it is looked at anew
            with each request, so that a login ends with its token.
        ends_ns: when it ends, by the wall clock, to be told.
        over_ns: the same moment by the monotonic clock, which decides.
    """

    token: Secret
    ends_ns: int
    over_ns: int


class Sessions:
    """The logins of this process, bounded in number; a restart ends them all.

    All calls are of one event loop.

    Args:
        clock: for their end.
    """

    LONGEST_S = 12 * 3_600
    MOST = 1_000
    MOST_OF_A_TOKEN = 20

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # by a digest of the id, so that how long a look-up takes tells nothing about an id
        self._kept: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, token: str) -> str:
        """A new login; its id is random, whatever ids the browser came with.

        Beyond the most of one token, and of all, the oldest ones end.
        """
        span_ns = self.LONGEST_S * NS_PER_S
        session = Session(
            Secret(token), self._clock.wall_ns() + span_ns, self._clock.monotonic_ns() + span_ns
        )
        same = [key for key, other in self._kept.items() if other.token == session.token]
        for key in same[: max(0, len(same) + 1 - self.MOST_OF_A_TOKEN)]:
            del self._kept[key]
        while len(self._kept) >= self.MOST:
            self._kept.popitem(last=False)
        name = secrets.token_urlsafe(32)
        self._kept[_key(name)] = session
        return name

    def find(self, name: str) -> Session | None:
        """The login of an id; None when there is none, or it is over."""
        session = self._kept.get(_key(name))
        if session is not None and self._clock.monotonic_ns() >= session.over_ns:
            self.close(name)
            return None
        return session

    def close(self, name: str) -> None:
        """End a login; an id that is none does nothing."""
        self._kept.pop(_key(name), None)


def _key(name: str) -> bytes:
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=16).digest()


def cookie_name(port: int | None) -> str:
    """Browsers share cookies between the ports of a host, and two bots may run on one."""
    return f"changeover_session_{port or 0}"


def read_cookie(header: bytes | None, name: str) -> str | None:
    """One cookie's value; None when it is not there, or there twice."""
    pairs = [part.strip().partition("=") for part in (header or b"").decode("latin-1").split(";")]
    values = [value for key, _, value in pairs if key == name]
    return values[0] if len(values) == 1 else None


def write_cookie(name: str, value: str, *, path: str, secure: bool, max_age_s: int) -> str:
    """A `Set-Cookie` header: for this host and path, no script, no other site's requests."""
    parts = [f"{name}={value}", f"Path={path or '/'}", f"Max-Age={max_age_s}"]
    parts += ["HttpOnly", "SameSite=Strict", *(["Secure"] if secure else [])]
    return "; ".join(parts)
