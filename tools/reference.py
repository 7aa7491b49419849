"""Writes the reference pages that the code itself knows best: `python tools/reference.py`.

With `--check` it writes nothing, and exits with 1 when a page is not what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import changeover
from changeover.cli import changeover as cli
from changeover.settings import table

PAGES = Path(__file__).parents[1] / "docs" / "reference"


def settings_page() -> Iterator[str]:
    """Every row of the table of settings."""
    yield "# Settings"
    yield ""
    yield "A value comes from the environment, else from `changeover.toml` (or the file that"
    yield "`CHANGEOVER_CONFIG` names), else from this table. An empty variable counts as not set."
    yield "`changeover config show` prints what is in force and where it comes from. Everything"
    yield "that is wrong is named at once, before the bot connects, with exit code 2."
    yield ""
    yield "A secret may stand in a file: `NAME_FILE=/run/secrets/name`. Flags have"
    yield "[a page of their own](flags.md)."
    for _, row, default in table():
        yield ""
        yield f"## {row.variable}"
        yield ""
        yield row.about
        yield ""
        yield f"* in the file: `{row.key}`"
        yield f"* allowed: {row.grammar.allowed}; for example `{row.grammar.example}`"
        yield f"* default: {_default(default)}"


def _default(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def cli_page() -> Iterator[str]:
    """Every command's own help."""
    yield "# Command line"
    yield ""
    yield "Exit codes: 0 all is well, 1 the answer is no (unhealthy, not ready), 2 a mistake in"
    yield "what was asked or set; the message names it."
    for path, command in _commands(cli, ("changeover",)):
        with click.Context(command, info_name=" ".join(path), max_content_width=96) as context:
            yield ""
            yield f"## {' '.join(path)}"
            yield ""
            yield "```text"
            yield command.get_help(context).rstrip()
            yield "```"


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from _commands(child, (*path, name))


def python_page() -> Iterator[str]:
    """Every root name's docstring."""
    yield "# Python"
    yield ""
    yield "The names that `changeover` exports. What is not here may change without notice."
    for name in changeover.__all__:
        yield ""
        yield f"## {name}"
        yield ""
        yield "```text"
        yield _docstring(getattr(changeover, name))
        yield "```"


def _docstring(thing: Any) -> str:
    import inspect

    parts = [inspect.getdoc(thing) or ""]
    if isinstance(thing, type):
        for name, member in vars(thing).items():
            if name[0] != "_" and callable(member) and (doc := inspect.getdoc(member)):
                signature = inspect.signature(member)
                parts.append(f".{name}{signature}\n    " + doc.replace("\n", "\n    "))
    return "\n\n".join(parts)


def main() -> int:
    """Write or check the pages."""
    pages = {"settings.md": settings_page, "cli.md": cli_page, "python.md": python_page}
    stale = []
    for name, page in pages.items():
        text = "\n".join(page()) + "\n"
        path = PAGES / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if stale and "--check" in sys.argv:
        print(f"not up to date, run python tools/reference.py: {', '.join(stale)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
