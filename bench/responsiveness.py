"""Whether the bot and the monitor answer in time, while both have work to do."""

from __future__ import annotations

import threading
import time
import urllib.request
from statistics import median, quantiles

from bench.figure import Figure
from bench.subject import Subject, running

RATE, SECONDS, ROUNDS = 200.0, 10, 3
BLOCK_S = 5


def run() -> list[Figure]:
    """The same load on a bot without us and with us, then a bot whose loop stands still."""
    gaps: dict[str, list[float]] = {"bare": [], "on": []}
    answers_ms: list[float] = []
    for _ in range(ROUNDS):
        for mode, seen in gaps.items():
            with running(mode) as subject:
                subject.send(500)
                subject.report()
                with _asking(subject, "health/commands?window=1h", answers_ms):
                    subject.send(int(RATE * SECONDS), RATE)
                seen.append(subject.report()["worst_gap_s"] * 1e3)
    blocked_ms = _blocked()
    return [
        Figure.of(
            "worst gap of the bot's loop at 200 commands a second, added",
            median(gaps["on"]) - median(gaps["bare"]),
            "ms",
            limit=20,
            note=f"without us {median(gaps['bare']):.1f} ms; medians of {ROUNDS} runs of {SECONDS} s",
        ),
        Figure.of(
            "/health/commands at 200 commands a second, p95",
            quantiles(answers_ms, n=20)[18],
            "ms",
            limit=50,
            note=f"{len(answers_ms)} requests, one every 0.1 s",
        ),
        Figure.of(
            f"/health while the bot's loop is blocked for {BLOCK_S} s, worst",
            max(blocked_ms),
            "ms",
            limit=200,
            note=f"{len(blocked_ms)} requests during the block",
        ),
    ]


class _asking:  # noqa: N801  # used like a function
    """Asks the subject's monitor ten times a second while inside; does nothing without one."""

    def __init__(self, subject: Subject, path: str, answers_ms: list[float]) -> None:
        self._url = subject.start.get("url")
        self._path = path
        self._answers_ms = answers_ms
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while self._url and not self._stop.wait(0.1):
            self._answers_ms.append(_answer_ms(self._url + self._path))


def _blocked() -> list[float]:
    with running("on") as subject:
        subject.send(100)
        subject.report()
        subject.say("!block")
        threading.Event().wait(0.5)
        until = time.perf_counter() + BLOCK_S - 1.0
        answers_ms = []
        while time.perf_counter() < until:
            answers_ms.append(_answer_ms(subject.start["url"] + "health"))
        return answers_ms


def _answer_ms(url: str) -> float:
    before = time.perf_counter()
    with urllib.request.urlopen(url, timeout=10) as answer:
        answer.read()
    return (time.perf_counter() - before) * 1e3
