"""The nouns: what was seen (`Execution`, `FlagCheck`, `ResourceSample`) and what is told.

What the bot's road produces in bulk is a `NamedTuple`, the cheapest immutable thing Python
has; everything else is a frozen, slotted dataclass. Times are wall-clock nanoseconds since
1970 UTC, durations nanoseconds, sizes bytes, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

LEGACY = "legacy"
UNKNOWN = "unknown"  # the system of a call that failed before one was chosen
OTHER = "__other__"  # the command of everything beyond the cap on series


class Outcome(StrEnum):
    """How one execution ended. Only `failure` and `timeout` count as errors."""

    OK = "ok"
    USER_ERROR = "user_error"
    DENIED = "denied"
    THROTTLED = "throttled"
    NOT_FOUND = "not_found"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    FAILURE = "failure"

    @property
    def is_error(self) -> bool:
        """Whether it counts in the error ratio."""
        return self in ERRORS


ERRORS = frozenset({Outcome.FAILURE, Outcome.TIMEOUT})


class Kind(StrEnum):
    """How a call reached the bot."""

    CALL = "call"  # a plain function call, no chat library involved
    PREFIX = "prefix"
    SLASH = "slash"
    COMPONENT = "component"


class MetricType(StrEnum):
    """The types of single records, as the reference's endpoint names them."""

    COMMAND_EXECUTION = "command_execution"
    FEATURE_FLAG_CHECK = "feature_flag_check"
    RESOURCE_USAGE = "resource_usage"


class Reason(StrEnum):
    """Why a call went to the system it went to."""

    FLAG = "flag"  # the flag that decides says so, on or off or by share
    MASTER_OFF = "master_off"  # `<system>.commands.enabled` is off for this call
    INTEGRATION_OFF = "integration_off"  # `<system>.commands.integration` is off for this call
    NO_FLAG = "no_flag"  # neither the command nor its category has a flag
    NO_NEW_HANDLER = "no_new_handler"
    NO_ID = "no_id"  # a share needs an id to be sticky by, and the call has none
    NO_LEGACY_HANDLER = "no_legacy_handler"  # only the new implementation exists
    FALLBACK = "fallback"  # the new implementation raised and legacy answered
    DOUBT = "doubt"  # the choice itself failed; legacy answered


class Series(NamedTuple):
    """What executions are counted by."""

    command: str
    system: str
    outcome: Outcome


class ErrorInfo(NamedTuple):
    """An error, safe to store and show: redacted, at most 2 kB, head and tail kept."""

    type: str
    message: str
    fingerprint: str  # 12 hex digits; equal for errors that differ only in numbers, ids, quotes


class Trace(NamedTuple):
    """Why one call went where it went."""

    reason: Reason
    flag: str | None = None  # the flag that decided
    share: float | None = None  # its value in percent, 0 to 100
    bucket: float | None = None  # where the call's id falls, 0 to 99.99; on if bucket < share


class Execution(NamedTuple):
    """One finished call of one command."""

    at_ns: int  # when it ended
    series: Series
    duration_ns: int
    error: ErrorInfo | None = None
    trace: Trace | None = None
    kind: Kind = Kind.CALL
    shard: int | None = None  # of the gateway, that it came through; None where there is none


class FlagCheck(NamedTuple):
    """One question to a flag."""

    at_ns: int
    flag: str
    enabled: bool
    command: str | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSample:
    """What the process used at one moment, and since the sample before it."""

    at_ns: int
    rss_bytes: int
    memory_limit_bytes: int | None  # the cgroup's limit, or None where there is none
    cpu_machine_percent: float | None  # 0 to 100 of all cores; None in the first sample
    cpu_core_percent: float | None  # of one core, so up to 100 times the number of cores
    threads: int
    open_files: int | None  # descriptors or handles; None where the system does not tell
    gc_pause_max_ns: int  # the longest garbage collection since the sample before
    gc_pause_total_ns: int
    loop_lag_ns: int | None  # the worst lag of the bot's event loop; None when none is watched


@dataclass(frozen=True, slots=True)
class Instance:
    """One run of one process. A restart is a new instance."""

    id: str  # unique; 16 hex digits
    host: str
    process: int
    shard: str | None = None
    started_ns: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one instance recorded since its last batch, in order."""

    instance: Instance
    executions: Sequence[Execution] = ()
    flag_checks: Sequence[FlagCheck] = ()
    resources: Sequence[ResourceSample] = ()

    def __len__(self) -> int:
        return len(self.executions) + len(self.flag_checks) + len(self.resources)


# --- what is told -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """A set of executions in figures. Ratios and durations are None when nothing was counted.

    Durations cover every execution of the set, whatever its outcome; quantiles are within 1 %.
    """

    total: int = 0
    by_outcome: Mapping[Outcome, int] = field(default_factory=dict)  # only outcomes that occurred
    errors: int = 0
    error_ratio: float | None = None  # errors / total, 0 to 1
    mean_ns: float | None = None
    p50_ns: float | None = None
    p95_ns: float | None = None
    p99_ns: float | None = None
    max_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """From when to when an answer counted."""

    start_ns: int
    end_ns: int
    exact_to_event: bool  # else the start is rounded down to a slot of at most a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One window of executions."""

    coverage: Coverage
    total: Stats
    by_system: Mapping[str, Stats]
    by_command: Mapping[str, Stats]
    by_command_and_system: Mapping[tuple[str, str], Stats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One step of a timeline: `[start_ns, start_ns + step)`."""

    start_ns: int
    by_system: Mapping[str, Stats]
    rss_bytes_max: int | None = None  # the highest sample; None without one
    loop_lag_ns_max: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A window cut in equal steps, oldest first, without gaps (empty slots are there)."""

    step_ns: int
    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """Which single records to read.

    Attributes:
        type: which of them.
        since_ns: only those at or after this moment.
        limit: 1 to 1 000.
        cursor: where the page before ended (`Page.next`), or None for the newest.
        errors_only: of the executions, only those that count as errors (kept longer).
    """

    type: MetricType
    since_ns: int | None = None
    limit: int = 100
    cursor: str | None = None
    errors_only: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Single records, newest first, each with the id of the instance that made it.

    Attributes:
        records: at most `limit` pairs of instance id and record.
        total: how many match in all, on every page.
        next: the cursor of the next page, or None on the last.
    """

    records: Sequence[tuple[str, Execution | FlagCheck | ResourceSample]]
    total: int
    next: str | None = None


class Status(StrEnum):
    """How well something is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at for `/health`."""

    name: str
    status: Status
    detail: str  # one sentence
    age_s: float | None = None  # how old what it says is; None when it is of this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A bot's connection to its chat service, as it stands.

    Attributes:
        ready: whether it is logged in and has its guilds.
        latency_ns: of the last heartbeat, by shard (0 where there is only one); None while it is
            not known yet.
        guilds: how many it is in.
        reconnects: how often a shard had to connect again since the bot was attached to.
        rate_limited: how often the service slowed the bot down, in the window that was asked for.
    """

    ready: bool
    latency_ns: Mapping[int, int | None]
    guilds: int
    reconnects: int
    rate_limited: int


@dataclass(frozen=True, slots=True)
class FlagState:
    """One flag as it stands.

    Attributes:
        name: such as `ddd.commands.utility`.
        share: percent of ids it is on for, 0 to 100; a boolean flag is 0 or 100.
        source: `environment`, `file`, `store` or `default`.
        known: whether anything asks for it; a misspelt one is not known.
        nearest: for one that is not known, the known name most like it.
        updated_ns, actor, reason: of the last change in the store; None from elsewhere.
        version: what it is at in the store, for whoever changes what they saw; 0 from elsewhere.
    """

    name: str
    share: float
    source: str
    known: bool = True
    nearest: str | None = None
    updated_ns: int | None = None
    actor: str | None = None
    reason: str | None = None
    version: int = 0

    @property
    def is_on(self) -> bool:
        """Whether it is on for anybody."""
        return self.share > 0


@dataclass(frozen=True, slots=True)
class CommandState:
    """One registered command and where its calls go now."""

    command: str
    category: str | None
    has_legacy: bool
    has_new: bool
    share: float  # percent of ids that the new system answers now, 0 to 100
    reason: Reason
    flag: str | None  # the flag that decides
    safe_to_repeat: bool = False
    legacy_at: str | None = None  # where its handler was written, `FILE:LINE`; None if unknown
    new_at: str | None = None


class Phase(StrEnum):
    """Where in its life an alert is."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Event(StrEnum):
    """What a message about an alert says."""

    FIRING = "firing"
    ESCALATED = "escalated"  # from warning to critical, inside one alert
    REMINDER = "reminder"
    ACKNOWLEDGED = "acknowledged"  # for receivers that keep incidents of their own
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One rule's alert: as it stands, or as it stood when it was over."""

    key: str  # stable: the rule and its labels; one alert per key at a time
    rule: str
    phase: Phase
    severity: str  # `warning` or `critical`
    summary: str  # one sentence, with value and threshold
    value: float | None
    threshold: float
    unit: str  # `ratio`, `ms`, `MB`, `s`, or "" for a count
    labels: Mapping[str, str] = field(default_factory=dict)
    since_ns: int | None = None  # when the condition became true
    fired_ns: int | None = None
    clear_since_ns: int | None = None  # firing, but the condition has been false since then
    resolved_ns: int | None = None
    notified_ns: int | None = None  # the last message owed for it
    peak: float | None = None  # the worst value while it lasted
    episode: int = 0  # counts its firings; with the key it makes a stable dedup key
    channels: tuple[str, ...] = ()  # that owe its messages; empty for every channel
    runbook: str | None = None  # where to read what to do
    acknowledged_ns: int | None = None  # somebody looks after it: no more reminders
    acknowledged_by: str | None = None
    unknown: str | None = None  # why nobody knows how it is now: `no_data`, `gone`, `failed`
    unknown_since_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message that one channel owes to people.

    Attributes:
        event: an `Event`: `firing`, `escalated`, `reminder`, `acknowledged`, `resolved` or
            `test`.
        alert: the alert as it was when the message became due.
        dedup_key: the receiver's incident: the same for every message of one episode of one
            alert, or of the alerts that one message told of together; see `act.grouping`.
        instance: who noticed, such as `railway-7/12`.
        link: the page's address, or None.
        late: the firing was never delivered and is over; this one message says both.
        also: the other alerts that this message tells of, one sentence each.
        more: how many there are beyond those.
        receipt: what the channel answered to the last message of this dedup key, or None.
        closes: further dedup keys whose incidents are over with this message.
    """

    event: str
    alert: Alert
    dedup_key: str
    instance: str
    at_ns: int
    link: str | None = None
    late: bool = False
    also: tuple[str, ...] = ()
    more: int = 0
    receipt: str | None = None
    closes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flip:
    """A change that somebody will want to have explained. Append-only."""

    at_ns: int
    subject: str  # what changed: `flag ddd.commands.utility`, `alert error_rate`
    old: str | None
    new: str | None
    actor: str  # `cli:NAME`, `auto`, `environment` ...
    reason: str
