"""Tables for the terminal: aligned by what is seen, whatever the colours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import click

_COLOUR = re.compile("(\x1b\\[(?:0|1|2|[39][0-7])m)")  # those that click.style writes


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


def tame(text: str) -> str:
    """The text on one line, without what a terminal would obey; colours stay."""
    parts = _COLOUR.split(" ".join(re.split(r"[\t-\r\x85\u2028\u2029]+", text)))
    return "".join(
        part if _COLOUR.fullmatch(part) else "".join(filter(_is_seen, part)) for part in parts
    )


def _is_seen(sign: str) -> bool:
    return unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}


def render(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """The table as text, two spaces between columns, headings dimmed; no rows give headings only."""
    headings = [column.heading for column in columns]
    rows = [[tame(cell) for cell in row] for row in rows]
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
