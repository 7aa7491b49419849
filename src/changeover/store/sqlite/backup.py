"""A copy of the file, taken while everybody works on it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from changeover.core.errors import BadValueError, StoreUnavailableError
from changeover.store.sqlite.connection import Error, copy_into
from changeover.store.sqlite.database import Database

_PAGES = 256  # of one step: a megabyte, some milliseconds of the lock
_RESTARTS = 3
_ALL = -1


class _RestartedError(Exception):
    """Others keep writing, and each time the copy begins anew."""


def backup(database: Database, target: Path) -> None:
    """Copy the file to `target` (0600), which appears only when it is complete.

    Raises:
        BadValueError: there is something at `target`, or no directory for it.
        StoreUnavailableError: the file cannot be read, or the copy not written.
    """
    target = target.absolute()
    if target.exists() or target.is_symlink():
        raise BadValueError("FILE", str(target), "a file that does not exist yet", "backup.db")
    if not target.parent.is_dir():
        raise BadValueError("FILE", str(target), "a directory that exists", "backup.db")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(database, partial)
        _sync(partial)
        _publish(partial, target)
    except (OSError, Error) as error:
        raise StoreUnavailableError(f"{target}: the copy cannot be written ({error})") from error
    finally:
        with suppress(OSError):  # it was never made, or is where nothing can be removed now
            partial.unlink()


def _copy(database: Database, partial: Path) -> None:
    """In steps, between which others write; if that never ends, in one go."""
    left_before, restarts = float("inf"), 0

    def progress(left: int, _total: int) -> None:
        nonlocal left_before, restarts
        restarts += left > left_before
        left_before = left
        if restarts > _RESTARTS:
            raise _RestartedError

    failure: Error | None = None
    with database.plain() as connection:
        try:
            try:
                copy_into(connection, partial, _PAGES, progress)
            except _RestartedError:
                copy_into(connection, partial, _ALL, lambda _left, _total: None)
        except Error as error:
            failure = error  # of the copy: the store itself has no trouble by it
    if failure is not None:
        raise failure


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _publish(partial: Path, target: Path) -> None:
    """Give the copy its name, unless somebody has taken it in the meantime."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise BadValueError(
            "FILE", str(target), "a file that does not exist yet", "backup.db"
        ) from None
    except OSError:  # a file system without links
        partial.rename(target)
