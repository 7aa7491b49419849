"""Single records under the reference's field names, with ours beside them."""

from __future__ import annotations

from changeover.core.model import Execution, FlagCheck, MetricQuery, Page, ResourceSample, Trace
from changeover.core.window import format_moment
from changeover.show import units
from changeover.show.schema import SCHEMA_VERSION, RecordsView

Json = dict[str, str | float | bool | None]


def record_json(instance: str, record: Execution | FlagCheck | ResourceSample) -> Json:
    """One record of the instance that made it."""
    if isinstance(record, Execution):
        return {**_execution(record), **_trace(record.trace), "instance": instance}
    if isinstance(record, FlagCheck):
        return {**_flag_check(record), **_trace(record.trace), "instance": instance}
    return {**_resource(record), "instance": instance}


def records_view(query: MetricQuery, page: Page, now_ns: int) -> RecordsView:
    """A page of records. `count` is the reference's name for `total`.

    Without a cursor it is the newest page, and `next` leads to older ones; inside a page the
    order is ascending, as the reference's last hundred were.
    """
    metrics = [record_json(instance, record) for instance, record in reversed(page.records)]
    return {
        "schema_version": SCHEMA_VERSION,
        "type": query.type.value,
        "count": page.total,
        "total": page.total,
        "returned": len(metrics),
        "next": page.next,
        "timestamp": format_moment(now_ns),
        "metrics": metrics,
    }


def _execution(record: Execution) -> Json:
    command, system, outcome = record.series
    error = record.error
    return {
        "timestamp": format_moment(record.at_ns),
        "command": command,
        "system": system,
        "duration_ms": units.ms(record.duration_ns),
        # False exactly for what the error rate counts: a user's mistake is no failed command,
        # and counting `success` must give the same rate as the summary. `outcome` says it all.
        "success": not outcome.is_error,
        "error": None if error is None else error.message,
        "outcome": outcome.value,
        "error_type": None if error is None else error.type,
        "fingerprint": None if error is None else error.fingerprint,
        "kind": record.kind.value,
        "shard": record.shard,
    }


def _flag_check(record: FlagCheck) -> Json:
    return {
        "timestamp": format_moment(record.at_ns),
        "flag": record.flag,
        "enabled": record.enabled,
        "command": record.command,
    }


def _resource(sample: ResourceSample) -> Json:
    return {
        "timestamp": format_moment(sample.at_ns),
        "memory_used_mb": units.mb(sample.rss_bytes),  # the process's resident set
        "memory_total_mb": units.mb(sample.memory_limit_bytes),  # the cgroup's limit
        "cpu_usage_percent": units.finite(sample.cpu_machine_percent, 2),  # of all cores
        "cpu_core_percent": units.finite(sample.cpu_core_percent, 2),
        "threads": sample.threads,
        "open_files": sample.open_files,
        "gc_pause_max_ms": units.ms(sample.gc_pause_max_ns),
        "gc_pause_total_ms": units.ms(sample.gc_pause_total_ns),
        "loop_lag_ms": units.ms(sample.loop_lag_ns),
    }


def _trace(trace: Trace | None) -> Json:
    """Why the call went where it went; the flag is the one that decided."""
    return {
        "reason": None if trace is None else trace.reason.value,
        "deciding_flag": None if trace is None else trace.flag,
        "share_percent": None if trace is None else units.finite(trace.share, 2),
        "bucket": None if trace is None else units.finite(trace.bucket, 2),
    }
