"""What takes calls back to legacy in this process at once, whatever the store is doing."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from changeover.core.clock import Clock
from changeover.core.deciding import master_flag
from changeover.core.errors import StoreUnavailableError
from changeover.core.ports import FlagValue
from changeover.core.text import clean_name, shorten

STOP_FILE = "STOP"
_READ_AT_MOST = 4_096


class Brakes:
    """Flags that are off in this process, over every other source. Only memory is looked at."""

    name = "rollback"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pulled: Mapping[str, FlagValue] = {}
        self.begin_anew()

    def begin_anew(self) -> None:
        """In the child of a fork, where a thread that is gone may hold the lock."""
        self._lock = threading.Lock()

    def read(self) -> Mapping[str, FlagValue]:
        """The flags that are pulled, each at 0."""
        return self._pulled

    def pull(self, flag: str, reason: str, actor: str = "auto") -> None:
        """Put a flag to 0 in this process; it counts with the next look at the brakes."""
        with self._lock:
            value = FlagValue(0.0, self._clock.wall_ns(), actor, reason)
            self._pulled = {**self._pulled, flag: value}

    def release(self, flags: Iterable[str]) -> None:
        """Let the other sources decide about these flags again."""
        gone = set(flags)
        with self._lock:
            self._pulled = {k: value for k, value in self._pulled.items() if k not in gone}


class StopFile:
    """The emergency stop: as long as the file is there, everything is legacy's.

    Whoever can make a file can stop: `touch STOP` in the data folder is enough. A folder that
    cannot be looked at changes nothing; what was seen last stays.

    Args:
        folder: the data folder.
        system: the new system's name.
    """

    name = "stop"

    def __init__(self, folder: Path, system: str) -> None:
        self.path = folder / STOP_FILE
        self._flag = master_flag(system)
        self._stamp: tuple[int, int] | None = None
        self._values: Mapping[str, FlagValue] = {}

    def read(self) -> Mapping[str, FlagValue]:
        """The master switch off while the file is there, else nothing.

        Raises:
            StoreUnavailableError: nobody can say whether it is there.
        """
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            self._stamp, self._values = None, {}
        except OSError as error:
            raise StoreUnavailableError(f"{self.path}: {error.strerror}") from error
        else:
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._stamp, self._values = stamp, {self._flag: self._told(status.st_mtime_ns)}
        return self._values

    def write(self, actor: str, reason: str, at_ns: int) -> None:
        """Stop everything on this machine. Raises `OSError` where no file can be made."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # An empty file stops as well, so that a full disk stops nobody from stopping.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            text = json.dumps({"actor": actor, "reason": reason, "at_ns": at_ns})
            with contextlib.suppress(OSError):
                os.write(descriptor, text.encode("utf-8", "replace"))
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Take the file away, if it is there. Raises `OSError` where it cannot be."""
        self.path.unlink(missing_ok=True)

    def _told(self, at_ns: int) -> FlagValue:
        actor, reason = "file", f"{self.path.name} is in the data folder"
        try:
            with self.path.open("rb") as file:
                told = json.loads(file.read(_READ_AT_MOST))
            actor = clean_name(told["actor"])
            reason = shorten(clean_name(told["reason"], 400), 400)
        except (OSError, ValueError, TypeError, KeyError):
            pass  # made by hand; that it is there says enough
        return FlagValue(0.0, at_ns, actor, reason)
