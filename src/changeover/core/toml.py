"""TOML, read by a parser that is only loaded where there is a file."""

from __future__ import annotations

from typing import Any


def parse_toml(text: str) -> dict[str, Any]:
    """The document's table. Raises `ValueError` with line and column for what is no TOML."""
    import tomllib  # noqa: PLC0415  # most bots have no file

    return tomllib.loads(text)
