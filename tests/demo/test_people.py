"""The people are many, different, and the same for the same seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice, pairwise

import pytest

from changeover.core.clock import ManualClock
from changeover.core.model import Kind, Outcome
from changeover.demo.catalogue import COMMANDS
from changeover.demo.loopback import Permission
from changeover.demo.people import People, demo_world


@pytest.fixture(scope="module")
def world():
    return demo_world()


@pytest.fixture(scope="module")
def actions(world):
    return list(islice(People(world, seed=3).actions(), 12_000))


@pytest.fixture(scope="module")
def commands(actions):
    return [action for action in actions if action.kind is not None]


def test_equal_seeds_give_equal_streams_even_in_another_world_of_that_seed(world, actions):
    again = list(islice(People(demo_world(), seed=3).actions(), 12_000))
    assert again == actions
    assert list(islice(People(world, seed=4).actions(), 100)) != actions[:100]


@pytest.mark.parametrize("rate", [2.0, 10.0, 80.0])
def test_commands_come_at_about_the_rate(world, rate):
    stream = list(islice(People(world, rate=rate).actions(), 12_000))
    happened = sum(action.kind is not None for action in stream)
    assert happened / stream[-1].at_s == pytest.approx(rate, rel=0.05)


def test_gaps_vary_as_much_as_those_of_chance(actions):
    gaps = [after.at_s - before.at_s for before, after in pairwise(actions)]
    assert min(gaps) >= 0
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert deviation == pytest.approx(mean, rel=0.1)


def test_all_commands_are_used_and_some_much_more_than_others(commands):
    used = Counter(action.command for action in commands)
    assert set(COMMANDS) <= set(used)
    assert used["list"] > 2 * used["ping"] > 4 * used["debug"]


def test_people_type_and_use_slash_commands(commands):
    kinds = Counter(action.kind for action in commands)
    assert set(kinds) == {Kind.PREFIX, Kind.SLASH}
    assert min(kinds.values()) > 0.3 * len(commands)


def test_typed_commands_have_the_prefix_and_chat_has_not(actions):
    for action in actions:
        assert action.text.startswith("!tz ") is (action.kind is Kind.PREFIX)
    assert 0.15 < sum(action.kind is None for action in actions) / len(actions) < 0.25


def test_slash_commands_are_never_misspelt(commands):
    slashed = {action.command for action in commands if action.kind is Kind.SLASH}
    assert slashed == set(COMMANDS)


def test_about_one_command_in_a_hundred_is_unknown(commands):
    unknown = sum(action.command not in COMMANDS for action in commands)
    assert 0.005 < unknown / len(commands) < 0.015


def test_somebody_is_impatient_now_and_then(commands):
    listed = {}
    for action in commands:
        if action.command == "list":
            listed.setdefault(action.user.id, []).append(action.at_s)
    hurried = sum(
        times[at + 6] - times[at] < 1 for times in listed.values() for at in range(len(times) - 6)
    )
    assert hurried > 10


def test_people_write_only_where_they_and_the_bot_may(world, actions):
    for action in actions:
        for user in (action.user, world.bot):
            assert Permission.SEND_MESSAGES in world.permissions(user, action.channel)


def test_some_talk_to_the_bot_directly(commands):
    direct = sum(action.channel.guild_id is None for action in commands)
    assert 0.05 < direct / len(commands) < 0.12


def test_nearly_everybody_takes_part_and_a_few_do_most(world, actions):
    people = Counter(action.user.id for action in actions)
    assert len(people) > 190
    assert all(not world.users[user_id].bot for user_id in people)
    assert sum(count for _, count in people.most_common(20)) > 0.25 * len(actions)


class Listener:
    """A Discord that notes what is posted, and stops the people after so many."""

    def __init__(self, enough, first=lambda: None):
        self.posted = []
        self.stop = asyncio.Event()
        self._enough = enough
        self._first = first

    def post_message(self, content, *, user, channel):
        self._note((content, user.name, channel.id))

    def post_interaction(self, command, options, /, *, user, channel):
        self._note((command, dict(options), user.name, channel.id))

    async def invoke(self, command, options, /, *, user, channel):
        self._note((command, dict(options), user.name, channel.id))
        await asyncio.Event().wait()  # an answer that never comes must not keep anybody

    def _note(self, what):
        if not self.posted:
            self._first()
        self.posted.append(what)
        if len(self.posted) >= self._enough:
            self.stop.set()


async def test_running_people_do_what_their_stream_says_until_they_are_stopped(world):
    discord = Listener(60)
    await People(world, seed=5, rate=2_000).run(discord, discord.stop)
    assert 60 <= len(discord.posted) <= 61
    expected = list(islice(People(world, seed=5, rate=2_000).actions(), 60))
    names = [what[-2] for what in discord.posted]
    assert Counter(names) - Counter(action.user.name for action in expected) in (
        Counter(),
        Counter(names[-1:]),
    )


async def test_after_a_standstill_of_an_hour_nobody_catches_up_more_than_a_second(world):
    clock = ManualClock()
    discord = Listener(1_000, first=lambda: clock.advance(3_600))
    running = asyncio.create_task(People(world, rate=10).run(discord, discord.stop, clock))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(discord.stop.wait(), 0.3)
    discord.stop.set()
    await running
    assert 1 < len(discord.posted) < 60


async def test_stopped_people_do_nothing(world):
    discord = Listener(1)
    discord.stop.set()
    await People(world).run(discord, discord.stop)
    assert discord.posted == []


@pytest.mark.slow
@pytest.mark.parametrize("system", ["legacy", "ddd"])
async def test_everything_people_do_is_answered_and_recorded_once_and_nothing_fails(staged, system):
    world = demo_world(guilds=2, users=40)
    outcomes = Counter()
    async with staged(system, world=world) as stage:
        for action in islice(People(world, seed=6).actions(), 500):
            where = {"user": action.user, "channel": action.channel}
            if action.kind is Kind.SLASH:
                done = await stage.discord.invoke(f"/{action.command}", action.options, **where)
            else:
                done = await stage.discord.say(action.text, **where)
            records = stage.took()
            assert len(records) == (action.kind is not None), action
            if records:
                assert len(done.replies) == 1, action
                assert records[0].kind is action.kind
                outcomes[records[0].outcome] += 1
        assert stage.discord.counters.late == 0
    assert not any(outcome.is_error for outcome in outcomes)
    assert outcomes[Outcome.OK] > 250
    assert {Outcome.USER_ERROR, Outcome.DENIED, Outcome.THROTTLED, Outcome.NOT_FOUND} <= set(
        outcomes
    )
