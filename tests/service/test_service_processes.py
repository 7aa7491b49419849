"""Programs of their own: how they end, what they keep, what several of them share."""

from __future__ import annotations

import signal
import socket
import sqlite3
import threading
import time

import pytest

from changeover import Settings

pytestmark = pytest.mark.slow

RECORD_FOR_EVER = """
import itertools, threading, time
from changeover import Changeover
monitor = Changeover().start()
pause = threading.Event()
for number in itertools.count(1):
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    if number % 20 == 0:
        print(number, time.time(), flush=True)
        pause.wait(0.01)
"""

RECORD_AND_WAIT = """
import sys
from changeover import Changeover
monitor = Changeover().start()
for _ in range(1000):
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
print("recorded", flush=True)
sys.stdin.read()
"""

RECORD_AND_GO_ON = """
import time
from changeover import Changeover
monitor = Changeover().start()
for _ in range(1000):
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
print("recorded", flush=True)
while True:  # as a bot's event loop does; Python runs no handler inside a read that never ends
    time.sleep(0.01)
"""

ASK_FOR_EVER = """
import sys
from changeover import Changeover
monitor = Changeover().start()
sys.setswitchinterval(1e-5)
while True:
    for number in range(500):
        monitor.metrics.record_command_execution(f"c{number}", "legacy", 0.001, True)
    monitor.summary("5m")
    print("asked", flush=True)
"""

TELL_FLAGS = """
import sys, threading
from changeover import Changeover
monitor = Changeover().start()
print("ready", flush=True)
pause = threading.Event()
while monitor.flags.share("ddd.commands.ping") != 42.0:
    pause.wait(0.01)
print("seen", flush=True)
"""


def stored(tmp_path) -> int:
    """How many executions the file holds, and that it is whole."""
    connection = sqlite3.connect(tmp_path / "changeover.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (count,) = connection.execute("SELECT count(*) FROM executions").fetchone()
        return count
    finally:
        connection.close()


@pytest.mark.timeout(90)
def test_kill_9_under_load_loses_nothing_older_than_a_second(start_program, tmp_path):
    kept = 0
    for load_s in (1.7, 2.0, 2.3):
        process = start_program(RECORD_FOR_EVER)
        recorded = []  # pairs of a number and when that many were recorded
        while not recorded or recorded[-1][1] < recorded[0][1] + load_s:
            number, at = process.stdout.readline().split()
            recorded.append((int(number), float(at)))
        killed_at = time.time()
        process.kill()
        process.wait()
        due = max(number for number, at in recorded if at < killed_at - 1.0)
        before, kept = kept, stored(tmp_path)
        assert kept - before >= due


def test_sigterm_ends_the_bot_as_ever_and_loses_nothing(start_program, tmp_path):
    process = start_program(RECORD_AND_GO_ON)
    assert process.stdout.readline() == "recorded\n"
    process.terminate()
    assert process.wait(timeout=10) == -signal.SIGTERM
    assert stored(tmp_path) == 1000


def test_sigterm_in_the_middle_of_a_question_ends_the_bot_too(start_program):
    """The main thread then holds a lock that the end needs."""
    process = start_program(ASK_FOR_EVER)
    for _ in range(30):
        assert process.stdout.readline() == "asked\n"
    process.terminate()
    assert process.wait(timeout=10) == -signal.SIGTERM


def test_an_ordinary_end_loses_nothing(start_program, tmp_path):
    process = start_program(RECORD_AND_WAIT)
    assert process.stdout.readline() == "recorded\n"
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    assert stored(tmp_path) == 1000


def test_a_flag_reaches_every_process_that_shares_the_store(start_program, make):
    programs = [start_program(TELL_FLAGS) for _ in range(3)]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    make().set_flag("ddd.commands.ping", "42%", actor="test")
    for program in programs:
        assert program.stdout.readline() == "seen\n"


def test_a_port_that_is_taken_degrades_nothing_but_the_page(make, tmp_path, caplog):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        monitor = make(settings=Settings(data_dir=tmp_path, port=port)).start()
        monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
        monitor.tick()
        assert monitor.url is None
        assert monitor.summary("5m")["command_executions"]["total"] == 1
        while str(port) not in caplog.text:  # the test's time limit ends it otherwise
            threading.Event().wait(0.01)
        assert monitor.url is None


def test_a_folder_that_cannot_be_used_never_keeps_the_bot_from_its_work(make, tmp_path):
    (tmp_path / "blocked").write_text("a file where the folder should be", "utf-8")
    errors = []
    blocked = Settings(data_dir=tmp_path / "blocked", port=0)
    monitor = make(settings=blocked, on_error=errors.append).start()
    url = monitor.wait_until_served()
    monitor.metrics.record_command_execution("ping", "legacy", 0.001, True)
    assert monitor.summary("5m")["command_executions"]["total"] == 1
    assert url is not None
    report = monitor.health()
    assert report.status.value == "degraded"
    assert not report.loop_blocked
    assert any(
        check.name == "store" and check.status.value == "degraded" for check in report.checks
    )
