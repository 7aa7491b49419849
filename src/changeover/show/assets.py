"""The page's files: a table made once from what the package ships; nothing else can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

PAGE = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(NamedTuple):
    """One packaged file.

    Attributes:
        body: all of it; the whole page is about 150 kB.
        type: its content type.
    """

    body: bytes
    type: str


def packaged_assets() -> Mapping[str, Asset]:
    """All files of the page by their path below `static/`, such as `vendor/a.js`.

    A request's path is looked up here and never becomes a path on the disk.
    """
    root = files("changeover.show") / "static"
    return dict(_assets_in(root, "")) if root.is_dir() else {}


def _assets_in(folder: Traversable, prefix: str) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _assets_in(entry, f"{prefix}{entry.name}/")
            continue
        _, dot, suffix = entry.name.rpartition(".")
        if dot + suffix in _TYPES:
            yield prefix + entry.name, Asset(entry.read_bytes(), _TYPES[dot + suffix])
