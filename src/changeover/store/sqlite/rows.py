"""Records as rows and rows as records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from changeover.core.model import (
    ErrorInfo,
    Execution,
    FlagCheck,
    Instance,
    Kind,
    Outcome,
    Reason,
    ResourceSample,
    Series,
    Trace,
)

Row = tuple[Any, ...]

SAMPLE_FIELDS = (
    "at_ns",
    "rss_bytes",
    "memory_limit_bytes",
    "cpu_machine_percent",
    "cpu_core_percent",
    "threads",
    "open_files",
    "gc_pause_max_ns",
    "gc_pause_total_ns",
    "loop_lag_ns",
)


def instance_row(instance: Instance, until_ns: int) -> Mapping[str, Any]:
    """The parameters of `meet_instance`."""
    return {
        "uid": instance.id,
        "host": instance.host,
        "process": instance.process,
        "shard": instance.shard,
        "started_ns": instance.started_ns,
        "until_ns": until_ns,
    }


def route_key(kind: Kind | None, trace: Trace | None, shard: int | None = None) -> Row:
    """What a route is known by: kind, reason, deciding flag and its share, and shard."""
    if trace is None:
        return kind, None, None, None, shard
    share = None if trace.share is None else float(trace.share)
    return kind, trace.reason, trace.flag, share, shard


def bucket_of_trace(trace: Trace | None) -> float | None:
    """The one part of a trace that is different for every user."""
    return None if trace is None or trace.bucket is None else float(trace.bucket)


def sample_row(sample: ResourceSample) -> Row:
    """A sample's figures, in the order of `SAMPLE_FIELDS`."""
    return tuple(getattr(sample, name) for name in SAMPLE_FIELDS)


def read_execution(row: Row) -> Execution:
    """A row of `execution_records`."""
    (_, at_ns, _, _, command, system, outcome, duration_ns, *error, kind) = row[:12]
    return Execution(
        at_ns,
        Series(command, system, Outcome(outcome)),
        duration_ns,
        None if error[0] is None else ErrorInfo(*error),
        _read_trace(row[12:16]),
        Kind(kind),
        row[16],
    )


def read_flag_check(row: Row) -> FlagCheck:
    """A row of `flag_check_records`."""
    at_ns, flag, enabled, command = row[1], row[3], row[4], row[5]
    return FlagCheck(at_ns, flag, bool(enabled), command, _read_trace(row[6:]))


def read_sample(row: Row) -> ResourceSample:
    """A row of `resource_records`."""
    figures = (row[1], *row[3:])
    return ResourceSample(**dict(zip(SAMPLE_FIELDS, figures, strict=True)))


def _read_trace(row: Row) -> Trace | None:
    reason, flag, share, bucket = row
    return None if reason is None else Trace(Reason(reason), flag, share, bucket)
