from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.model import Batch, Execution, Instance, Outcome, Series
from changeover.store.sqlite import open_stores

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - the folder made in it is private
NOON = 1_767_225_600 * NS_PER_S + 43_200 * NS_PER_S
ADD = Series("add", "ddd", Outcome.OK)
HERE = Instance("a" * 16, "host-a", 11)


def make_batch(count=1, at_ns=NOON, instance=HERE, series=ADD):
    """A batch of so many executions, a nanosecond apart."""
    return Batch(instance, [Execution(at_ns + i, series, 1_000 + i) for i in range(count)])


def count_all(telemetry, start_ns=0, end_ns=2**62):
    """How many executions a store counts."""
    return sum(cell.count for cell in telemetry.count(start_ns, end_ns).cells.values())


def ask_plainly(path, *statements):
    """What a plain SQLite client sees: the rows of the last statement."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
    return rows


@pytest.fixture
def batch():
    return make_batch


@pytest.fixture
def total():
    return count_all


@pytest.fixture
def raw():
    return ask_plainly


@pytest.fixture
def folder(tmp_path):
    """A folder in memory where the machine has one: what is synced there costs nothing."""
    if not os.access(MEMORY_DISK, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK) as name:
        yield Path(name)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def open_file(folder, clock):
    """Opens stores on a file, by default `store.db`; all are closed at the end."""
    opened = []

    def open_file(path=None, **options):
        options = {"busy_s": 0.05, **options}
        opened.append(open_stores(path or folder / "store.db", clock=clock, **options))
        return opened[-1]

    yield open_file
    for stores in opened:
        stores.close()


@pytest.fixture
def stores(open_file):
    return open_file()


@pytest.fixture
def run_python():
    """Runs a script in a process of its own; the process is killed at the end if it still runs."""
    processes = []

    def run(script, *arguments, flags=()):
        process = subprocess.Popen(
            [sys.executable, "-W", "error", *flags, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()
