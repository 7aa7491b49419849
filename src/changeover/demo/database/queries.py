"""Reads `.sql` files of named queries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(package: str, file: str) -> Mapping[str, str]:
    """The queries of a file by name; each begins with a line `-- name: find_by_key`."""
    _, *parts = _NAME.split((files(package) / file).read_text("utf-8"))
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
