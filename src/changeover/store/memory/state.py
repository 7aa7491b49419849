"""Control state in memory."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence

from changeover.core.clock import Clock
from changeover.core.errors import ConflictError
from changeover.core.model import Flip
from changeover.core.ports import Document, Put
from changeover.store.documents import (
    FLIPS_KEPT,
    TOMBSTONES_KEPT_NS,
    Held,
    check_changes,
    encode,
    lease_length_ns,
)


class MemoryState:
    """Keeps documents as JSON text, as every other store does, so that nobody shares them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._documents: dict[tuple[str, str], tuple[str | None, int, int]] = {}
        self._flips: deque[Flip] = deque(maxlen=FLIPS_KEPT)
        self._leases: dict[str, Held] = {}
        self._revision = 0

    def read(self, kind: str) -> Mapping[str, Document]:
        """All documents of a kind, by key."""
        with self._lock:
            found = [(key[1], *kept) for key, kept in self._documents.items() if key[0] == kind]
        return {
            key: Document(json.loads(text), version)
            for key, text, version, _ in sorted(found)
            if text is not None
        }

    def commit(self, puts: Sequence[Put], flips: Sequence[Flip] = ()) -> None:
        """All of it or nothing. Raises `ConflictError` when a document has moved on.

        A value that JSON cannot hold raises `PoisonError`.
        """
        check_changes(puts, flips)
        if not puts and not flips:
            return
        with self._lock:
            changed = dict(self._documents)
            for put in puts:
                self._put(changed, put)
            self._documents = self._without_old_tombstones(changed)
            self._flips.extend(flips)
            self._revision += 1

    def flips(self, limit: int = 100, subject: str | None = None) -> Sequence[Flip]:
        """The newest changes first, of one subject or of all."""
        with self._lock:
            found = [f for f in reversed(self._flips) if subject is None or f.subject == subject]
        return found[: max(0, limit)]

    def revision(self) -> int:
        """A number that is different after every commit of anybody."""
        with self._lock:
            return self._revision

    def lease(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or renew a lease; False while another holder's has not run out. 0 s gives it back."""
        ttl_ns = lease_length_ns(ttl_s)
        with self._lock:
            now_ns = self._clock.wall_ns()
            held = self._leases.get(name)
            if held is not None and held.keeps_out(holder, now_ns):
                return False
            self._leases[name] = Held(holder, now_ns + ttl_ns, ttl_ns)
            return True

    def close(self) -> None:
        """Nothing to give back."""

    def _put(self, documents: dict[tuple[str, str], tuple[str | None, int, int]], put: Put) -> None:
        key = (put.kind, put.key)
        text, version, _ = documents.get(key, (None, 0, 0))
        found = 0 if text is None else version
        if put.expected is not None and put.expected != found:
            raise ConflictError(put.kind, put.key, expected=put.expected, found=found)
        if put.value is not None:
            documents[key] = (encode(put.value), version + 1, self._clock.wall_ns())
        elif text is not None:
            documents[key] = (None, version, self._clock.wall_ns())

    def _without_old_tombstones(
        self, documents: dict[tuple[str, str], tuple[str | None, int, int]]
    ) -> dict[tuple[str, str], tuple[str | None, int, int]]:
        oldest = self._clock.wall_ns() - TOMBSTONES_KEPT_NS
        return {k: kept for k, kept in documents.items() if kept[0] is not None or kept[2] > oldest}
