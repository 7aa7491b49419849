"""What `attach` costs a real client: processor time of its loop's thread, with and without.

The two are measured in small blocks that take turns, and each block is compared with the one right
beside it: a machine is not equally fast all the time, and neighbours see it at the same speed.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

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
OFFERED, RATE, TURNS = 1_500, 1_000.0, 5  # commands, how many a second are offered, how often


class Offer(NamedTuple):
    """What came of commands that were offered: how many got no reply, and two rates a second."""

    lost: int
    offered: float
    answered: float


def run() -> list[Figure]:
    """The same bot with and without `attach`, in turns, each in a process of its own."""
    figures = []
    with ExitStack() as stack:
        plain = stack.enter_context(running("plain"))
        others = {mode: stack.enter_context(running(mode)) for mode in _WHAT}
        for mode, other in others.items():
            figures += [_added(load, mode, plain, other) for load in LOADS]
        figures += _lost(plain, others["watched"])
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


def _lost(plain: Subject, attached: Subject) -> list[Figure]:
    """Commands offered at a rate that got no reply, and the rate that each client kept, in turns."""
    offers = {plain: list[Offer](), attached: list[Offer]()}
    for turn in range(TURNS):
        for subject in (plain, attached) if turn % 2 else (attached, plain):
            offers[subject].append(_offer(subject))
    names = {plain: "the real client without us", attached: "the same attached"}
    return [_of_offers(names[subject], made) for subject, made in offers.items()]


def _offer(subject: Subject) -> Offer:
    before, started = subject.replies, time.perf_counter()
    subject.offer(OFFERED, RATE, pattern="!r{}")
    offered_s = time.perf_counter() - started
    subject.report()
    took_s = time.perf_counter() - started
    lost = OFFERED - (subject.replies - before)
    return Offer(lost, OFFERED / offered_s, OFFERED / took_s)


def _of_offers(name: str, offers: list[Offer]) -> Figure:
    return Figure.of(
        f"commands with replies lost, {name}",
        sum(each.lost for each in offers),
        "",
        limit=0,
        note=f"of {TURNS} times {OFFERED:,}, offered at {median(o.offered for o in offers):,.0f} a "
        f"second, answered at {median(o.answered for o in offers):,.0f} beside the made-up Discord "
        "on one machine",
    )
