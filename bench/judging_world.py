"""A simulated bot: 18 commands, their habits, their faults, and who calls them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.model import LEGACY, Execution, Outcome, Reason, Series, Trace

COMMANDS = 18
NEW = "ddd"
START_NS = 1_767_225_600 * NS_PER_S
BEFORE = 100  # executions of legacy by command, before anybody is on the new system


@dataclass(frozen=True, slots=True)
class Habit:
    """One command: its traffic, legacy's error ratio, median in ms, and spread (sd of the log)."""

    name: str
    weight: float
    error_ratio: float
    median_ms: float
    spread: float


@dataclass(slots=True, kw_only=True)
class World:
    """What happens in one run.

    Attributes:
        shares: the share of a command by the number of the execution, 0 to 1.
        ratio: the error ratio from (number, command, new, legacy's usual ratio).
        slower: how many times slower from (number, command, new).
        people: how many persons call; 0 for a new one each time.
        storms: the chance that a person whose call failed repeats it at once, again and again.
        gap_s: mean seconds between executions.
    """

    shares: Callable[[int, int], float]
    ratio: Callable[[int, int, bool, float], float] = lambda _n, _c, _new, usual: usual
    slower: Callable[[int, int, bool], float] = lambda _n, _c, _new: 1.0
    people: int = 0
    storms: float = 0.0
    gap_s: float = 1.0
    scale: float = 1.0
    only: int | None = None  # nothing but this command
    habits: list[Habit] = field(default_factory=list)

    def draw(self, random: Random) -> None:
        """Redraw the habits: every run is another bot."""
        self.habits = [
            Habit(
                f"command{place}",
                1.0 / (place + 1),
                self.scale * math.exp(random.uniform(math.log(0.0003), math.log(0.006))),
                math.exp(random.uniform(math.log(30), math.log(630))),
                random.uniform(0.3, 0.9),
            )
            for place in range(COMMANDS)
        ]


def names() -> list[str]:
    """The commands as a bot registers them."""
    return [f"command{place}" for place in range(COMMANDS)]


def play(world: World, random: Random, count: int) -> Iterator[Execution]:
    """The executions of one run, legacy's before first; then `count`, endlessly varied."""
    world.draw(random)
    habits = world.habits
    at_ns = START_NS
    off = Trace(Reason.FLAG, "off", 0.0)
    for habit in habits:
        for _ in range(BEFORE):
            at_ns += NS_PER_S
            yield _one(random, habit, at_ns, False, habit.error_ratio, 1.0, off)
    places = range(COMMANDS) if world.only is None else [world.only]
    weights = [habits[place].weight for place in places]
    drawn = random.choices(places, weights, k=count)
    persons = [random.random() * 100 for _ in range(world.people)]
    activity = [1.0 / (rank + 1) ** 0.7 for rank in range(world.people)]
    callers = random.choices(persons, activity, k=count) if persons else []
    uniform, gap = random.random, world.gap_s
    repeat: tuple[int, float] | None = None
    for number, drawn_place in enumerate(drawn):
        place, id_bucket = drawn_place, (callers[number] if callers else uniform() * 100)
        if repeat is not None:
            place, id_bucket = repeat
            repeat = None
        id_bucket = int(id_bucket * 100) / 100
        habit, share = habits[place], world.shares(number, place)
        at_ns += int(-math.log(1.0 - uniform()) * gap * NS_PER_S)
        if share >= 1.0:
            new, trace = True, Trace(Reason.FLAG, "flag", 100.0)
        else:
            new = round(id_bucket * 100) < round(share * 10_000)
            trace = Trace(Reason.FLAG, "flag", share * 100, id_bucket)
        ratio = world.ratio(number, place, new, habit.error_ratio)
        execution = _one(random, habit, at_ns, new, ratio, world.slower(number, place, new), trace)
        yield execution
        if (
            world.storms
            and execution.series.outcome is Outcome.FAILURE
            and uniform() < world.storms
        ):
            repeat = (place, id_bucket)


def _one(
    random: Random,
    habit: Habit,
    at_ns: int,
    new: bool,
    ratio: float,
    slower: float,
    trace: Trace,
) -> Execution:
    outcome = Outcome.FAILURE if random.random() < ratio else Outcome.OK
    duration_ms = habit.median_ms * slower * math.exp(habit.spread * random.gauss(0, 1))
    series = Series(habit.name, NEW if new else LEGACY, outcome)
    return Execution(at_ns, series, int(duration_ms * NS_PER_MS), None, trace)
