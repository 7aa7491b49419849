"""A bot in a process of its own on a made-up Discord, as the other measurements need it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.bot import COMMANDS
from changeover.testing import LoopbackDiscord, World

_PAUSE = threading.Event()
_NOTHING = {"cpu_s": 0.0, "loop_cpu_s": 0.0, "worst_gap_s": 0.0}


class Subject:
    """A running bot. Made by `running`."""

    def __init__(self, discord: LoopbackDiscord, mode: str, folder: str) -> None:
        self._discord = discord
        command = [sys.executable, "-m", "bench.bot", mode, discord.url, discord.token, folder]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.start = {} if mode in ("bare", "plain") else self._read()
        self._read()  # ready
        self._sent = 0
        self._used = dict(_NOTHING)

    def send(self, count: int, rate: float | None = None, *, pattern: str = "!{}") -> None:
        """Let people use so many commands, at a rate or as fast as it goes.

        Args:
            count: how many.
            rate: a second.
            pattern: how a command's name becomes what is said; with a slash it is invoked.
        """
        for number in range(count):
            text = pattern.format(COMMANDS[(self._sent + number) % len(COMMANDS)])
            if text.startswith("/"):
                self._discord.post_interaction(text)
            else:
                self.say(text)
            if rate:
                _PAUSE.wait(1 / rate)
            elif number % 200 == 199:  # the bot must not be measured at drowning
                self._wait(self._sent + number + 1)
        self._sent += count

    def offer(self, count: int, rate: float, *, pattern: str) -> None:
        """As `send` at a rate, but by the clock: what one pause was too long, the next makes up."""
        started = time.perf_counter()
        for number in range(count):
            self.say(pattern.format(COMMANDS[(self._sent + number) % len(COMMANDS)]))
            ahead_s = (number + 1) / rate - (time.perf_counter() - started)
            if ahead_s > 0.002:
                _PAUSE.wait(ahead_s)
        self._sent += count

    @property
    def replies(self) -> int:
        """How many messages the bot has sent so far."""
        return self._discord.counters.answers

    def say(self, text: str) -> None:
        """Let somebody write something."""
        self._discord.post_message(text)

    def report(self) -> dict[str, Any]:
        """What the bot used since the last report, once it has done all that was sent."""
        facts = self._wait(self._sent) | self._used
        self._used = dict(_NOTHING)
        return facts

    def end(self) -> None:
        """End the bot."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _wait(self, handled: int) -> dict[str, Any]:
        while True:
            self.say("!report")
            facts = self._read()
            self._used["cpu_s"] += facts["cpu_s"]
            self._used["loop_cpu_s"] += facts["loop_cpu_s"]
            self._used["worst_gap_s"] = max(self._used["worst_gap_s"], facts["worst_gap_s"])
            if facts["handled"] >= handled:
                return facts
            _PAUSE.wait(0.01)

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the bot ended; its error is above")
        facts: dict[str, Any] = json.loads(line)
        return facts


@contextmanager
def running(mode: str) -> Iterator[Subject]:
    """A bot in this mode (see `bench.bot`), with a Discord and a folder of its own."""
    world = World.build(guilds=1, users=5)
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackDiscord.in_thread(world=world) as discord,
    ):
        subject = Subject(discord, mode, folder)
        try:
            yield subject
        finally:
            subject.end()
