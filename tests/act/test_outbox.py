from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from changeover.act.documents import owe
from changeover.act.strands import merged
from changeover.core.clock import NS_PER_S
from changeover.core.errors import ChannelError, StoreUnavailableError
from changeover.core.model import Alert, Event, Notification, Phase, Status
from changeover.core.ports import Put


def notification(event=Event.FIRING, key="error_rate", at_ns=1, **changes):
    alert = Alert(
        key=key, rule=key, phase=Phase.FIRING, severity="warning", summary="it is high",
        value=0.05, threshold=0.01, unit="ratio", episode=1,
    )  # fmt: skip
    alert = replace(alert, summary=f"{key} is high")
    return Notification(event, replace(alert, **changes), f"{key}#1", "host/1", at_ns)


@pytest.fixture
def owe_one(world):
    def owe_one(channel="pager", event=Event.FIRING, **changes):
        changes.setdefault("at_ns", world.clock.wall_ns() - 10 * NS_PER_S)  # its group is complete
        world.state.commit([owe(channel, notification(event, **changes))])

    return owe_one


class Killed(BaseException):
    """The process ends here."""


async def test_what_was_delivered_is_no_longer_owed(world, owe_one):
    owe_one()
    await world.deliver()
    await world.deliver()
    assert world.receiver.events == ["firing"]
    assert not world.owed()


async def test_what_the_receiver_refused_stays_owed(world, owe_one):
    owe_one()
    world.receiver.error = ChannelError("answered 500")
    await world.deliver()
    (document,) = world.owed().values()
    assert (document.value["attempts"], document.value["claimed_ns"]) == (1, None)


async def test_one_broken_channel_delays_no_other(world, owe_one, receiver_class):
    good = receiver_class("good")
    outbox = world.outbox(world.receiver, good)
    world.receiver.error = ChannelError("answered 500")
    owe_one("pager")
    owe_one("good")
    await outbox.deliver_due()
    assert good.events == ["firing"]
    assert len(world.owed()) == 1


async def test_one_slow_channel_delays_no_other(world, owe_one, receiver_class):
    good = receiver_class("good")
    world.receiver.gate = asyncio.Event()
    outbox = world.outbox(world.receiver, good)
    for number in range(3):
        owe_one("pager", key=f"rule{number}")
        owe_one("good", key=f"rule{number}")
    delivery = asyncio.create_task(outbox.deliver_due())
    await good.until(lambda: good.accepted)
    assert world.receiver.accepted == []
    world.receiver.gate.set()
    await delivery
    assert [len(one.also) for one in good.accepted] == [2]
    assert [len(one.also) for one in world.receiver.accepted] == [2]


async def test_a_channel_that_hangs_is_left_after_the_time_out(world, owe_one):
    owe_one()
    world.receiver.gate = asyncio.Event()
    outbox = world.outbox(timeout_s=0.05)
    await outbox.deliver_due()
    assert "no answer within 0.05 s" in outbox.check().detail
    assert len(world.owed()) == 1


async def test_rests_double_up_to_the_longest_and_jitter_only_adds(world, owe_one):
    owe_one()
    world.receiver.error = ChannelError("answered 500")
    outbox = world.outbox()
    await outbox.deliver_due()
    for attempts, least in enumerate([5, 10, 20, 40, 80, 160, 320, 640, 900, 900], start=1):
        world.clock.advance(least - 0.01)
        await outbox.deliver_due()
        assert world.receiver.attempts == attempts
        world.clock.advance(least * 0.1 + 0.02)
        await outbox.deliver_due()
        assert world.receiver.attempts == attempts + 1


async def test_what_the_receiver_asks_for_is_waited_for(world, owe_one):
    owe_one()
    world.receiver.error = ChannelError("answered 429", retry_after_s=42)
    await world.deliver()
    world.receiver.error = None
    world.clock.advance(41.9)
    await world.deliver()
    assert world.receiver.accepted == []
    world.clock.advance(5)
    await world.deliver()
    assert world.receiver.events == ["firing"]


async def test_a_receiver_that_asks_for_nothing_again_and_again_is_no_storm(world, owe_one):
    owe_one()
    world.receiver.error = ChannelError("answered 429", retry_after_s=0)
    for _ in range(600):
        await world.deliver()
        world.clock.advance(1)
    assert world.receiver.attempts < 12


async def test_fifty_messages_do_not_knock_fifty_times(world, owe_one):
    for number in range(50):
        owe_one(key=f"rule{number}")
    world.receiver.error = ChannelError("answered 500")
    await world.deliver()
    assert world.receiver.attempts == 1
    world.receiver.error = None
    world.clock.advance(6)
    await world.deliver()
    (only,) = world.receiver.accepted
    assert 1 + len(only.also) + only.more == 50


async def test_a_message_that_is_never_liked_does_not_stop_the_others(
    world, owe_one, receiver_class
):
    class Picky(receiver_class):
        async def send(self, one):
            if one.alert.key == "poison" or any("poison" in line for line in one.also):
                raise ChannelError("answered 500")
            await super().send(one)

    picky = Picky()
    owe_one(key="poison")
    for number in range(3):
        owe_one(key=f"rule{number}")
    outbox = world.outbox(picky)
    for _ in range(20):
        await outbox.deliver_due()
        world.clock.advance(60)
    assert [one.alert.key for one in picky.accepted] == ["rule0", "rule1", "rule2"]
    assert len(world.owed()) == 1


async def test_a_permanent_error_turns_the_channel_off_and_is_said_once(world, owe_one, caplog):
    owe_one()
    world.receiver.error = ChannelError("answered 404", permanent=True)
    outbox = world.outbox()
    for _ in range(10):
        await outbox.deliver_due()
        world.clock.advance(3600)
    assert world.receiver.attempts == 1
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    check = outbox.check()
    assert check.status is Status.DEGRADED
    assert "pager off until restart: answered 404, 1 waiting" in check.detail
    world.receiver.error = None
    await world.outbox().deliver_due()  # a restart
    assert world.receiver.events == ["firing"]


async def test_failing_and_working_again_are_each_said_once(world, owe_one, caplog):
    caplog.set_level(logging.INFO)
    owe_one()
    world.receiver.error = ChannelError("answered 500")
    outbox = world.outbox()
    for _ in range(5):
        await outbox.deliver_due()
        world.clock.advance(1000)
    world.receiver.error = None
    await outbox.deliver_due()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "alert channel pager failed, will retry: answered 500",
        "alert channel pager works again",
    ]
    assert outbox.check().status is Status.HEALTHY


async def test_what_came_and_went_unheard_a_day_ago_is_given_up_and_told_as_a_count(world, owe_one):
    for number in range(3):
        owe_one(key=f"rule{number}")
        owe_one(key=f"rule{number}", event=Event.RESOLVED)
    world.receiver.error = ChannelError("answered 500")
    outbox = world.outbox()
    for _ in range(24 * 4):
        await outbox.deliver_due()
        world.clock.advance(900)
    assert len(world.owed()) == 6
    owe_one(key="new")
    await outbox.deliver_due()
    assert "3 given up" in outbox.check().detail
    (state,) = outbox.channels()
    assert (state.state, state.given_up, state.queue) == ("failing", 3, 2)
    world.receiver.error = None
    for _ in range(2):
        world.clock.advance(1000)
        await outbox.deliver_due()
    second, first = sorted(world.receiver.accepted, key=lambda one: one.late, reverse=True)
    assert first.alert.key == "new"
    assert (second.event, second.late) == ("resolved", True)
    assert "3 alerts that came and went meanwhile are not told one by one" in second.alert.summary
    assert [one.state for one in outbox.channels()] == ["working"]
    assert not world.owed()


async def test_what_goes_on_and_the_end_of_what_was_told_are_never_given_up(world, owe_one):
    owe_one(key="told")
    await world.deliver()
    owe_one(key="told", event=Event.RESOLVED)
    owe_one(key="on")
    world.receiver.error = ChannelError("answered 500")
    outbox = world.outbox()
    for _ in range(24 * 12):
        await outbox.deliver_due()
        world.clock.advance(900)
    world.receiver.error = None
    await outbox.deliver_due()
    told = [(one.alert.key, one.event, one.late) for one in world.receiver.accepted[1:]]
    assert sorted(told) == [("on", "firing", False), ("told", "resolved", False)]


async def test_a_message_owed_before_three_days_of_downtime_is_still_tried(world, owe_one):
    owe_one()
    world.clock.advance(3 * 86_400)
    await world.deliver()
    assert world.receiver.events == ["firing"]


async def test_messages_to_a_channel_that_was_taken_away_are_given_up_after_a_day(world, owe_one):
    owe_one("telegraph")
    outbox = world.outbox()
    await outbox.deliver_due()
    assert len(world.owed()) == 1
    world.clock.advance(86_401)
    await outbox.deliver_due()
    assert not world.owed()
    assert "1 given up for channels that are not set up" in outbox.check().detail


async def test_two_processes_deliver_each_message_once(world, owe_one):
    for number in range(20):
        owe_one(key=f"rule{number}")
    outboxes = [world.outbox() for _ in range(3)]
    await asyncio.gather(*(outbox.deliver_due() for outbox in outboxes))
    (only,) = world.receiver.accepted
    assert 1 + len(only.also) + only.more == 20


async def test_while_one_process_sends_another_leaves_the_alert_alone(world, owe_one):
    owe_one()
    world.receiver.gate = asyncio.Event()
    first = asyncio.create_task(world.outbox().deliver_due())
    await world.receiver.until(lambda: world.receiver.attempts)
    owe_one(event=Event.RESOLVED, at_ns=world.clock.wall_ns() + 1)
    await world.outbox().deliver_due()
    assert world.receiver.attempts == 1  # the resolve waits for the firing before it
    world.receiver.gate.set()
    await first
    assert world.receiver.events == ["firing", "resolved"]
    assert not any(one.late for one in world.receiver.accepted)


async def test_killed_between_sending_and_noting_is_at_most_one_duplicate(world, owe_one):
    owe_one()
    accept = world.receiver.send

    async def send_and_die(one):
        await accept(one)
        raise Killed

    world.receiver.send = send_and_die
    with pytest.raises(Killed):
        await world.deliver()
    world.receiver.send = accept
    again = world.outbox()
    await again.deliver_due()
    assert world.receiver.events == ["firing"]  # its claim still holds
    world.clock.advance(31)
    await again.deliver_due()
    await again.deliver_due()
    assert world.receiver.events == ["firing", "firing"]
    assert len({one.dedup_key for one in world.receiver.accepted}) == 1


async def test_killed_before_sending_loses_nothing(world, owe_one):
    owe_one()
    accept = world.receiver.send

    async def die(_one):
        raise Killed

    world.receiver.send = die
    with pytest.raises(Killed):
        await world.deliver()
    world.receiver.send = accept
    world.clock.advance(31)
    await world.outbox().deliver_due()
    assert world.receiver.events == ["firing"]


@pytest.mark.parametrize("seconds", [-86_400, 86_400])
async def test_a_claim_survives_no_set_clock(world, owe_one, seconds):
    owe_one()
    accept = world.receiver.send

    async def die(_one):
        raise Killed

    world.receiver.send = die
    with pytest.raises(Killed):
        await world.deliver()
    world.receiver.send = accept
    world.clock.set_wall(world.clock.wall_ns() + seconds * NS_PER_S)
    await world.outbox().deliver_due()
    assert world.receiver.events == ["firing"]


async def test_delivered_while_the_store_went_away_is_not_sent_twice(world, owe_one):
    owe_one()
    accept = world.receiver.send

    async def accept_and_lose_the_store(one):
        await accept(one)
        world.state.away = True

    world.receiver.send = accept_and_lose_the_store
    outbox = world.outbox()
    for _ in range(3):
        await outbox.deliver_due()
        world.clock.advance(60)
    world.receiver.send = accept
    world.state.away = False
    await outbox.deliver_due()
    assert world.receiver.events == ["firing"]
    assert not world.owed()


async def test_a_read_only_store_sends_nothing_and_ends_the_pass(world, owe_one):
    owe_one()
    world.state.read_only = True
    await world.deliver()
    assert world.receiver.attempts == 0
    world.state.read_only = False
    await world.deliver()
    assert world.receiver.events == ["firing"]


async def test_an_unreadable_message_is_counted_and_dropped(world, owe_one):
    world.state.commit([Put("outbox", "x", {"channel": "pager", "event": "song"})])
    owe_one()
    await world.deliver()
    assert world.receiver.events == ["firing"]
    assert not world.owed()
    assert world.guard.counts["act.outbox_document"] == 1


async def test_a_channel_with_a_bug_is_a_channel_that_failed_and_its_text_is_not_told(
    world, owe_one, caplog
):
    owe_one()
    world.receiver.error = TypeError("https://discord.com/api/webhooks/1/sesame")
    outbox = world.outbox()
    await outbox.deliver_due()
    assert "TypeError at conftest.py" in outbox.check().detail
    assert "sesame" not in caplog.text + outbox.check().detail
    assert world.guard.counts["notify.pager"] == 1
    assert len(world.owed()) == 1


EVENTS = {
    (Event.FIRING,): (Event.FIRING, False),
    (Event.FIRING, Event.REMINDER): (Event.FIRING, False),
    (Event.FIRING, Event.ESCALATED): (Event.FIRING, False),
    (Event.ESCALATED, Event.REMINDER): (Event.ESCALATED, False),
    (Event.REMINDER, Event.REMINDER): (Event.REMINDER, False),
    (Event.REMINDER, Event.RESOLVED): (Event.RESOLVED, False),
    (Event.FIRING, Event.ESCALATED, Event.RESOLVED): (Event.RESOLVED, True),
}


@pytest.mark.parametrize(("events", "told"), EVENTS.items(), ids=str)
def test_what_one_alert_owes_is_told_as_of_the_newest(events, told):
    owed = [notification(event, at_ns=at, value=at) for at, event in enumerate(events)]
    one = merged(list(reversed(owed)))
    assert (one.event, one.late) == told
    assert one.alert.value == len(events) - 1


async def test_a_store_that_is_away_is_waited_for(world):
    world.state.away = True
    with pytest.raises(StoreUnavailableError):
        world.state.read("outbox")
    await world.deliver()
    assert world.outbox().check().status is Status.HEALTHY
