"""The old bot's way to its file: a query's name, its parameters, dicts back."""

from __future__ import annotations

from typing import Any

from changeover.demo.database.opener import Database
from changeover.demo.database.queries import load_queries

Row = dict[str, Any]

_QUERIES = load_queries(__package__, "queries.sql")


def rows(db: Database, query: str, **parameters: Any) -> list[Row]:
    """Everything that a query finds, a dict by column each."""
    cursor = db.connection.execute(_QUERIES[query], parameters)
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, values, strict=True)) for values in cursor]


def one(db: Database, query: str, **parameters: Any) -> Row | None:
    """The first row that a query finds, or None."""
    found = rows(db, query, **parameters)
    return found[0] if found else None


def number(db: Database, query: str, **parameters: Any) -> int:
    """The column `n` of a counting query."""
    return int(rows(db, query, **parameters)[0]["n"])


def run(db: Database, query: str, **parameters: Any) -> int:
    """Change something, and say how many rows were changed."""
    return db.connection.execute(_QUERIES[query], parameters).rowcount


def insert(db: Database, query: str, **parameters: Any) -> int:
    """Insert one row and say its id."""
    return int(db.connection.execute(_QUERIES[query], parameters).lastrowid or 0)
