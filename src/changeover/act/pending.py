"""Rollbacks that act already and that the store does not know yet: in memory and in a file."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from changeover.core.errors import Guard

PENDING_FILE = "rollbacks.jsonl"
_COMPACT_AT = 256 * 1024  # bytes; a rollback is about 1 kB


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """One decision to take something back.

    Attributes:
        rule: of the alert: `rollback`, `unclean_start` or `emergency_stop`.
        scope: what people know it by: a category, a command, or `*` for everything.
        flags: what goes to 0.
        command, parent: where a command is taken back alone, and the category it leaves.
        actor, reason: who and why, with the figures.
        at_ns: when, by the wall clock.
        value, threshold: the evidence, where it is the judge's.
        held: whether it stays on legacy until a person says otherwise.
        tries: of each of its moves, how often it had left legacy; None where nobody knew.
        id: what the file knows it by.
    """

    rule: str
    scope: str
    flags: tuple[str, ...]
    command: str | None = None
    parent: str | None = None
    actor: str
    reason: str
    at_ns: int
    value: float | None = None
    threshold: float = 1.0
    held: bool = False
    tries: Mapping[str, int] | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(8))


class Pending:
    """An append-only file of rollbacks and of those that reached the store.

    The file is there for a process that dies while the store is away. Where it cannot be
    written, memory has to do.

    Args:
        file: in the data folder; None keeps everything in memory.
        guard: counts what the disk refuses.
    """

    def __init__(self, file: Path | None, *, guard: Guard) -> None:
        self._file = file
        self._guard = guard
        self._open: dict[str, Rollback] = self._load()

    def rollbacks(self) -> Sequence[Rollback]:
        """Those that are not in the store yet, the oldest first."""
        return tuple(self._open.values())

    def add(self, rollback: Rollback) -> None:
        """Keep one until `done`, over the end of the process if the disk allows."""
        self._open[rollback.id] = rollback
        self._write(asdict(rollback))

    def done(self, rollback: Rollback) -> None:
        """The store knows it."""
        self._open.pop(rollback.id, None)
        self._write({"done": rollback.id})

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._append(json.dumps(line) + "\n")
            if self._file.stat().st_size > _COMPACT_AT and not self._load():
                self._file.unlink()  # nobody, in any process of this folder, waits for the store
        except OSError as error:
            self._guard.caught("act.rollbacks_file", error)

    def _append(self, line: str) -> None:
        # Begins with a line's end: what another process left half written spoils one line only.
        with open(self._file or "", "ab", buffering=0) as file:  # noqa: PTH123 - unbuffered
            file.write(b"\n" + line.encode())
            os.fsync(file.fileno())

    def _load(self) -> dict[str, Rollback]:
        if self._file is None:
            return {}
        try:
            lines = self._file.read_text("utf-8", "replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            self._guard.caught("act.rollbacks_file", error)
            return {}
        found: dict[str, Rollback] = {}
        for line in filter(None, map(str.strip, lines)):
            self._take(line, found)
        return found

    def _take(self, line: str, found: dict[str, Rollback]) -> None:
        try:
            told = json.loads(line)
            if "done" in told:
                found.pop(told["done"], None)
            else:
                rollback = Rollback(**{**told, "flags": tuple(map(str, told["flags"]))})
                found[rollback.id] = rollback
        except (ValueError, TypeError, KeyError) as error:
            self._guard.caught("act.rollbacks_file", error)  # half a line: its process died there
