"""Alert rules that take the new system back: once an episode, in every process, over restarts."""

from __future__ import annotations

import contextlib

import pytest

from changeover import Settings
from changeover.core.clock import ManualClock
from changeover.core.model import Phase

PING, HELP = "ddd.commands.ping", "ddd.commands.help"
FILE = """
[judge]
min_failures = 1000000  # so that only the rule takes anything back

[[alerts.rules]]
name = "ping_fails"
metric = "error_ratio"
window = "5m"
warning = 0.2
min_executions = 5
keep_firing_for = "1m"
action = "rollback"
"""


async def fine(_message, _args):
    return "pong"


async def broken(_message, _args):
    raise KeyError("avatar")


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def start(make, tmp_path, clock):
    """Begin a process of one bot: `ping` fails on the new system, `help` does not."""
    file = tmp_path / "changeover.toml"

    def begin(more="", *, legacy=fine, new=broken):
        file.write_text(FILE + more)
        settings = Settings(data_dir=tmp_path, http=False, config_file=file)
        monitor = make(settings=settings, clock=clock)
        monitor.adapter.register("ping", legacy=legacy, new=new)
        monitor.adapter.register("help", legacy=fine, new=fine)
        monitor.tick()
        return monitor

    return begin


def switch_on(monitor, **shares):
    for name, share in {"enabled": "on", "integration": "on", **shares}.items():
        monitor.set_flag(f"ddd.commands.{name}", share, actor="cli:ada", reason="try it")


@pytest.fixture
def play(message, clock):
    """Ten calls of `ping` a minute, with an evaluation each minute."""

    async def play(monitor, minutes=1):
        for _ in range(minutes):
            for user in range(10):
                with contextlib.suppress(KeyError):  # what the new one does to its users
                    await monitor.adapter.process_command(message(user), "ping")
            clock.advance(60)
            monitor.tick()

    return play


def resume(monitor, scope="ping"):
    who = {"actor": "cli:ada", "reason": "it is repaired"}
    monitor.moving.act(lambda: monitor.rollout.resume(scope, **who))


def by_rule(monitor):
    """The flips of flags that a rule is the actor of, the newest first."""
    found = monitor._state.flips(200, None)
    return [f for f in found if f.actor.startswith("rule:") and f.subject.startswith("flag ")]


def firing(monitor):
    return [alert.rule for alert in monitor.alerts.alerts()[0] if alert.phase is Phase.FIRING]


async def test_an_alert_takes_everything_back_once_however_often_it_is_evaluated(start, play):
    monitor = start()
    switch_on(monitor, ping="on", help="25%")
    await play(monitor, 4)
    assert "ping_fails" in firing(monitor)
    assert (monitor.flags.share(PING), monitor.flags.share(HELP)) == (0, 0)
    flips = by_rule(monitor)
    assert {flip.subject: (flip.old, flip.new) for flip in flips} == {
        f"flag {PING}": ("100%", "0%"),
        f"flag {HELP}": ("25%", "0%"),
    }
    assert len(flips) == 2
    assert {flip.actor for flip in flips} == {"rule:ping_fails"}
    assert {flip.reason for flip in flips} == {"Error rate is 100 % over 5m, above 20 %"}
    moves = {move.scope: move for move in monitor.moving.moves()}
    assert moves["ping"].held_by == "rule:ping_fails"


async def test_what_a_person_resumed_is_not_taken_back_by_the_same_episode(start, play):
    monitor = start('\n[rollout]\nmode = "manual"\n')
    switch_on(monitor, ping="on")
    await play(monitor, 2)
    assert monitor.flags.share(PING) == 0
    resume(monitor)
    switch_on(monitor, ping="10%")
    for _ in range(3):
        await play(monitor)
    assert monitor.flags.share(PING) == 10
    assert len(by_rule(monitor)) == 1


async def test_nor_after_a_restart(start, play):
    first = start()
    switch_on(first, ping="on")
    await play(first, 2)
    first.start().stop()
    second = start()
    resume(second)
    switch_on(second, ping="on")
    await play(second, 2)
    assert "ping_fails" in firing(second)
    assert second.flags.share(PING) == 100
    assert len(by_rule(second)) == 1


async def test_another_episode_takes_back_again(start, play):
    monitor = start()
    switch_on(monitor, ping="on")
    await play(monitor, 2)
    for _ in range(12):  # all on legacy, where nothing fails
        await play(monitor)
    assert "ping_fails" not in firing(monitor)
    resume(monitor)
    switch_on(monitor, ping="on")
    await play(monitor, 3)
    assert monitor.flags.share(PING) == 0
    assert len(by_rule(monitor)) == 2


async def test_an_alert_that_is_pending_takes_nothing_back(start, play):
    monitor = start('for = "10m"\n')
    switch_on(monitor, ping="on")
    await play(monitor, 5)
    (alert,) = [a for a in monitor.alerts.alerts()[0] if a.rule == "ping_fails"]
    assert alert.phase is Phase.PENDING
    assert monitor.flags.share(PING) == 100
    await play(monitor, 8)
    assert monitor.flags.share(PING) == 0


async def test_an_alert_of_a_command_takes_that_command_back_alone(start, play):
    monitor = start('split = ["command"]\n')
    switch_on(monitor, ping="on", help="on")
    await play(monitor, 2)
    assert (monitor.flags.share(PING), monitor.flags.share(HELP)) == (0, 100)


@pytest.mark.parametrize("split", ['["system"]', '["command", "system"]'])
async def test_what_fails_on_legacy_takes_nothing_back(start, play, split):
    monitor = start(f"split = {split}\n", legacy=broken, new=fine)
    switch_on(monitor, ping="20%", help="on")
    await play(monitor, 3)
    assert "ping_fails" in firing(monitor)
    assert (monitor.flags.share(PING), monitor.flags.share(HELP)) == (20, 100)


async def test_while_nothing_is_on_the_new_system_nothing_is_done_and_later_it_is(start, play):
    monitor = start(legacy=broken)
    await play(monitor, 2)
    assert "ping_fails" in firing(monitor)
    assert by_rule(monitor) == []
    switch_on(monitor, ping="10%")
    await play(monitor)
    assert monitor.flags.share(PING) == 0


async def test_of_two_processes_it_is_one_flip(start, play):
    one, other = start(), start()
    switch_on(one, ping="on")
    for _ in range(3):
        await play(one)
        other.tick()
    assert (one.flags.share(PING), other.flags.share(PING)) == (0, 0)
    assert len(by_rule(one)) == 1


async def test_people_are_told_that_the_rule_took_it_back(start, play):
    monitor = start()
    switch_on(monitor, ping="on")
    await play(monitor, 2)
    (alert,) = [a for a in monitor.alerts.alerts()[0] if a.rule == "rollback"]
    begin = "Everything is back on legacy, by rule:ping_fails: Error rate is 100 %"
    assert alert.summary.startswith(begin)
