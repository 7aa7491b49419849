"""A list of single records in order of time, from which pages and spans are read."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from changeover.store.paging import Place

T = TypeVar("T")


class Stored(NamedTuple, Generic[T]):
    """One record. The id counts what was stored and decides between equal times."""

    at_ns: int
    id: int
    instance: str
    record: T


class Shelf(Generic[T]):
    """Records by time; one that comes late finds its place."""

    def __init__(self) -> None:
        self._stored: list[Stored[T]] = []

    def __len__(self) -> int:
        return len(self._stored)

    def add(self, stored: Stored[T]) -> None:
        """Put a record where its time belongs; nearly always that is the end."""
        insort(self._stored, stored)

    def between(self, start_ns: int, end_ns: int) -> Sequence[Stored[T]]:
        """All of `[start_ns, end_ns)`, oldest first."""
        return self._stored[self._at(start_ns) : self._at(end_ns)]

    def page(self, since_ns: int, before: Place, limit: int) -> Sequence[Stored[T]]:
        """At most `limit` records since a moment and before a place, newest first."""
        first = self._at(since_ns)
        last = max(first, bisect_left(self._stored, before))
        return self._stored[max(first, last - limit) : last][::-1]

    def count(self, since_ns: int) -> int:
        """How many there are at or after a moment."""
        return len(self._stored) - self._at(since_ns)

    def after(self, cursor: int) -> Iterator[Stored[T]]:
        """All that were stored after the one with this id."""
        return (stored for stored in self._stored if stored.id > cursor)

    def first_since(self, since_ns: int) -> int | None:
        """The lowest id among the records at or after a moment."""
        recent = islice(self._stored, self._at(since_ns), None)
        return min((stored.id for stored in recent), default=None)

    def oldest_but(self, kept: int) -> int | None:
        """The time up to which records have to go so that at most `kept` stay."""
        excess = len(self._stored) - kept
        return self._stored[excess - 1].at_ns if excess > 0 else None

    def drop_before(self, at_ns: int) -> int:
        """Forget what is older, and say how many that were."""
        count = self._at(at_ns)
        del self._stored[:count]
        return count

    def _at(self, at_ns: int) -> int:
        return bisect_left(self._stored, at_ns, key=lambda stored: stored.at_ns)
