"""Several processes on one file, and processes that die."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter

import pytest

from changeover.core.model import Instance
from changeover.store.sqlite import Journal

WAL = Journal("WAL", "NORMAL", "asked for by a test")
DELETE = Journal("DELETE", "FULL", "asked for by a test")
SOON_S = 15

# Appends batches of 5 executions, each with a duration of its own, for ever or as often as told;
# says the number of each batch once `append` has returned.
LOAD = """
import sys
from pathlib import Path
from changeover.core.clock import SystemClock
from changeover.core.model import Batch, Execution, FlagCheck, Instance, Outcome, Series
from changeover.store.sqlite import Journal, open_stores

path, mode, number, turns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
journal = Journal(mode, "NORMAL" if mode == "WAL" else "FULL", "asked for by a test")
stores = open_stores(path, clock=SystemClock(), busy_s=10, journal=journal)
me = Instance(f"{number:016x}", "host", number)
series = [Series(f"command {i}", "ddd", Outcome.OK) for i in range(5)]
clock = SystemClock()
turn = 0
while turn != turns:
    first = number * 10**6 + turn * 5
    calls = [Execution(clock.wall_ns(), series[i], first + i) for i in range(5)]
    stores.telemetry.append(Batch(me, calls, [FlagCheck(clock.wall_ns(), "f", True)]))
    print(turn, flush=True)
    turn += 1
stores.close()
"""


@pytest.fixture(params=[DELETE, WAL], ids=["delete", "wal"])
def journal(request):
    return request.param


def durations(raw, path):
    return [row[0] for row in raw(path, "SELECT duration_ns FROM executions ORDER BY id")]


@pytest.mark.slow
def test_of_four_processes_every_row_is_counted_once_and_followed_once(
    open_file, run_python, raw, total, journal
):
    turns, numbers = 40, range(1, 5)
    stores = open_file(journal=journal, busy_s=10)
    watcher = Instance("f" * 16, "host", 99)
    cursor = stores.telemetry.follow(None, but=watcher).cursor
    processes = [run_python(LOAD, stores.path, journal.mode, n, turns) for n in numbers]
    seen = []
    while any(process.poll() is None for process in processes) or len(seen) < 20 * turns:
        page = stores.telemetry.follow(cursor, but=watcher, limit=37)
        cursor = page.cursor
        seen += [execution.duration_ns for execution in page.executions]
        if not page.executions and all(p.poll() is not None for p in processes):
            break
    assert [process.wait(SOON_S) for process in processes] == [0] * 4
    expected = [n * 10**6 + i for n in numbers for i in range(5 * turns)]
    assert Counter(seen) == Counter(expected)
    assert total(stores.telemetry) == 20 * turns
    by_instance = raw(
        stores.path,
        "SELECT uid, sum(count) FROM slots JOIN instances ON instances.id = instance "
        "WHERE width_ns = 60000000000 GROUP BY uid ORDER BY uid",
    )
    assert by_instance == [(f"{n:016x}", 5 * turns) for n in numbers]
    assert raw(stores.path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 7, 30])
def test_a_process_killed_in_the_middle_loses_nothing_it_was_told_is_stored(
    open_file, run_python, raw, total, folder, journal, after
):
    path = folder / "store.db"
    process = run_python(LOAD, path, journal.mode, 3, -1)
    told = [int(process.stdout.readline()) for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait(SOON_S)
    stores = open_file(path, journal=journal)
    stored = durations(raw, path)
    assert raw(path, "PRAGMA integrity_check") == [("ok",)]
    assert len(stored) in {5 * len(told), 5 * len(told) + 5}  # whole batches, one more at most
    assert stored == [3 * 10**6 + i for i in range(len(stored))]
    assert total(stores.telemetry) == len(stored)
    assert raw(path, "SELECT count(*) FROM flag_checks") == [(len(stored) // 5,)]


@pytest.mark.slow
def test_a_lock_held_by_a_dead_process_holds_nobody_up(open_file, run_python, batch, total):
    script = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE meta SET next_id = 77")
print("locked", flush=True)
sys.stdin.read()
"""
    stores = open_file(journal=DELETE)
    stores.telemetry.append(batch(3))
    process = run_python(script, stores.path)
    assert process.stdout.readline() == "locked\n"
    process.kill()
    process.wait(SOON_S)
    stores.telemetry.append(batch(3))
    assert total(stores.telemetry) == 6


FORK = """
import os, sys, threading
from pathlib import Path
from changeover.core.clock import SystemClock
from changeover.core.model import Batch, Execution, Instance, Outcome, Series
from changeover.store.sqlite import Journal, open_stores
from changeover.store.writer import Writer

path, mode, held_s = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
journal = Journal(mode, "NORMAL" if mode == "WAL" else "FULL", "asked for by a test")
stores = open_stores(path, clock=SystemClock(), busy_s=5, journal=journal)
series = Series("add", "ddd", Outcome.OK)

def batch(who):
    return Batch(Instance(who * 16, "host", 1), [Execution(1, series, 1)])

writer = Writer(stores.telemetry)
writer.put(batch("a"))
assert writer.flush(5)
inside, go_on = threading.Event(), threading.Event()


def hold():
    with stores._database.write() as connection:
        connection.execute("UPDATE meta SET next_id = next_id + 100")
        inside.set()
        go_on.wait(5)


if held_s:
    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(5)
    threading.Timer(held_s, go_on.set).start()
child = os.fork()
if child == 0:
    writer.put(batch("c"))
    is_stored = writer.flush(1)
    if is_stored:
        assert stores.telemetry.count(0, 2).cells[series].count == 2
        stores.close()
    else:
        assert "forked in the middle" in stores.telemetry.check().detail
    sys.exit(10 + is_stored)  # with the whole shutdown of the interpreter
is_stored = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
go_on.set()
writer.put(batch("a"))
assert writer.flush(5)
assert writer.stop(5)
stores.close()
sys.exit(is_stored)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(
    ("held_s", "child_stores"),
    [(0, True), (0.05, True), (1.5, False)],
    ids=["at rest", "in a short transaction", "in a long transaction"],
)
def test_a_fork_harms_neither_parent_nor_child(
    run_python, open_file, folder, raw, total, journal, held_s, child_stores
):
    path = folder / "store.db"
    quiet = [] if sys.version_info < (3, 12) else ["-W", "ignore::DeprecationWarning"]
    process = run_python(FORK, path, journal.mode, held_s, flags=quiet)
    assert process.wait(SOON_S) == 10 + child_stores
    assert raw(path, "PRAGMA integrity_check") == [("ok",)]
    assert total(open_file(path).telemetry) == 2 + child_stores
    held = 100 if held_s else 0
    assert raw(path, "SELECT next_id FROM meta") == [(3 + child_stores + held,)]
