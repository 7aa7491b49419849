"""`python -m bench [NAME ...]`: measure, print, and (when all ran) write the page of figures.

`judging` takes by far the longest, and writes a page of its own.

Exit code 1 when a figure is over its limit.
"""

from __future__ import annotations

import compileall
import importlib
import platform
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.figure import Figure

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
MEASUREMENTS = {
    "recording": "Recording",
    "routing": "Routing",
    "summaries": "Summaries",
    "alerting": "Alert rules",
    "footprint": "Footprint on a real bot",
    "attach": "Attached to a real bot",
    "responsiveness": "Answering under load",
    "endurance": "Sudden ends",
    "page": "The page",
    "steering": "The rollback",
    "judging": "The judge",
}

OWN_PAGE = "judging"  # docs/explanation/judging-figures.md


def main() -> int:
    chosen = sys.argv[1:] or list(MEASUREMENTS)
    unknown = set(chosen) - set(MEASUREMENTS)
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
        return 2
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installed package is
    measured: dict[str, list[Figure]] = {}
    for name in chosen:
        print(f"\n{MEASUREMENTS[name]}", flush=True)
        measured[name] = importlib.import_module(f"bench.{name}").run()
        for figure in measured[name]:
            print("  " + _line(figure), flush=True)
    paged = [name for name in MEASUREMENTS if name != OWN_PAGE]
    if set(chosen) >= set(paged):
        PAGE.write_text(_page({name: measured[name] for name in paged}), "utf-8")
        print(f"\nwritten to {PAGE.relative_to(ROOT)}")
    return 0 if all(figure.ok for figures in measured.values() for figure in figures) else 1


def _line(figure: Figure) -> str:
    sign = "ok" if figure.ok else "OVER"
    limit = "" if figure.limit is None else f" (limit {_amount(figure.limit, figure.unit)})"
    value = _amount(figure.value, figure.unit)
    return f"{sign:<5}{figure.name}: {value}{limit}; {figure.note}".rstrip("; ")


def _amount(value: float, unit: str) -> str:
    digits = 3 if unit in {"x", "s"} else 0 if not unit or value >= 100 else 1
    return f"{value:,.{digits}f} {unit}".strip()


def _page(measured: dict[str, list[Figure]]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`, which measures everything in one run, ours beside its peer or its",
        "floor: ratios hold on other machines, absolute times do not.",
        "",
        f"* when: {datetime.now(UTC):%Y-%m-%d}",
        f"* Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()}",
        "",
        "The judge's figures have [a page of their own](../explanation/judging-figures.md).",
        "",
    ]
    for name, figures in measured.items():
        lines += [
            f"## {MEASUREMENTS[name]}",
            "",
            "| figure | measured | limit | |",
            "|---|--:|--:|---|",
        ]
        for figure in figures:
            limit = "" if figure.limit is None else _amount(figure.limit, figure.unit)
            mark = "" if figure.ok else "**over** "
            value = _amount(figure.value, figure.unit)
            lines.append(f"| {figure.name} | {value} | {limit} | {mark}{figure.note} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
