"""`alerts.log`: one JSON object a line, rotated, for people and for `tail -f`."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path

from changeover.core.errors import ChannelError
from changeover.core.model import Notification
from changeover.notify.record import record

_MEBIBYTE = 1 << 20
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_FLAGS |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class AlertFile:
    """Appends alerts to a file.

    The file is opened for every line: alerts are rare, and so a file that was moved by
    logrotate or deleted is simply made anew (watching its inode would do the same with more).
    A new file is readable by its owner only. A line is one write, so that several processes
    may share the file.

    Args:
        path: of the file; its folder is made if need be.
        max_bytes: a line that would make the file longer goes to a new one.
        backups: how many old files stay: `alerts.log.1` is the newest.
    """

    name = "file"

    def __init__(self, path: Path, *, max_bytes: int = 10 * _MEBIBYTE, backups: int = 5) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._backups = backups
        self._busy = threading.Lock()

    def __repr__(self) -> str:
        return f"AlertFile({str(self._path)!r})"

    async def send(self, notification: Notification) -> str | None:
        """Append one line. Raises `ChannelError` when the disk does not take it."""
        await asyncio.to_thread(self._write, encode(notification))  # a disk may hang
        return None

    async def close(self) -> None:
        """Nothing to give back."""

    def _write(self, data: bytes) -> None:
        if not self._busy.acquire(blocking=False):  # never a second thread on a disk that hangs
            raise ChannelError(f"{self._path}: the line before is still being written")
        try:
            self._append(data)
        except OSError as error:
            raise ChannelError(f"{self._path}: {error.strerror or type(error).__name__}") from None
        finally:
            self._busy.release()

    def _append(self, data: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path, _FLAGS, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and size + len(data) > self._max_bytes:
                os.close(handle)
                handle = -1
                self._rotate()
                handle = os.open(self._path, _FLAGS, 0o600)
                size = os.fstat(handle).st_size
            if (written := os.write(handle, data)) < len(data):
                # A full disk took a part: take it back, so that no line is half a line.
                os.ftruncate(handle, size)
                raise OSError(0, f"only {written} of {len(data)} bytes could be written")
        finally:
            if handle >= 0:
                os.close(handle)

    def _rotate(self) -> None:
        names = [self._path, *(self._backup(number) for number in range(1, self._backups + 1))]
        for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
            if newer.exists():
                newer.replace(older)
        if not self._backups:
            self._path.unlink(missing_ok=True)

    def _backup(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def encode(notification: Notification) -> bytes:
    """One line of JSON in ASCII: control characters and all else is escaped."""
    text = json.dumps(record(notification), ensure_ascii=True, allow_nan=False)
    return text.encode() + b"\n"
