"""The newest calibration: as JSON, and as a picture to keep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from changeover.show.schema import CalibrationView, DetectionView

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 900, 280, 190, 78, 34
_POWERS = 4  # the axis goes from 1 to at least so many powers of ten
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#14161a}.quiet{fill:#646b79}.paper{fill:#fff}"
    ".grid{stroke:#e3e5ea}.bar{fill:#7c5cf0}.far{stroke:#7c5cf0;stroke-width:2}.bad{fill:#c4222e}"
    "@media(prefers-color-scheme:dark){text{fill:#eeeff2}.quiet{fill:#8d93a0}.paper{fill:#131418}"
    ".grid{stroke:#24262c}.bar{fill:#8f74f5}.far{stroke:#8f74f5}.bad{fill:#ff7a7d}}"
)


def calibration_view(document: Mapping[str, Any] | None) -> CalibrationView | None:
    """What was kept; None without it, or for one that another version kept in another shape."""
    if document is None:
        return None
    try:
        return {
            "at": str(document["at"]),
            "commands": int(document["commands"]),
            "history": int(document["history"]),
            "share_percent": float(document["share_percent"]),
            "executions": int(document["executions"]),
            "seed": int(document["seed"]),
            "alpha": float(document["alpha"]),
            "false_runs": int(document["false_runs"]),
            "false_rollbacks": int(document["false_rollbacks"]),
            "false_high": float(document["false_high"]),
            "per_hour": _number(document["per_hour"]),
            "detections": [_detection(one) for one in document["detections"]],
        }
    except (KeyError, TypeError, ValueError):
        return None


def calibration_svg(view: CalibrationView) -> str:
    """The detection curve: a bar to the median, a line on to the p90, on a logarithmic axis."""
    detections = view["detections"]
    longest = max([10**_POWERS, *(one["p90"] or one["median"] or 1 for one in detections)])
    powers = math.ceil(math.log10(longest))
    height = _TOP + _ROW * len(detections) + 16
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>Executions of the new system until a fault is found</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        *_head(view),
        *_axis(powers, height),
        *(part for place, one in enumerate(detections) for part in _row(one, place, powers)),
        "</svg>",
        "",
    ])  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _count(value: Any) -> int | None:
    return None if value is None else int(value)


def _detection(document: Mapping[str, Any]) -> DetectionView:
    return {
        "fault": str(document["fault"]),
        "runs": int(document["runs"]),
        "found": int(document["found"]),
        "median": _count(document["median"]),
        "p90": _count(document["p90"]),
        "median_hours": _number(document["median_hours"]),
        "p90_hours": _number(document["p90_hours"]),
        "misplaced": int(document["misplaced"]),
    }


def _head(view: CalibrationView) -> Iterator[str]:
    runs, wrong = view["false_runs"], view["false_rollbacks"]
    yield (
        f'<text x="14" y="24">Rolled back without a fault: {wrong} of {runs} runs, at most '
        f"{100 * view['false_high']:.2g} % (asked for: {100 * view['alpha']:.2g} %)</text>"
    )
    yield (
        f'<text class="quiet" x="14" y="44">{view["commands"]} commands, '
        f"{view['share_percent']:g} % on the new system, {view['executions']:,} executions a run, "
        f"{escape(view['at'][:10])}. Bar: half of the runs; line: nine of ten.</text>"
    )


def _axis(powers: int, height: int) -> Iterator[str]:
    for power in range(powers + 1):
        x = _x(10**power, powers)
        yield f'<line class="grid" x1="{x}" y1="{_TOP - 4}" x2="{x}" y2="{height - 10}"/>'
        yield f'<text class="quiet" x="{x}" y="{_TOP - 10}" text-anchor="middle">{10**power:,}</text>'


def _row(one: DetectionView, place: int, powers: int) -> Iterator[str]:
    y = _TOP + _ROW * place + 8
    yield f'<text x="14" y="{y + 13}">{escape(one["fault"])}</text>'
    median, p90 = one["median"], one["p90"]
    end = _LEFT
    if median is not None:
        end = _x(median, powers)
        yield f'<rect class="bar" x="{_LEFT}" y="{y}" width="{max(2, end - _LEFT)}" height="18" rx="3"/>'
    if median is not None and p90 is not None:
        far = _x(p90, powers)
        yield f'<line class="far" x1="{end}" y1="{y + 9}" x2="{far}" y2="{y + 9}"/>'
        yield f'<line class="far" x1="{far}" y1="{y + 3}" x2="{far}" y2="{y + 15}"/>'
        end = far
    is_bad = one["found"] * 2 < one["runs"]
    class_name = ' class="bad"' if is_bad else ""
    yield f'<text{class_name} x="{end + 8}" y="{y + 13}">{escape(_words(one))}</text>'


def _words(one: DetectionView) -> str:
    if one["median"] is None:
        return f"found in {one['found']} of {one['runs']} runs"
    hours = "" if one["median_hours"] is None else f", {hours_words(one['median_hours'])}"
    missed = "" if one["found"] == one["runs"] else f" ({one['found']} of {one['runs']} runs)"
    return f"{one['median']:,}{hours}{missed}"


def hours_words(hours: float) -> str:
    """About how long: `about 4 min`, `about 3 h`, `about 2 d`."""
    if hours < 1:
        return f"about {max(1, round(hours * 60))} min"
    return f"about {hours:.0f} h" if hours < 48 else f"about {hours / 24:.0f} d"


def _x(value: float, powers: int) -> int:
    """Where a number of executions is on the axis."""
    span = _WIDTH - _LEFT - _RIGHT
    return round(_LEFT + span * math.log10(max(1.0, value)) / powers)
