"""Upkeep: sums minutes up, drops what is past its retention, and gives space back.

Everything goes in short transactions with a pause between them, so that a process that waits
for the lock gets it. What readers rely on moves first (`tiers.Extent`): a row that goes is
no longer counted by then, and a crash between two steps changes no answer.

One call works for a quarter of a second at most; what is left is for the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from changeover.core.cell import Cell
from changeover.core.clock import NS_PER_S, Clock
from changeover.store.fold import read_histogram
from changeover.store.retention import Retention
from changeover.store.sqlite.appending import add_slots
from changeover.store.sqlite.connection import Connection
from changeover.store.sqlite.database import Database
from changeover.store.sqlite.meta import read_meta
from changeover.store.sqlite.statements import load_statements
from changeover.store.tiers import DAY_NS, HOUR_NS, MINUTE_NS, Extent, ceil, floor

SQL = load_statements("upkeep")

_ROWS = 2_000  # of one transaction: some 20 ms
_PAUSE_S = 0.01
_WORK_NS = NS_PER_S // 4  # of one call
_SETTLED_NS = 2 * MINUTE_NS  # a minute gets hardly anything more after this
_VACUUM_PAGES = 250
_SPACE = ("page_count", "freelist_count", "page_size")
_FREE_KEPT = 1 / 16  # of the file; the next rows take it, so giving it back would cost twice


class Upkeep:
    """One file's upkeep. Several processes may do it at once.

    Args:
        database: the file.
        retention: how long what is kept.
        clock: its monotonic time ends the work of a call.
    """

    def __init__(self, database: Database, retention: Retention, clock: Clock) -> None:
        self._database, self._retention, self._clock = database, retention, clock
        self._pause = threading.Event()
        self._until_ns = 0

    def run(self, now_ns: int) -> int:
        """As much of it as there is time for; says how many rows were dropped."""
        self._until_ns = self._clock.monotonic_ns() + _WORK_NS
        with self._database.write() as connection:
            _reach(connection, read_meta(connection).extent.come_back(now_ns))
        self._sum_up(now_ns)
        gone = self._drop_old(now_ns)
        gone += self._drop_much(now_ns)
        self._give_back()
        return gone

    # --- summing up

    def _sum_up(self, now_ns: int) -> None:
        settled_ns = floor(now_ns - _SETTLED_NS, MINUTE_NS)
        while self._has_time and self._step(lambda c: self._sum_up_chunk(c, settled_ns)):
            pass

    def _sum_up_chunk(self, connection: Connection, settled_ns: int) -> bool:
        """Add some minutes to the hours, else some hours to the days; False when none is left."""
        extent = read_meta(connection).extent
        if extent.hours_until_ns < settled_ns:
            until = _widen(connection, MINUTE_NS, HOUR_NS, extent.hours_until_ns, settled_ns)
            _reach(connection, replace(extent, hours_until_ns=until))
            return True
        whole_ns = floor(extent.hours_until_ns, HOUR_NS)
        if extent.days_until_ns < whole_ns:
            until = _widen(connection, HOUR_NS, DAY_NS, extent.days_until_ns, whole_ns)
            _reach(connection, replace(extent, days_until_ns=until))
            return True
        return False

    # --- dropping

    def _drop_old(self, now_ns: int) -> int:
        def before(age_s: int) -> int:
            return now_ns - age_s * NS_PER_S

        kept = self._retention
        gone = self._drop_counts(before(kept.counts_s))
        gone += self._drop_minutes(before(kept.minutes_s))
        gone += self._drop_executions(before(kept.executions_s))
        gone += self._delete("flag_checks", before(kept.executions_s))
        gone += self._delete("failures", before(kept.failures_s))
        gone += self._delete("resources", before(kept.resources_s))
        longest_s = max(kept.counts_s, kept.failures_s, kept.resources_s)
        oldest = {"before_ns": before(longest_s) - DAY_NS}  # a day, as slots are dropped whole
        self._step(lambda c: c.execute(SQL["drop_instances"], oldest).rowcount)
        return gone

    def _drop_much(self, now_ns: int) -> int:
        """Drop the oldest of one kind after the other until the file fits its size.

        Minutes go first, as nothing is lost with them: hours hold the same counts.
        """
        gone, last_hour = 0, now_ns - HOUR_NS
        for name, width_ns, until_ns, drop in (
            ("slots", MINUTE_NS, now_ns - 2 * DAY_NS, self._drop_minutes),
            ("executions", 0, now_ns, self._drop_executions),
            ("flag_checks", 0, now_ns, partial(self._delete, "flag_checks")),
            ("failures", 0, now_ns, partial(self._delete, "failures")),
            ("resources", 0, now_ns, partial(self._delete, "resources")),
            ("slots", MINUTE_NS, last_hour, self._drop_minutes),
            ("slots", HOUR_NS, last_hour, self._drop_counts),
        ):
            while self._has_time and self._is_too_large():
                cut_ns = self._cut(name, width_ns, until_ns)
                dropped = 0 if cut_ns is None else drop(cut_ns)
                if not dropped:
                    break
                gone += dropped
        return gone

    def _cut(self, name: str, width_ns: int, until_ns: int) -> int | None:
        """The moment that cuts off the oldest eighth, or None when nothing old is left."""
        with self._database.read() as connection:
            span = connection.execute(SQL[f"{name}_from_to"], {"width_ns": width_ns}).fetchone()
        oldest, newest = span
        if oldest is None or oldest >= until_ns:
            return None
        eighth = (min(newest, until_ns) - oldest) // 8
        return ceil(int(oldest + eighth + 1), HOUR_NS if width_ns else MINUTE_NS)

    def _drop_executions(self, before_ns: int) -> int:
        extent = self._move(executions_ns=floor(before_ns, MINUTE_NS))
        return self._delete("executions", extent.executions_ns)

    def _drop_minutes(self, before_ns: int) -> int:
        extent = self._move(minutes_ns=floor(before_ns, HOUR_NS))
        return self._delete_slots(MINUTE_NS, extent.minutes_ns)

    def _drop_counts(self, before_ns: int) -> int:
        extent = self._move(counted_ns=floor(before_ns, HOUR_NS))
        gone = self._delete_slots(HOUR_NS, extent.counted_ns)
        return gone + self._delete_slots(DAY_NS, floor(extent.counted_ns, DAY_NS))

    def _move(self, **wanted: int) -> Extent:
        """Move on what readers rely on, never back, and never past what is summed up."""
        with self._database.write() as connection:
            extent = read_meta(connection).extent
            last = floor(extent.hours_until_ns, HOUR_NS)
            moved = {
                name: max(getattr(extent, name), min(ns, last) if name == "minutes_ns" else ns)
                for name, ns in wanted.items()
            }
            return _reach(connection, replace(extent, **moved))

    def _delete(self, name: str, before_ns: int) -> int:
        asked = {"before_ns": before_ns, "rows": _ROWS}
        return self._repeat(lambda c: c.execute(SQL[f"drop_{name}"], asked).rowcount)

    def _delete_slots(self, width_ns: int, before_ns: int) -> int:
        asked = {"width_ns": width_ns, "before_ns": before_ns, "rows": _ROWS}

        def step(connection: Connection) -> int:
            found = connection.execute(SQL["slot_after"], asked).fetchone()
            if found is None:
                return connection.execute(SQL["drop_slots"], asked).rowcount
            key = dict(zip(("start_ns", "instance", "series"), found, strict=True))
            return connection.execute(SQL["drop_slots_up_to"], {**asked, **key}).rowcount

        return self._repeat(step)

    # --- space

    def _is_too_large(self) -> bool:
        with self._database.read() as connection:
            pages, free, size = (_pragma(connection, name) for name in _SPACE)
        return (pages - free) * size > self._retention.megabytes * 1_000_000

    def _give_back(self) -> None:
        with self._database.plain() as connection:
            pages, free, _ = (_pragma(connection, name) for name in _SPACE)
            if free <= pages * _FREE_KEPT:
                return
            while free and self._has_time:
                # Frees a page a step; `execute` takes one step of what has no columns.
                connection.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES});")
                self._pause.wait(_PAUSE_S)
                before, free = free, _pragma(connection, "freelist_count")
                if free >= before:
                    return  # others are using more than this gives back
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    # --- transactions

    def _repeat(self, step: Callable[[Connection], int]) -> int:
        """Do a step until it changes nothing; the sum of what it changed."""
        total = 0
        while self._has_time and (changed := self._step(step)):
            total += changed
        return total

    @property
    def _has_time(self) -> bool:
        return self._clock.monotonic_ns() < self._until_ns

    def _step(self, step: Callable[[Connection], int]) -> int:
        with self._database.write() as connection:
            changed = step(connection)
        if changed:
            self._pause.wait(_PAUSE_S)
        return changed


def _reach(connection: Connection, extent: Extent) -> Extent:
    """Write down how far things have come, if that is new."""
    if extent != read_meta(connection).extent:
        connection.execute(SQL["reached"], asdict(extent))
    return extent


def _widen(connection: Connection, from_ns: int, to_ns: int, start_ns: int, end_ns: int) -> int:
    """Add the slots of one width, from a moment on, to the next wider; says how far it came."""
    asked = {"width_ns": from_ns, "start_ns": start_ns, "end_ns": end_ns, "rows": _ROWS}
    found = connection.execute(SQL["chunk_end"], asked).fetchone()
    if found is None:
        until = end_ns
    else:  # one slot with more rows than that goes whole
        until = int(found[0]) if found[0] > start_ns else start_ns + from_ns
    cells: dict[tuple[int, int, int], Cell] = {}
    rows = connection.execute(SQL["slots_by_instance"], {**asked, "end_ns": until})
    for at_ns, instance, series, count, sum_ns, max_ns, blob in rows:
        cell = Cell(count, int(sum_ns), max_ns, read_histogram(blob))
        key = (floor(at_ns, to_ns), instance, series)
        cells.setdefault(key, Cell()).merge(cell)
    add_slots(connection, to_ns, ((*key, cell) for key, cell in cells.items()))
    return until


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
