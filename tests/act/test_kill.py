"""`kill -9` at every step of a delivery, on a real file and a real process."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys

import pytest

from changeover.act.documents import owe
from changeover.act.outbox import Outbox
from changeover.core.clock import NS_PER_S, ManualClock, SystemClock
from changeover.core.errors import Guard
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.store.sqlite import open_stores

CHILD = """
import asyncio, json, os, signal, sys
from pathlib import Path
from changeover.act.outbox import Outbox
from changeover.core.clock import SystemClock
from changeover.core.errors import Guard
from changeover.store.sqlite import open_stores

folder, step = Path(sys.argv[1]), sys.argv[2]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Receiver:
    name = "pager"
    async def send(self, notification):
        if step == "claimed":
            die()
        with (folder / "received").open("a") as file:
            file.write(json.dumps(notification.dedup_key) + "\\n")
        if step == "sent":
            die()
    async def close(self):
        pass

clock = SystemClock()
state = open_stores(folder / "changeover.db", clock=clock).state
asyncio.run(Outbox(state, {"pager": Receiver()}, clock=clock, guard=Guard(clock)).deliver_due())
die()
"""


class Receiver:
    name = "pager"

    def __init__(self, path):
        self.path = path

    async def send(self, notification):
        with self.path.open("a") as file:
            file.write(json.dumps(notification.dedup_key) + "\n")

    async def close(self):
        pass


@pytest.mark.slow
@pytest.mark.parametrize(("step", "times"), [("claimed", 1), ("sent", 2), ("marked", 1)])
def test_a_message_is_never_lost_and_at_most_doubled_with_one_key(tmp_path, step, times):
    alert = Alert(
        key="error_rate", rule="error_rate", phase=Phase.FIRING, severity="warning",
        summary="it is high", value=0.05, threshold=0.01, unit="ratio", episode=1,
    )  # fmt: skip
    now_ns = SystemClock().wall_ns() - 10 * NS_PER_S
    told = Notification(Event.FIRING, alert, "error_rate#1", "host/1", now_ns)
    stores = open_stores(tmp_path / "changeover.db", clock=SystemClock())
    stores.state.commit([owe("pager", told)])
    stores.close()

    child = subprocess.run([sys.executable, "-c", CHILD, tmp_path, step], timeout=15, check=False)
    assert child.returncode == -signal.SIGKILL

    later = ManualClock(SystemClock().wall_ns() + 31 * NS_PER_S)
    stores = open_stores(tmp_path / "changeover.db", clock=later)
    channels = {"pager": Receiver(tmp_path / "received")}
    outbox = Outbox(stores.state, channels, clock=later, guard=Guard(later))
    for _ in range(2):
        asyncio.run(outbox.deliver_due())
    assert not stores.state.read("outbox")
    stores.close()
    received = (tmp_path / "received").read_text().splitlines()
    assert received == ['"error_rate#1"'] * times
