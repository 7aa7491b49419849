"""The thread that delivers, on the real clock, waiting for events with a deadline."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading

import pytest

from changeover.act.delivery import DeliveryThread
from changeover.act.documents import owe
from changeover.act.outbox import Outbox
from changeover.core.clock import SystemClock
from changeover.core.errors import ChannelError, Guard
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.store.memory.state import MemoryState

DEADLINE_S = 10


class Waited:
    """A channel that other threads may wait for."""

    name = "pager"

    def __init__(self):
        self.accepted = []
        self.loops = []
        self.error = None
        self.hang = False
        self.arrived = threading.Semaphore(0)
        self.closed = 0

    async def send(self, notification):
        self.loops.append(asyncio.get_running_loop())
        self.arrived.release()
        if self.hang:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        self.accepted.append(notification)

    async def close(self):
        self.closed += 1

    def wait(self):
        assert self.arrived.acquire(timeout=DEADLINE_S)


class World:
    def __init__(self):
        self.clock = SystemClock()
        self.state = MemoryState(self.clock)
        self.channel = Waited()
        self.guard = Guard(self.clock)
        outbox = Outbox(
            self.state,
            {"pager": self.channel},
            clock=self.clock,
            guard=self.guard,
            rng=random.Random(1),
            first_retry_s=0.01,
            longest_retry_s=0.05,
            group_s=0,
        )
        self.thread = DeliveryThread(outbox, guard=self.guard)

    def owe(self, key="error_rate"):
        alert = Alert(
            key=key, rule=key, phase=Phase.FIRING, severity="warning", summary="it is high",
            value=0.05, threshold=0.01, unit="ratio", episode=1,
        )  # fmt: skip
        told = Notification(Event.FIRING, alert, f"{key}#1", "host/1", self.clock.wall_ns())
        self.state.commit([owe("pager", told)])

    def until(self, truth):
        """Wait for something that another thread does right after its message arrived."""
        pause = threading.Event()
        for _ in range(2000):
            if truth():
                return
            pause.wait(0.005)
        pytest.fail("it did not happen within 10 s")


@pytest.fixture
def world():
    world = World()
    yield world
    assert world.thread.stop()
    assert world.guard.counts == {}


def test_nothing_runs_before_there_is_something_to_send(world):
    assert not world.thread.is_running


def test_waking_starts_the_thread_and_delivers(world):
    world.owe()
    world.thread.wake()
    world.channel.wait()
    world.until(lambda: not world.state.read("outbox"))


def test_waking_again_delivers_what_came_later(world):
    for number in range(3):
        world.owe(f"rule{number}")
        world.thread.wake()
        world.channel.wait()
    world.until(lambda: len(world.channel.accepted) == 3)
    assert len(set(world.channel.loops)) == 1


def test_what_failed_is_tried_again_without_waking(world):
    world.channel.error = ChannelError("answered 500")
    world.owe()
    world.thread.wake()
    world.channel.wait()
    world.channel.wait()
    world.channel.error = None
    world.until(lambda: not world.state.read("outbox"))
    assert len(world.channel.accepted) == 1


def test_stopping_closes_the_channels_and_keeps_what_is_owed(world):
    world.channel.hang = True
    world.owe()
    world.thread.wake()
    world.channel.wait()
    assert world.thread.stop()
    assert not world.thread.is_running
    assert world.channel.closed == 1
    assert len(world.state.read("outbox")) == 1


def test_what_was_owed_at_the_stop_is_delivered_after_the_next_start(world):
    world.thread.start()
    assert world.thread.stop()
    world.owe()
    world.thread.start()
    world.channel.wait()
    world.until(lambda: not world.state.read("outbox"))


def test_stopping_what_never_ran_does_nothing(world):
    assert world.thread.stop()
    assert world.channel.closed == 0


def test_a_message_on_its_way_at_the_stop_is_finished_and_noted(world):
    release = threading.Event()

    async def slow(notification):
        world.channel.arrived.release()
        await asyncio.to_thread(release.wait, DEADLINE_S)
        world.channel.accepted.append(notification)

    world.channel.send = slow
    world.owe()
    world.thread.wake()
    world.channel.wait()
    stopper = threading.Thread(target=world.thread.stop)
    stopper.start()
    release.set()
    stopper.join(DEADLINE_S)
    assert len(world.channel.accepted) == 1
    assert not world.state.read("outbox")


@pytest.mark.slow
def test_a_receiver_that_hangs_does_not_hold_up_the_end_of_the_process():
    code = """
import threading
from changeover.act.delivery import DeliveryThread
from changeover.core.errors import Guard

class Hanging:
    async def run(self, stop):
        started.set()
        threading.Event().wait()
    def wake(self):
        pass

started = threading.Event()
thread = DeliveryThread(Hanging(), guard=Guard())
thread.wake()
started.wait(10)
assert not thread.stop(0.05)
"""
    ended = subprocess.run([sys.executable, "-c", code], timeout=15, check=False)
    assert ended.returncode == 0
