"""What a sudden end costs: `kill -9` twenty times under load, and SIGTERM."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figure import Figure

KILLS, LOAD_S = 20, 2.0
RECORD = """
import itertools, threading, time
from changeover import Changeover
monitor = Changeover().start()
pause = threading.Event()
for number in itertools.count(1):
    monitor.metrics.record_command_execution(f"c{number % 18}", "legacy", 0.001, True)
    if number % 4 == 0:
        print(number, time.time(), flush=True)
        pause.wait(0.01)
"""


def run() -> list[Figure]:
    """Each program starts on the file that the one before left."""
    with tempfile.TemporaryDirectory() as folder:
        lost, sound, kept = 0, 0, 0
        for _ in range(KILLS):
            due, before = _load(folder, kill=True)[1], kept
            kept, is_sound = _stored(folder)
            lost += max(0, due - (kept - before))
            sound += is_sound
        exit_s, recorded = _load(folder, kill=False)
        left = recorded - (_stored(folder)[0] - kept)
    return [
        Figure.of(
            f"executions older than 1 s lost by {KILLS} times kill -9", lost, "", limit=0,
            note=f"{kept:,} kept, about 360 a second",
        ),
        Figure.of(
            "files that were not whole afterwards", KILLS - sound, "", limit=0,
            note="PRAGMA integrity_check after each",
        ),
        Figure.of("SIGTERM to the end of the process", exit_s, "s", limit=2),
        Figure.of("executions lost by SIGTERM", left, "", limit=0, note=f"of {recorded:,}"),
    ]  # fmt: skip


def _load(folder: str, *, kill: bool) -> tuple[float, int]:
    """Seconds to the end, and how many executions must be in the file then."""
    environ = os.environ | {"MONITORING_DATA_DIR": folder, "MONITORING_HTTP": "false"}
    process = subprocess.Popen(
        [sys.executable, "-c", RECORD], env=environ, stdout=subprocess.PIPE, text=True
    )
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    seen: list[tuple[int, float]] = []
    while not seen or seen[-1][1] - seen[0][1] < LOAD_S:
        number, at = process.stdout.readline().split()
        seen.append((int(number), float(at)))
    ended_at = time.time()
    if kill:
        process.kill()
    else:
        process.terminate()
    rest = process.stdout.read().splitlines()
    process.wait()
    exit_s = time.time() - ended_at
    process.stdout.close()
    if kill:
        return exit_s, max(number for number, at in seen if at < ended_at - 1.0)
    last = [line for line in rest if line.count(" ") == 1]
    return exit_s, int(last[-1].split()[0]) if last else seen[-1][0]


def _stored(folder: str) -> tuple[int, bool]:
    connection = sqlite3.connect(Path(folder) / "changeover.db")
    try:
        (count,) = connection.execute("SELECT count(*) FROM executions").fetchone()
        return count, connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
