"""The judge against what is demanded of it, with rules of others on the same executions.

Run by `python -m bench judging`. The full form takes some minutes on two processes, the short
form (`run(short=True)`) seconds. Every figure says how many runs stand behind it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import process_time

from bench.figure import Figure
from bench.judging_report import write
from bench.judging_rules import FiveMinutes, Flagger, GrowthBook, NoDrip, PeekingZ, Rule
from bench.judging_scenarios import DELAY, PROMOTION, SCENARIOS, Scenario
from bench.judging_world import World, names, play
from changeover.core.model import Execution
from changeover.core.verdict import EVERYTHING, Decision
from changeover.judge.calibrate import calibrate
from changeover.judge.interval import highest_ratio
from changeover.judge.judge import Judge
from changeover.judge.replay import replay
from changeover.judge.settings import JudgeSettings

DOCS = Path(__file__).parents[1] / "docs"
NEVER = 10**9
_QUICK = [place for place, s in enumerate(SCENARIOS) if "always" in s.name or s.kind == PROMOTION]
COST_LIMIT_US = 40.0
RULES: dict[str, Callable[[], Rule]] = {
    "peeking z": PeekingZ,
    "0.1 % in five minutes": FiveMinutes,
    "Flagger": Flagger,
    "GrowthBook": GrowthBook,
}


@dataclass(frozen=True, slots=True)
class Result:
    """One run. `executions` of the new system until the alarm, or `NEVER`; by rule as well."""

    executions: int
    rules: dict[str, int]


def one_run(task: tuple[int, int, int, bool]) -> Result:
    """Play one run of a scenario: (its place, seed, executions, with the rules of others)."""
    place, seed, executions, with_rules = task
    scenario = SCENARIOS[place]
    dice = Random(f"{scenario.name}/{seed}")
    world = scenario.world(dice, dice.randrange(6))
    stream = play(world, dice, executions)
    if scenario.kind == PROMOTION:
        return Result(_until_promoted(stream), {})
    rules = {name: make() for name, make in RULES.items()} if with_rules else {}
    return _until_alarm(stream, scenario.begins, rules)


def _until_alarm(stream: Iterator[Execution], begins: int, rules: dict[str, Rule]) -> Result:
    judge = Judge(JudgeSettings(), commands=names())
    at: dict[str, int] = {}
    found, number, before = NEVER, -18 * 100, {}
    for execution in stream:
        if number == begins and begins:
            if judge.alarms():
                return Result(0, {})  # before anything broke
            before = {name: v.new.executions for name, v in judge.verdicts().items()}
        number += 1
        if found == NEVER:
            judge.observe(execution)
            if alarms := judge.alarms():
                verdicts = [judge.verdict(scope) for scope in sorted(alarms)]
                found = min(v.new.executions - before.get(v.scope, 0) for v in verdicts)
        for name, rule in rules.items():
            rule.observe(execution)
            if rule.alarm:
                at.setdefault(name, rule.executions)
        if found != NEVER and len(at) == len(rules):
            break
    return Result(found, {name: at.get(name, NEVER) for name in rules})


def _until_promoted(stream: Iterator[Execution]) -> int:
    judge = Judge(JudgeSettings(promote_after_s=0.0), commands=names())
    for number, execution in enumerate(stream):
        judge.observe(execution)
        if number % 50 == 0 and judge.verdict(EVERYTHING).decision is Decision.PROMOTE:
            return judge.verdict(EVERYTHING).new.executions
    return NEVER


def _figure(scenario: Scenario, results: Sequence[Result], executions: int) -> Figure:
    runs = len(results)
    delays = sorted(result.executions for result in results)
    reached = sum(delay < NEVER for delay in delays)
    if scenario.kind == DELAY:
        median, p90 = delays[(runs - 1) // 2], delays[math.ceil(0.9 * runs) - 1]
        shown = "never" if p90 >= NEVER else f"{p90:,}"
        demanded = "" if scenario.limit_p90 is None else f" (limit {scenario.limit_p90:.0f})"
        ok = median <= scenario.limit and (scenario.limit_p90 is None or p90 <= scenario.limit_p90)
        note = f"executions of the new system, median; p90 {shown}{demanded}; {runs} runs"
        return Figure(scenario.name, min(median, NEVER), "", scenario.limit, ok, note)
    bound = highest_ratio(reached, runs)
    if scenario.kind == PROMOTION:
        note = f"of {runs} runs within {executions:,}; median {delays[(runs - 1) // 2]:,}"
        share = 100.0 * reached / runs
        return Figure(scenario.name, share, "%", scenario.limit, share >= scenario.limit, note)
    note = (
        f"false rollbacks, {reached} of {runs} runs of {executions:,} executions; "
        f"at most {100 * bound:.1f} % with 95 % confidence"
    )
    value = 100.0 * reached / runs
    return Figure(scenario.name, value, "%", scenario.limit, value <= scenario.limit, note)


def _played(tasks: Sequence[tuple[int, int, int, bool]], short: bool) -> Iterator[Result]:
    """The result of each task in their order, in several processes for the full form."""
    if short:
        yield from map(one_run, tasks)
        return
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        yield from pool.map(one_run, tasks)


def run(short: bool = False, docs: Path | None = DOCS, scale: float = 1.0) -> list[Figure]:
    """Every scenario, the negative controls, cost and replay; the table and picture in `docs`.

    Args:
        short: a few small runs, for the tests; rates then mean little and are not written.
        docs: the folder of the documentation; None to write nothing.
        scale: of the numbers of runs; the full form is 1, and takes ten minutes of two free cores.
    """
    results: dict[str, list[Result]] = {}
    tasks = [
        (place, seed, scenario.executions, scenario.kind != PROMOTION and seed < 20)
        for place, scenario in enumerate(SCENARIOS)
        for seed in range(max(1, round(scenario.runs * scale)))
    ]
    if short:
        tasks = [
            (place, seed, 1_500, rules)
            for place, seed, count, rules in tasks
            if seed == 0 and count <= 20_000 and (place % 3 == 0 or place in _QUICK)
        ]
    for task, result in zip(tasks, _played(tasks, short), strict=True):
        name = SCENARIOS[task[0]].name
        if name not in results and not short:
            print(f"  ... {name}", flush=True)
        results.setdefault(name, []).append(result)
    lengths = {SCENARIOS[place].name: count for place, _, count, _ in tasks}
    figures = [_figure(s, results[s.name], lengths[s.name]) for s in SCENARIOS if s.name in results]
    figures += [*controls(short=short), cost(short=short), *speed(short=short)]
    if docs is not None and not short:
        write(docs, figures, results, SCENARIOS, tuple(RULES))
    return figures


# --- that it can fail ------------------------------------------------------------------------


def controls(*, short: bool = False) -> list[Figure]:
    """Rules that must do badly on the same kind of data: else the scenarios prove nothing."""
    runs, count = (2, 1_500) if short else (60, 20_000)
    false = {
        "peeking z, A/A at 50 %": (PeekingZ, World(shares=lambda _n, _p: 0.5), 5.0),
        "0.1 % in five minutes, 100 commands an hour": (
            FiveMinutes, World(shares=lambda _n, _p: 0.5, gap_s=36.0), 90.0,
        ),
        "Flagger's rule, a call a minute at 0.3 % errors": (
            Flagger, World(shares=lambda _n, _p: 1.0, gap_s=60.0), 90.0,
        ),
    }  # fmt: skip
    found = []
    for name, (make, world, least) in false.items():
        fired = 0
        for seed in range(runs):
            rule = make()
            for execution in play(world, Random(f"{name}/{seed}"), count):
                rule.observe(execution)
                if rule.alarm:
                    fired += 1
                    break
        share = 100.0 * fired / runs
        note = f"false rollbacks in {runs} runs; must be at least {least:.0f} % to prove anything"
        found.append(Figure(f"control: {name}", share, "%", None, short or share >= least, note))
    return [*found, _without_drip()]


def _without_drip() -> Figure:
    rule, executions = NoDrip(), 0
    for _ in range(10_000):
        rule.decide(0, bad=False)
    while not rule.decide(0, bad=True):
        executions += 1
    note = "failures in a row until the bet without drip sees a hard break after 10,000 good ones"
    return Figure("control: no drip", executions + 1, "", None, executions + 1 > 100, note)


def cost(*, short: bool = False) -> Figure:
    """Microseconds of processor time an execution, in one process, the best of three."""
    stream = list(play(World(shares=lambda _n, _p: 0.5), Random(1), 2_000 if short else 20_000))
    best = math.inf
    for _ in range(3):
        judge = Judge(JudgeSettings(), commands=names())
        started = process_time()
        for execution in stream:
            judge.observe(execution)
        best = min(best, (process_time() - started) / len(stream) * 1e6)
    note = f"best of 3 times {len(stream):,} executions through 18 commands and the whole"
    return Figure.of("judging one execution", round(best, 1), "us", limit=COST_LIMIT_US, note=note)


def speed(*, short: bool = False) -> list[Figure]:
    """Seconds of processor time for a replay and for a calibration, in one process."""
    count = 1_000 if short else 100_000
    log = list(play(World(shares=lambda _n, _p: 0.5), Random(2), count))
    started = process_time()
    replay(log, JudgeSettings(), commands=names())
    seconds = (process_time() - started) * 1_000_000 / len(log)
    note = f"{len(log):,} were replayed, and counted up"
    found = [
        Figure.of("replaying 1,000,000 executions", round(seconds, 1), "s", limit=60.0, note=note)
    ]
    started = process_time()
    options = {"runs": 1, "fault_runs": 1, "length": 300} if short else {}
    calibrate(log, JudgeSettings(), **options)
    seconds = process_time() - started
    note = "18 commands, 60 runs without a fault and 20 of each of 8 faults"
    return [*found, Figure.of("a calibration", round(seconds, 1), "s", limit=300.0, note=note)]
