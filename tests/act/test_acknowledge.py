"""Somebody looks after an alert: no more reminders, and the rest goes on."""

from __future__ import annotations

import pytest

from changeover.core.errors import ConflictError, StoreUnavailableError
from changeover.core.model import Phase
from changeover.core.order import RefusedOrderError


async def test_it_stops_reminders_and_is_shown(world):
    await world.minutes(5, error_ratio=0.05)
    world.manager.acknowledge("error_rate", "cli:anna", "looking at it")
    await world.minutes(10 * 60, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    (alert,), _ = world.manager.alerts()
    assert alert.acknowledged_by == "cli:anna"
    assert alert.acknowledged_ns is not None
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_that_it_gets_worse_is_told_all_the_same(world):
    await world.minutes(5, error_ratio=0.05)
    world.manager.acknowledge("error_rate", "cli:anna", "")
    await world.minutes(5, error_ratio=0.5)
    assert world.receiver.events == ["firing", "escalated"]


async def test_the_next_time_it_fires_nobody_has_acknowledged_it(world):
    await world.minutes(5, error_ratio=0.05)
    world.manager.acknowledge("error_rate", "cli:anna", "")
    await world.minutes(10)
    await world.minutes(5 * 60, error_ratio=0.05)
    assert world.receiver.events == ["firing", "resolved", "firing", "reminder"]
    assert world.manager.alerts()[0][0].acknowledged_by is None


async def test_it_is_audited(world):
    await world.minutes(5, error_ratio=0.05)
    world.manager.acknowledge("error_rate", "cli:anna\x1b[2J", "looking\nat it")
    flip = world.manager.changes("error_rate")[0]
    assert (flip.old, flip.new) == ("firing warning", "acknowledged")
    assert (flip.actor, flip.reason) == ("cli:anna[2J", "looking at it")


async def test_what_cannot_be_acknowledged_is_refused_with_the_reason(world):
    with pytest.raises(RefusedOrderError, match="does not fire"):
        world.manager.acknowledge("error_rate", "cli:anna", "")
    await world.minutes(5, error_ratio=0.05)
    with pytest.raises(RefusedOrderError, match="look at it again"):
        world.manager.acknowledge("error_rate", "cli:anna", "", expected=7)
    world.manager.acknowledge("error_rate", "cli:anna", "", expected=1)
    with pytest.raises(RefusedOrderError, match="already, by cli:anna"):
        world.manager.acknowledge("error_rate", "cli:bob", "")
    world.state.away = True
    with pytest.raises(StoreUnavailableError):
        world.manager.acknowledge("error_rate", "cli:bob", "")


async def test_another_process_may_acknowledge_while_this_one_evaluates(world):
    await world.minutes(5, error_ratio=0.05)
    leader = world.manager
    helper = world.start()
    plain = world.state.state

    class Racing:
        """The leader's evaluation reads, then the other process acknowledges, then it writes."""

        is_done = False

        def __getattr__(self, name):
            return getattr(plain, name)

        def commit(self, puts, flips=()):
            if not self.is_done and puts[0].kind == "alert":
                self.is_done = True
                helper.acknowledge("error_rate", "cli:anna", "")
            plain.commit(puts, flips)

    world.processes.pop()
    world.state.state = Racing()
    await world.minute(error_ratio=0.07)
    world.state.state = plain
    await world.minutes(5 * 60, error_ratio=0.05)
    assert leader.alerts()[0][0].acknowledged_by == "cli:anna"
    assert world.receiver.events == ["firing"]


async def test_an_alert_that_changes_all_the_time_is_refused_not_waited_for(world):
    await world.minutes(5, error_ratio=0.05)
    plain = world.state.state

    class Losing:
        def __getattr__(self, name):
            return getattr(plain, name)

        def commit(self, *_):
            raise ConflictError("alert", "error_rate", expected=1, found=2)

    world.state.state = Losing()
    with pytest.raises(RefusedOrderError, match="try again"):
        world.manager.acknowledge("error_rate", "cli:anna", "")


async def test_a_restart_keeps_who_acknowledged(world):
    await world.minutes(5, error_ratio=0.05)
    world.manager.acknowledge("error_rate", "cli:anna", "")
    world.restart()
    await world.minutes(5 * 60, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    assert world.manager.alerts()[0][0].phase is Phase.FIRING
