"""Both store ports on one SQLite file, shared by the processes of one host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from changeover.core.clock import Clock
from changeover.core.errors import StoreUnavailableError
from changeover.store.retention import Retention
from changeover.store.sqlite.backup import backup
from changeover.store.sqlite.database import Database
from changeover.store.sqlite.journal import Journal
from changeover.store.sqlite.state import SqliteState
from changeover.store.sqlite.statements import MIGRATIONS
from changeover.store.sqlite.telemetry import SqliteTelemetry

__all__ = ["Journal", "SqliteState", "SqliteStores", "SqliteTelemetry", "open_stores"]


@dataclass(frozen=True, slots=True)
class SqliteStores:
    """What one file holds. Closing both stores closes it."""

    telemetry: SqliteTelemetry
    state: SqliteState
    path: Path
    _database: Database

    def backup(self, target: Path) -> None:
        """Copy the file while everybody works on it; never overwrites.

        Raises:
            BadValueError: there is something at `target`, or no directory for it.
            StoreUnavailableError: the file cannot be read, or the copy not written.
        """
        backup(self._database, target)

    def close(self) -> None:
        """Close both stores. A second call does nothing."""
        self.telemetry.close()
        self.state.close()


def open_stores(
    path: Path,
    *,
    clock: Clock,
    retention: Retention | None = None,
    busy_s: float = 1.0,
    journal: Journal | None = None,
    migrations: Path = MIGRATIONS,
) -> SqliteStores:
    """Both stores on one file, made or brought up to date if need be.

    A file that cannot be used now (locked, read-only, no disk) is no error here: the stores
    say so in `check`, and work as soon as it can.

    Args:
        path: the file; created with its directory when missing, for its owner alone.
        clock: for leases, the age of troubles, the length of upkeep, and the name of a file set aside.
        retention: what `Telemetry.prune` drops.
        busy_s: how long to wait for another process's lock.
        journal: instead of the one that suits this SQLite's version.
        migrations: the folder of numbered scripts that make the schema.

    Raises:
        StoreSchemaError: the file was written by a newer version, or by another program.
    """
    database = Database(path, clock=clock, busy_s=busy_s, journal=journal, migrations=migrations)
    telemetry = SqliteTelemetry(database, clock=clock, retention=retention)
    stores = SqliteStores(telemetry, SqliteState(database, clock=clock), database.path, database)
    try:
        with database.read():
            pass
    except StoreUnavailableError:
        return stores  # noted by the database, told by `check`
    except BaseException:
        stores.close()
        raise
    return stores
