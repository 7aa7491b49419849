"""Moves while things break: restarts, several processes, clocks that are set, stores that are away."""

from __future__ import annotations

import pytest

from changeover.act.crash import Runs
from changeover.act.pending import PENDING_FILE
from changeover.core.clock import NS_PER_S
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Instance
from changeover.core.move import Stage
from changeover.core.ports import Put
from changeover.core.verdict import EVERYTHING

HOUR, DAY = 3_600, 86_400


def climb(world, share, scope="utility"):
    for _ in range(300):
        if world.move(scope).share >= share:
            world.tick()
            return
        world.hours(1)
    raise AssertionError(world.move(scope))


def test_a_move_goes_on_where_it_was_though_the_bot_restarts_at_each_step(world):
    for _ in range(420):
        world.hours(1)
        world.restart()
    assert [flip.new for flip in world.flips("utility")] == [
        "1%",
        "5%",
        "10%",
        "25%",
        "50%",
        "100%",
    ]
    assert world.move("utility").stage is Stage.DONE
    assert world.move("authentication").stage is Stage.DONE


def test_a_rollback_outlives_a_restart_at_once(world):
    climb(world, 25)
    world.say("rollback", "ping")
    world.tick(0)
    bot = world.restart()
    assert bot.share("ping") == 0
    world.verdicts = {}
    world.tick()
    assert bot.share("ping") == 0
    assert world.owed() == [("rollback", "firing")]


def test_three_processes_see_it_at_the_same_moment_and_make_one_flip_and_one_notice(world):
    climb(world, 25)
    world.start()
    world.start()
    second, third = world.processes[1:]
    for process in world.processes:
        process.flags.refresh()
    world.say("rollback", EVERYTHING)

    def meanwhile():
        world.state.before_commit = lambda: third.rollout.step(world.verdicts, leads=False)
        second.rollout.step(world.verdicts, leads=False)

    world.state.before_commit = meanwhile
    world.bot.rollout.step(world.verdicts, leads=True)
    assert [process.share("ping") for process in world.processes] == [0, 0, 0]
    assert [flip.new for flip in world.flips("utility")].count("0%") == 1
    assert world.owed() == [("rollback", "firing")]
    assert world.move("utility").retries == 1


def test_two_processes_that_condemn_one_command_at_the_same_moment_agree(world):
    climb(world, 25)
    other = world.start()
    for process in world.processes:
        process.flags.refresh()
    world.say("rollback", "ping")
    world.state.before_commit = lambda: other.rollout.step(world.verdicts, leads=False)
    world.bot.rollout.step(world.verdicts, leads=True)
    assert len(world.flips("ping")) == 1
    assert world.owed() == [("rollback", "firing")]
    assert world.move("utility").rolled_back == ("ping",)


def test_the_others_follow_with_their_next_tick(world):
    climb(world, 25)
    other = world.start()
    other.tick({}, leads=False)
    assert other.share("ping") == 25
    world.say("rollback", "ping")
    world.bot.tick(world.verdicts)
    other.tick({}, leads=False)
    assert other.share("ping") == 0


def test_two_that_both_believe_to_lead_make_one_step_up(world):
    world.start()
    other = world.processes[1]
    for _ in range(60):
        world.clock.advance(HOUR)
        world.say("promote")
        world.state.before_commit = lambda: other.tick(world.verdicts)
        world.bot.tick(world.verdicts)
    assert [flip.new for flip in world.flips("utility")] == [
        "1%",
        "5%",
        "10%",
        "25%",
        "50%",
        "100%",
    ]


def minutes_at(world, share):
    """How long it stays at a share from now on, in minutes of the monotonic clock."""
    for minute in range(24 * 60):
        if world.move("utility").share != share:
            return minute
        world.say("promote")
        world.tick(60)
    raise AssertionError(world.move("utility"))


@pytest.mark.parametrize("jump_s", [DAY, -DAY])
def test_setting_the_clock_makes_nothing_go_up_sooner_or_later(make_world, jump_s):
    minutes = []
    for jumps in (0, jump_s):
        world = make_world(f"by-{jumps}")
        climb(world, 5)
        world.clock.set_wall(world.clock.wall_ns() + jumps * NS_PER_S)
        minutes.append(minutes_at(world, 5))
    assert minutes[0] > 10
    assert abs(minutes[0] - minutes[1]) <= 1


@pytest.mark.parametrize("jump_s", [DAY, -DAY])
def test_setting_the_clock_hides_no_rollback(world, jump_s):
    climb(world, 25)
    world.clock.set_wall(world.clock.wall_ns() + jump_s * NS_PER_S)
    world.say("rollback", EVERYTHING)
    world.tick()
    assert world.bot.share("ping") == 0
    assert world.move("utility").stage is Stage.OFF


@pytest.mark.parametrize("trouble", ["away", "full"])
def test_without_the_store_it_acts_in_memory_at_once_and_writes_later(world, trouble):
    climb(world, 25)
    setattr(world.state, trouble, True)
    world.say("rollback", "ping")
    world.tick()
    assert world.bot.share("ping") == 0
    for _ in range(100):
        world.tick()
    assert world.bot.share("ping") == 0
    setattr(world.state, trouble, False)
    world.tick()
    assert [flip.new for flip in world.flips("ping")] == ["0%"]
    assert world.owed() == [("rollback", "firing")]


def test_a_process_killed_while_the_store_was_away_writes_it_after_its_restart(world):
    climb(world, 25)
    world.state.away = True
    world.say("rollback", EVERYTHING)
    world.tick()
    world.verdicts = {}
    world.state.away = False
    bot = world.restart()
    assert bot.share("ping") == 0  # from the file, before the store was asked
    world.tick()
    assert world.state.read("flag")["ddd.commands.utility"].value["share"] == 0
    assert world.owed() == [("rollback", "firing")]


def test_a_full_disk_keeps_no_file_and_stops_no_rollback(make_world):
    world = make_world()
    climb(world, 25)
    world.folder.mkdir(exist_ok=True)
    (world.folder / PENDING_FILE).mkdir()  # no file can be written there
    world.state.full = True
    world.say("rollback", EVERYTHING)
    world.tick()
    assert world.bot.share("ping") == 0
    world.state.full = False
    world.tick()
    assert world.move("utility").stage is Stage.OFF


def test_an_old_rollback_does_not_undo_what_a_person_began_since(world):
    climb(world, 25)
    world.state.away = True
    world.say("rollback", EVERYTHING)
    world.tick()
    world.state.away = False
    world.processes.clear()  # it dies; another host takes it back and begins anew
    other = world.start(world.folder.with_name("elsewhere"))
    other.rollout.rollback("utility", actor="cli:ada", reason="bad")
    world.clock.advance(60)
    other.rollout.resume("utility", actor="cli:ada", reason="fixed")
    world.verdicts = {}
    world.say("promote")
    world.hours(1)
    assert world.move("utility").share > 0
    flips = len(world.flips("utility"))
    world.restart()
    world.tick()
    assert len(world.flips("utility")) == flips


def test_a_step_up_that_meets_a_rollback_of_another_process_loses(world):
    climb(world, 25)
    other = world.start()
    other.flags.refresh()
    world.clock.advance(2 * HOUR)
    world.say("promote")
    good = dict(world.verdicts)
    world.say("rollback", EVERYTHING)
    bad = dict(world.verdicts)
    world.state.before_commit = lambda: other.rollout.step(bad, leads=False)
    world.bot.rollout.step(good, leads=True)
    assert world.state.read("flag")["ddd.commands.utility"].value["share"] == 0


@pytest.mark.parametrize(
    "value",
    [{}, {"mode": "auto", "stage": "ramp", "share": "much"}, {"mode": 3, "stage": "up"}],
)
def test_documents_that_make_no_sense_keep_nothing_from_being_taken_back(world, value):
    climb(world, 25)
    world.state.commit([Put("move", "utility", value), Put("freeze", "ordered", {"until_ns": "x"})])
    world.say("rollback", EVERYTHING)
    world.tick()
    assert world.bot.share("ping") == 0
    assert world.state.read("flag")["ddd.commands.utility"].value["share"] == 0
    assert world.move("utility").stage is Stage.OFF
    assert world.owed() == [("rollback", "firing")]


def test_what_a_person_takes_back_without_the_store_is_back_in_this_process(world):
    climb(world, 25)
    world.state.away = True
    with pytest.raises(StoreUnavailableError, match="this process only"):
        world.bot.rollout.rollback("utility", actor="cli:ada", reason="bad")
    assert world.bot.share("ping") == 0
    world.state.away = False
    world.tick()
    assert world.move("utility").held_by == "cli:ada"


class Host:
    """A machine whose processes live and die."""

    def __init__(self, world):
        self.world = world
        self.alive = set()
        self.reasons = []

    def run(self, process, host="host"):
        instance = Instance(f"{process:016x}", host, process)
        self.alive.add(process)
        return Runs(
            self.world.state, clock=self.world.clock, instance=instance,
            is_alive=lambda number: number in self.alive,
        )  # fmt: skip

    def look(self, runs, *, is_rising=True):
        runs.look(self._take_back, is_rising=is_rising)

    def _take_back(self, reason):
        self.reasons.append(reason)
        self.world.bot.rollout.take_back_rising(reason)


@pytest.fixture
def host(world):
    climb(world, 25)
    return Host(world)


def test_an_unclean_end_while_shares_rose_starts_on_legacy_with_an_alert(world, host):
    host.look(host.run(1))
    host.alive.clear()
    host.look(host.run(2))
    assert world.bot.share("ping") == 0
    assert world.owed() == [("unclean_start", "firing")]
    assert "process 1 on host ended without a goodbye" in world.move("utility").rollback_reason
    host.look(host.run(2))
    assert len(host.reasons) == 1


def test_a_clean_end_changes_nothing(world, host):
    first = host.run(1)
    host.look(first)
    first.end(is_clean=True)
    host.alive.clear()
    host.look(host.run(2))
    assert world.bot.share("ping") == 25


def test_an_end_with_a_blocked_loop_is_not_clean(world, host):
    first = host.run(1)
    host.look(first)
    first.end(is_clean=False)
    host.alive.clear()
    host.look(host.run(2))
    assert world.bot.share("ping") == 0


def test_the_same_process_number_in_a_container_that_starts_anew_is_another_run(host):
    host.look(host.run(1))
    again = Runs(
        host.world.state, clock=host.world.clock,
        instance=Instance("f" * 16, "host", 1), is_alive=lambda _number: True,
    )  # fmt: skip
    host.look(again)
    assert len(host.reasons) == 1


def test_a_run_on_another_host_is_dead_after_a_minute_of_silence(host):
    host.look(host.run(1, "gone"))
    here = host.run(2)
    for _ in range(3):
        host.look(here)
        host.world.clock.advance(15)
    assert host.reasons == []
    for _ in range(3):
        host.look(here)
        host.world.clock.advance(15)
    assert len(host.reasons) == 1


def test_setting_the_clock_makes_no_run_dead(host):
    away, here = host.run(1, "away"), host.run(2)
    for day in (0, 1, -1):
        host.world.clock.set_wall(host.world.clock.wall_ns() + day * DAY * NS_PER_S)
        for _ in range(10):
            host.world.clock.advance(15)
            host.look(away)
            host.look(here)
    assert host.reasons == []


def test_one_of_several_processes_that_dies_takes_nothing_back_but_a_crash_loop_does(world, host):
    steady = host.run(1)
    host.look(steady)
    for number in (2, 3, 4):
        assert host.reasons == []
        host.look(host.run(number))
        host.alive.discard(number)
        world.clock.advance(20)
        host.look(steady)
    assert host.reasons == ["3 processes of the bot ended without a goodbye in 10 min"]
    assert world.bot.share("ping") == 0


def test_what_is_whole_for_long_stays_so_after_an_unclean_end(world, host):
    climb(world, 1, "authentication")
    host.look(host.run(1))
    host.alive.clear()
    host.look(host.run(2))
    assert world.bot.share("ping") == 100
    assert world.bot.share("auth") == 0


def test_a_store_that_is_away_forgets_no_death(world, host):
    host.look(host.run(1))
    host.alive.clear()
    later = host.run(2)
    world.state.away = True
    with pytest.raises(StoreUnavailableError):
        host.look(later)
    world.state.away = False
    world.clock.advance(15)
    host.look(later)
    assert world.bot.share("ping") == 0
