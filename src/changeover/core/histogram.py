"""A latency histogram that can be merged: log-linear buckets, counted sparsely.

Values are non-negative integers (nanoseconds). Every power of two is cut into 64 equal
buckets, so a bucket is at most 1/64 of its value wide and its middle is within 0.8 % of
every value in it. Bucketing is integer arithmetic: the same on every platform, and a
database can do it too. Source: the log-linear layout of HdrHistogram.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate, chain

SUB_BUCKET_BITS = 6
_SUB_BUCKETS = 1 << SUB_BUCKET_BITS


def bucket_of(value: int) -> int:
    """The bucket a value falls in; monotone in the value, exact below 128."""
    shift = value.bit_length() - SUB_BUCKET_BITS - 1
    if shift <= 0:
        return value
    return (shift << SUB_BUCKET_BITS) + (value >> shift)


def bucket_middle(bucket: int) -> float:
    """The value that stands for a bucket, at most 0.8 % from any value in it."""
    if bucket < 2 * _SUB_BUCKETS:
        return float(bucket)
    shift = (bucket >> SUB_BUCKET_BITS) - 1
    lowest = (bucket - (shift << SUB_BUCKET_BITS)) << shift
    return lowest + ((1 << shift) - 1) / 2


class Histogram:
    """How many values fell in which bucket. Merging is exact, commutative and associative."""

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or {})

    def add(self, value: int, times: int = 1) -> None:
        """Count one value (or the same value several times)."""
        bucket = bucket_of(value)
        self.counts[bucket] = self.counts.get(bucket, 0) + times

    def add_many(self, values: Iterable[int]) -> None:
        """Count every value of a column."""
        counts = self.counts
        get = counts.get
        for value in values:
            bucket = bucket_of(value)
            counts[bucket] = get(bucket, 0) + 1

    def remove_many(self, values: Iterable[int]) -> None:
        """Take back values that were added; emptied buckets go."""
        counts = self.counts
        for value in values:
            bucket = bucket_of(value)
            left = counts[bucket] - 1
            if left:
                counts[bucket] = left
            else:
                del counts[bucket]

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one; the other stays as it is."""
        if not self.counts:
            self.counts = dict(other.counts)
            return
        counts = self.counts
        get = counts.get
        for bucket, times in other.counts.items():
            counts[bucket] = get(bucket, 0) + times

    @property
    def total(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    def quantiles(self, *levels: float) -> list[float] | None:
        """The values at the given levels (0 to 1, ascending), or None when nothing was counted.

        The value at level q is the smallest one with at least q of all values at or below it.
        """
        buckets = sorted(self.counts)
        seen = list(accumulate(map(self.counts.__getitem__, buckets)))
        if not seen or not seen[-1]:
            return None
        total = seen[-1]
        return [bucket_middle(buckets[bisect_left(seen, level * total)]) for level in levels]

    def to_bytes(self) -> bytes:
        """The counts as little-endian pairs of unsigned 32-bit bucket and 64-bit count, ascending."""
        pairs = sorted(self.counts.items())
        return struct.pack("<" + "IQ" * len(pairs), *chain.from_iterable(pairs))

    @classmethod
    def from_bytes(cls, data: bytes) -> Histogram:
        """What `to_bytes` wrote. Raises `struct.error` on a length that is not whole pairs."""
        histogram = cls()
        histogram.counts = dict(struct.iter_unpack("<IQ", data))
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]  # it changes as values are added

    def __repr__(self) -> str:
        return f"Histogram({self.total} values in {len(self.counts)} buckets)"
