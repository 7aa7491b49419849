"""The thread that delivers: its own event loop, so that no channel can hold up the bot's."""

from __future__ import annotations

import asyncio
import threading

from changeover.act.outbox import Outbox
from changeover.core.errors import Guard


class DeliveryThread:
    """Runs an `Outbox` in a daemon thread that starts when there is something to send.

    A daemon, so that a receiver that hangs never holds up the end of the process.

    Args:
        outbox: what to run.
        guard: counts an end of the thread that should not be.
    """

    def __init__(self, outbox: Outbox, *, guard: Guard) -> None:
        self._outbox = outbox
        self._guard = guard
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop: _Stop | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start delivering what is owed. Raises `RuntimeError` where no thread is to be had."""
        with self._lock:
            self._ensure()

    def wake(self) -> None:
        """There is something to send: start if need be. Raises what `start` does."""
        self.start()
        self._outbox.wake()

    def stop(self, timeout_s: float = 0.9) -> bool:
        """Stop delivering until the next `start` or `wake`; whether the thread ended in time.

        What is owed stays owed.
        """
        with self._lock:
            thread, stop = self._thread, self._stop
        if stop is None or thread is None or not thread.is_alive():
            return True
        stop.set()
        thread.join(timeout_s)
        return not thread.is_alive()

    def _ensure(self) -> None:
        if self.is_running:
            return
        self._stop = _Stop()
        self._thread = threading.Thread(
            target=self._run, args=(self._stop,), name="changeover-delivery", daemon=True
        )
        self._thread.start()

    def _run(self, stop: _Stop) -> None:
        # Not asyncio.run: at its end it would wait for a store that hangs in a worker thread.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._outbox.run(stop.bind(loop)))
        except Exception as error:  # noqa: BLE001 - the thread of a guest ends quietly
            self._guard.caught("act.delivery", error)
        finally:
            stop.unbind()
            loop.close()


class _Stop:
    """An `asyncio.Event` that another thread may set before and while its loop runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_set = False

    def bind(self, loop: asyncio.AbstractEventLoop) -> asyncio.Event:
        with self._lock:
            self._loop = loop
            if self._is_set:
                self._event.set()
        return self._event

    def unbind(self) -> None:
        with self._lock:
            self._loop = None

    def set(self) -> None:
        with self._lock:
            self._is_set = True
            if self._loop:
                self._loop.call_soon_threadsafe(self._event.set)
