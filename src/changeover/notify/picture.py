"""A chart of an alert as PNG: the last hour of both systems, and the threshold.

Drawn to be read on a phone, where it is about 10 cm wide. Needs the extra `png` (Pillow).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.errors import MissingExtraError
from changeover.core.model import LEGACY, Alert, Slot, Stats, Timeline
from changeover.core.quantity import format_quantity
from changeover.core.text import clean_name

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 1000, 560
_LEFT, _RIGHT, _TOP, _BOTTOM = 120, 44, 112, 64  # around the plot
_BACKGROUND, _GRID, _TEXT, _FAINT = "#16181d", "#2f333c", "#e8eaee", "#a4abb8"
_LINES = ("#f2a33c", "#58a6ff", "#7ee2a8")  # legacy, the new system, what is of neither
_THRESHOLD = "#ff6b6b"
_LEGEND_NAME = 18

_Read = Callable[[Slot], float | None]


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    colour: str
    values: Sequence[float | None]  # one for each slot, in the alert's unit (a ratio in percent)


def draw(timeline: Timeline, alert: Alert) -> bytes | None:
    """A picture of 1000 x 560 pixels as PNG, or None where there is nothing to draw.

    Args:
        timeline: the last hour, oldest first.
        alert: whose rule and unit say what is drawn, and whose threshold is the line.

    Raises:
        MissingExtraError: where Pillow is not installed; with the line that installs it.
    """
    every = [one for one in _series(timeline, alert) if any(v is not None for v in one.values)]
    if len(timeline.slots) < 2 or not every:
        return None
    return _Chart(timeline, alert, every).png()


class _Chart:
    """One picture on its way."""

    def __init__(self, timeline: Timeline, alert: Alert, series: Sequence[_Series]) -> None:
        image, drawing = _pillow()
        self._alert = alert
        self._series = series
        self._slots = timeline.slots
        self._unit = "%" if alert.unit == "ratio" else alert.unit
        self._threshold = _scaled(alert.threshold, alert.unit)
        values = [v for one in series for v in one.values if v is not None]
        most = max(*values, self._threshold, 1e-9) * 1.12  # some air above
        self._step = _step(most)
        self._top = self._step * math.ceil(most / self._step)
        self._image = image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
        self._draw: ImageDraw = drawing.Draw(self._image)

    def png(self) -> bytes:
        self._heading()
        self._grid()
        for one in self._series:
            self._line(one)
        self._threshold_line()
        self._legend()
        out = io.BytesIO()
        self._image.save(out, "PNG", optimize=True)
        return out.getvalue()

    def _x(self, index: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * index / (len(self._slots) - 1)

    def _y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self._top

    def _text(
        self, where: tuple[float, float], text: str, size: int, anchor: str, fill: str = _TEXT
    ) -> float:
        """Writes, and gives the width in pixels."""
        font = _font(size)
        self._draw.text(where, text, fill=fill, font=font, anchor=anchor)
        return float(self._draw.textlength(text, font=font))

    def _heading(self) -> None:
        rule = clean_name(self._alert.rule, 40).replace("_", " ")
        of = ", all commands" if self._alert.labels.get("command") else ""  # as the timeline is
        self._text((24, 16), f"{rule[:1].upper()}{rule[1:]}, {self._unit}{of}", 30, "lt")

    def _grid(self) -> None:
        for number in range(round(self._top / self._step) + 1):
            value = number * self._step
            y = self._y(value)
            self._draw.line([(_LEFT, y), (WIDTH - _RIGHT, y)], fill=_GRID, width=2)
            self._text((_LEFT - 12, y), f"{value:g} {self._unit}", 22, "rm", _FAINT)
        bottom = HEIGHT - _BOTTOM + 14
        for index, moment in _ticks(self._slots):
            x = self._x(index)
            self._draw.line([(x, HEIGHT - _BOTTOM), (x, HEIGHT - _BOTTOM + 8)], _FAINT, 2)
            self._text((x, bottom), f"{moment:%H:%M}", 22, "mt", _FAINT)
        self._text((24, bottom), "UTC", 22, "lt", _FAINT)

    def _line(self, one: _Series) -> None:
        run: list[tuple[float, float]] = []
        for index, value in enumerate([*one.values, None]):
            if value is not None:
                run.append((self._x(index), self._y(value)))
                continue
            if len(run) > 1:
                self._draw.line(run, fill=one.colour, width=5, joint="curve")
            elif run:  # a slot alone between two without anything
                (x, y) = run[0]
                self._draw.ellipse([x - 5, y - 5, x + 5, y + 5], fill=one.colour)
            run = []

    def _threshold_line(self) -> None:
        y = self._y(self._threshold)
        for x in range(_LEFT, WIDTH - _RIGHT, 24):
            self._draw.line([(x, y), (min(x + 14, WIDTH - _RIGHT), y)], fill=_THRESHOLD, width=3)

    def _legend(self) -> None:
        x, y = 24.0, 78.0
        for one in self._series:
            self._draw.line([(x, y), (x + 32, y)], fill=one.colour, width=6)
            x += 42 + self._text((x + 42, y), one.name, 24, "lm") + 30
        for dash in (0, 19):
            self._draw.line([(x + dash, y), (x + dash + 13, y)], fill=_THRESHOLD, width=4)
        told = format_quantity(self._alert.threshold, self._alert.unit)
        self._text((x + 42, y), f"threshold {told}", 24, "lm")


def _pillow() -> tuple[Any, Any]:
    try:
        from PIL import Image, ImageDraw  # noqa: PLC0415  # 10 MB that few need
    except ImportError:
        raise MissingExtraError("A chart picture", "png") from None
    return Image, ImageDraw


def _font(size: int) -> Any:
    from PIL import ImageFont  # noqa: PLC0415  # as above

    return ImageFont.load_default(size)


def _series(timeline: Timeline, alert: Alert) -> Iterator[_Series]:
    """What the rule looks at: of each system, or of the process."""
    whole = _of_process(alert)
    if whole is not None:
        name, read = whole
        yield _Series(name, _LINES[2], [read(slot) for slot in timeline.slots])
        return
    of_stats = _of_stats(alert)
    wanted = alert.labels.get("system")
    systems = sorted({name for slot in timeline.slots for name in slot.by_system})
    colours = iter(_LINES[1:])
    for system in sorted(systems, key=lambda name: name != LEGACY)[:3]:
        if of_stats is None or wanted not in (None, system):
            continue
        colour = _LINES[0] if system == LEGACY else next(colours)
        values = [_read(slot.by_system, system, of_stats) for slot in timeline.slots]
        yield _Series(clean_name(system, _LEGEND_NAME), colour, values)


def _read(
    by_system: Mapping[str, Stats], system: str, of_stats: Callable[[Stats], float | None]
) -> float | None:
    stats = by_system.get(system)
    return None if stats is None or not stats.total else of_stats(stats)


def _of_process(alert: Alert) -> tuple[str, _Read] | None:
    if alert.unit == "MB":
        return "memory", lambda slot: _divided(slot.rss_bytes_max, 1 << 20)
    if alert.unit == "ms" and "lag" in alert.rule:
        return "event loop lag", lambda slot: _divided(slot.loop_lag_ns_max, NS_PER_MS)
    return None


def _of_stats(alert: Alert) -> Callable[[Stats], float | None] | None:
    if alert.unit == "ratio":
        return lambda stats: None if stats.error_ratio is None else stats.error_ratio * 100
    if alert.unit == "ms" and "p95" in alert.rule:
        return lambda stats: _divided(stats.p95_ns, NS_PER_MS)
    if alert.unit == "ms":
        return lambda stats: _divided(stats.mean_ns, NS_PER_MS)
    return None


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def _scaled(value: float, unit: str) -> float:
    """A ratio in percent; nothing that cannot be drawn."""
    value = value * 100 if unit == "ratio" else value
    return max(0.0, value) if math.isfinite(value) else 0.0


def _step(most: float) -> float:
    """The distance of grid lines, 1, 2 or 5 times a power of ten: 3 to 6 of them."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(
        power * factor for factor in (0.2, 0.5, 1.0, 2.0, 5.0) if most / (power * factor) <= 6
    )


def _ticks(slots: Sequence[Slot]) -> Iterator[tuple[int, datetime]]:
    """About six moments along the bottom."""
    every = max(1, round((len(slots) - 1) / 6))
    for index in range(0, len(slots), every):
        yield index, datetime.fromtimestamp(slots[index].start_ns // NS_PER_S, UTC)
