"""Bringing a file to the version of the schema that this package writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from changeover.core.errors import StoreSchemaError
from changeover.store.sqlite.connection import Connection, split_script

APPLICATION_ID = 0x63686F76  # "chov": the file is ours


def check_version(connection: Connection, path: Path, migrations: Path) -> int:
    """The version of the file; changes nothing.

    Args:
        connection: to the file.
        path: for the message only.
        migrations: a folder of files `0001_NAME.sql`, `0002_NAME.sql` ...

    Raises:
        StoreSchemaError: the file is newer than this package, or another program's.
    """
    ours = len(_scripts(migrations))
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not is_empty:
        raise StoreSchemaError(
            f"{path} is another program's SQLite file and stays as it is: give changeover "
            "a directory of its own, for example MONITORING_DATA_DIR=/data/changeover"
        )
    if version > ours:
        raise StoreSchemaError(
            f"{path} has schema version {version}, this changeover knows {ours}: "
            "install the newer version again, or move the file away to begin a new one"
        )
    return version


def migrate(connection: Connection, path: Path, migrations: Path) -> None:
    """Run the scripts that are missing, all in one transaction; else as `check_version`."""
    scripts = _scripts(migrations)
    if check_version(connection, path, migrations) == len(scripts):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster while this one waited for the lock.
        for script in scripts[check_version(connection, path, migrations) :]:
            for statement in split_script(script.read_text("utf-8")):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(scripts)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.undo()
        raise


def _scripts(migrations: Path) -> Sequence[Path]:
    scripts = sorted(
        (file for file in migrations.iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    numbers = [int(file.name[:4]) for file in scripts]
    if numbers != list(range(1, len(scripts) + 1)):
        raise StoreSchemaError(
            f"migrations are numbered 0001, 0002 ... without gaps, not {numbers}"
        )
    return scripts
