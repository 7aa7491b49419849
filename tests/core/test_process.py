"""Programs that end by SIGTERM, and the work that a ticker and a fork hold between them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from changeover.core.process import around_fork

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle"),
]

ENDS = """
import os, signal, threading
from changeover.core.process import before_the_end

lock = threading.Lock()

class Part:
    def __init__(self, name):
        self.name = name

    def end(self):
        with lock:
            os.write(1, self.name)

parts = [Part(b"one"), Part(b"two")]
undo = [before_the_end(part.end) for part in parts]
"""


def run(code: str) -> tuple[int, bytes]:
    """How a program ended, and what it wrote."""
    program = [sys.executable, "-c", ENDS + code]
    done = subprocess.run(program, capture_output=True, timeout=15, check=False)
    assert done.stderr == b""
    return done.returncode, done.stdout


def test_one_sigterm_ends_every_part_of_the_program_and_then_the_program():
    told = run("os.kill(os.getpid(), signal.SIGTERM); os.write(1, b'still here')")
    assert told == (-signal.SIGTERM, b"onetwo")


def test_a_sigterm_that_interrupts_what_the_end_has_to_wait_for_is_no_deadlock():
    code = """
with lock:
    os.kill(os.getpid(), signal.SIGTERM)
threading.Event().wait(10)
"""
    assert run(code) == (-signal.SIGTERM, b"onetwo")


def test_a_second_sigterm_ends_a_program_whose_end_hangs():
    code = """
with lock:
    os.kill(os.getpid(), signal.SIGTERM)
    os.write(1, b"second")
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(10)
"""
    assert run(code) == (-signal.SIGTERM, b"second")


def test_what_is_taken_back_is_not_done_and_the_signal_is_as_it_was():
    code = """
undo[0]()
os.write(1, str(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL).encode())
undo[1]()
os.write(1, str(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL).encode())
"""
    assert run(code) == (0, b"FalseTrue")


class Forked:
    def begin_anew(self) -> None:
        """What a monitor does in the child."""


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_lock_that_was_free_at_a_fork_is_free_in_the_child_too():
    lock, part = threading.Lock(), Forked()
    around_fork(lock, part.begin_anew)
    child = os.fork()
    if not child:
        os._exit(lock.locked())
    assert os.waitpid(child, 0)[1] == 0
    assert not lock.locked()
