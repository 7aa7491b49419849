"""Which journal a version of SQLite can be trusted with."""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Journal:
    """How commits reach the disk.

    Attributes:
        mode, synchronous: the values of the two pragmas.
        why: half a sentence for people.
    """

    mode: str
    synchronous: str
    why: str


def choose_journal(version: Version) -> Journal:
    """WAL where it is sound, else the rollback journal, synced in full."""
    shown = ".".join(map(str, version))
    if loses_wal_commits(version):
        return Journal("DELETE", "FULL", f"SQLite {shown} can lose commits in WAL mode")
    return Journal("WAL", "NORMAL", f"SQLite {shown} is sound in WAL mode")


def loses_wal_commits(version: Version) -> bool:
    """Whether several connections to one WAL file can, rarely, lose a commit.

    Source: SQLite's note on the WAL-reset bug: 3.7.0 to 3.51.2 but for the fixes in 3.44.6
    and 3.50.7.
    """
    if (3, 44, 6) <= version < (3, 45, 0) or (3, 50, 7) <= version < (3, 51, 0):
        return False
    return (3, 7, 0) <= version <= (3, 51, 2)
