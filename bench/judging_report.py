"""The table and the picture of the judge's figures, as files of the documentation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from bench.figure import Figure
from bench.judging_scenarios import DELAY, FALSE, Scenario

_NEVER = 10**9
_BAR, _LEFT, _WIDTH = 22, 330, 900
_COLOURS = {"changeover": "#3b6fd4", "GrowthBook": "#c98a1b", "Flagger": "#9b59b6",
            "peeking z": "#b0413e", "0.1 % in five minutes": "#6b7280"}  # fmt: skip


HEAD = """# The judge in figures

Written by `python -m bench judging`, on the judge as it is shipped. A run is one simulated bot: 18
commands with the traffic of a few favourites, legacy's error rates of 0.03 to 0.6 %, medians of 30 to
630 ms, 100 executions of legacy of each command before, `alpha` 0.01 for the whole bot. Every run draws
another bot. A rate says how many runs stand behind it and what it may be at most; few runs prove
little, and the promise itself rests on [the mathematics](judging.md), not on them.
"""
OTHERS = """## Beside other rules

The same executions, judged by other rules: the share of runs that were rolled back without a fault, or
the median of the executions of the new system until the rollback, over the first 20 runs of each
scenario, an execution a second. The other rules see the bot as a whole, as they are usually set up, and
their executions are those of all commands; the judge's are those of what it rolled back. A rule that
also rolls back without a fault is not the faster one for that."""
PICTURE = """![Executions until the rollback](../images/judge-delays.svg)"""


def write(
    docs: Path,
    figures: Sequence[Figure],
    results: dict[str, list[Any]],
    scenarios: Sequence[Scenario],
    rules: Sequence[str],
) -> None:
    """Write `explanation/judging-figures.md` and `images/judge-delays.svg` below `docs`."""
    rows = [row for row in (_others(s, results, rules) for s in scenarios) if row]
    page = [
        "| scenario | measured | limit | |",
        "|---|--:|--:|---|",
        *(_line(figure) for figure in figures),
    ]
    others = [
        "| scenario | Changeover | " + " | ".join(rules) + " |",
        "|---|--:|" + "--:|" * len(rules),
        *rows,
    ]
    text = "\n".join([HEAD, *page, "", OTHERS, "", *others, "", PICTURE, ""])
    (docs / "explanation" / "judging-figures.md").write_text(text, "utf-8")
    picture = draw([s for s in scenarios if s.kind == DELAY], results, rules)
    (docs / "images" / "judge-delays.svg").write_text(picture, "utf-8")


def _line(figure: Figure) -> str:
    value = "never" if figure.value >= _NEVER else f"{figure.value:,.4g} {figure.unit}".strip()
    limit = "" if figure.limit is None else f"{figure.limit:,.4g} {figure.unit}".strip()
    return (
        f"| {figure.name} | {value} | {limit} | {'' if figure.ok else '**over** '}{figure.note} |"
    )


def _median(values: Sequence[int]) -> int:
    return sorted(values)[(len(values) - 1) // 2]


def _others(scenario: Scenario, results: dict[str, list[Any]], rules: Sequence[str]) -> str | None:
    runs = [result for result in results.get(scenario.name, []) if result.rules]
    if not runs or scenario.begins:
        return None
    columns = [[run.executions for run in runs]]
    columns += [[run.rules[rule] for run in runs] for rule in rules]
    if scenario.kind == FALSE:
        cells = [f"{100 * sum(v < _NEVER for v in column) / len(column):.0f} %"
                 for column in columns]  # fmt: skip
    else:
        cells = ["never" if (m := _median(c)) >= _NEVER else f"{m:,}" for c in columns]
    return f"| {scenario.name} | " + " | ".join(cells) + " |"


def draw(scenarios: Sequence[Scenario], results: dict[str, list[Any]], rules: Sequence[str]) -> str:
    """Bars of the median delay on a logarithmic axis, one group a scenario."""
    shown = [s for s in scenarios if not s.begins and s.name in results]
    series = ("changeover", *(rule for rule in rules if rule in {"GrowthBook", "Flagger"}))
    height = 60 + len(shown) * (len(series) * 10 + 14)
    scale = (_WIDTH - _LEFT - 60) / 4.2  # pixels a power of ten
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-size="12">',
        "<title>Executions of the new system until the rollback</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for power in range(5):
        x = _LEFT + power * scale
        parts.append(f'<line x1="{x:.0f}" y1="30" x2="{x:.0f}" y2="{height - 10}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.0f}" y="24" text-anchor="middle">{10**power:,}</text>')
    for place, name in enumerate(series):
        x = 10 + place * 100
        parts.append(f'<rect x="{x}" y="12" width="10" height="10" fill="{_COLOURS[name]}"/>')
        parts.append(f'<text x="{x + 14}" y="22">{escape(name)}</text>')
    y = 40
    for scenario in shown:
        runs = [run for run in results[scenario.name] if run.rules]
        parts.append(f'<text x="10" y="{y + 5 * len(series) + 4}">{escape(scenario.name)}</text>')
        for name in series:
            values = [r.executions if name == "changeover" else r.rules[name] for r in runs]
            parts.append(_bar(y, _median(values), scale, _COLOURS[name]))
            y += 10
        y += 14
    return "\n".join([*parts, "</svg>", ""])


def _bar(y: int, value: int, scale: float, colour: str) -> str:
    if value >= _NEVER:
        return f'<text x="{_LEFT + 4}" y="{y + 9}" font-size="10" fill="{colour}">never</text>'
    width = max(2.0, math.log10(max(value, 1)) * scale)
    return (
        f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="8" fill="{colour}"/>'
        f'<text x="{_LEFT + width + 4:.0f}" y="{y + 8}" font-size="10">{value:,}</text>'
    )
