"""What `attach` costs a real client: processor time of its loop's thread, with and without."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median

from bench.figure import Figure
from bench.subject import Subject, running

MODES = ("plain", "watched", "attached")
ROUNDS = 24
# What is sent, how often in a round, and how much more it may cost, in percent.
LOADS = {
    "prefix command without a reply": ("!{}", 400, 15),
    "slash command": ("/s{}", 400, 15),
    "prefix command with a reply": ("!r{}", 100, 4),
}
_WHAT = {"watched": "attach to a", "attached": "attach and routing by share to a"}


def run() -> list[Figure]:
    """The same bot with and without `attach`, side by side, each in a process of its own.

    They take turns of some hundred commands, since a machine is not equally fast all the time.
    """
    seen: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        subjects = {mode: stack.enter_context(running(mode)) for mode in MODES}
        for turn in range(ROUNDS + 1):
            for load in LOADS:
                for mode, subject in subjects.items():
                    used_us = _measure(subject, load)
                    if turn:  # the first is for warming up
                        seen.setdefault((load, mode), []).append(used_us)
    return [_figure(load, mode, seen) for mode in _WHAT for load in LOADS]


def _measure(subject: Subject, load: str) -> float:
    """Microseconds of the loop's thread for each command."""
    pattern, count, _ = LOADS[load]
    subject.send(count, pattern=pattern)
    used_s: float = subject.report()["loop_cpu_s"]
    return used_s / count * 1e6


def _figure(load: str, mode: str, seen: dict[tuple[str, str], list[float]]) -> Figure:
    before, after = median(seen[load, "plain"]), median(seen[load, mode])
    return Figure.of(
        f"added by {_WHAT[mode]} {load}",
        (after / before - 1) * 100,
        "%",
        limit=LOADS[load][2] if mode == "watched" else None,
        note=f"{after - before:.0f} us of processor time on the real client's {before:.0f} us",
    )
