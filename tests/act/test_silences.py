"""What people ask not to be told, and what they are told all the same."""

from __future__ import annotations

import pytest

from changeover.act.silences import MOST, Maintenance, Silences
from changeover.core.clock import NS_PER_S
from changeover.core.errors import BadValueError, ChannelError
from changeover.core.model import Alert, Phase
from changeover.core.order import RefusedOrderError
from changeover.core.ports import Put

HOUR_S = 3600


@pytest.fixture
def silences(world):
    return Silences(world.state, world.clock)


@pytest.fixture
def maintenance(world):
    return Maintenance(world.state, world.clock)


@pytest.fixture
def silence(silences):
    def silence(seconds=2 * HOUR_S, **matchers):
        matchers = matchers or {"rule": "error_rate"}
        return silences.add(matchers, seconds=seconds, actor="cli:anna", reason="database update")

    return silence


def alert(**changes):
    told = {
        "key": "error_rate", "rule": "error_rate", "phase": Phase.FIRING, "severity": "warning",
        "summary": "it is high", "value": 0.05, "threshold": 0.01, "unit": "ratio", "episode": 1,
        "labels": {"command": "add", "system": "ddd"},
    }  # fmt: skip
    return Alert(**{**told, **changes})


async def test_a_silenced_alert_lives_on_and_nobody_is_told(world, silence):
    silence()
    await world.minutes(30, error_ratio=0.05)
    assert world.receiver.events == []
    assert [one.phase for one in world.manager.alerts()[0]] == [Phase.FIRING]


async def test_when_the_silence_ends_while_it_fires_there_is_one_firing_message(world, silence):
    silence()
    await world.minutes(110, error_ratio=0.05)
    assert world.receiver.events == []
    await world.minutes(100, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_what_is_over_before_the_silence_ends_is_told_to_nobody(world, silence):
    silence()
    await world.minutes(30, error_ratio=0.05)
    await world.minutes(120)
    assert world.receiver.events == []
    assert not world.owed()
    assert len(world.manager.alerts()[1]) == 1


async def test_the_end_of_what_was_told_before_the_silence_is_told(world, silence):
    await world.minutes(5, error_ratio=0.05)
    silence()
    await world.minutes(30, error_ratio=0.05)
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]
    assert not world.receiver.accepted[-1].late


async def test_a_long_silence_over_what_was_told_ends_with_one_reminder(world, silence):
    await world.minutes(5, error_ratio=0.05)
    silence(seconds=10 * HOUR_S)
    await world.minutes(9 * 60, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    await world.minutes(120, error_ratio=0.05)
    assert world.receiver.events == ["firing", "reminder"]


async def test_ending_a_silence_tells_what_fires(world, silence, silences):
    one = silence()
    await world.minutes(10, error_ratio=0.05)
    silences.end(one.id, actor="cli:anna")
    await world.minute(error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_a_silence_mutes_only_what_it_is_about(world, silence):
    silence(rule="memory*")
    await world.minutes(3, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


async def test_a_silence_made_while_a_message_waits_holds_it_back(world, silence):
    world.receiver.error = ChannelError("answered 500")
    await world.minutes(3, error_ratio=0.05)
    silence()
    world.receiver.error = None
    await world.minutes(30, error_ratio=0.05)
    assert world.receiver.events == []


async def test_the_end_of_what_may_have_been_told_is_told(world, silence):
    """An attempt without an answer may have opened an incident; its end must close it."""
    world.receiver.error = ChannelError("no answer")
    await world.minutes(3, error_ratio=0.05)
    silence()
    world.receiver.error = None
    await world.minutes(30)
    assert world.receiver.events == ["resolved"]


@pytest.mark.parametrize("hours", [-24, 24])
async def test_a_clock_set_by_a_day_makes_a_silence_no_longer(world, silence, hours):
    silence()
    await world.minutes(30, error_ratio=0.05)
    world.clock.set_wall(world.clock.wall_ns() + hours * HOUR_S * NS_PER_S)
    await world.minutes(120, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
    await world.minutes(10)
    assert world.receiver.events == ["firing", "resolved"]


async def test_two_hours_asleep_are_two_hours_of_the_silence(world, silence):
    silence()
    await world.minutes(10, error_ratio=0.05)
    world.clock.set_wall(world.clock.wall_ns() + 2 * HOUR_S * NS_PER_S)
    await world.minutes(5, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


def test_a_clock_that_differs_by_a_minute_does_not_end_a_silence(world, silence):
    one = silence()
    assert one.holds(world.clock.wall_ns() - 60 * NS_PER_S)
    assert not one.holds(world.clock.wall_ns() - 600 * NS_PER_S)


async def test_maintenance_mutes_everything_in_its_window_and_not_before(world, maintenance):
    now_ns = world.clock.wall_ns()
    maintenance.add(
        now_ns + HOUR_S * NS_PER_S, now_ns + 3 * HOUR_S * NS_PER_S, actor="cli:anna", reason="move"
    )
    await world.minutes(30, error_ratio=0.05)
    await world.minutes(20)
    assert world.receiver.events == ["firing", "resolved"]
    await world.minutes(15)
    await world.minutes(60, error_ratio=0.05)
    assert world.receiver.events == ["firing", "resolved"]
    assert [one.phase for one in world.manager.alerts()[0]] == [Phase.FIRING]
    await world.minutes(60, error_ratio=0.05)
    assert world.receiver.events == ["firing", "resolved", "firing"]


@pytest.mark.parametrize("hours", [-24, 24])
async def test_a_clock_set_in_a_maintenance_mutes_no_longer_than_planned(world, maintenance, hours):
    now_ns = world.clock.wall_ns()
    maintenance.add(None, now_ns + 2 * HOUR_S * NS_PER_S, actor="cli:anna", reason="move")
    await world.minutes(30, error_ratio=0.05)
    world.clock.set_wall(world.clock.wall_ns() + hours * HOUR_S * NS_PER_S)
    await world.minutes(120, error_ratio=0.05)
    assert world.receiver.events == ["firing"]


@pytest.mark.parametrize(
    ("matchers", "matches"),
    [
        ({"rule": "error_rate"}, True),
        ({"rule": "error_*"}, True),
        ({"rule": "memory"}, False),
        ({"command": "add", "system": "ddd"}, True),
        ({"command": "add", "system": "legacy"}, False),
        ({"command": "*"}, True),
        ({"shard": "*"}, False),
        ({"severity": "critical"}, False),
    ],
)
def test_all_of_its_matchers_must_match(silence, matchers, matches):
    assert silence(**matchers).matches(alert()) is matches


@pytest.mark.parametrize(
    "wrong",
    [
        {"matchers": {}},
        {"matchers": {"no name": "x"}},
        {"matchers": {"rule": ""}},
        {"matchers": {"rule": "x" * 201}},
        {"seconds": 59},
        {"seconds": 91 * 86_400},
        {"seconds": float("nan")},
        {"reason": "  "},
        {"reason": "x" * 201},
    ],
)
def test_what_is_no_silence_is_refused_by_name(silences, world, wrong):
    asked = {"matchers": {"rule": "x"}, "seconds": 60, "actor": "cli:anna", "reason": "why"} | wrong
    with pytest.raises(BadValueError):
        silences.add(asked.pop("matchers"), **asked)
    assert not world.state.read("silence")


def test_a_window_that_is_over_or_ends_before_it_begins_is_refused(world, maintenance):
    now_ns = world.clock.wall_ns()
    for begin, end in [(None, now_ns - 1), (now_ns + 100, now_ns + 50), (None, now_ns + NS_PER_S)]:
        with pytest.raises(BadValueError):
            maintenance.add(begin, end, actor="cli:anna", reason="why")


def test_every_change_is_audited_with_actor_old_and_new(world, silence, silences):
    one = silence(rule="error_*", command="add")
    silences.end(one.id, actor="user:bob")
    end, begin = world.state.flips()
    assert (begin.subject, begin.old, begin.actor) == (f"silence {one.id}", None, "cli:anna")
    assert begin.new == "command=add rule=error_* until 2026-01-01T02:00:00.000Z"
    assert begin.reason == "database update"
    assert (end.subject, end.old, end.new) == (begin.subject, begin.new, "ended")
    assert end.actor == "user:bob"


def test_those_that_hold_are_listed_and_those_that_are_over_go(world, silence, silences):
    long, short = silence(), silence(seconds=60)
    assert [one.id for one in silences.list()] == [short.id, long.id]
    world.clock.advance(61)
    assert [one.id for one in silences.list()] == [long.id]
    silence()
    assert short.id not in world.state.read("silence")


def test_a_silence_that_is_not_there_or_was_changed_is_refused(silence, silences):
    with pytest.raises(RefusedOrderError, match="no silence 'abc'"):
        silences.end("abc", actor="cli:anna")
    one = silence()
    with pytest.raises(RefusedOrderError, match="changed meanwhile"):
        silences.end(one.id, actor="cli:anna", expected=7)
    silences.end(one.id, actor="cli:anna", expected=one.version)
    with pytest.raises(RefusedOrderError):
        silences.end(one.id, actor="cli:anna")


def test_there_is_an_end_to_how_many_there_may_be(world, silence):
    one = silence()
    value = world.state.read("silence")[one.id].value
    world.state.commit([Put("silence", f"s{number}", value) for number in range(MOST - 1)])
    with pytest.raises(RefusedOrderError, match="500"):
        silence()


async def test_a_silence_that_nobody_can_read_mutes_nothing(world):
    world.state.commit([Put("silence", "x", {"matchers": 7})])
    await world.minutes(3, error_ratio=0.05)
    assert world.receiver.events == ["firing"]
