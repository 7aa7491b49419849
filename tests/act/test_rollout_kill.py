"""`kill -9` at every step of a rollback, on a real file and a real process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from changeover import Changeover, Settings

CHILD = """
import os, signal, sys
from pathlib import Path
from changeover import Changeover, Settings
from changeover.core.verdict import Decision, Evidence, Verdict

folder, step, scope = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

monitor = Changeover(Settings(data_dir=folder, http=False))
for name in ("ping", "help"):
    monitor.adapter.register(name, legacy=print, new=print, category="utility")
for flag, value in (("enabled", "on"), ("integration", "on"), ("utility", "25%")):
    monitor.set_flag(f"ddd.commands.{flag}", value, actor="cli:ada")
monitor.rollout.resume("utility", actor="cli:ada", reason="go on from here")
monitor.tick()
back = monitor.rollout._back
if step == "pulled":
    back._apply = die
elif step == "kept":
    keep = back._pending.add
    back._pending.add = lambda rollback: (keep(rollback), die())
elif step == "committed":
    back._pending.done = lambda rollback: die()
bad = Verdict(
    scope=scope, decision=Decision.ROLLBACK, code="worse_errors", reason="4 of 4 failed",
    rollback=Evidence(name="rollback", value=400.0, threshold=200.0),
)
monitor.rollout.step({scope: bad}, leads=True)
die()
"""


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["ping", "*"])
@pytest.mark.parametrize("step", ["pulled", "kept", "committed", "marked"])
def test_after_the_restart_it_is_on_legacy_with_one_flip_and_one_notice(tmp_path, step, scope):
    child = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path, step, scope],
        timeout=15, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    for _ in range(2):  # and after one more restart
        monitor = Changeover(Settings(data_dir=tmp_path, http=False))
        try:
            for name in ("ping", "help"):
                monitor.adapter.register(name, legacy=print, new=print, category="utility")
            monitor.tick()
            monitor.tick()
            shares = {state.command: state.share for state in monitor._router.states()}
            flips = [f for f in monitor._state.flips(100) if f.actor == "auto"]
            downs = [f.subject for f in flips if f.new == "0%"]
            alerts = [document.value for document in monitor._state.read("alert").values()]
        finally:
            monitor.moving.rolling.close(is_clean=True)
            monitor.stop()
        assert shares["ping"] == 0
        assert len(downs) == len(set(downs)), downs
        told = sorted((one["rule"], one["episode"]) for one in alerts)
        # Of a command taken back alone, the category was still rising when the process died.
        rest = [("unclean_start", 1)] if scope == "ping" else []
        assert told in ([("rollback", 1), *rest], [("unclean_start", 1)])
        assert len(downs) == len(told)
