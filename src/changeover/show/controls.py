"""What this room needs to let people change something, as one bundle that the service wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changeover.core.model import Flip
from changeover.core.order import Order, Principal, Role, Verb


def _not_kept(_what: str, _why: str, _who: str) -> None:
    """Without an audit nothing is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """How people change something; without it the application only reads.

    Attributes:
        orders: the verbs that a role may use, by name; looks at memory alone.
        carry_out: does what a principal asks for, and says what was done. Called in a worker
            thread. Raises `UnknownVerbError`, `NotAllowedError`, `BadValueError`,
            `ConflictError`, `RefusedOrderError` and `StoreError`, and audits all of them.
        who: whose token a text is, or None; looks at memory alone, in constant time.
        flips: the newest changes first, at most so many, of one subject or of all. Called in
            a worker thread; may raise `StoreUnavailableError`.
        refused: audits a request that never became an order: what was asked for, why it was
            refused, and who asked as far as is known. Looks at memory alone, and is bounded.
    """

    orders: Callable[[Role], Sequence[Verb]]
    carry_out: Callable[[Order, Principal], Mapping[str, Any]]
    who: Callable[[bytes], Principal | None]
    flips: Callable[[int, str | None], Sequence[Flip]]
    refused: Callable[[str, str, str], None] = _not_kept
