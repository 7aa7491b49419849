"""The shapes of all answers, for the type checker and for OpenAPI.

Ours are supersets of the reference's: its fields keep their names and meaning. Times are
ISO 8601 UTC unless a field is documented otherwise; `_ms` milliseconds, `_s` seconds, `_mb`
1024 * 1024 bytes, `_percent` 0 to 100, `error_rate` a fraction of 1. What is not known is
null, never 0.
"""

from __future__ import annotations

import sys
from typing import Any, Literal, NotRequired

# pydantic, which turns these into JSON Schema, refuses typing's own before Python 3.12
if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    from typing_extensions import TypedDict

SCHEMA_VERSION = 1

StatusName = Literal["healthy", "degraded", "unhealthy"]
DataStatus = Literal["ok", "no_data"]


class StatsView(TypedDict):
    """A set of executions; `error_rate` counts the outcomes `failure` and `timeout`."""

    total: int
    by_outcome: dict[str, int]
    errors: int
    error_rate: float | None
    status: DataStatus
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class SeriesView(StatsView):
    """The executions of one command in one system."""

    command: str
    system: str


class WindowView(TypedDict):
    """The window asked for, and what was really counted."""

    text: str
    seconds: int
    counted_from: str
    counted_to: str
    exact_to: Literal["event", "slot"]


class CheckView(TypedDict):
    """One thing that was looked at."""

    name: str
    status: StatusName
    detail: str
    age_s: float | None


class HealthPart(TypedDict):
    """How the process is, inside a snapshot."""

    status: StatusName
    checks: list[CheckView]
    uptime_s: float


class HealthView(TypedDict):
    """`/health`. Without the token, where one is set, only `status` is there."""

    status: StatusName
    uptime: NotRequired[float]
    timestamp: NotRequired[str]
    version: NotRequired[str]
    instance: NotRequired[str]
    ready: NotRequired[bool]
    checks: NotRequired[list[CheckView]]
    schema_version: NotRequired[int]


class ReadyView(TypedDict):
    """`/health/ready`."""

    status: Literal["ready", "not_ready"]
    timestamp: str


class MigrationView(TypedDict):
    """How far the move is: of `total` registered commands, `on_new` run wholly on the new system."""

    total: int
    with_new: int
    on_new: int
    percent: float | None
    complete: bool
    missing: list[str]


class MigrationDetail(MigrationView):
    """The same, with the share of each command."""

    percent_by_command: dict[str, float]


class ExecutionsView(StatsView):
    """`command_executions` of `/health/commands`; the reference's counts and ours beside them."""

    by_system: dict[str, int]
    by_command: dict[str, int]
    avg_duration: float | None
    systems: dict[str, StatsView]
    commands: dict[str, StatsView]
    series: list[SeriesView]


class ResourceUsageView(TypedDict):
    """`resource_usage` of `/health/commands`. Memory is the resident set of the bot's process.

    `avg_memory_mb` is the mean over the steps of the window's timeline of the highest sample
    in each. A stale sample is `last_memory_mb` and no longer `current_memory_mb`.
    """

    status: Literal["ok", "stale", "no_data"]
    avg_memory_mb: float | None
    peak_memory_mb: float | None
    current_memory_mb: float | None
    last_memory_mb: float | None
    memory_limit_mb: float | None
    cpu_usage_percent: float | None
    cpu_core_percent: float | None
    loop_lag_ms: float | None
    age_s: float | None
    stale: bool


class SummaryView(TypedDict):
    """`/health/commands`."""

    schema_version: int
    timestamp: str
    window: WindowView
    command_executions: ExecutionsView
    resource_usage: ResourceUsageView
    commands_migrated: int
    migration_complete: bool
    migration: MigrationDetail


class FlagView(TypedDict):
    """One flag, and where its value comes from."""

    name: str
    share_percent: float
    enabled: bool
    source: str
    known: bool
    nearest: str | None
    updated_at: str | None
    age_s: float | None
    actor: str | None
    reason: str | None
    version: int


class FlagsDetail(TypedDict):
    """The reserved key `_flags` of `/health/features`; the other keys are flags, on or off."""

    schema_version: int
    timestamp: str
    details: list[FlagView]


class RecordsView(TypedDict):
    """`/health/metrics/{type}`: the newest page, ascending in itself, as the reference has it."""

    schema_version: int
    type: str
    count: int
    total: int
    returned: int
    next: str | None
    timestamp: str
    metrics: list[dict[str, str | float | bool | None]]


class CommandView(TypedDict):
    """One command: where its calls go, and how they went. Not registered: `category` null."""

    command: str
    category: str | None
    registered: bool
    has_legacy: bool
    has_new: bool
    share_percent: float
    reason: str | None
    flag: str | None
    total: StatsView
    systems: dict[str, StatsView]


class TimelineSystem(TypedDict):
    """One system's columns, each as long as `start`."""

    count: list[int]
    error_rate: list[float | None]
    p50_ms: list[float | None]
    p95_ms: list[float | None]


class TimelineView(TypedDict):
    """The window in equal steps; `start` holds epoch seconds, ascending."""

    step_s: float
    start: list[float]
    systems: dict[str, TimelineSystem]
    memory_mb: list[float | None]
    loop_lag_ms: list[float | None]


class ResourcesView(TypedDict):
    """The latest sample of the process."""

    memory_mb: float | None
    memory_limit_mb: float | None
    cpu_machine_percent: float | None
    cpu_core_percent: float | None
    threads: int | None
    open_files: int | None
    gc_pause_max_ms: float | None
    loop_lag_ms: float | None
    age_s: float | None
    stale: bool


class AlertView(TypedDict):
    """One alert, as it stands or as it stood when it was over."""

    key: str
    rule: str
    phase: str
    severity: str
    summary: str
    value: float | None
    threshold: float | None
    unit: str
    labels: dict[str, str]
    since: str | None
    fired_at: str | None
    resolved_at: str | None
    peak: float | None
    acknowledged_at: str | None
    acknowledged_by: str | None
    silenced: bool
    runbook: str | None
    episode: int


class ThresholdsView(TypedDict):
    """What the alerts compare with."""

    error_rate: float | None
    response_time_ms: float | None
    memory_mb: float | None


class AlertsView(TypedDict):
    """The alerts and their thresholds."""

    active: list[AlertView]
    past: list[AlertView]
    thresholds: ThresholdsView


class FailureView(TypedDict):
    """Failures that differ only in numbers, ids and quotes; counted among the newest of the window."""

    fingerprint: str
    type: str
    message: str
    count: int
    commands: list[str]
    systems: dict[str, int]
    first_at: str
    last_at: str


class SystemNames(TypedDict):
    """What the two systems are called in the figures."""

    legacy: str
    new: str


class GatewayView(TypedDict):
    """How the bot is connected. A latency is null while nothing true is known of it."""

    ready: bool
    latency_ms: dict[str, float | None]  # by shard
    guilds: int
    reconnects: int  # since the bot was attached to
    rate_limited: int  # in the window


class MoveView(TypedDict):
    """One scope's move as it stands."""

    scope: str
    flag: str
    commands: list[str]
    mode: str
    stage: str
    share_percent: float
    since: str | None
    waits_for: str | None
    proposal_percent: float | None
    approved_by: str | None
    held_by: str | None
    held_because: str | None
    rolled_back_at: str | None
    rollback_reason: str | None
    rolled_back: list[str]
    retries: int
    cooldown_until: str | None
    version: int


class ArmView(TypedDict):
    """One system as the judge counted it; the interval holds at all times at once."""

    executions: int
    errors: int
    error_rate: float | None
    error_low: float | None
    error_high: float | None
    p50_ms: float | None
    p95_ms: float | None


class EvidenceView(TypedDict):
    """One test's evidence; at its threshold it decides."""

    name: str
    value: float
    threshold: float


class VerdictView(TypedDict):
    """What the judge says of a command, or of all together (`*`), and why."""

    scope: str
    decision: str
    code: str
    reason: str
    at: str | None
    mode: str
    legacy: ArmView
    new: ArmView
    evidence: list[EvidenceView]
    rollback: EvidenceView
    missing: int | None
    eta_s: float | None
    concerns: list[str]
    curve: list[list[float]]  # pairs of epoch seconds and the rollback evidence as a power of ten


class FlipView(TypedDict):
    """One row of the audit."""

    at: str
    subject: str
    old: str | None
    new: str | None
    actor: str
    reason: str


class HaltView(TypedDict):
    """The emergency stop."""

    at: str
    actor: str
    reason: str


# Written as a call, for a freeze has a key that is a word of Python's.
FreezeView = TypedDict(
    "FreezeView", {"id": str, "from": str, "until": str, "reason": str, "actor": str}
)


class SilenceView(TypedDict):
    """What withholds the messages of some alerts."""

    id: str
    rule: str | None
    labels: dict[str, str]
    until: str
    reason: str
    actor: str
    version: int


class ChannelView(TypedDict):
    """One channel of alerts as it stands: `ok`, `failing`, or `disabled` until a restart."""

    name: str
    state: str
    last_error: str | None
    waiting: int
    oldest_age_s: float | None
    since: str | None


class DetectionView(TypedDict):
    """How soon one kind of fault is found, in executions of the new system and about in hours.

    `median` and `p90` are null where it was not found so often; hours too where nobody can say.
    """

    fault: str
    runs: int
    found: int
    median: int | None
    p90: int | None
    median_hours: float | None
    p90_hours: float | None
    misplaced: int


class CalibrationView(TypedDict):
    """How often the judge would be wrong, and how soon right, on the bot's own traffic.

    `false_high` is the 95 % upper bound of the ratio of runs without a fault that were rolled
    back; `alpha` what the judge was asked for.
    """

    at: str
    commands: int
    history: int  # executions of legacy that were drawn from
    share_percent: float
    executions: int  # of one run
    seed: int
    alpha: float
    false_runs: int
    false_rollbacks: int
    false_high: float
    per_hour: float | None  # executions of all commands, when it was made
    detections: list[DetectionView]


class SteeringPart(TypedDict):
    """Of the snapshot: the move itself, and what people have asked for."""

    moves: list[MoveView]
    verdicts: list[VerdictView]
    flips: list[FlipView]
    stopped: HaltView | None
    freezes: list[FreezeView]
    channels: list[ChannelView]
    silences: list[SilenceView]
    maintenance: list[FreezeView]
    calibration: CalibrationView | None


class SnapshotView(SteeringPart):
    """`/api/snapshot`: everything the page, the command line and the exporters show."""

    schema_version: int
    as_of: str
    version: str
    instance: str
    window: WindowView
    systems: SystemNames
    health: HealthPart
    totals: StatsView
    by_system: dict[str, StatsView]
    commands: list[CommandView]
    migration: MigrationView
    timeline: TimelineView
    resources: ResourcesView
    gateway: GatewayView | None
    flags: list[FlagView]
    alerts: AlertsView
    failures: list[FailureView]
    dropped: dict[str, int]
    unavailable: list[str]


class CommandSystemView(TypedDict):
    """One system's answers to the command.

    `distribution` holds pairs of an upper edge in milliseconds and a count, of the calls that
    ended well; edges ascend by a constant factor.
    """

    stats: StatsView
    distribution: list[list[float]]


class CommandDetailView(TypedDict):
    """`/api/commands/{name}`."""

    schema_version: int
    as_of: str
    window: WindowView
    command: str
    category: str | None
    registered: bool
    share_percent: float
    reason: str | None
    flag: str | None
    legacy_at: str | None
    new_at: str | None
    systems: dict[str, CommandSystemView]
    timeline: TimelineView
    failures: dict[str, list[FailureView]]
    verdict: VerdictView | None
    flips: list[FlipView]


class Problem(TypedDict):
    """What is wrong with a request, and what would be right."""

    code: str
    message: str
    parameter: str | None
    value: str | None
    allowed: str | None
    example: str | None
    found: NotRequired[int]  # of a conflict: the version that is there now
    current: NotRequired[dict[str, Any] | None]  # and what is there, where it may be seen


class ProblemView(TypedDict):
    """The body of every answer that is an error."""

    error: Problem


class MeView(TypedDict):
    """`/api/me`: who asks, as this server sees it."""

    name: str
    role: Literal["viewer", "operator", "admin"]
    via: Literal["bearer", "basic", "session", "loopback", "nothing"]
    may_order: bool
    session_ends_at: str | None


class VerbView(TypedDict):
    """One thing that may be asked for; `values` describes what else it takes, by name."""

    verb: str
    role: str
    about: str
    subject: str | None
    values: dict[str, str]


class VerbsView(TypedDict):
    """`/api/orders`: what whoever asks may ask for."""

    schema_version: int
    orders: list[VerbView]


class DoneView(TypedDict):
    """The answer to an order that was carried out; `result` depends on the verb."""

    verb: str
    subject: str
    actor: str
    timestamp: str
    result: dict[str, Any]


class FlipsView(TypedDict):
    """`/api/flips`: the newest changes first; `next` leads to older ones."""

    schema_version: int
    returned: int
    next: str | None
    timestamp: str
    flips: list[FlipView]
