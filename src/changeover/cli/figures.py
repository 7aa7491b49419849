"""Figures as people read them. None is a dash: no data is never a zero."""

from __future__ import annotations

import click

NO_DATA = "-"


def count(number: int | None) -> str:
    """A whole number with thin groups: `12 345`."""
    return f"{number:,}".replace(",", " ") if number else NO_DATA


def percent(ratio: float | None, limit: float) -> str:
    """A fraction as percent, red above the limit."""
    if ratio is None:
        return NO_DATA
    text = f"{ratio * 100:.2f} %" if 0 < ratio < 0.1 else f"{ratio * 100:.1f} %"
    return click.style(text, fg="red") if ratio > limit else text


def milliseconds(value: float | None) -> str:
    """Milliseconds below a second, seconds above: `12 ms`, `1.25 s`."""
    if value is None:
        return NO_DATA
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"


def size(megabytes: float | None) -> str:
    """Megabytes, or gigabytes from a thousand on."""
    if megabytes is None:
        return NO_DATA
    return f"{megabytes / 1000:.2f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"
