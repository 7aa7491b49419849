"""Executions as the route makes them, and a bot with habits to draw them from."""

from __future__ import annotations

import math
from random import Random

import pytest

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.model import LEGACY, Execution, Outcome, Reason, Series, Trace
from changeover.judge.judge import Judge
from changeover.judge.settings import JudgeSettings

T0 = 1_767_225_600 * NS_PER_S


class Bot:
    """Makes executions, one second apart, each of a new person unless told otherwise."""

    def __init__(self, seed=1, share=50.0, commands=("ban", "add", "list", "ping")):
        self.dice = Random(seed)
        self.share, self.commands = share, commands
        self.at_ns = T0
        self.gap_s = 1.0

    def execution(self, command, system, outcome=Outcome.OK, ms=50.0, **trace):
        self.at_ns += round(self.gap_s * NS_PER_S)
        given = {"reason": Reason.FLAG, "flag": "f", "share": self.share} | trace
        return Execution(
            self.at_ns, Series(command, system, outcome), int(ms * NS_PER_MS), None, Trace(**given)
        )

    def dealt(self, command, ratio=0.0, new_ratio=None, slower=1.0, bucket=None):
        """One call, sent where its person belongs; fails with the ratio of its system."""
        if bucket is None:
            bucket = self.dice.randrange(10_000) / 100
        new = round(bucket * 100) < round(self.share * 100)
        chance = new_ratio if new and new_ratio is not None else ratio
        outcome = Outcome.FAILURE if self.dice.random() < chance else Outcome.OK
        ms = 50.0 * math.exp(0.5 * self.dice.gauss(0, 1)) * (slower if new else 1.0)
        system = "ddd" if new else LEGACY
        return self.execution(command, system, outcome, ms, bucket=bucket)

    def before(self, count=100, ratio=0.0):
        """Legacy alone, so many executions of each command."""
        share, self.share = self.share, 0.0
        found = [self.dealt(command, ratio) for command in self.commands for _ in range(count)]
        self.share = share
        return found

    def calls(self, count, *, broken=None, new_ratio=None, ratio=0.001, slower=1.0):
        """Calls of all commands in turn; `broken` (or all, with None) has the new ratio."""
        for _ in range(count):
            command = self.dice.choice(self.commands)
            is_broken = broken in (None, command)
            yield self.dealt(
                command, ratio, new_ratio if is_broken else None, slower if is_broken else 1.0
            )


def _fed(judge, executions):
    for execution in executions:
        judge.observe(execution)
    return judge


@pytest.fixture
def make_bot():
    return Bot


@pytest.fixture
def bot():
    return Bot()


@pytest.fixture
def fed():
    """The judge after some executions."""
    return _fed


@pytest.fixture
def judge(bot):
    """It knows the bot's commands and a hundred of legacy's executions of each."""
    return _fed(Judge(JudgeSettings(), commands=bot.commands), bot.before())


@pytest.fixture
def until_alarm():
    """Executions of the new system in the scope of the first alarm, or None."""

    def run(judge, executions):
        for execution in executions:
            judge.observe(execution)
            if alarms := judge.alarms():
                return min(judge.verdict(name).new.executions for name in alarms)
        return None

    return run
