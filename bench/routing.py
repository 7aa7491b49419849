"""What `process_command` adds to a command, beside awaiting its bare handler in the same run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import Any

from bench.figure import Figure
from changeover.core.errors import Guard
from changeover.core.ports import FlagValue
from changeover.record.collector import MetricsCollector
from changeover.route.adapter import CommandIntegrationAdapter
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router

LIMIT_US = 15.0
ROUNDS, CALLS = 40, 1_000
SWITCHES = {"enabled": 100.0, "integration": 100.0}
CASES: Mapping[str, Mapping[str, float]] = {
    "everything off": {},
    "on for everybody": {**SWITCHES, "utility": 100.0},
    "on for a share": {**SWITCHES, "utility": 50.0},
    "three shares": {"enabled": 99.99, "integration": 99.99, "utility": 50.0},
}


@dataclass(frozen=True)
class Author:
    """Who calls."""

    id: int


@dataclass(frozen=True)
class Message:
    """What the adapter reads the id from."""

    author: Author


class Fixed:
    """Flags that stand."""

    name = "file"

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._shares = shares

    def read(self) -> Mapping[str, FlagValue]:
        return {f"ddd.commands.{flag}": FlagValue(share) for flag, share in self._shares.items()}


async def empty(_message: Any, _args: Any) -> None:
    """The command that costs nothing."""


def raise_it(error: Exception) -> None:
    raise error


def wired(shares: Mapping[str, float]) -> tuple[CommandIntegrationAdapter, MetricsCollector]:
    """An adapter as the service makes it, with 18 commands and the real collector."""
    guard = Guard(on_error=raise_it)
    flags = FeatureFlags([Fixed(shares)], guard=guard)
    flags.refresh()
    collector = MetricsCollector()
    adapter = CommandIntegrationAdapter(
        Router(flags, guard=guard), collector, guard=guard, on_loop=lambda _loop: None
    )
    for number in range(18):
        adapter.register(f"command{number}", legacy=empty, new=empty, category="utility")
    return adapter, collector


async def added_ns(shares: Mapping[str, float]) -> float:
    """Nanoseconds a call on top of the bare handler, the median of many short rounds."""
    adapter, collector = wired(shares)
    messages = [Message(Author(80_351_110_224_678_912 + number)) for number in range(CALLS)]
    process = adapter.process_command
    added: list[float] = []
    for _ in range(ROUNDS):
        started = perf_counter_ns()
        for message in messages:
            await empty(message, ())
        between = perf_counter_ns()
        for message in messages:
            await process(message, "command7", ())
        ended = perf_counter_ns()
        added.append(((ended - between) - (between - started)) / CALLS)
        if len(collector.drain().executions) != CALLS:
            raise AssertionError("every call must have been recorded")
    return median(added)


def run() -> list[Figure]:
    """One figure a case; the limit holds for each."""
    found = []
    for case, shares in CASES.items():
        added_us = asyncio.run(added_ns(shares)) / 1_000
        found.append(
            Figure(
                f"process_command adds, {case}",
                round(added_us, 2),
                "us",
                LIMIT_US,
                added_us <= LIMIT_US,
                f"median of {ROUNDS} rounds of {CALLS} calls, empty async handler, real collector",
            )
        )
    return found
