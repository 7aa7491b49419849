"""What the commands on alerts have in common: text that others wrote, moments, matchers."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from changeover.core.errors import BadValueError
from changeover.core.text import clean_name
from changeover.core.window import format_moment, parse_moment, parse_window

if TYPE_CHECKING:
    from changeover.service import Changeover

AS_JSON: Callable[..., Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of a table."
)


@contextmanager
def viewing() -> Iterator[Changeover]:
    """The store, as `cli.source.viewer` opens it, and closed again."""
    from changeover.cli.source import viewer
    from changeover.settings import load

    monitor = viewer(load())
    try:
        yield monitor
    finally:
        monitor.stop()


def actor() -> str:
    """Who changes something here, as the audit names it."""
    return f"cli:{getpass.getuser()}"


def shown(text: str) -> str:
    """Text that others wrote, without what a terminal would obey."""
    return clean_name(text, 400) if text.strip() else ""


def shown_moment(wall_ns: int | None) -> str:
    """A moment to the second, or `-`."""
    return "-" if wall_ns is None else format_moment(wall_ns)[:19] + "Z"


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """For machines; control characters are escaped."""
    click.echo(json.dumps(value, indent=2))


def moment_of(text: str | None, name: str) -> int | None:
    """Nanoseconds of a moment that was given, or None. Raises `BadValueError`."""
    return None if text is None else parse_moment(text, name)


def seconds_of(text: str, name: str) -> int:
    """A length such as `2h` in seconds. Raises `BadValueError`."""
    try:
        return parse_window(text).seconds
    except BadValueError as error:
        raise BadValueError(name, text, error.allowed, "2h") from None


def matchers_of(words: Sequence[str]) -> dict[str, str]:
    """`NAME=TEXT` words as a mapping. Raises `BadValueError` for what is none, or said twice."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name or name in found:
            raise BadValueError("matcher", word, "NAME=TEXT, each name once", "rule=error_rate")
        found[name] = text
    return found
