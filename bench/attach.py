"""What `attach` costs a real client: processor time of its loop's thread, with and without.

The two are measured in small blocks that take turns, and each block is compared with the one right
beside it: a machine is not equally fast all the time, and neighbours see it at the same speed.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median

from bench.figure import Figure
from bench.subject import Subject, running

PAIRS = 60
# What is sent, how often in a block, and how much more it may cost, in percent.
LOADS = {
    "prefix command without a reply": ("!{}", 200, 15),
    "slash command": ("/s{}", 200, 15),
    "prefix command with a reply": ("!r{}", 60, 4),
}
_WHAT = {"watched": "attach to a", "attached": "attach and routing by share to a"}
OFFERED, RATE = 3_000, 1_000.0  # commands, and how many a second are offered


def run() -> list[Figure]:
    """The same bot with and without `attach`, in turns, each in a process of its own."""
    figures = []
    with ExitStack() as stack:
        plain = stack.enter_context(running("plain"))
        others = {mode: stack.enter_context(running(mode)) for mode in _WHAT}
        for mode, other in others.items():
            figures += [_added(load, mode, plain, other) for load in LOADS]
        figures += [_lost(plain, "without us"), _lost(others["watched"], "attached")]
    return figures


def _added(load: str, mode: str, plain: Subject, other: Subject) -> Figure:
    pairs = []
    for turn in range(PAIRS + 2):  # the first two are for warming up
        subjects = (plain, other) if turn % 2 else (other, plain)
        first, second = (_measure(subject, load) for subject in subjects)
        pairs.append((first, second) if turn % 2 else (second, first))
    pairs = pairs[2:]
    ratio = median(after / before for before, after in pairs)
    before, added = (median(one for one, _ in pairs), median(b - a for a, b in pairs))
    return Figure.of(
        f"added by {_WHAT[mode]} {load}",
        (ratio - 1) * 100,
        "%",
        limit=LOADS[load][2] if mode == "watched" else None,
        note=f"{added:.0f} us of processor time on the real client's {before:.0f} us; "
        f"the middle of {PAIRS} pairs",
    )


def _measure(subject: Subject, load: str) -> float:
    """Microseconds of the loop's thread for each command."""
    pattern, count, _ = LOADS[load]
    subject.send(count, pattern=pattern)
    used_s: float = subject.report()["loop_cpu_s"]
    return used_s / count * 1e6


def _lost(subject: Subject, which: str) -> Figure:
    """Commands offered at a rate that got no reply; and the rate that the client kept."""
    before = subject.replies
    started = time.perf_counter()
    subject.offer(OFFERED, RATE, pattern="!r{}")
    offered_s = time.perf_counter() - started
    subject.report()
    took_s = time.perf_counter() - started
    return Figure.of(
        f"lost of {OFFERED:,} commands with replies, the real client {which}",
        OFFERED - (subject.replies - before),
        "",
        limit=0,
        note=f"offered at {OFFERED / offered_s:,.0f} a second, answered at "
        f"{OFFERED / took_s:,.0f}; the made-up Discord takes its part of the same machine",
    )
