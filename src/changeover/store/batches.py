"""Batches put together and cut apart; the records of each kind stay in their order."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from changeover.core.model import Batch


def take_together(waiting: deque[Batch], limit: int) -> Batch:
    """Take the first batch, and with it what follows of the same instance up to `limit` records."""
    taken = [waiting.popleft()]
    total = len(taken[0])
    while waiting and waiting[0].instance == taken[0].instance:
        total += len(waiting[0])
        if total > limit:
            break
        taken.append(waiting.popleft())
    if len(taken) == 1:
        return taken[0]
    return Batch(
        taken[0].instance,
        [record for batch in taken for record in batch.executions],
        [record for batch in taken for record in batch.flag_checks],
        [record for batch in taken for record in batch.resources],
    )


def split_at(batch: Batch, count: int) -> tuple[Batch, Batch]:
    """The first so many records (executions before flag checks before samples), and the rest."""
    executions = min(count, len(batch.executions))
    checks = min(count - executions, len(batch.flag_checks))
    samples = count - executions - checks
    first = replace(
        batch,
        executions=batch.executions[:executions],
        flag_checks=batch.flag_checks[:checks],
        resources=batch.resources[:samples],
    )
    rest = replace(
        batch,
        executions=batch.executions[executions:],
        flag_checks=batch.flag_checks[checks:],
        resources=batch.resources[samples:],
    )
    return first, rest


def split_up(batch: Batch, limit: int) -> deque[Batch]:
    """The batch in parts of at most `limit` records."""
    parts: deque[Batch] = deque()
    while len(batch) > limit:
        part, batch = split_at(batch, limit)
        parts.append(part)
    parts.append(batch)
    return parts
