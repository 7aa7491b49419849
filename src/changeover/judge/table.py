"""The judge's settings as people write them: the table `[judge]` of `changeover.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from changeover.core.errors import BadValueError, SettingsError
from changeover.core.nearest import nearest
from changeover.core.toml import parse_toml
from changeover.core.values import Grammar, duration, integer, number
from changeover.judge.settings import JudgeSettings

TABLE = "judge"

# Each key: the setting that it is, and what it may be.
KEYS: Mapping[str, tuple[str, Grammar[Any]]] = {
    "alpha": ("alpha", number(1e-9, 0.5, "0.01", " (a chance)")),
    "promote_alpha": ("promote_alpha", number(1e-9, 0.5, "0.05", " (a chance)")),
    "error_limit": ("error_limit", number(1e-5, 0.5, "0.01", " (a fraction: 0.01 is 1 %)")),
    "margin": ("margin", number(0, 0.2, "0.001", " (a fraction)")),
    "promote_margin": ("promote_margin", number(1e-4, 0.09, "0.01", " (a fraction)")),
    "min_failures": ("min_failures", integer(0, 1_000_000, "3")),
    "min_executions": ("min_executions", integer(0, 1_000_000, "30")),
    "min_baseline": ("min_baseline", integer(0, 1_000_000, "100")),
    "min_clusters": ("min_clusters", integer(0, 1_000_000, "10")),
    "promote_after": ("promote_after_s", duration(0, "30d", "24h")),
    "patience": ("patience_s", duration(60, "365d", "7d")),
    "mute": ("mute_s", duration(0, "1d", "10m")),
}


def load_judge(file: Path, *, sticky_by: str) -> JudgeSettings:
    """The settings of a file; one without the table, or no file, is the default.

    Raises:
        SettingsError: naming everything that is wrong in it.
    """
    try:
        table = parse_toml(file.read_text("utf-8")).get(TABLE, {})
    except (OSError, ValueError):
        table = {}  # said where the settings are read
    return parse_judge(table, sticky_by=sticky_by, file=str(file))


def parse_judge(
    table: Any, *, sticky_by: str = "user", file: str = "changeover.toml"
) -> JudgeSettings:
    """The settings of the table; `SettingsError` names everything that is wrong in it."""
    if not isinstance(table, Mapping):
        problem = BadValueError(f"{file}: {TABLE}", str(table), "a table", f"[{TABLE}]")
        raise SettingsError([problem])
    problems: list[BadValueError] = []
    chosen: dict[str, Any] = {}
    for key, value in table.items():
        label = f"{file}: {TABLE}.{key}"
        if key not in KEYS:
            meant = str(nearest(key, list(KEYS), at_least=0))
            problems.append(BadValueError(label, str(value), f"one of {', '.join(KEYS)}", meant))
            continue
        name, grammar = KEYS[key]
        try:
            chosen[name] = grammar.parse(label, str(value))
        except BadValueError as problem:
            problems.append(problem)
    if problems:
        raise SettingsError(problems)
    return JudgeSettings(sticky_by=sticky_by, **chosen)
