"""What the monitor adds to a real bot: memory, start, processor time a command."""

from __future__ import annotations

from statistics import median
from typing import Any

from bench.figure import Figure
from bench.subject import running

MODES = ("bare", "off", "on")
ROUNDS, COMMANDS = 7, 8_000  # as fast as it goes, for processor time
WARM_UP, WARM_UP_RATE = 1_500, 200.0  # commands a second, for memory


def run() -> list[Figure]:
    """Bots without us, without HTTP and with it take turns on the same Discord."""
    seen: dict[str, list[dict[str, Any]]] = {mode: [] for mode in MODES}
    for _ in range(ROUNDS):
        for mode in MODES:
            seen[mode].append(_measure(mode))
    rss = {mode: median(facts["rss_mb"] for facts in seen[mode]) for mode in MODES}
    loop_us, cpu_us = (
        {mode: median(facts[name] for facts in seen[mode]) / COMMANDS * 1e6 for mode in MODES}
        for name in ("loop_cpu_s", "cpu_s")
    )
    start_s = median(facts["start_cpu_s"] for facts in seen["on"])
    beside = (
        f"after {WARM_UP:,} commands at {WARM_UP_RATE:.0f} a second; "
        f"the same bot without: {rss['bare']:.1f} MB; medians of {ROUNDS}"
    )
    return [
        Figure.of("memory added, HTTP off", rss["off"] - rss["bare"], "MB", limit=6, note=beside),
        Figure.of("memory added, HTTP on", rss["on"] - rss["bare"], "MB", limit=35, note=beside),
        Figure.of("processor time added to the start", start_s, "s", limit=0.6, note="HTTP on"),
        Figure.of(
            "added to a prefix command on the bot's loop",
            (loop_us["off"] / loop_us["bare"] - 1) * 100,
            "%",
            limit=10,
            note=f"of the real client's {loop_us['bare']:.0f} us of processor time",
        ),
        Figure.of(
            "added to a prefix command in all threads",
            cpu_us["off"] - cpu_us["bare"],
            "us",
            note="folding, aggregating and storing included",
        ),
    ]


def _measure(mode: str) -> dict[str, Any]:
    with running(mode) as subject:
        subject.send(WARM_UP, WARM_UP_RATE)
        rss_mb = subject.report()["rss_mb"]
        subject.send(COMMANDS)
        return subject.report() | subject.start | {"rss_mb": rss_mb}
