"""`kill -9` at every step of a delivery, on a real file and a real process."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter

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
            told = [notification.alert.key, *(line.split()[1] for line in notification.also)]
            file.write(json.dumps([str(notification.event), notification.dedup_key, told]) + "\\n")
        if step == "sent":
            die()
        return "message-1"
    async def close(self):
        pass

class Mortal:
    # Dies around the commits of a delivery: the first claims, the second notes the answer.
    commits = 0

    def __init__(self, state):
        self.state = state

    def __getattr__(self, name):
        return getattr(self.state, name)

    def commit(self, puts, flips=()):
        self.commits += 1
        if step == f"before {self.commits}":
            die()
        self.state.commit(puts, flips)
        if step == f"after {self.commits}":
            die()

clock = SystemClock()
state = Mortal(open_stores(folder / "changeover.db", clock=clock).state)
asyncio.run(Outbox(state, {"pager": Receiver()}, clock=clock, guard=Guard(clock)).deliver_due())
die()
"""


class Receiver:
    name = "pager"

    def __init__(self, path):
        self.path = path
        self.receipts = []

    async def send(self, notification):
        told = [notification.alert.key, *(line.split()[1] for line in notification.also)]
        self.receipts.append(notification.receipt)
        with self.path.open("a") as file:
            file.write(json.dumps([str(notification.event), notification.dedup_key, told]) + "\n")

    async def close(self):
        pass


def told(event, key, at_ns):
    alert = Alert(
        key=key, rule=key, phase=Phase.FIRING, severity="warning", summary=f"{key} is high",
        value=0.05, threshold=0.01, unit="ratio", episode=1,
    )  # fmt: skip
    return Notification(event, alert, f"{key}#1", "host/1", at_ns)


# Step, and how often the message then arrives.
STEPS = [
    ("before 1", 1),
    ("after 1", 1),
    ("claimed", 1),
    ("sent", 2),
    ("before 2", 2),
    ("after 2", 1),
    ("end", 1),
]


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("event", [Event.FIRING, Event.RESOLVED])
@pytest.mark.parametrize(("step", "times"), STEPS)
def test_a_message_is_never_lost_and_at_most_doubled_with_one_key(
    tmp_path, step, times, event, count
):
    keys = ["a", "b", "c"][:count]
    due_ns = SystemClock().wall_ns() - 10 * NS_PER_S
    stores = open_stores(tmp_path / "changeover.db", clock=SystemClock())
    receiver = Receiver(tmp_path / "received")
    if event is Event.RESOLVED:  # of what was told, in one message
        stores.state.commit([owe("pager", told(Event.FIRING, key, due_ns)) for key in keys])
        clock = SystemClock()
        outbox = Outbox(stores.state, {"pager": receiver}, clock=clock, guard=Guard(clock))
        asyncio.run(outbox.deliver_due())
    stores.state.commit([owe("pager", told(event, key, due_ns + 1)) for key in keys])
    stores.close()

    child = subprocess.run([sys.executable, "-c", CHILD, tmp_path, step], timeout=15, check=False)
    assert child.returncode == -signal.SIGKILL

    later = ManualClock(SystemClock().wall_ns() + 31 * NS_PER_S)
    stores = open_stores(tmp_path / "changeover.db", clock=later)
    outbox = Outbox(stores.state, {"pager": receiver}, clock=later, guard=Guard(later))
    stores.state.commit([owe("pager", told(Event.FIRING, "new", due_ns + 2))])  # joins what waits
    for _ in range(2):
        asyncio.run(outbox.deliver_due())
    assert not stores.state.read("outbox")
    open_ones = {document.value["dedup_key"] for document in stores.state.read("receipt").values()}
    firing = {f"{key}#1" for key in keys} if event is Event.FIRING else set()
    assert open_ones == {"new#1", *firing}
    stores.close()

    lines = [json.loads(line) for line in (tmp_path / "received").read_text().splitlines()]
    arrived = Counter(key for kind, _, each in lines if kind == event for key in each)
    arrived.pop("new", None)
    assert arrived == dict.fromkeys(keys, times)
    about = {key for kind, key, each in lines if kind == event and set(each) & set(keys)}
    assert about == {"a#1"}
