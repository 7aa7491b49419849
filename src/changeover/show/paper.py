"""A paper: headings, sentences and tables, written as Markdown or as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")
_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid #8884; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
""".strip()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under headings.

    Attributes:
        columns: the headings; one that begins with `>` is of a column of numbers.
        rows: each as long as `columns`.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Sentence | Table


def to_markdown(blocks: Sequence[Block]) -> str:
    """The paper as Markdown; nothing in a text is markup."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def to_html(blocks: Sequence[Block], title: str) -> str:
    """The paper as one HTML file that loads nothing; nothing in a text is markup."""
    body = "\n".join(map(_html, blocks))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _markdown(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {_md(text)}"
        case Sentence(text):
            return _md(text)
        case Table(columns, rows):
            names = [_md(column.removeprefix(">")) for column in columns]
            rule = ["--:" if column.startswith(">") else "---" for column in columns]
            lines = [names, rule, *([_md(cell) for cell in row] for row in rows)]
            return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _html(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Sentence(text):
            return f"<p>{escape(text)}</p>"
        case Table(columns, rows):
            kinds = [' class="number"' if column.startswith(">") else "" for column in columns]
            head = "".join(
                f"<th{kind}>{escape(column.removeprefix('>'))}</th>"
                for column, kind in zip(columns, kinds, strict=True)
            )
            lines = [
                "".join(
                    f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)
                )
                for row in rows
            ]
            body = "\n".join(f"<tr>{line}</tr>" for line in lines)
            return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _md(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
