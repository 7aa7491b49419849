"""The rules of control state that every store keeps: what a document, a flip, a lease may be."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from changeover.core.clock import NS_PER_S
from changeover.core.errors import BadValueError, PoisonError
from changeover.core.model import Flip
from changeover.core.ports import Put

FLIPS_KEPT = 10_000
# A deleted document leaves its version behind for a day: were it created anew at version 1, a
# writer that had read the old version 1 would overwrite what it never saw.
TOMBSTONES_KEPT_NS = 86_400 * NS_PER_S


class Held(NamedTuple):
    """A lease as it was last taken."""

    holder: str
    until_ns: int
    ttl_ns: int

    def keeps_out(self, holder: str, now_ns: int) -> bool:
        """Whether it is another's and has not run out.

        One that ends later than it could have, had it been taken now, was taken before the wall
        clock was set back; half of that is allowed for clocks that differ.
        """
        is_current = self.until_ns - 2 * self.ttl_ns <= now_ns < self.until_ns
        return holder != self.holder and is_current


def encode(value: Mapping[str, Any]) -> str:
    """A document's value as ASCII JSON; `PoisonError` for what JSON cannot hold."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise PoisonError(f"a document can never be stored: {error}") from error


def check_changes(puts: Sequence[Put], flips: Sequence[Flip]) -> None:
    """Raise `PoisonError` if one of them can never be stored; values are for `encode`."""
    for put in puts:
        _check_texts("document", put.kind, put.key)
    for flip in flips:
        _check_texts("flip", flip.subject, flip.actor, flip.reason)
        _check_texts("flip", *(text for text in (flip.old, flip.new) if text is not None))
        if not isinstance(flip.at_ns, int) or not 0 <= flip.at_ns < 2**63:
            raise PoisonError(f"a flip can never be stored: at_ns={flip.at_ns!r:.64}")


def lease_length_ns(ttl_s: float) -> int:
    """A lease's length in nanoseconds; `BadValueError` unless it is 0 to a day."""
    if not math.isfinite(ttl_s) or not 0 <= ttl_s <= 86_400:
        raise BadValueError("ttl_s", str(ttl_s), "0 to 86400 seconds", "15")
    return round(ttl_s * NS_PER_S)


def _check_texts(what: str, *texts: object) -> None:
    for text in texts:
        if not isinstance(text, str):
            raise PoisonError(f"a {what} can never be stored: {type(text).__name__}, not text")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise PoisonError(f"a {what} can never be stored: a lone surrogate") from None
