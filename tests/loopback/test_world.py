"""The made-up world and its ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_MS, ManualClock, SystemClock
from changeover.demo.loopback.errors import LoopbackError
from changeover.demo.loopback.nouns import ChannelKind
from changeover.demo.loopback.snowflake import EPOCH_MS, TIME_SHIFT, Snowflakes, created_at
from changeover.testing import Overwrite, Permission, World

FLAGS = [Permission.SEND_MESSAGES, Permission.ADD_REACTIONS, Permission.MANAGE_MESSAGES]
some_flags = st.lists(st.sampled_from(FLAGS)).map(
    lambda flags: Permission(sum({int(flag) for flag in flags}))
)


def test_the_same_seed_gives_the_same_world():
    def sketch(world):
        return [
            (guild.id, guild.name, sorted(guild.members), sorted(guild.channels))
            for guild in world.guilds.values()
        ]

    first, second, other = World.build(seed=1), World.build(seed=1), World.build(seed=2)
    assert sketch(first) == sketch(second) != sketch(other)


def test_a_built_world_has_what_it_was_asked_for():
    world = World.build(guilds=5, users=200)
    assert len(world.guilds) == 5
    people = {user.id for guild in world.guilds.values() for user in guild.having(Permission.NONE)}
    assert len(people) == 200
    assert len({user.name for user in world.users.values()}) == len(world.users) == 202
    assert any(guild.having(Permission.MANAGE_MESSAGES) for guild in world.guilds.values())


@pytest.mark.parametrize(("guilds", "users"), [(0, 0), (0, 3), (1, 0), (3, 1), (12, 100)])
def test_odd_worlds_can_be_built_too(guilds, users):
    world = World.build(guilds=guilds, users=users)
    assert (len(world.guilds), len(world.users)) == (guilds, users + 2)
    assert Permission.SEND_MESSAGES in world.permissions(
        world.person(), world.home_of(world.person())
    )


def test_guilds_spread_evenly_over_shards():
    world = World.build(guilds=20, users=0)
    for count in (2, 4, 5):
        shards = [(guild_id >> TIME_SHIFT) % count for guild_id in world.guilds]
        assert {shards.count(shard) for shard in range(count)} == {20 // count}


def test_names_are_taken_once():
    world = World()
    world.add_user("ada")
    with pytest.raises(LoopbackError, match="'ada' exists already"):
        world.add_user("ada")
    with pytest.raises(LoopbackError, match="no user 'bob'"):
        world.person("bob")


def test_owners_and_administrators_may_everything():
    world = World()
    guild = world.add_guild("G", owner=world.add_user("owner"))
    boss = world.add_role(guild, "boss", Permission.ADMINISTRATOR)
    admin = world.add_user("admin")
    world.add_member(guild, admin, [boss])
    deny = Overwrite(guild.id, deny=Permission.ALL)
    vault = world.add_channel(guild, "vault", overwrites=(deny,), kind=ChannelKind.TEXT)
    assert world.permissions(world.person("owner"), vault) == Permission.ALL
    assert world.permissions(admin, vault) == Permission.ALL
    assert world.permissions(world.bot, vault) == Permission.NONE


@given(st.tuples(*[some_flags] * 6))
def test_the_member_beats_the_roles_and_the_roles_beat_everyone(flags):
    e_allow, e_deny, r_allow, r_deny, m_allow, m_deny = flags
    world = World()
    guild = world.add_guild("G")
    role = world.add_role(guild, "role", Permission.NONE)
    user = world.add_user("ada")
    world.add_member(guild, user, [role])
    overwrites = (
        Overwrite(user.id, m_allow, m_deny, for_member=True),
        Overwrite(role.id, r_allow, r_deny),
        Overwrite(guild.id, e_allow, e_deny),
    )
    channel = world.add_channel(guild, "c", overwrites=overwrites)
    allowed = world.permissions(user, channel)
    for flag in FLAGS:
        expected = flag in Permission.TALK
        for allow, deny in ((e_allow, e_deny), (r_allow, r_deny), (m_allow, m_deny)):
            expected = flag in allow or (expected and flag not in deny)
        assert (flag in allowed) is expected


def test_who_cannot_see_a_channel_may_nothing_in_it():
    world = World.build(guilds=1, users=3)
    guild = next(iter(world.guilds.values()))
    assert world.permissions(world.person(), guild.channel("backstage")) == Permission.NONE
    assert world.permissions(world.add_user("far away"), guild.channel("general")) == 0


def test_direct_messages_are_for_two():
    world = World.build(guilds=1, users=3)
    ada, alan = world.person("ada"), world.person("alan")
    assert world.dm(ada) is world.dm(ada)
    assert Permission.SEND_MESSAGES in world.permissions(ada, world.dm(ada))
    assert Permission.SEND_MESSAGES in world.permissions(world.bot, world.dm(ada))
    assert world.permissions(alan, world.dm(ada)) == Permission.NONE


@given(st.lists(st.floats(0, 10), max_size=50))
def test_ids_grow_and_carry_the_time(steps):
    clock = ManualClock()
    start_ms = SystemClock().wall_ns() // NS_PER_MS
    ids, last, advanced = Snowflakes(clock), 0, 0.0
    for step in steps:
        clock.advance(step)
        advanced += step
        new = ids.next()
        assert new > last
        last = new
        carried_ms = (new >> TIME_SHIFT) + EPOCH_MS
        assert abs(carried_ms - start_ms - advanced * 1000) < 5000


def test_a_thousand_ids_in_one_millisecond_are_all_different():
    ids = Snowflakes(ManualClock())
    made = [ids.next() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert created_at(made[0]) == created_at(made[-1])


def test_created_at_is_iso_8601_in_utc():
    assert created_at(175928847299117063) == "2016-04-30T11:18:25.796000+00:00"
