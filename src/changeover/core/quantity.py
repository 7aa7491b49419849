"""Measured values and durations as people read them in a sentence."""

from __future__ import annotations

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def format_quantity(value: float | None, unit: str) -> str:
    """A value with its unit: `4.2 %` (of a ratio), `1250 ms`, `7` (a count); None is `no data`."""
    if value is None:
        return "no data"
    if unit == "ratio":
        return f"{value * 100:.4g} %"
    return f"{f'{value:.1f}'.removesuffix('.0')} {unit}".rstrip()


def format_duration(seconds: float) -> str:
    """The two largest units: `45 s`, `5 min`, `1 h 4 min`, `2 d 3 h`. Below zero is `0 s`."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for length, name in _STEPS:
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {name}")
        if parts and (len(parts) == 2 or not count):
            break  # `1 d` rather than `1 d 20 s`
    return " ".join(parts) or "0 s"
