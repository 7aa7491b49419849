"""Whole moves on a manual clock: up in auto, back at once, and never to and fro."""

from __future__ import annotations

import pytest

from changeover.core.clock import NS_PER_S
from changeover.core.errors import ConflictError
from changeover.core.move import Freeze, Mode, Stage
from changeover.core.order import RefusedOrderError
from changeover.core.verdict import EVERYTHING

HOUR, DAY = 3_600, 86_400


def climb(world, share, scope="utility"):
    """Go up until a scope is at a share."""
    for _ in range(300):
        if world.move(scope).share >= share:
            world.tick()
            return
        world.hours(1)
    raise AssertionError(world.move(scope))


def test_a_whole_move_goes_up_rung_by_rung_and_then_the_next_scope(world):
    seen = {"utility": [], "authentication": []}
    for _ in range(420):
        world.hours(1)
        for name, path in seen.items():
            move = world.move(name)
            if not path or path[-1] != (move.stage.value, move.share):
                path.append((move.stage.value, move.share))
    rungs = [("off", 0), ("canary", 1), ("ramp", 5), ("ramp", 10), ("ramp", 25), ("ramp", 50)]
    ladder = [*rungs, ("guarded", 100), ("done", 100)]
    assert seen["utility"] in (ladder, ladder[1:])
    assert seen["authentication"] == ladder
    started = world.flips("authentication")[0]
    assert started.actor == "auto"
    assert "baseline" in started.reason
    assert world.bot.share("ping") == 100
    assert world.owed() == []


def test_each_step_up_takes_the_least_time_and_the_least_executions(make_world, plan_of):
    world = make_world(plan=plan_of(min_time_s=2 * HOUR, min_executions=5_000))
    world.hours(1)
    assert world.move("utility").share == 1
    world.hours(1)
    assert world.move("utility").share == 1
    assert "more of this stage" in world.move("utility").waits_for
    world.hours(1)
    assert world.move("utility").share == 1
    assert "more executions of the new system at 1%" in world.move("utility").waits_for
    world.hours(1)
    assert world.move("utility").share == 5


def test_a_hard_break_is_taken_back_in_the_step_that_sees_it_with_one_flip_and_one_notice(world):
    climb(world, 25)
    world.say("rollback", "ping", errors=4)
    world.tick(0)
    assert world.bot.share("ping") == 0
    assert world.bot.share("help") == 25
    (flip,) = world.flips("ping")
    assert (flip.actor, flip.new, flip.reason) == ("auto", "0%", "said rollback of ping")
    for _ in range(20):
        world.tick()
    assert len(world.flips("ping")) == 1
    assert world.owed() == [("rollback", "firing")]
    assert world.move("utility").rolled_back == ("ping",)
    assert world.move("ping").parent == "utility"


def test_pooled_evidence_takes_everything_back_with_one_notice(world):
    climb(world, 5, "authentication")
    world.say("rollback", EVERYTHING)
    world.tick(0)
    assert [world.bot.share(name) for name in world.commands] == [0, 0, 0]
    assert [world.move(name).stage for name in ("utility", "authentication")] == [Stage.OFF] * 2
    assert world.owed("rollback") == [("rollback", "firing")]


def test_a_command_taken_back_alone_climbs_by_itself_and_joins_its_category_again(world):
    climb(world, 25)
    world.say("rollback", "ping")
    world.tick()
    world.bot.rollout.hold("utility", actor="cli:ada", reason="wait for ping")
    world.hours(25, "promote")
    shares = []
    for _ in range(60):
        world.hours(1)
        shares.append(world.bot.share("ping"))
    assert [flip.new for flip in world.flips("ping")] == ["0%", "0.5%", "1%", "5%", "10%", None]
    assert shares[-1] == 25
    assert world.move("utility").rolled_back == ()
    assert "ping" not in {move.scope for move in world.bot.rollout.moves()}


def test_when_both_fail_nothing_moves(world):
    climb(world, 25)
    before = world.flips("utility")
    for _ in range(48):
        world.hours(1, "hold", errors=900)
    assert world.flips("utility") == before
    assert world.bot.share("ping") == 25


def test_silence_is_never_evidence(world):
    climb(world, 10)
    for _ in range(24 * 60):
        world.hours(1, None)
    assert world.move("utility").share == 10
    assert "more executions" in world.move("utility").waits_for


def test_flapping_ends_with_a_person(make_world, plan_of):
    world = make_world(plan=plan_of(cooldown_s=DAY))
    for number in range(1, 4):
        climb(world, 5 if number == 1 else 1)
        world.say("rollback", EVERYTHING)
        world.tick()
        assert world.move("utility").retries == number
    firsts = [flip.new for flip in world.flips("utility") if flip.old in (None, "0%")]
    assert firsts == ["1%", "0.5%", "0.25%"]
    world.hours(24 * 30)
    move = world.move("utility")
    assert (move.share, move.held_by) == (0, "auto")
    assert "taken back 3 times" in move.waits_for
    world.bot.rollout.resume("utility", actor="cli:ada", reason="fixed")
    world.hours(1)
    assert world.move("utility").share == 1


def test_nothing_goes_up_in_the_cool_down(world):
    climb(world, 5)
    world.say("rollback", EVERYTHING)
    world.tick()
    world.hours(23)
    assert world.move("utility").share == 0
    assert "cool-down" in world.move("utility").waits_for
    world.hours(2)
    assert world.move("utility").share == 0.5


def test_the_old_verdict_takes_nothing_back_a_second_time(world):
    climb(world, 5)
    world.say("rollback", EVERYTHING)
    condemned = world.verdicts[EVERYTHING]
    world.tick()
    world.hours(26)
    assert world.move("utility").share > 0
    world.verdicts[EVERYTHING] = condemned
    world.tick()
    assert world.move("utility").share > 0
    assert world.bot.rollout.evidence_since()[EVERYTHING] > condemned.at_ns


@pytest.mark.parametrize("state", ["held", "frozen", "asked", "stopped", "cooling"])
def test_taking_back_comes_first_in_every_state(make_world, plan_of, state):
    world = make_world(plan=plan_of(mode=Mode.APPROVE if state == "asked" else Mode.AUTO))
    world.set_flag("ddd.commands.utility", 25)
    world.bot.rollout.resume("utility", actor="cli:ada", reason="go on from here")
    orders = world.bot.rollout
    if state == "held":
        orders.hold("utility", actor="cli:ada", reason="wait")
    elif state == "frozen":
        orders.freeze(world.clock.wall_ns() + DAY * NS_PER_S, actor="cli:ada", reason="holidays")
    elif state == "stopped":
        orders.stop(actor="cli:ada", reason="panic")
    elif state == "asked":
        world.hours(2)
        assert world.move("utility").asked_ns is not None
    world.tick()
    world.say("rollback", EVERYTHING)
    world.tick()
    assert world.bot.flags.share("ddd.commands.utility") == 0
    assert world.state.read("flag")["ddd.commands.utility"].value["share"] == 0
    assert world.move("utility").stage is Stage.OFF


def test_approve_asks_once_and_goes_when_a_person_says_so(make_world, plan_of):
    world = make_world(plan=plan_of(mode=Mode.APPROVE))
    world.hours(3)
    move = world.move("utility")
    assert (move.share, move.proposal) == (0, 1)
    assert "changeover stage approve utility" in move.waits_for
    assert world.owed() == [("approval", "firing")]
    world.bot.rollout.approve(
        "utility", actor="discord:7", reason="looks good", expected=move.version
    )
    world.tick()
    assert world.move("utility").share == 1
    assert world.flips("utility")[-1].actor == "discord:7"
    assert world.owed() == [("approval", "firing"), ("approval", "resolved")]


def test_an_approval_is_for_what_the_person_saw(make_world, plan_of):
    world = make_world(plan=plan_of(mode=Mode.APPROVE))
    world.hours(3)
    seen = world.move("utility").version
    world.bot.rollout.hold("utility", actor="cli:bob", reason="wait")
    with pytest.raises(ConflictError):
        world.bot.rollout.approve("utility", actor="cli:ada", reason="yes", expected=seen)
    refused = world.state.flips(1)[0]
    assert (refused.actor, refused.subject) == ("cli:ada", "stage utility")
    assert refused.reason.startswith("refused approve")


def test_an_approval_does_not_outlive_a_rollback(make_world, plan_of):
    world = make_world(plan=plan_of(mode=Mode.APPROVE, cooldown_s=60))
    world.set_flag("ddd.commands.utility", 25)
    world.bot.rollout.resume("utility", actor="cli:ada", reason="go on from here")
    world.hours(2)
    world.bot.rollout.approve("utility", actor="cli:ada", reason="yes")
    world.say("rollback", EVERYTHING)
    world.tick()
    world.hours(3)
    assert world.move("utility").approved_by is None
    assert world.move("utility").share == 0


def test_manual_says_what_it_would_do_and_does_nothing(make_world, plan_of):
    world = make_world(plan=plan_of(mode=Mode.MANUAL))
    world.hours(48)
    move = world.move("utility")
    assert (move.share, move.proposal) == (0, 1)
    assert move.waits_for == "a person: changeover stage advance utility"
    world.bot.rollout.advance("utility", actor="cli:ada", reason="begin")
    assert world.move("utility").share == 1
    world.tick(6)
    with pytest.raises(RefusedOrderError, match=r"--force"):
        world.bot.rollout.advance("utility", actor="cli:ada", reason="hurry")
    world.bot.rollout.advance("utility", actor="cli:ada", reason="hurry", force=True)
    assert world.move("utility").share == 5


def test_nothing_goes_up_in_a_freeze_of_the_plan(make_world, plan_of):
    world = make_world(plan=plan_of())
    start = world.clock.wall_ns()
    holidays = Freeze(from_ns=start, until_ns=start + DAY * NS_PER_S, reason="holidays")
    world.plan = type(world.plan)(scopes=world.plan.scopes, freezes=(holidays,))
    world.restart()
    world.hours(23)
    assert world.move("utility").share == 0
    assert world.move("utility").waits_for.endswith("holidays")
    world.hours(3)
    assert world.move("utility").share > 0


def test_doubts_about_the_figures_hold_a_step_up(world):
    climb(world, 5)
    for _ in range(10):
        world.hours(1, concerns=("the recorder drops",))
    assert world.move("utility").share == 5
    assert "the recorder drops" in world.move("utility").waits_for


def test_a_flag_that_somebody_set_by_hand_is_theirs_until_they_resume(world):
    climb(world, 5)
    world.set_flag("ddd.commands.utility", 40)
    world.hours(5)
    assert world.move("utility").share == 5
    assert "set to 40% by cli:ada" in world.move("utility").waits_for
    world.bot.rollout.resume("utility", actor="cli:ada", reason="go on from there")
    world.hours(1)
    assert world.move("utility").share == 50


def test_gates_that_are_off_are_named(world):
    world.set_flag("ddd.commands.integration", 0)
    world.hours(2)
    assert world.move("utility").share == 0
    assert "changeover flags set ddd.commands.integration on" in world.move("utility").waits_for


def test_a_person_takes_back_and_it_stays_so(world):
    climb(world, 25)
    world.bot.rollout.rollback("utility", actor="cli:ada", reason="users complain")
    assert world.bot.share("ping") == 0
    world.hours(24 * 7)
    assert world.move("utility").share == 0
    assert world.move("utility").held_by == "cli:ada"
    assert world.owed() == [("rollback", "firing")]


def test_what_is_taken_back_though_it_is_on_legacy_stays_there(world):
    climb(world, 5)
    world.say("rollback", EVERYTHING)
    world.tick()
    move = world.bot.rollout.rollback("utility", actor="cli:ada", reason="leave it")
    assert move.held_by == "cli:ada"


def test_nothing_begins_anew_while_the_judge_condemns_it(world):
    climb(world, 5)
    world.say("rollback", EVERYTHING)
    world.tick()
    world.bot.rollout.resume("utility", actor="cli:ada", reason="fixed")
    world.say("promote")
    world.say("rollback", "ping")
    for _ in range(20):
        world.tick()
    assert world.move("utility").share == 0
    assert "the judge says rollback of ping" in world.move("utility").waits_for


def test_a_proposal_is_gone_as_soon_as_it_was_taken(make_world, plan_of):
    world = make_world(plan=plan_of(mode=Mode.MANUAL))
    world.hours(2)
    assert world.move("utility").proposal == 1
    assert world.bot.rollout.advance("utility", actor="cli:ada", reason="go").proposal is None


def test_the_emergency_stop_holds_and_lifting_it_brings_back_what_was(world):
    climb(world, 25)
    world.bot.rollout.stop(actor="cli:ada", reason="panic")
    assert world.bot.share("ping") == 0
    world.hours(24)
    assert world.move("utility").share == 25
    assert "panic" in world.move("utility").waits_for
    world.bot.rollout.start_again(actor="cli:ada", reason="over")
    world.tick()
    assert world.bot.share("ping") == 25
    assert world.owed("emergency_stop") == [
        ("emergency_stop", "firing"),
        ("emergency_stop", "resolved"),
    ]
    with pytest.raises(RefusedOrderError):
        world.bot.rollout.start_again(actor="cli:ada", reason="again")


def test_the_emergency_stop_works_without_the_store_and_the_store_learns_of_it(world):
    climb(world, 25)
    world.state.away = True
    with pytest.raises(Exception, match="away"):
        world.bot.rollout.stop(actor="cli:ada", reason="panic")
    assert world.bot.share("ping") == 0
    world.state.away = False
    world.tick()
    assert world.state.read("flag")["ddd.commands.enabled"].value["share"] == 0


def test_a_file_made_by_hand_stops_everything(world):
    climb(world, 25)
    world.folder.mkdir(exist_ok=True)
    (world.folder / "STOP").touch()
    world.tick()
    assert world.bot.share("ping") == 0
    world.bot.rollout.start_again(actor="cli:ada", reason="over")
    world.tick()
    assert world.bot.share("ping") == 25
