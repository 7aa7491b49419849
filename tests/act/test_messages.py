"""How many messages people get, and whether their receivers end up as things are."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.act.documents import owe
from changeover.core.clock import NS_PER_S
from changeover.core.errors import ChannelError
from changeover.core.model import Alert, Event, Notification, Phase

DAY_S = 86_400


def told(key, event, at_ns, **changes):
    alert = Alert(
        key=key, rule=key, phase=Phase.FIRING, severity="warning", summary=f"{key} is high",
        value=0.05, threshold=0.01, unit="ratio", episode=1,
    )  # fmt: skip
    return Notification(event, replace(alert, **changes), f"{key}#1", "host/1", at_ns)


@pytest.fixture
def happen(world):
    """Something happens to alerts; both channels owe a message each."""

    def happen(event, *keys, channels=("pager",), **changes):
        now_ns = world.clock.wall_ns()
        world.state.commit(
            [owe(name, told(key, event, now_ns, **changes)) for key in keys for name in channels]
        )

    return happen


@pytest.fixture
def later(world):
    """Time goes by, and all is delivered."""

    async def later(seconds=11.0):
        world.clock.advance(seconds)
        await world.deliver()

    return later


class Incidents:
    """A receiver such as PagerDuty: an incident is open by its key, until that is resolved."""

    name = "pager"

    def __init__(self, fails=lambda: False, loses_answer=lambda: False):
        self.open = set()
        self.fired, self.resolved = [], []  # alerts, as people read them
        self.fails, self.loses_answer = fails, loses_answer

    async def send(self, one):
        if self.fails():
            raise ChannelError("answered 500")
        if one.event == "resolved":
            self.open -= {one.dedup_key, *one.closes}
        else:
            self.open.add(one.dedup_key)
        keys = [one.alert.key, *(line.split()[1] for line in one.also)]
        if one.event == "firing":
            self.fired += keys
        if one.event == "resolved":
            self.resolved += keys
        assert one.receipt in (None, f"of {one.dedup_key}")
        if self.loses_answer():
            raise ChannelError("no answer")
        return f"of {one.dedup_key}"

    async def close(self):
        pass


@pytest.mark.parametrize("seconds", [0, 9])
async def test_three_hundred_alerts_within_ten_seconds_are_one_message_a_channel(
    world, happen, receiver_class, seconds
):
    other = receiver_class("other")
    outbox = world.outbox(world.receiver, other)
    for third in range(3):
        keys = [f"rule{third}_{number}" for number in range(100)]
        happen(Event.FIRING, *keys, channels=("pager", "other"))
        await outbox.deliver_due()
        world.clock.advance(seconds / 3)
    world.clock.advance(10)
    await outbox.deliver_due()
    for channel in (world.receiver, other):
        (only,) = channel.accepted
        assert 1 + len(only.also) + only.more == 300


async def test_what_fires_ten_seconds_later_is_a_message_of_its_own(world, happen, later):
    happen(Event.FIRING, "a")
    await later()
    happen(Event.FIRING, "b")
    await later()
    assert [one.alert.key for one in world.receiver.accepted] == ["a", "b"]


async def test_the_outbox_says_when_the_group_is_complete(world, happen):
    happen(Event.FIRING, "a")
    postman = world.outbox()._served["pager"].postman
    assert await postman.deliver() == 10
    world.clock.advance(4)
    assert await postman.deliver() == 6
    assert world.receiver.attempts == 0


async def test_a_clock_set_back_does_not_hold_up_a_group(world, happen):
    happen(Event.FIRING, "a")
    world.clock.set_wall(world.clock.wall_ns() - DAY_S * NS_PER_S)
    await world.deliver()
    assert world.receiver.events == ["firing"]


async def test_a_channel_that_owes_one_message_a_second_sends_thirty_a_minute(world, happen):
    outbox = world.outbox(group_s=0)
    for number in range(180):
        happen(Event.FIRING, f"rule{number}")
        await outbox.deliver_due()
        world.clock.advance(1)
    await outbox.deliver_due()
    world.clock.advance(60)
    await outbox.deliver_due()
    messages = world.receiver.accepted
    assert len(messages) <= 3 * 30 + 1
    assert sum(1 + len(one.also) + one.more for one in messages) == 180


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_ten_thousand_undelivered_alerts_after_three_days_are_at_most_five_messages(
    world, happen
):
    keys = [f"rule{number:05}" for number in range(10_000)]
    world.receiver.error = ChannelError("no connection")
    outbox = world.outbox()
    for part in range(2):
        happen(Event.FIRING, *keys[part::2])
        world.clock.advance(36 * 3600)
        await outbox.deliver_due()
        happen(Event.RESOLVED, *keys[part::4])
    world.receiver.error = None
    before = world.receiver.attempts
    for seconds in (1000, 60, 60):
        world.clock.advance(seconds)
        await outbox.deliver_due()
    assert not world.owed()
    assert world.receiver.attempts - before <= 5
    firing = [one for one in world.receiver.accepted if one.event == "firing"]
    assert sum(1 + len(one.also) + one.more for one in firing) == 5_000


async def test_a_receipt_comes_with_the_next_message_of_its_alert_and_goes_with_it(
    world, happen, later
):
    class Chat(type(world.receiver)):
        async def send(self, one):
            await super().send(one)
            return f"message-{len(self.accepted)}"

    chat = world.receiver = Chat()
    world.processes[:] = [(world.manager, world.outbox(chat))]
    happen(Event.FIRING, "a")
    await later()
    world.processes[:] = [(world.manager, world.outbox(chat))]  # a restart
    happen(Event.ESCALATED, "a")
    await later()
    assert len(world.state.read("receipt")) == 1
    happen(Event.RESOLVED, "a")
    await later()
    assert [one.receipt for one in chat.accepted] == [None, "message-1", "message-2"]
    assert not world.state.read("receipt")


async def test_grouped_alerts_are_over_one_by_one_and_the_incident_with_the_last(
    world, happen, later
):
    pager = Incidents()
    world.processes[:] = [(world.manager, world.outbox(pager))]
    happen(Event.FIRING, "a", "b", "c")
    await later()
    assert pager.open == {"a#1"}
    for key in "ac":
        happen(Event.RESOLVED, key)
        await later()
        assert pager.open == {"a#1"}
    happen(Event.RESOLVED, "b")
    await later()
    assert pager.open == set()
    assert pager.resolved == ["a", "c", "b"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fire", "resolve", "escalate", "break", "lose", "mend", "restart"]),
        st.integers(0, 5),
        st.sampled_from([0, 3, 12, 40, 700]),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_alert_fires_and_ends_once_and_no_incident_stays(steps):
    from tests.act.conftest import World

    asyncio.run(_play(World(), steps))


class Play:
    """Alerts that come and go, a receiver in any mood, and what people should have read."""

    def __init__(self, world):
        self.world = world
        self.fails = self.loses = self.ever_lost = False
        self.pager = Incidents(lambda: self.fails, lambda: self.loses)
        self.outbox = world.outbox(self.pager)
        self.fires, self.episodes = {}, 0

    def happen(self, event, key):
        self.world.state.commit([owe("pager", told(key, event, self.world.clock.wall_ns()))])

    async def wait(self, *seconds):
        for one in seconds:
            self.world.clock.advance(one + 0.001)
            await self.outbox.deliver_due()

    def step(self, step, number):
        if step == "fire" and number not in self.fires:
            self.episodes += 1
            self.fires[number] = f"e{self.episodes}"
            self.happen(Event.FIRING, self.fires[number])
        elif step == "escalate" and number in self.fires:
            self.happen(Event.ESCALATED, self.fires[number])
        elif step == "resolve" and number in self.fires:
            self.happen(Event.RESOLVED, self.fires.pop(number))
        elif step in {"break", "lose", "mend"}:
            self.fails, self.loses = step == "break", step == "lose"
            self.ever_lost |= self.loses
        elif step == "restart":
            self.outbox = self.world.outbox(self.pager)


async def _play(world, steps):
    play = Play(world)
    pager = play.pager
    for step, number, seconds in steps:
        play.step(step, number)
        await play.wait(seconds)
    play.fails = play.loses = False
    await play.wait(1000, 20, 1000, 70)
    assert bool(pager.open) == bool(play.fires)
    assert set(play.fires.values()) <= set(pager.fired)
    if not play.ever_lost:
        assert len(pager.fired) == len(set(pager.fired))
        assert len(pager.resolved) == len(set(pager.resolved))
    for number in list(play.fires):
        play.step("resolve", number)
    await play.wait(20, 1000)
    assert pager.open == set()
    assert set(pager.fired) <= set(pager.resolved)
    assert len(set(pager.resolved)) == play.episodes
    assert not world.owed()
    assert not world.state.read("receipt")


async def test_a_channel_that_is_off_is_told_of_on_the_others_once(world, happen, receiver_class):
    other = receiver_class("other")
    world.receiver.error = ChannelError("answered 404", permanent=True)
    happen(Event.FIRING, "a", channels=("pager", "other"))
    for _ in range(3):  # each a restart
        outbox = world.outbox(world.receiver, other)
        for _ in range(3):
            world.clock.advance(20)
            await outbox.deliver_due()
    assert [one.alert.rule for one in other.accepted] == ["a", "alert_channel"]
    assert "pager is off until its settings change: answered 404" in other.accepted[1].alert.summary
    off, fine = outbox.channels()
    assert (off.name, off.state, off.last_error, off.queue) == ("pager", "off", "answered 404", 1)
    assert off.oldest_s == 180
    assert off.since_ns is not None
    assert (fine.state, fine.queue, fine.oldest_s, fine.since_ns) == ("working", 0, None, None)


async def test_a_channel_that_went_off_while_the_store_went_away_is_told_of_later(
    world, happen, receiver_class
):
    class Last(receiver_class):
        async def send(self, _one):
            world.state.away = True
            raise ChannelError("answered 404", permanent=True)

    other = receiver_class("other")
    outbox = world.outbox(Last(), other)
    happen(Event.FIRING, "a")
    world.clock.advance(11)
    await outbox.deliver_due()
    world.state.away = False
    for _ in range(3):
        world.clock.advance(40)
        await outbox.deliver_due()
    assert [one.alert.rule for one in other.accepted] == ["alert_channel"]
    assert outbox.channels()[0].state == "off"


async def test_that_it_works_again_is_told_once_too(world, happen, receiver_class):
    other = receiver_class("other")
    world.receiver.error = ChannelError("answered 401", permanent=True)
    happen(Event.FIRING, "a")
    for error in (world.receiver.error, None):
        world.receiver.error = error
        outbox = world.outbox(world.receiver, other)
        for _ in range(3):
            world.clock.advance(20)
            await outbox.deliver_due()
    assert other.events == ["firing", "resolved"]
    assert len({one.dedup_key for one in other.accepted}) == 1
    assert "pager works again after" in other.accepted[1].alert.summary
    assert {one.state for one in outbox.channels()} == {"working"}


async def test_any_process_knows_how_the_channels_stand(world, happen, later):
    world.receiver.error = ChannelError("answered 500 for Bearer abcdefghijklmno")
    happen(Event.FIRING, "a")
    await later()
    (state,) = world.outbox().channels()
    assert (state.state, state.queue) == ("failing", 1)
    assert state.last_error == "answered 500 for Bearer ***"
    world.state.away = True
    _, outbox = world.processes[0]
    assert [(one.state, one.queue) for one in outbox.channels()] == [("failing", 1)]


async def test_only_a_receiver_that_wants_it_hears_of_an_acknowledgement(
    world, happen, receiver_class
):
    pager = receiver_class("pager")
    pager.takes_acknowledged = True
    chat = receiver_class("chat")
    outbox = world.outbox(pager, chat)
    for event in (Event.FIRING, Event.ACKNOWLEDGED, Event.RESOLVED):
        happen(event, "a", channels=("pager", "chat"))
        world.clock.advance(11)
        await outbox.deliver_due()
    assert pager.events == ["firing", "acknowledged", "resolved"]
    assert chat.events == ["firing", "resolved"]
    assert not world.owed()
