"""What can be stored: every record is looked at before a store is touched.

A database finds a bad value late, in the middle of a batch, and some it bends silently (SQLite
stores NaN as NULL). One rule for all stores, checked first, keeps them the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import astuple
from typing import Any

from changeover.core.errors import PoisonError
from changeover.core.model import (
    Batch,
    ErrorInfo,
    Execution,
    FlagCheck,
    Instance,
    Kind,
    Outcome,
    Reason,
    ResourceSample,
    Trace,
)

LARGEST = 2**63 - 1
LONGEST_NS = 2**53  # 104 days: whatever took longer was not measured, and sums stay in 64 bits


def check_batch(batch: Batch) -> None:
    """Raise `PoisonError`, naming the first record that can never be stored."""
    _each("instance", [batch.instance], _check_instance)
    seen: set[Any] = set()
    _each("execution", batch.executions, lambda record: _check_execution(record, seen))
    _each("flag check", batch.flag_checks, lambda record: _check_flag_check(record, seen))
    _each("resource sample", batch.resources, _check_sample)


def _each(what: str, records: Iterable[Any], check: Callable[[Any], None]) -> None:
    for index, record in enumerate(records):
        try:
            check(record)
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise PoisonError(f"{what} {index} can never be stored: {error}") from error


def _check_execution(record: Execution, seen: set[Any]) -> None:
    at_ns, series, duration_ns, error, trace, kind, shard = record
    _whole("at_ns", at_ns)
    _whole("duration_ns", duration_ns, LONGEST_NS)
    if series not in seen:  # a batch has few series and traces: each is looked at once
        _text("command", series.command)
        _text("system", series.system)
        _member("outcome", series.outcome, Outcome)
        seen.add(series)
    if error is not None:
        for name, text in zip(ErrorInfo._fields, error, strict=True):
            _text(f"error {name}", text)
    _check_trace(trace, seen)
    _member("kind", kind, Kind)
    if shard is not None:
        _whole("shard", shard)


def _check_flag_check(record: FlagCheck, seen: set[Any]) -> None:
    at_ns, flag, enabled, command, trace = record
    _whole("at_ns", at_ns)
    _text("flag", flag)
    if not isinstance(enabled, bool):
        raise TypeError(f"enabled={enabled!r:.64}: expected True or False")
    if command is not None:
        _text("command", command)
    _check_trace(trace, seen)


def _check_trace(trace: Trace | None, seen: set[Any]) -> None:
    if trace is None:
        return
    reason, flag, share, bucket = trace
    if bucket is not None:
        _finite("bucket", bucket)
    why = (reason, flag, share)  # the same for many; the bucket is different for every user
    if why in seen:
        return
    _member("reason", reason, Reason)
    if flag is not None:
        _text("flag", flag)
    if share is not None:
        _finite("share", share)
    seen.add(why)


def _check_sample(sample: ResourceSample) -> None:
    whole = (sample.at_ns, sample.rss_bytes, sample.threads)
    pauses = (sample.gc_pause_max_ns, sample.gc_pause_total_ns)
    for value in (*whole, *pauses):
        _whole("a figure", value)
    for optional in (sample.memory_limit_bytes, sample.open_files, sample.loop_lag_ns):
        if optional is not None:
            _whole("a figure", optional)
    for percent in (sample.cpu_machine_percent, sample.cpu_core_percent):
        if percent is not None:
            _finite("a percentage", percent)


def _check_instance(instance: Instance) -> None:
    identity, host, process, shard, started_ns = astuple(instance)
    _text("id", identity)
    _text("host", host)
    _whole("process", process)
    _whole("started_ns", started_ns)
    if shard is not None:
        _text("shard", shard)


def _whole(name: str, value: object, largest: int = LARGEST) -> None:
    if not isinstance(value, int) or not 0 <= value <= largest:
        raise ValueError(f"{name}={value!r:.64}: expected a whole number from 0 to {largest}")


def _finite(name: str, value: object) -> None:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}={value!r:.64}: expected a finite number")


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is a {type(value).__name__}: expected text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name} holds a lone surrogate: expected Unicode text") from None


def _member(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{name}={value!r:.64}: expected a {kind.__name__}")
