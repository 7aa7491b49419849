"""Alerts as people live through them: hours on a manual clock."""

from __future__ import annotations

from dataclasses import replace

import pytest

from changeover.core.clock import NS_PER_S
from changeover.core.errors import ChannelError
from changeover.core.model import Phase

HOUR_NS = 3600 * NS_PER_S


async def test_a_breach_of_six_hours_is_one_firing_one_reminder_one_resolve(world):
    await world.minutes(10)
    await world.minutes(6 * 60, error_ratio=0.05)
    await world.minutes(30)
    assert world.receiver.events == ["firing", "reminder", "resolved"]
    assert {one.dedup_key for one in world.receiver.accepted} == {"error_rate#1"}
    over = world.receiver.accepted[-1].alert
    assert over.peak == 0.05
    assert over.resolved_ns - over.since_ns == 6 * HOUR_NS + 300 * NS_PER_S
    assert not world.owed()


def split_world(world, **changes):
    """One process, whose rule has an alert for each command."""
    rule = replace(world.rules[0], name="each", split=("command",), **changes)
    world.rules = [rule]
    world.processes.clear()
    world.start()


async def play_minutes(world, make_stats, count, **commands):
    for _ in range(count):
        world.clock.advance(60)
        world.check(by_command={n: make_stats(error_ratio=r) for n, r in commands.items()})
        await world.deliver()


async def test_each_series_of_a_rule_lives_a_life_of_its_own(world, make_stats):
    split_world(world)
    await play_minutes(world, make_stats, 10, add=0.0, list=0.0)
    await play_minutes(world, make_stats, 60, add=0.05, list=0.0)
    await play_minutes(world, make_stats, 5 * 60, add=0.05, list=0.5)
    await play_minutes(world, make_stats, 30, add=0.0, list=0.0)
    told = {"add": [], "list": []}
    for one in world.receiver.accepted:
        told[one.alert.labels["command"]].append(one.event)
    assert told == {
        "add": ["firing", "reminder", "resolved"],
        "list": ["firing", "reminder", "resolved"],
    }
    assert not world.owed()


async def test_a_series_without_data_overnight_is_one_alert_over_the_day(world, make_stats):
    split_world(world)
    for _ in range(3):
        await play_minutes(world, make_stats, 60, add=0.05)
        await play_minutes(world, make_stats, 14 * 60, list=0.0)
    await play_minutes(world, make_stats, 30, add=0.0)
    assert world.receiver.events.count("firing") == 1
    assert world.receiver.events.count("resolved") == 1


async def test_a_command_that_was_removed_while_it_fired_is_over_after_a_day(world, make_stats):
    split_world(world)
    await play_minutes(world, make_stats, 10, add=0.05)
    await play_minutes(world, make_stats, 25 * 60, list=0.0)
    assert world.receiver.events == ["firing", "resolved"]
    assert "no longer seen" in world.receiver.accepted[-1].alert.summary


async def test_a_restart_does_not_start_the_day_without_it_anew(world, make_stats):
    split_world(world)
    await play_minutes(world, make_stats, 10, add=0.05)
    await play_minutes(world, make_stats, 20 * 60, list=0.0)
    world.restart()
    await play_minutes(world, make_stats, 5 * 60, list=0.0)
    assert world.receiver.events == ["firing", "resolved"]


async def test_a_value_that_swings_for_an_hour_is_at_most_one_pair(world):
    for _ in range(30):
        await world.minute(error_ratio=0.02)
        await world.minute(error_ratio=0.001)
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_one_failure_of_one_execution_tells_nobody(world):
    await world.minutes(30, error_ratio=1.0, total=1)
    assert world.receiver.events == []
    assert world.manager.alerts() == ([], [])


async def test_a_restart_while_firing_repeats_nothing(world):
    await world.minutes(5, error_ratio=0.05)
    world.restart()
    await world.minutes(5, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    world.restart()
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_what_cleared_while_everything_was_down_is_resolved_once(world):
    await world.minutes(5, error_ratio=0.05)
    world.restart()
    world.clock.advance(3600)
    await world.minutes(20)
    assert world.receiver.events == ["firing", "resolved"]


async def test_true_at_the_start_is_one_firing(world):
    await world.minutes(3, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_pending_survives_a_restart(world):
    world.rules = [replace(rule, for_s=600) for rule in world.rules]
    world.processes.clear()
    world.start()
    await world.minutes(5, error_ratio=0.05)
    since_ns = world.manager.alerts()[0][0].since_ns
    world.restart()
    await world.minute(error_ratio=0.05)
    (pending,), _ = world.manager.alerts()
    assert (pending.phase, pending.since_ns) == (Phase.PENDING, since_ns)
    await world.minutes(5, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_two_processes_on_one_store_send_each_message_once(world):
    world.start()
    await world.minutes(30, error_ratio=0.05)
    await world.minutes(10, error_ratio=0.5)
    await world.minutes(10)
    assert world.receiver.events == ["firing", "escalated", "resolved"]


async def test_another_process_takes_over_when_the_first_one_dies(world):
    world.start()
    await world.minutes(5)
    world.processes.pop(0)
    await world.minutes(4, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_a_clean_end_hands_the_evaluation_over_at_once(world):
    await world.minutes(2)
    world.manager.close()
    world.processes.clear()
    world.start()
    world.clock.advance(1)
    assert [alert.key for alert in world.check(error_ratio=0.05)[0]] == ["error_rate"]


@pytest.mark.parametrize("hours", [-24, 24])
async def test_a_clock_set_by_a_day_neither_storms_nor_mutes(world, hours):
    await world.minutes(60, error_ratio=0.05)
    world.clock.set_wall(world.clock.wall_ns() + hours * HOUR_NS)
    await world.minutes(179, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    await world.minutes(2, error_ratio=0.05)
    assert world.receiver.events == ["firing", "reminder"]
    await world.minutes(10)
    assert world.receiver.events == ["firing", "reminder", "resolved"]
    over = world.receiver.accepted[-1].alert
    assert over.resolved_ns - over.since_ns == pytest.approx(4 * HOUR_NS, rel=0.05)


@pytest.mark.parametrize("hours", [-24, 24])
async def test_a_clock_set_while_everything_was_down_mutes_nothing(world, hours):
    await world.minutes(60, error_ratio=0.05)
    world.restart()
    world.clock.set_wall(world.clock.wall_ns() + hours * HOUR_NS)
    await world.minutes(6 * 60, error_ratio=0.05)
    assert world.counts()["firing"] == 1
    assert 1 <= world.counts()["reminder"] <= 2
    await world.minutes(10)
    assert world.counts()["resolved"] == 1


async def test_two_hours_asleep_are_no_storm(world):
    await world.minutes(10, error_ratio=0.05)
    world.clock.set_wall(world.clock.wall_ns() + 2 * HOUR_NS)  # the monotonic clock slept too
    await world.minutes(30, error_ratio=0.0, total=0)
    assert world.receiver.events == ["firing"]
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_no_data_neither_fires_resolves_nor_reminds(world):
    await world.minutes(5, error_ratio=0.05)
    await world.minutes(10 * 60, total=0)
    assert world.receiver.events == ["firing"]
    assert world.manager.alerts()[0][0].phase is Phase.FIRING


async def test_a_channel_down_for_hours_tells_a_firing_and_its_end_in_one_message(world):
    world.receiver.error = ChannelError("500")
    await world.minutes(5 * 60, error_ratio=0.05)
    await world.minutes(60)
    world.receiver.error = None
    await world.minutes(30)
    (only,) = world.receiver.accepted
    assert (only.event, only.late, only.dedup_key) == ("resolved", True, "error_rate#1")
    assert not world.owed()


async def test_a_channel_back_during_the_breach_tells_the_firing_as_it_is_now(world):
    world.receiver.error = ChannelError("500")
    await world.minutes(60, error_ratio=0.05)
    await world.minutes(4 * 60, error_ratio=0.5)
    world.receiver.error = None
    await world.minutes(30, error_ratio=0.5)
    (only,) = world.receiver.accepted
    assert (only.event, only.alert.severity, only.late) == ("firing", "critical", False)


async def test_a_broken_channel_is_knocked_at_less_and_less(world):
    world.receiver.error = ChannelError("500")
    await world.minutes(3 * 60, error_ratio=0.05)
    assert 10 <= world.receiver.attempts <= 22  # by the minute it would be 180


async def test_while_the_store_is_away_the_log_is_told_and_channels_later(world, caplog):
    await world.minutes(3)
    world.state.away = True
    await world.minutes(5, error_ratio=0.05)
    told = [record for record in caplog.records if record.name == "changeover.alerts"]
    assert len(told) == 1
    assert "above 1 %" in told[0].getMessage()
    assert world.receiver.events == []
    assert [alert.phase for alert in world.manager.alerts()[0]] == [Phase.FIRING]
    assert "the store is away" in world.manager.check().detail
    world.state.away = False
    await world.minutes(2, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_what_began_and_ended_while_the_store_was_away_is_one_message(world):
    world.state.away = True
    await world.minutes(5, error_ratio=0.05)
    await world.minutes(10)
    world.state.away = False
    await world.minutes(2)
    assert [(one.event, one.late) for one in world.receiver.accepted] == [("resolved", True)]
    _, (past,) = world.manager.alerts()
    assert past.peak == 0.05


async def test_a_read_only_store_is_a_store_that_is_away(world):
    await world.minutes(2)
    world.state.read_only = True
    await world.minutes(5, error_ratio=0.05)
    world.state.read_only = False
    await world.minutes(2, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_after_the_store_was_away_two_processes_still_tell_once(world):
    world.start()
    await world.minutes(2)
    world.state.away = True
    await world.minutes(5, error_ratio=0.05)
    world.state.away = False
    await world.minutes(5, error_ratio=0.05)
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_a_process_that_started_without_the_store_repeats_nothing(world):
    await world.minutes(5, error_ratio=0.05)
    world.state.away = True
    world.restart()
    await world.minutes(3, error_ratio=0.05)
    world.state.away = False
    await world.minutes(3, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_an_alert_whose_rule_was_removed_ends(world):
    await world.minutes(3, error_ratio=0.05)
    world.rules = []
    world.restart()
    await world.minutes(2)
    assert world.receiver.events == ["firing", "resolved"]
    assert world.manager.alerts()[0] == []
