"""How soon a rollback counts: in the process that saw the evidence, and in another one."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from statistics import median
from time import monotonic, time
from types import SimpleNamespace

from bench.figure import Figure
from changeover import Changeover, Settings

ROUNDS = 5
HERE_MS, THERE_S = 100.0, 2.0
FLAG = "ddd.commands.ping"

OTHER = """
import sys, threading, time
from pathlib import Path
from changeover import Changeover, Settings
monitor = Changeover(Settings(data_dir=Path(sys.argv[1]), http=False)).start()
pause = threading.Event()
while monitor.flags.share("ddd.commands.ping") != 50:
    pause.wait(0.005)
print("ready", flush=True)
while monitor.flags.share("ddd.commands.ping") != 0:
    pause.wait(0.005)
print(time.time(), flush=True)
monitor.stop()
"""


def run() -> list[Figure]:
    told = [_round() for _ in range(ROUNDS)]
    here_ms = [1000 * here_s for here_s, _ in told]
    there_s = [there for _, there in told]
    worst = f"worst of {ROUNDS}: "
    return [
        Figure.of(
            "from a call's end to its rollback, in the same process",
            median(here_ms),
            "ms",
            limit=HERE_MS,
            note=f"median; {worst}{max(here_ms):.0f} ms; the judge looks every 50 ms",
        ),
        Figure.of(
            "the same in another process on the same store",
            median(there_s),
            "s",
            limit=THERE_S,
            note=f"median; {worst}{max(there_s):.2f} s; it looks twice a second",
        ),
    ]


async def _fine(_message: object, _args: object) -> str:
    return "pong"


async def _broken(_message: object, _args: object) -> str:
    raise KeyError("avatar")


def _round() -> tuple[float, float]:
    """Seconds from the end of the call that decided: here, and in another process."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with Changeover(Settings(data_dir=folder, http=False)) as monitor:
            monitor.adapter.register("ping", legacy=_fine, new=_broken, category="utility")
            for name, value in {"enabled": "on", "integration": "on", "ping": "50%"}.items():
                monitor.set_flag(f"ddd.commands.{name}", value, actor="bench")
            program = [sys.executable, "-c", OTHER, scratch]
            with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as other:
                other.stdout.readline()
                ended, here_s = asyncio.run(_until_taken_back(monitor))
                there_s = float(other.stdout.readline()) - ended
    return here_s, there_s


async def _until_taken_back(monitor: Changeover) -> tuple[float, float]:
    """When the last call of the new system ended (wall clock), and how long its end took."""
    pause = threading.Event()
    for user in range(10_000):
        author = SimpleNamespace(id=user)
        with contextlib.suppress(KeyError):
            await monitor.adapter.process_command(SimpleNamespace(author=author), "ping")
        ended, ended_wall = monotonic(), time()
        # A call every 120 ms: each is judged before the next, so the last one decided.
        while monotonic() - ended < 0.12:
            if monitor.flags.share(FLAG) == 0:
                return ended_wall, monotonic() - ended
            pause.wait(0.0005)
    raise RuntimeError("nothing was taken back")
