"""Faults are strict in what they take, and do what was asked, from when it was asked."""

from __future__ import annotations

from collections import Counter

import pytest

from changeover.core.clock import ManualClock
from changeover.core.errors import BadValueError
from changeover.demo.call import Reply
from changeover.demo.faults import FailRule, Faults, SlowRule, parse_fail, parse_slow


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("add=0.3@60s", FailRule("add", 0.3, 60)),
        ("add=1", FailRule("add", 1.0, 0)),
        ("list=0@0s", FailRule("list", 0.0, 0)),
        ("reset=0.0001@2m", FailRule("reset", 0.0001, 120)),
        ("add=0.3@60s-2m", FailRule("add", 0.3, 60, 120)),
    ],
)
def test_fail_rules_are_read(text, rule):
    assert parse_fail(text) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("list=+300ms@60s", SlowRule("list", 300, 60)),
        ("list=+2s", SlowRule("list", 2000, 0)),
        ("ping=+60s@1m", SlowRule("ping", 60_000, 60)),
        ("ping=+1s@5s-6s", SlowRule("ping", 1_000, 5, 6)),
    ],
)
def test_slow_rules_are_read(text, rule):
    assert parse_slow(text) == rule


@pytest.mark.parametrize(
    "text",
    ["", "add", "add=", "add=30%", "add=1.5", "add=-0.1", "add=.3", "add=0.3@60", "add=0.3@", "add=0.3 @60s", "add=nan", "add=1e-3", "add=0.3@60s\n", "=0.3", "add=0.3@60s-", "add=0.3@60s-60s", "add=0.3@2m-90s", "add=0.3-9s"],
)  # fmt: skip
def test_other_fail_rules_are_refused_with_an_example(text):
    with pytest.raises(BadValueError, match=r"--fail=.*for example add=0\.3@60s"):
        parse_fail(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "list=300ms",
        "list=+300",
        "list=+0ms",
        "list=+61s",
        "list=+0.3s",
        "list=-1s",
        "list=+1s@5s-4s",
    ],
)
def test_other_slow_rules_are_refused_with_an_example(text):
    with pytest.raises(BadValueError, match=r"--slow=.*for example list=\+300ms@60s"):
        parse_slow(text)


def test_a_misspelt_command_is_named_with_the_nearest():
    with pytest.raises(BadValueError, match="did you mean list"):
        parse_fail("lisst=0.3")
    with pytest.raises(BadValueError, match="did you mean activate"):
        parse_slow("activat=+1s")


class Bench:
    """Faults on a clock that sleeping turns, around a handler that counts its calls."""

    def __init__(self, *, fails=(), slows=(), seed=1):
        self.clock = ManualClock()
        self.slept: list[float] = []
        self.calls = 0
        self.faults = Faults(fails, slows, clock=self.clock, seed=seed, sleep=self.sleep)
        self.faults.start()

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.clock.advance(seconds)

    def handler(self, _call, _args):
        self.calls += 1
        return Reply("fine")

    async def run(self, times, command="add"):
        """The types and texts of the errors raised."""
        handler = self.faults.wrap(command, self.handler)
        errors = []
        for _ in range(times):
            try:
                assert await handler(None, {}) == Reply("fine")
            except Exception as error:  # noqa: BLE001  # all kinds are counted
                errors.append(error)
        return errors


async def test_so_many_calls_fail_as_were_asked_for_and_the_others_run():
    bench = Bench(fails=[FailRule("add", 0.3)])
    errors = await bench.run(2000)
    assert 500 < len(errors) < 700
    assert bench.calls == 2000 - len(errors)


async def test_failures_are_of_several_kinds_with_differing_texts():
    errors = await Bench(fails=[FailRule("add", 1.0)]).run(200)
    kinds = Counter(type(error).__name__ for error in errors)
    assert set(kinds) == {
        "KeyError",
        "AttributeError",
        "ConnectionResetError",
        "TimeoutError",
        "ValueError",
    }
    assert len({str(error) for error in errors if isinstance(error, ValueError)}) > 10


async def test_nothing_fails_before_its_time():
    bench = Bench(fails=[FailRule("add", 1.0, 60)])
    bench.clock.advance(59.9)
    assert await bench.run(10) == []
    bench.clock.advance(0.1)
    assert len(await bench.run(10)) == 10


async def test_nothing_fails_after_it_was_mended():
    bench = Bench(fails=[FailRule("add", 1.0, 60, 90)], slows=[SlowRule("add", 100, 0, 90)])
    bench.clock.advance(60)
    assert len(await bench.run(10)) == 10
    bench.clock.advance(30)
    slept = len(bench.slept)
    assert await bench.run(10) == []
    assert len(bench.slept) == slept


async def test_nothing_fails_before_the_start():
    bench = Bench()
    faults = Faults([FailRule("add", 1.0)], clock=bench.clock)
    assert await faults.wrap("add", bench.handler)(None, {}) == Reply("fine")


async def test_slow_calls_wait_about_as_long_as_was_asked_for():
    bench = Bench(slows=[SlowRule("list", 300, 60)])
    assert await bench.run(5, "list") == []
    assert bench.slept == []
    bench.clock.advance(60)
    await bench.run(500, "list")
    assert len(bench.slept) == bench.calls - 5 == 500
    assert min(bench.slept) >= 0.18
    assert max(bench.slept) <= 0.42
    assert sum(bench.slept) / 500 == pytest.approx(0.3, rel=0.05)


async def test_equal_seeds_give_equal_faults():
    benches = [Bench(fails=[FailRule("add", 0.5)], seed=seed) for seed in (7, 7, 8)]
    first, second, other = [await bench.run(50) for bench in benches]
    assert [repr(error) for error in first] == [repr(error) for error in second]
    assert [repr(error) for error in first] != [repr(error) for error in other]


def test_other_commands_are_left_alone():
    bench = Bench(fails=[FailRule("add", 1.0)], slows=[SlowRule("add", 10)])
    assert bench.faults.wrap("list", bench.handler) == bench.handler
