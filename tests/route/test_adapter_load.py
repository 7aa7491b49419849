"""Flags flip while thousands of calls run: every call is recorded once, and truly."""

import asyncio
import threading
from collections import Counter

from changeover.core.clock import SystemClock
from changeover.core.errors import Guard
from changeover.core.model import LEGACY, Outcome
from changeover.route.adapter import CommandIntegrationAdapter
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router
from changeover.route.sources import StateFlags, set_flag

COMMANDS = [f"command {number}" for number in range(18)]
SWITCHES = ("enabled", "integration", "utility", "command.3", "fallbackOnError")


class RefusedError(Exception):
    changeover_outcome = Outcome.USER_ERROR


def handler_of(system):
    async def handler(_message, args):
        for _ in range(args % 4):
            await asyncio.sleep(0)
        if args % 10 == 0:
            raise RefusedError(system)
        return system

    return handler


def make(state, recorder):
    guard = Guard(on_error=raise_it)
    flags = FeatureFlags([StateFlags(state)], guard=guard)
    router = Router(flags, guard=guard)
    adapter = CommandIntegrationAdapter(router, recorder, guard=guard)
    for command in COMMANDS:
        adapter.register(
            command,
            legacy=handler_of(LEGACY),
            new=handler_of("ddd"),
            category="utility",
            safe_to_repeat=True,
        )
    return flags, adapter


def raise_it(error):
    raise error


async def call(adapter, message, number):
    """The system that really answered, as the bot sees it."""
    command = COMMANDS[number % len(COMMANDS)]
    try:
        return command, await adapter.process_command(message, command, number), Outcome.OK
    except RefusedError as error:
        return command, str(error), Outcome.USER_ERROR


class Flipper(threading.Thread):
    """Somebody who cannot decide: sets switches in the state and refreshes, until stopped."""

    def __init__(self, state, flags):
        super().__init__()
        self.state, self.flags = state, flags
        self.done, self.flipped = threading.Event(), threading.Event()

    def run(self):
        turn = 0
        while not self.done.is_set():
            switch, share = SWITCHES[turn % 5], (100, 50, 100, 0, 99.5)[turn // 5 % 5]
            set_flag(
                self.state,
                f"ddd.commands.{switch}",
                share,
                actor="test",
                reason="",
                clock=SystemClock(),
            )
            self.flags.refresh()
            turn += 1
            if turn == 25:
                self.flipped.set()
            self.done.wait(0.0005)

    def __enter__(self):
        self.start()
        assert self.flipped.wait(10)
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


def recorded(recorder):
    return Counter((row.command, row.system, row.outcome) for row in recorder.calls)


async def test_two_thousand_concurrent_calls_are_each_recorded_once(bench, state):
    flags, adapter = make(state, bench.recorder)
    with Flipper(state, flags):
        seen = await asyncio.gather(
            *(call(adapter, bench.message(number), number) for number in range(2_000))
        )
    assert recorded(bench.recorder) == Counter(seen)
    assert len(bench.recorder.calls) == len(bench.recorder.checks) == 2_000
    assert {system for _, system, _ in seen} == {LEGACY, "ddd"}


def test_calls_from_several_threads_and_loops_are_each_recorded_once(bench, state):
    flags, adapter = make(state, bench.recorder)
    seen: list[tuple[str, str, Outcome]] = []

    async def calls(first):
        numbers = range(first, first + 500)
        seen.extend(await asyncio.gather(*(call(adapter, bench.message(n), n) for n in numbers)))

    with Flipper(state, flags):
        threads = [
            threading.Thread(target=lambda first=first: asyncio.run(calls(first)))
            for first in range(0, 2_000, 500)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 2_000
    assert recorded(bench.recorder) == Counter(seen)
    assert len(bench.recorder.calls) == len(bench.recorder.checks) == 2_000
