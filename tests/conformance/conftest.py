"""Every adapter of the store ports, for one suite. A new one is one line in `TELEMETRY` or `STATE`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from changeover.core.clock import ManualClock
from changeover.core.ports import State, Telemetry
from changeover.store.memory import MemoryState, MemoryTelemetry
from changeover.store.retention import Retention
from changeover.store.sqlite import Journal, open_stores

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests, in importlib mode

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - the folder made in it is private
WAL = Journal("WAL", "NORMAL", "asked for by a test")
DELETE = Journal("DELETE", "FULL", "asked for by a test")

MakeTelemetry = Callable[[Path, ManualClock, Retention], Telemetry]
MakeState = Callable[[Path, ManualClock], State]

TELEMETRY: dict[str, MakeTelemetry] = {
    "memory": lambda _path, _clock, kept: MemoryTelemetry(retention=kept),
    "sqlite": lambda path, clock, kept: open_stores(path, clock=clock, retention=kept).telemetry,
    "sqlite-wal": lambda path, clock, kept: (
        open_stores(path, clock=clock, retention=kept, journal=WAL).telemetry
    ),
}
STATE: dict[str, MakeState] = {
    "memory": lambda _path, clock: MemoryState(clock),
    "sqlite": lambda path, clock: open_stores(path, clock=clock, journal=DELETE).state,
    "sqlite-wal": lambda path, clock: open_stores(path, clock=clock, journal=WAL).state,
}


@pytest.fixture
def store_folder(tmp_path):
    """A folder in memory where the machine has one: what is synced there costs nothing."""
    if not os.access(MEMORY_DISK, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK) as folder:
        yield Path(folder)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(params=TELEMETRY)
def make_telemetry(request, store_folder, clock):
    """Makes telemetry; every call a new, empty one. Both kinds of stores are closed at the end."""
    made = []

    def make(retention=None):
        path = store_folder / f"telemetry-{len(made)}.db"
        made.append(TELEMETRY[request.param](path, clock, retention or Retention()))
        return made[-1]

    yield make
    for telemetry in made:
        telemetry.close()


@pytest.fixture
def telemetry(make_telemetry):
    return make_telemetry()


@pytest.fixture(params=STATE)
def state(request, store_folder, clock):
    made = STATE[request.param](store_folder / "state.db", clock)
    yield made
    made.close()
