"""This process: who it is, its periodic work, and what it does before it ends."""

from __future__ import annotations

import _thread
import atexit
import os
import secrets
import signal
import socket
import threading
import weakref
from collections.abc import Callable
from types import FrameType

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import Guard
from changeover.core.model import Instance
from changeover.core.text import clean_name


def this_instance(clock: Clock, shard: str | None = None) -> Instance:
    """This run of this process, under a new id."""
    host = clean_name(socket.gethostname())
    return Instance(secrets.token_hex(8), host, os.getpid(), shard, clock.wall_ns())


class Every:
    """Says when something that is done periodically is due; the first time at once."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._period_ns = round(seconds * NS_PER_S)
        self._clock = clock
        self._due_ns: int | None = None

    def is_due(self) -> bool:
        """True once a period; missed periods are not made up for."""
        now = self._clock.monotonic_ns()
        if self._due_ns is not None and now < self._due_ns:
            return False
        self._due_ns = now + self._period_ns
        return True


class Ticker:
    """A daemon thread that does something again and again, whatever happens in it.

    Args:
        action: what to do.
        seconds: the pause between two times; a function is asked anew for each.
        name: the thread's name.
        guard: takes what the action raises.
    """

    def __init__(
        self,
        action: Callable[[], None],
        seconds: float | Callable[[], float],
        *,
        name: str,
        guard: Guard,
    ) -> None:
        self._action = action
        self._seconds = seconds if callable(seconds) else lambda: seconds
        self._name = name
        self._guard = guard
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, the first time at once."""
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name=self._name, daemon=True
        )
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask for the end; whether it came in time."""
        self._stop.set()
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self, stop: threading.Event) -> None:
        while True:
            try:
                self._action()
            except Exception as error:  # noqa: BLE001  # the thread must outlive any trouble
                self._guard.caught(self._name, error)
            if stop.wait(self._seconds()):
                return


def before_the_end(action: Callable[[], None]) -> Callable[[], None]:
    """Do something before this process ends in good order, or by SIGTERM where nobody handles it.

    Python itself dies of SIGTERM without a word, and that is how platforms stop a container.
    The signal then still ends the process. A handler that the program sets later wins.

    Args:
        action: a bound method; held weakly.

    Returns:
        A function that takes all of it back.
    """
    method = weakref.WeakMethod(action)

    def act() -> None:
        if (alive := method()) is not None:
            alive()

    atexit.register(act)
    _at_term.append(act)
    if _is_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_term)

    def undo() -> None:
        atexit.unregister(act)
        if act in _at_term:
            _at_term.remove(act)
        is_ours = signal.getsignal(signal.SIGTERM) is _on_term
        if is_ours and not _at_term and _is_main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    return undo


_at_term: list[Callable[[], None]] = []  # of every `before_the_end`: one signal ends them all
_STAND_STILL_S = 1.0


def _on_term(number: int, _frame: FrameType | None) -> None:
    """Do what is to be done in a thread, which then ends the process by the same signal.

    The program stands still meanwhile, so that it does nothing that goes unrecorded; but the
    signal may have interrupted it where it holds a lock that the thread needs, so for a second
    only. Doing it here would wait for that lock for ever.
    """
    signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once
    is_over = threading.Event()

    def end() -> None:
        try:
            for act in tuple(_at_term):  # each takes itself out
                act()
        finally:
            os.kill(os.getpid(), number)
            is_over.set()

    _thread.start_new_thread(end, ())  # threading's own locks may be the ones that are held
    is_over.wait(_STAND_STILL_S)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def around_fork(lock: threading.Lock, in_child: Callable[[], None]) -> None:
    """Fork between two steps of a thread's work, not inside one, and tell the child.

    Args:
        lock: held while the work is done. A fork waits for it 0.1 s at most, so that a slow
            disk never holds up the bot.
        in_child: a bound method, held weakly; called in the child, where no thread lives on.
            The lock may still be held there, for ever.
    """
    if not hasattr(os, "register_at_fork"):
        return  # Windows has no fork
    method = weakref.WeakMethod(in_child)
    held = threading.local()

    def before() -> None:
        held.is_held = lock.acquire(timeout=0.1)

    def after_in_parent() -> None:
        if getattr(held, "is_held", False):
            lock.release()

    def after_in_child() -> None:
        after_in_parent()  # where it was free before, it is free again: the child may fork, too
        if (alive := method()) is not None:
            alive()

    os.register_at_fork(
        before=before, after_in_parent=after_in_parent, after_in_child=after_in_child
    )
