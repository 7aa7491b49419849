"""The plan as people write it: the tables `[rollout]` of `changeover.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from changeover.act.plan import Criteria, Plan, Proof, ScopePlan
from changeover.core import values
from changeover.core.errors import BadValueError, SettingsError
from changeover.core.move import Freeze, Mode
from changeover.core.nearest import nearest
from changeover.core.toml import parse_toml
from changeover.core.values import Grammar
from changeover.core.window import parse_moment

TABLE = "rollout"


def _name(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= 100:
        raise ValueError(text)
    return text


_NAME = Grammar(_name, "a category or a command", "utility")
_NAMES = Grammar(lambda text: tuple(map(_name, text.split("\n"))), "a list of scopes", '["auth"]')


def _ladder(text: str) -> tuple[float, ...]:
    shares = tuple(float(part) for part in text.split("\n"))
    hundredths = [round(share * 100) for share in shares]
    is_exact = all(abs(s * 100 - h) < 1e-6 for s, h in zip(shares, hundredths, strict=True))
    if hundredths != sorted(set(hundredths)) or hundredths[0] < 1 or hundredths[-1] != 10_000:
        raise ValueError(text)
    if not is_exact:
        raise ValueError(text)
    return shares


_LADDER = Grammar(
    _ladder, "rising percentages from 0.01 to 100, the last one 100", "[1, 5, 10, 25, 50, 100]"
)

# Each key of a way up: what it may be.
WAY: Mapping[str, Grammar[Any]] = {
    "ladder": _LADDER,
    "min_time": values.duration(0, "30d", "1d"),
    "min_executions": values.integer(0, 1_000_000, "30"),
    "bake_time": values.duration(0, "30d", "7d"),
    "mode": values.choice(*Mode),
    "proof": values.choice(*Proof),
    "margin": values.number(0.001, 0.5, "0.05", " (a fraction: 0.05 is 5 %)"),
    "max_error_rate": values.number(0, 1, "0.01", " (a fraction: 0.01 is 1 %)"),
    "baseline": values.integer(0, 1_000_000, "100"),
}
SCOPE: Mapping[str, Grammar[Any]] = {"name": _NAME, "after": _NAMES, **WAY}
WHOLE: Mapping[str, Grammar[Any]] = {
    **WAY,
    "cooldown": values.duration(60, "30d", "24h"),
    "retries": values.integer(0, 10, "2"),
}
_MOMENT = Grammar(parse_moment, "a time with its zone", "2026-12-24T00:00:00+00:00")
FREEZE: Mapping[str, Grammar[Any]] = {
    "from": _MOMENT,
    "until": _MOMENT,
    "reason": Grammar(_name, "why, in a few words", '"holidays"'),
}


def load_plan(file: Path) -> Plan:
    """The plan of a file; one without the table, or no file, is the default.

    Raises:
        SettingsError: naming everything that is wrong in it.
    """
    try:
        table = parse_toml(file.read_text("utf-8")).get(TABLE, {})
    except (OSError, ValueError):
        return Plan()  # said where the settings are read
    return parse_plan(table, str(file))


def parse_plan(table: Any, file: str = "changeover.toml") -> Plan:
    """The plan of the table; `SettingsError` names everything that is wrong in it."""
    reader = _Reader()
    if not isinstance(table, Mapping):
        reader.wrong(f"{file}: {TABLE}", table, "a table", f'[{TABLE}] with mode = "auto"')
        table = {}
    lists = ("scopes", "freezes")
    chosen = reader.read(f"{file}: {TABLE}", _without(table, lists), WHOLE, also=lists)
    base = _way(ScopePlan(name=""), chosen)
    scopes = [
        _way(base, reader.read(label, entry, SCOPE, needed=("name",)))
        for label, entry in reader.tables(f"{file}: {TABLE}.scopes", table.get("scopes", []))
    ]
    freezes = [
        reader.freeze(label, entry)
        for label, entry in reader.tables(f"{file}: {TABLE}.freezes", table.get("freezes", []))
    ]
    _check_order(scopes, f"{file}: {TABLE}.scopes", reader)
    if reader.problems:
        raise SettingsError(reader.problems)
    plan = Plan(scopes=tuple(scopes), base=base, freezes=tuple(f for f in freezes if f))
    if "cooldown" in chosen:
        plan = replace(plan, cooldown_s=float(chosen["cooldown"]))
    return replace(plan, retries=chosen["retries"]) if "retries" in chosen else plan


class _Reader:
    """Reads tables by their grammars and gathers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[BadValueError] = []

    def wrong(self, label: str, value: object, allowed: str, example: str) -> None:
        self.problems.append(BadValueError(label, str(value), allowed, example))

    def tables(self, label: str, found: Any) -> list[tuple[str, Mapping[str, Any]]]:
        """Each table of a list, with the label that people know it by."""
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            key = label.partition(": ")[2]
            self.wrong(label, found, "tables", f"[[{key}]]")
            return []
        return [(f"{label}.{one.get('name', number)}", one) for number, one in enumerate(found, 1)]

    def read(
        self,
        label: str,
        table: Mapping[str, Any],
        grammars: Mapping[str, Grammar[Any]],
        *,
        needed: Sequence[str] = (),
        also: Sequence[str] = (),
    ) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for key, value in table.items():
            grammar = grammars.get(key)
            if grammar is None:
                known = [*grammars, *also]
                close = nearest(key, known, at_least=0) or known[0]
                self.wrong(label, key, "a key that is one of " + ", ".join(known), close)
            else:
                self._parse(chosen, f"{label}.{key}", key, value, grammar)
        for key in needed:
            if key not in table:
                self.wrong(f"{label}.{key}", "", grammars[key].allowed, grammars[key].example)
        return chosen

    def freeze(self, label: str, table: Mapping[str, Any]) -> Freeze | None:
        before = len(self.problems)
        chosen = self.read(label, table, FREEZE, needed=tuple(FREEZE))
        if len(self.problems) > before:
            return None
        if chosen["until"] <= chosen["from"]:
            self.wrong(f"{label}.until", table["until"], "a time after `from`", _MOMENT.example)
        return Freeze(from_ns=chosen["from"], until_ns=chosen["until"], reason=chosen["reason"])

    def _parse(
        self, chosen: dict[str, Any], label: str, key: str, value: Any, grammar: Grammar[Any]
    ) -> None:
        is_list = isinstance(value, list)
        wants_list = grammar in (_LADDER, _NAMES)
        if is_list != wants_list or isinstance(value, (bool, Mapping)):
            self.wrong(label, value, grammar.allowed, grammar.example)
            return
        text = "\n".join(map(str, value)) if is_list else _text(value)
        try:
            chosen[key] = (
                () if is_list and not value and key == "after" else grammar.parse(key, text)
            )
        except BadValueError:
            self.wrong(label, value, grammar.allowed, grammar.example)


def _text(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _without(table: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", str),
    "after": ("after", tuple),
    "ladder": ("ladder", tuple),
    "min_time": ("min_time_s", float),
    "min_executions": ("min_executions", int),
    "bake_time": ("bake_s", float),
    "mode": ("mode", Mode),
}
_CRITERIA: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "proof": ("proof", Proof),
    "margin": ("margin", float),
    "max_error_rate": ("max_error_ratio", float),
    "baseline": ("baseline", int),
}


def _way(base: ScopePlan, chosen: Mapping[str, Any]) -> ScopePlan:
    criteria: Criteria = replace(base.criteria, **_taken(chosen, _CRITERIA))
    return replace(base, criteria=criteria, **_taken(chosen, _FIELDS))


def _taken(
    chosen: Mapping[str, Any], fields: Mapping[str, tuple[str, Callable[[Any], Any]]]
) -> dict[str, Any]:
    return {name: make(chosen[key]) for key, (name, make) in fields.items() if key in chosen}


def _check_order(scopes: Sequence[ScopePlan], label: str, reader: _Reader) -> None:
    names = [scope.name for scope in scopes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.wrong(f"{label}.{name}.name", name, "each scope once", "another name")
    done: set[str] = set()
    for scope in scopes:
        for other in scope.after:
            if other not in names:
                close = nearest(other, names, at_least=0) or scope.name
                told = "the name of a scope of the plan"
                reader.wrong(f"{label}.{scope.name}.after", other, told, close)
    known = {scope.name: [name for name in scope.after if name in names] for scope in scopes}
    while free := [name for name in known if name not in done and done.issuperset(known[name])]:
        done.update(free)
    if stuck := [name for name in known if name not in done]:
        told = "an order in which no scope waits for itself"
        reader.wrong(f"{label}.{stuck[0]}.after", " <- ".join(stuck), told, "after = []")
