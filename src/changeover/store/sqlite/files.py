"""The file on the disk: made private, told from another in its place, set aside when damaged.

Nothing here ever opens an existing database file: closing any descriptor of a file drops all
POSIX locks this process has on it, those of SQLite included.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from changeover.core.clock import NS_PER_S

_BESIDE = ("-journal", "-wal", "-shm")


def make_private(path: Path) -> bool:
    """Create the file (0600) and its directory (0700) where they are missing; True if it did.

    What is there already keeps its permissions. May raise `OSError`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file, or None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def bytes_on_disk(path: Path) -> int:
    """How much the file takes, with what SQLite keeps beside it."""
    total = 0
    for name in ("", *_BESIDE):
        with suppress(FileNotFoundError):
            total += Path(f"{path}{name}").stat().st_size
    return total


def set_aside(path: Path, identity: tuple[int, int], wall_ns: int) -> Path | None:
    """Rename a damaged file and what is beside it; never deletes anything.

    Returns its new name, or None when another process was faster. May raise `OSError`.
    """
    path = path.resolve()
    if identity_of(path) != identity:
        return None
    moment = datetime.fromtimestamp(wall_ns // NS_PER_S, UTC)
    aside = _free_name(path.with_name(f"{path.name}.corrupt-{moment:%Y%m%dT%H%M%S}"))
    for name in _BESIDE:  # first: a journal left behind would be played into the new file
        with suppress(FileNotFoundError):
            Path(f"{path}{name}").rename(f"{aside}{name}")
    path.rename(aside)
    if identity_of(aside) == identity:
        return aside
    # Between the look and the rename another process had begun a new file: put it back.
    with suppress(FileExistsError):
        os.link(aside, path)
        aside.unlink()
    return None


def _free_name(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
