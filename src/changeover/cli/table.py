"""Tables for the terminal: aligned by what is seen, whatever the colours."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and whether its cells are numbers (set to the right)."""

    heading: str
    is_number: bool = False


def width(text: str) -> int:
    """How many cells of a terminal a text takes, colours left out."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in click.unstyle(text)
    )


def render(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """The table as text, two spaces between columns, headings dimmed; no rows give headings only."""
    headings = [column.heading for column in columns]
    widths = [max(width(row[i]) for row in [headings, *rows]) for i in range(len(columns))]
    head = "  ".join(
        _aligned(cell, space, column.is_number)
        for cell, space, column in zip(headings, widths, columns, strict=True)
    )
    lines = [click.style(head.rstrip(), dim=True)]
    for row in rows:
        cells = zip(row, widths, columns, strict=True)
        lines.append("  ".join(_aligned(cell, w, c.is_number) for cell, w, c in cells).rstrip())
    return "\n".join(lines)


def _aligned(cell: str, space: int, is_number: bool) -> str:
    gap = " " * (space - width(cell))
    return gap + cell if is_number else cell + gap
