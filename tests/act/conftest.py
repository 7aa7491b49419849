"""A small world to play alerts in: a store that can go away, a channel that can break."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from changeover.act.manager import AlertManager
from changeover.act.outbox import Outbox
from changeover.act.rules import built_in_rules
from changeover.core.clock import NS_PER_MS, ManualClock
from changeover.core.errors import Guard, StoreUnavailableError
from changeover.core.model import Coverage, Instance, ResourceSample, Stats, Summary
from changeover.store.memory.state import MemoryState

MIB = 1024 * 1024


def stats(total=100, error_ratio=0.0, mean_ms=20.0):
    if not total:
        return Stats()
    return Stats(
        total=total,
        errors=round(total * error_ratio),
        error_ratio=error_ratio,
        mean_ns=mean_ms * NS_PER_MS,
    )


def summary(total=100, error_ratio=0.0, mean_ms=20.0, **parts):
    return Summary(
        coverage=Coverage(start_ns=0, end_ns=1, exact_to_event=True),
        total=stats(total, error_ratio, mean_ms),
        by_system=parts.get("by_system", {}),
        by_command=parts.get("by_command", {}),
        by_command_and_system=parts.get("by_command_and_system", {}),
    )


def sample(at_ns, rss_mb=200.0):
    return ResourceSample(
        at_ns=at_ns,
        rss_bytes=round(rss_mb * MIB),
        memory_limit_bytes=None,
        cpu_machine_percent=None,
        cpu_core_percent=None,
        threads=4,
        open_files=None,
        gc_pause_max_ns=0,
        gc_pause_total_ns=0,
        loop_lag_ns=None,
    )


class FlakyState:
    """A store that can be away altogether, or read-only."""

    def __init__(self, state):
        self.state = state
        self.away = False
        self.read_only = False

    def _reach(self, *, writes=False):
        if self.away or (writes and self.read_only):
            raise StoreUnavailableError("away")

    def read(self, kind):
        self._reach()
        return self.state.read(kind)

    def commit(self, puts, flips=()):
        self._reach(writes=True)
        self.state.commit(puts, flips)

    def flips(self, limit=100, subject=None):
        self._reach()
        return self.state.flips(limit, subject)

    def revision(self):
        self._reach()
        return self.state.revision()

    def lease(self, name, holder, ttl_s):
        self._reach(writes=True)
        return self.state.lease(name, holder, ttl_s)

    def close(self):
        self.state.close()


class Receiver:
    """A channel that keeps what it accepts, and fails when it is told to."""

    def __init__(self, name="pager"):
        self.name = name
        self.accepted = []
        self.attempts = 0
        self.error = None  # raised instead of accepting
        self.gate = None  # an event to wait for before answering
        self.closed = 0
        self._moved = asyncio.Event()

    async def until(self, truth):
        """Wait for something that an attempt brings about, at most 5 s."""
        async with asyncio.timeout(5):
            while not truth():
                self._moved.clear()
                await self._moved.wait()

    async def send(self, notification):
        self.attempts += 1
        self._moved.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.accepted.append(notification)
        self._moved.set()

    async def close(self):
        self.closed += 1

    @property
    def events(self):
        return [str(one.event) for one in self.accepted]


class World:
    """One or more processes with a manager and an outbox each, on one store."""

    def __init__(self):
        self.clock = ManualClock()
        self.state = FlakyState(MemoryState(self.clock))
        self.receiver = Receiver()
        self.guard = Guard(self.clock)
        self.rules = built_in_rules(memory_mb=None, response_time_ms=None)
        self.processes = []
        self.start()

    def start(self, **changes):
        number = len(self.processes) + 1
        manager = AlertManager(
            self.state,
            changes.pop("rules", self.rules),
            clock=self.clock,
            instance=Instance(f"{number:016x}", "host", number),
            channels=changes.pop("channels", (self.receiver.name,)),
            guard=self.guard,
            **changes,
        )
        self.processes.append((manager, self.outbox()))
        return manager

    def outbox(self, *channels, **options):
        channels = channels or (self.receiver,)
        return Outbox(
            self.state,
            {channel.name: channel for channel in channels},
            clock=self.clock,
            guard=self.guard,
            rng=random.Random(7),
            **options,
        )

    def restart(self):
        """Kill every process; another one starts when the lease has run out."""
        self.processes.clear()
        self.clock.advance(120)
        self.start()

    @property
    def manager(self):
        return self.processes[-1][0]

    def check(self, error_ratio=0.0, total=100, **figures):
        """Every process evaluates once."""
        seen = summary(total, error_ratio, **figures)
        return [
            manager.check_alerts(lambda _window: seen, lambda: None)
            for manager, _ in self.processes
        ]

    async def minute(self, error_ratio=0.0, total=100):
        """A minute goes by: all processes evaluate, and deliver when a group is complete."""
        self.clock.advance(50)
        self.check(error_ratio, total)
        self.clock.advance(10)
        await self.deliver()

    async def minutes(self, count, error_ratio=0.0, total=100):
        for _ in range(count):
            await self.minute(error_ratio, total)

    async def deliver(self):
        await asyncio.gather(*(outbox.deliver_due() for _, outbox in self.processes))

    def counts(self):
        return Counter(self.receiver.events)

    def owed(self):
        return self.state.state.read("outbox")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def make_summary():
    return summary


@pytest.fixture
def make_stats():
    return stats


@pytest.fixture
def make_sample():
    return sample


@pytest.fixture
def receiver_class():
    return Receiver
