"""Alerts as several processes on one SQLite file live through them, on a manual clock."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from changeover.act.manager import LEASE_S, AlertManager
from changeover.act.outbox import Outbox
from changeover.act.rules import built_in_rules
from changeover.act.silences import Maintenance, Silences
from changeover.core.alerting import AlertQuery
from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.errors import ChannelError, Guard
from changeover.core.model import Coverage, Instance, Phase, Stats, Summary
from changeover.store.sqlite import open_stores

RULES = built_in_rules(memory_mb=None, response_time_ms=None)
HOUR_NS = 3600 * NS_PER_S


def summary(error_ratio):
    return Summary(
        coverage=Coverage(start_ns=0, end_ns=1, exact_to_event=True),
        total=Stats(total=100, errors=round(100 * error_ratio), error_ratio=error_ratio),
        by_system={}, by_command={}, by_command_and_system={},
    )  # fmt: skip


class Pager:
    """A receiver with incidents, which may be away."""

    name = "pager"

    def __init__(self):
        self.events, self.open, self.is_away = [], set(), False

    async def send(self, one):
        if self.is_away:
            raise ChannelError("no connection")
        self.events.append("late" if one.late else str(one.event))
        if one.event == "resolved":
            self.open -= {one.dedup_key, *one.closes}
        else:
            self.open.add(one.dedup_key)
        return f"incident {one.dedup_key}"

    async def close(self):
        pass


class Process:
    """One bot: its own connection to the file, its own manager and outbox."""

    def __init__(self, fleet, number):
        clock = fleet.clock
        self.guard = Guard(clock)
        self.stores = open_stores(fleet.path, clock=clock)
        self.manager = AlertManager(
            self.stores.state, fleet.rules, clock=clock, instance=Instance(f"{number:016x}", "host", number),
            channels=("pager",), guard=self.guard,
        )  # fmt: skip
        self.outbox = Outbox(
            self.stores.state, {"pager": fleet.pager}, clock=clock, guard=self.guard,
            rng=random.Random(number),
        )  # fmt: skip

    def check(self, error_ratio):
        self.manager.check_alerts(lambda _window: summary(error_ratio), lambda: None)

    def end(self, *, cleanly=False):
        if cleanly:
            self.manager.close()
        self.stores.close()


class Fleet:
    """Bots on one file; the values they see are the same."""

    def __init__(self, path):
        self.path = path
        self.clock, self.pager = ManualClock(), Pager()
        self.processes, self.started, self.rules = [], 0, RULES

    def start(self):
        self.started += 1
        self.processes.append(Process(self, self.started))
        return self.processes[-1]

    def kill(self, process, *, cleanly=False):
        self.processes.remove(process)
        process.end(cleanly=cleanly)

    async def minutes(self, count, error_ratio=0.0):
        for _ in range(count):
            self.clock.advance(50)
            for process in self.processes:
                process.check(error_ratio)
            self.clock.advance(10)
            await asyncio.gather(*(process.outbox.deliver_due() for process in self.processes))

    async def seconds(self, count, error_ratio=0.0):
        """As the service does it: leases every few seconds; who takes over, evaluates."""
        for _ in range(round(count / (LEASE_S / 3))):
            self.clock.advance(LEASE_S / 3)
            for process in self.processes:
                if process.manager.keep_lead():
                    process.check(error_ratio)
            await asyncio.gather(*(process.outbox.deliver_due() for process in self.processes))

    @property
    def state(self):
        return self.processes[0].stores.state


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path / "changeover.db")
    fleet.start()
    yield fleet
    for process in list(fleet.processes):
        fleet.kill(process)
        assert process.guard.counts == {}


async def test_six_hours_on_three_processes_are_one_firing_one_reminder_one_resolve(fleet):
    fleet.start()
    fleet.start()
    await fleet.minutes(5)
    await fleet.minutes(6 * 60, error_ratio=0.05)
    await fleet.minutes(10)
    assert fleet.pager.events == ["firing", "reminder", "resolved"]
    assert fleet.pager.open == set()
    assert not fleet.state.read("receipt")


async def test_killed_leaders_again_and_again_repeat_and_lose_nothing(fleet):
    fleet.start()
    for round_ in range(30):
        error_ratio = 0.05 if 5 <= round_ < 20 else 0.0
        await fleet.minutes(1, error_ratio)
        if round_ % 3 == 0:
            fleet.kill(fleet.processes[0], cleanly=round_ % 2 == 0)
            fleet.start()
            await fleet.seconds(30, error_ratio)
    assert fleet.pager.events == ["firing", "resolved"]


async def test_within_thirty_seconds_of_a_death_another_process_has_told(fleet):
    fleet.start()
    await fleet.minutes(2)
    await fleet.seconds(10)
    leads = [
        process.manager.check().detail != "another process evaluates" for process in fleet.processes
    ]
    fleet.kill(fleet.processes[leads.index(True)])
    await fleet.seconds(30, error_ratio=0.05)
    assert [alert.phase for alert in fleet.processes[0].manager.alerts()[0]] == [Phase.FIRING]
    await fleet.seconds(10, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]


async def test_a_restart_while_firing_repeats_nothing_and_what_cleared_meanwhile_is_told(fleet):
    await fleet.minutes(5, error_ratio=0.05)
    fleet.kill(fleet.processes[0])
    fleet.start()
    await fleet.minutes(5, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]
    fleet.kill(fleet.processes[0])
    fleet.clock.advance(7200)
    fleet.start()
    await fleet.minutes(10)
    assert fleet.pager.events == ["firing", "resolved"]


async def test_a_receiver_away_for_three_days_hears_what_is_over_once(fleet):
    fleet.pager.is_away = True
    await fleet.minutes(20, error_ratio=0.05)
    await fleet.minutes(10)
    for _ in range(72):
        fleet.clock.advance(3500)
        await fleet.minutes(1)
    fleet.pager.is_away = False
    await fleet.minutes(30)
    assert fleet.pager.events == ["late"]  # that one was given up
    assert fleet.pager.open == set()
    assert not fleet.state.read("outbox")


async def test_a_receiver_away_for_three_days_hears_of_what_goes_on(fleet):
    fleet.pager.is_away = True
    for _ in range(72):
        fleet.clock.advance(3000)
        await fleet.minutes(1, error_ratio=0.05)
    fleet.pager.is_away = False
    await fleet.minutes(30, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]
    await fleet.minutes(10)
    assert fleet.pager.events == ["firing", "resolved"]
    assert fleet.pager.open == set()


@pytest.mark.parametrize("hours", [-24, 24, 2])
async def test_neither_a_set_clock_nor_sleep_makes_a_storm_or_mutes(fleet, hours):
    fleet.start()
    await fleet.minutes(10, error_ratio=0.05)
    fleet.clock.set_wall(fleet.clock.wall_ns() + hours * HOUR_NS)
    await fleet.minutes(30, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]
    await fleet.minutes(10)
    assert fleet.pager.events == ["firing", "resolved"]
    fleet.clock.set_wall(fleet.clock.wall_ns() - hours * HOUR_NS)
    await fleet.minutes(10, error_ratio=0.05)
    assert fleet.pager.events == ["firing", "resolved", "firing"]


async def test_a_silence_and_a_maintenance_hold_for_every_process(fleet):
    fleet.start()
    state, clock = fleet.state, fleet.clock
    Silences(state, clock).add({"rule": "error*"}, seconds=3600, actor="cli:anna", reason="known")
    await fleet.minutes(30, error_ratio=0.05)
    fleet.kill(fleet.processes[1])
    fleet.start()
    await fleet.minutes(20, error_ratio=0.05)
    assert fleet.pager.events == []
    await fleet.minutes(20, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]
    until_ns = clock.wall_ns() + HOUR_NS
    Maintenance(state, clock).add(None, until_ns, actor="cli:anna", reason="move")
    await fleet.minutes(10)
    assert fleet.pager.events == ["firing", "resolved"]
    await fleet.minutes(10, error_ratio=0.05)
    await fleet.minutes(60)
    assert fleet.pager.events == ["firing", "resolved"]
    assert fleet.processes[0].manager.history(AlertQuery()).total == 2


async def test_acknowledged_by_one_process_is_acknowledged_for_all(fleet):
    other = fleet.start()
    await fleet.minutes(10, error_ratio=0.05)
    other.manager.acknowledge("error_rate", "user:anna", "on it")
    fleet.kill(fleet.processes[0])
    await fleet.minutes(5 * 60, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]
    (alert,), _ = other.manager.alerts()
    assert (alert.phase, alert.acknowledged_by) == (Phase.FIRING, "user:anna")


async def test_pending_survives_a_restart_on_a_file(fleet):
    fleet.rules = [replace(rule, for_s=600) for rule in RULES]
    fleet.kill(fleet.processes[0])
    fleet.start()
    await fleet.minutes(6, error_ratio=0.05)
    fleet.kill(fleet.processes[0])
    fleet.start()
    await fleet.minutes(6, error_ratio=0.05)
    assert fleet.pager.events == ["firing"]
