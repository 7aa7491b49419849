"""What `attach` costs a real client: processor time of its loop's thread, with and without."""

from __future__ import annotations

from statistics import median
from typing import Any

from bench.figure import Figure
from bench.subject import running

MODES = ("plain", "attached")
ROUNDS, WARM_UP = 3, 500
# What is sent, how often, and how much more it may cost.
LOADS = {
    "prefix command without a reply": ("!{}", 6_000, 15),
    "slash command": ("/s{}", 6_000, 15),
    "prefix command with a reply": ("!r{}", 1_500, 4),
}


def run() -> list[Figure]:
    """The same bot with and without `attach` takes turns, each time in a process of its own."""
    seen: dict[tuple[str, str], list[float]] = {}
    for turn in range(ROUNDS):
        for mode in MODES if turn % 2 else reversed(MODES):
            for load, used in _measure(mode).items():
                seen.setdefault((load, mode), []).append(used)
    return [_figure(load, limit, seen) for load, (_, _, limit) in LOADS.items()]


def _measure(mode: str) -> dict[str, float]:
    """Microseconds of the loop's thread a command, by load."""
    used = {}
    with running(mode) as subject:
        for load, (pattern, count, _) in LOADS.items():
            subject.send(WARM_UP, pattern=pattern)
            subject.report()
            subject.send(count, pattern=pattern)
            facts: dict[str, Any] = subject.report()
            used[load] = facts["loop_cpu_s"] / count * 1e6
    return used


def _figure(load: str, limit: float, seen: dict[tuple[str, str], list[float]]) -> Figure:
    plain, attached = (seen[load, mode] for mode in MODES)
    # Round by round, since the machine is not equally fast all the time.
    ratio = median(after / before for after, before in zip(attached, plain, strict=True))
    return Figure.of(
        f"added by attach to a {load}",
        (ratio - 1) * 100,
        "%",
        limit=limit,
        note=f"of the real client's {median(plain):.0f} us; half of the calls go to the new handler",
    )
