"""Whatever happens in whatever order: nothing rises without a reason, and back is back at once."""

from __future__ import annotations

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_S
from changeover.core.errors import ChangeoverError
from changeover.core.verdict import EVERYTHING, Decision

HOUR = 3_600
LADDER = {0.0, 0.25, 0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0}

SCOPES = st.sampled_from(["ping", "help", "auth", EVERYTHING])
EVENTS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(["promote", "hold", "rollback"]), SCOPES),
    st.tuples(st.just("all"), st.sampled_from(["promote", "hold", "rollback"])),
    st.tuples(st.just("time"), st.sampled_from([1, HOUR, 25 * HOUR])),
    st.tuples(st.just("clock"), st.sampled_from([-24 * HOUR, 24 * HOUR])),
    st.tuples(
        st.just("order"),
        st.sampled_from(["hold", "resume", "rollback"]),
        st.sampled_from(["utility", "authentication", "ping"]),
    ),
    st.tuples(st.just("restart")),
    st.tuples(st.just("store"), st.booleans()),
)


def play(world, event):
    match event:
        case ("say", decision, name):
            world.say(decision, name)
        case ("all", decision):
            world.say(decision)
        case ("time", seconds):
            world.clock.advance(seconds)
        case ("clock", seconds):
            world.clock.set_wall(world.clock.wall_ns() + seconds * NS_PER_S)
        case ("order", verb, name):
            with contextlib.suppress(ChangeoverError):
                getattr(world.bot.rollout, verb)(name, actor="cli:ada", reason="asked")
        case ("restart",):
            world.restart()
        case ("store", is_away):
            world.state.away = is_away


def shares(world):
    return {name: world.bot.share(name) for name in world.commands}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(EVENTS, max_size=40))
def test_shares_keep_to_the_ladder_and_rise_only_where_nothing_speaks_against_it(
    make_world, events, tmp_path_factory
):
    world = make_world(tmp_path_factory.mktemp("data"))
    world.hours(3)
    for event in events:
        if event == ("restart",) and world.state.away:
            continue  # a process that starts without the store has every flag off
        play(world, event)
        world.bot.flags.refresh()
        before = shares(world)
        current = world.bot.rollout._current(world.verdicts)
        world.tick(0)
        world.bot.flags.refresh()
        after = shares(world)
        assert set(after.values()) <= LADDER
        for name, share in after.items():
            verdicts = [current.get(name), current.get(EVERYTHING)]
            decisions = {verdict.decision for verdict in verdicts if verdict}
            if share > before[name]:
                assert Decision.ROLLBACK not in decisions, (name, event)
                is_first = before[name] == 0
                assert is_first or Decision.PROMOTE in decisions, (name, event)
                assert not world.state.away


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(EVENTS, max_size=25), scope=st.sampled_from(["ping", "auth", EVERYTHING]))
def test_what_the_judge_condemns_is_on_legacy_in_this_process_after_the_very_step(
    make_world, events, scope, tmp_path_factory
):
    world = make_world(tmp_path_factory.mktemp("data"))
    world.hours(3)
    for event in events:
        play(world, event)
        world.tick(0)
    world.clock.advance(48 * HOUR)  # whatever the clock did, this verdict is newer than all before
    for name in world.commands:
        world.verdicts.pop(name, None)
    world.verdicts.pop(EVERYTHING, None)
    world.say("rollback", scope)
    world.bot.rollout.step(world.verdicts, leads=True)  # no look at the store in between
    condemned = world.commands if scope == EVERYTHING else [scope]
    assert {name: world.bot.share(name) for name in condemned} == dict.fromkeys(condemned, 0.0)
