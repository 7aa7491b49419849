"""The SQL of this package: `.sql` files, each statement under a line `-- name: NAME`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)

MIGRATIONS: Path = Path(__file__).parent / "migrations"


def load_statements(topic: str) -> Mapping[str, str]:
    """The statements of `queries/TOPIC.sql`, by name."""
    text = (Path(__file__).parent / "queries" / f"{topic}.sql").read_text("utf-8")
    _, *parts = _NAME.split(text)
    return MappingProxyType(dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True)))
