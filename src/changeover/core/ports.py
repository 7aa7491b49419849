"""The ports: what a room needs from another, where more than one adapter exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from changeover.core.cell import CellSlot, Counted
from changeover.core.model import (
    Batch,
    Check,
    Execution,
    Flip,
    Instance,
    Kind,
    MetricQuery,
    Notification,
    Outcome,
    Page,
    ResourceSample,
    Trace,
)


@dataclass(frozen=True, slots=True)
class Followed:
    """What other instances stored since a cursor.

    Attributes:
        cursor: pass it to the next call.
        executions, resources: in the order they were stored; at most the asked number.
        more: whether there is more to read right away.
    """

    cursor: int
    executions: Sequence[Execution]
    resources: Sequence[ResourceSample]
    more: bool


class Telemetry(Protocol):
    """Where executions, flag checks and samples are kept, of all instances.

    Counts add up in any order and from any instance. Every method may raise
    `StoreUnavailableError`; none leaves half a batch behind. Methods may block on a disk or a
    network: never call one on the bot's road. Calls from several threads are safe.
    """

    def append(self, batch: Batch) -> None:
        """Store a whole batch or nothing. Raises `PoisonError` if a record can never be stored."""

    def count(self, start_ns: int, end_ns: int) -> Counted:
        """The cells of `[start_ns, end_ns)`.

        Exact to the event while single executions are kept; before that it counts from the
        start of the slot that holds `start_ns`, and the coverage says so.
        """

    def slots(self, start_ns: int, end_ns: int, step_ns: int) -> Sequence[CellSlot]:
        """The same, cut at multiples of `step_ns` (a multiple of a minute); empty steps left out."""

    def newest(self, query: MetricQuery) -> Page:
        """Single records, newest first. An unknown cursor raises `BadValueError`."""

    def follow(
        self,
        cursor: int | None,
        *,
        but: Instance,
        since_ns: int | None = None,
        limit: int = 10_000,
    ) -> Followed:
        """What instances other than `but` stored after the cursor, in the order stored.

        Without a cursor it begins at the first row that ended at or after `since_ns` (older
        ones that were stored behind it may be among the answer), or from now on.
        """

    def prune(self, now_ns: int) -> int:
        """Drop what is past its retention, give space back, and say how many rows went."""

    def check(self) -> Check:
        """How the store is: kind, size, why it is degraded if it is. Never raises."""

    def close(self) -> None:
        """Give everything back. A second call does nothing."""


@dataclass(frozen=True, slots=True)
class Document:
    """A small JSON-like value with the version it was last written as (1, 2, ...)."""

    value: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Put:
    """Write a document if it is still at the version that was read.

    Attributes:
        kind, key: which; a kind is one of `flag`, `alert`, `alert_history`, `outbox`, `receipt`,
            `channel`, `silence`, `maintenance`, `setting`, `token`, `move`, `judge`, `calibration` ...
        value: the new value; None deletes it.
        expected: the version read before; 0 for "not there"; None to write in any case.
    """

    kind: str
    key: str
    value: Mapping[str, Any] | None
    expected: int | None = None


class State(Protocol):
    """The small control state: flags, alerts, owed messages, audit. Transactional and watched.

    Every method may raise `StoreUnavailableError`. Calls from several threads are safe.
    """

    def read(self, kind: str) -> Mapping[str, Document]:
        """All documents of a kind, by key."""

    def commit(self, puts: Sequence[Put], flips: Sequence[Flip] = ()) -> None:
        """All of it or nothing. Raises `ConflictError` when a document has moved on."""

    def flips(self, limit: int = 100, subject: str | None = None) -> Sequence[Flip]:
        """The newest changes first, of one subject or of all."""

    def revision(self) -> int:
        """A number that is different after every commit of anybody; cheap, for watching."""

    def lease(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or renew a lease; False while another holder's has not run out."""

    def close(self) -> None:
        """Give everything back. A second call does nothing."""


class FlagSource(Protocol):
    """One place that flags come from."""

    name: str  # `environment`, `file` or `store`

    def read(self) -> Mapping[str, FlagValue]:
        """Every flag this source sets, by name. May raise `StoreUnavailableError`."""


@dataclass(frozen=True, slots=True)
class FlagValue:
    """What one source says of one flag. `share` is in percent, 0 to 100."""

    share: float
    updated_ns: int | None = None
    actor: str | None = None
    reason: str | None = None
    version: int = 0  # of its document in the store; 0 from elsewhere


class Recorder(Protocol):
    """The part of the collector that stands on the bot's road. Nothing here raises or waits."""

    def record_command_execution(
        self,
        command: str,
        system: str,
        duration: float,
        success: bool,
        error: BaseException | str | None = None,
        *,
        outcome: Outcome | None = None,
        trace: Trace | None = None,
        kind: Kind = Kind.CALL,
        shard: int | None = None,
    ) -> None:
        """Count one finished call; `duration` is in seconds, by a monotonic clock.

        Without an `outcome`, `success` decides between `ok` and `failure`. The error is
        described and redacted later, off the road.
        """

    def record_feature_flag_check(
        self, flag: str, enabled: bool, command: str | None = None, *, trace: Trace | None = None
    ) -> None:
        """Count one question to a flag."""


class Channel(Protocol):
    """One way to tell people. One file each in `notify/`.

    One whose receiver keeps incidents that may be acknowledged has an attribute
    `takes_acknowledged = True`; only it is sent `Event.ACKNOWLEDGED`.
    """

    name: str

    async def send(self, notification: Notification) -> str | None:
        """Return when the receiver has accepted the message; raise `ChannelError` if not.

        Returns:
            A receipt, such as the id of the message: the next one of the same dedup key comes
            with it, so that a resolve can edit or answer the firing. None where there is none.
        """

    async def close(self) -> None:
        """Give connections back."""
