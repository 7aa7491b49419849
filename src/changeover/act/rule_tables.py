"""The rules that people write: `[[alerts.rules]]` of a TOML file, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from changeover.act.metrics import METRICS, Basis
from changeover.act.rules import (
    ABOVE,
    ACTIONS,
    BELOW,
    CRITICAL,
    LABELS,
    OWNED_ELSEWHERE,
    WARNING,
    Rule,
)
from changeover.core.errors import BadValueError
from changeover.core.nearest import nearest
from changeover.core.values import URL, Grammar, duration
from changeover.core.window import Window, parse_window

SECTION, TABLE = "alerts", "rules"
WINDOW = "window"
MOST_RULES = 200
_SAMPLES_WINDOW_S = 3_600  # samples are looked at for the last hour

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NAME_ALLOWED = "a lower-case word of letters, digits and _"
_HEADER = re.compile(r"^\s*\[\[\s*alerts\s*\.\s*rules\s*\]\]", re.MULTILINE)


class _WrongValueError(ValueError):
    """A value that is not allowed; where it stands is said by whoever catches it."""


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        raise _WrongValueError
    if value != value:  # noqa: PLR0124 - the only value that is not itself is NaN
        raise _WrongValueError
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise _WrongValueError
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError
    return value


def _text(value: object, fits: Callable[[str], object]) -> str:
    if not isinstance(value, str) or not fits(value):
        raise _WrongValueError
    return value


def _words(value: object, fits: Callable[[str], object]) -> tuple[str, ...]:
    """One text or a list of texts."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        raise _WrongValueError
    return tuple(dict.fromkeys(_text(word, fits) for word in listed))


def _only(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not set(value) <= set(LABELS):
        raise _WrongValueError
    return {name: _text(text, lambda text: 0 < len(text) <= 128) for name, text in value.items()}


def _by(grammar: Grammar[Any]) -> Callable[[object], Any]:
    """A value of the grammars of settings; a bare number is not a duration."""

    def convert(value: object) -> Any:
        return grammar.convert(_text(value, str.strip))

    return convert


class Key(NamedTuple):
    """One key of a rule's table.

    Attributes:
        field: of `Rule`.
        convert: from the TOML value; raises `ValueError`.
        allowed, example: for complaints and for the reference page.
    """

    field: str
    convert: Callable[[object], Any]
    allowed: str
    example: str


def _lasting(field: str, shortest_s: int, example: str) -> Key:
    grammar = duration(shortest_s, "7d", example)
    return Key(field, _by(grammar), grammar.allowed, f'"{example}"')


def _one_of(*words: str) -> Callable[[object], str]:
    return lambda value: _text(value, words.__contains__)


KEYS: Mapping[str, Key] = {
    "name": Key("name", lambda v: _text(v, _NAME.fullmatch), _NAME_ALLOWED, '"add_fails"'),
    "metric": Key(
        "metric", _one_of(*METRICS), "one of " + ", ".join(METRICS), '"error_ratio"'
    ),
    "window": Key(
        "window", lambda v: parse_window(_text(v, str)),
        "a whole number and s, m, h or d, up to 30d", '"15m"',
    ),
    "comparison": Key("comparison", _one_of(ABOVE, BELOW), "one of >, <", '">"'),
    "warning": Key("warning", _number, "a number in the metric's unit", "0.02"),
    "critical": Key("critical", _number, "a number in the metric's unit", "0.1"),
    "min_executions": Key("min_executions", _whole, "a whole number from 0 to 1000000", "20"),
    "min_errors": Key("min_errors", _whole, "a whole number from 0 to 1000000", "3"),
    "for": _lasting("for_s", 0, "5m"),
    "keep_firing_for": _lasting("keep_firing_s", 0, "10m"),
    "repeat": _lasting("repeat_s", 300, "4h"),
    "split": Key(
        "split", lambda v: _words(v, LABELS.__contains__),
        "command, system, or a list of both", '["command"]',
    ),
    "only": Key("only", _only, "a table with command, system or both", '{ system = "ddd" }'),
    "channels": Key(
        "channels", lambda v: _words(v, _NAME.fullmatch), "a list of channels' names",
        '["discord"]',
    ),
    "runbook": Key("runbook", _by(URL), URL.allowed, '"https://wiki.example.com/add"'),
    "action": Key("action", _one_of(*ACTIONS), "one of none, rollback", '"none"'),
    "enabled": Key("enabled", _boolean, "true or false", "false"),
}  # fmt: skip


def own_rules(
    content: Mapping[str, Any], built_in: Sequence[Rule], *, file: str, text: str = ""
) -> tuple[list[Rule], list[BadValueError]]:
    """The built-in rules as a file changes them, then its own; and all that is wrong.

    Args:
        content: the whole parsed document.
        built_in: what holds without a file; a table with the name of one changes it.
        file: its name, for complaints.
        text: the document as it was written, for the numbers of lines.
    """
    section = content.get(SECTION)
    tables = section.get(TABLE, []) if isinstance(section, dict) else []
    where = f"{file}: {SECTION}.{TABLE}"
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        allowed = "tables [[alerts.rules]]"
        return [*built_in], [BadValueError(where, str(tables), allowed, "[[alerts.rules]]")]
    if len(tables) > MOST_RULES:
        allowed = f"at most {MOST_RULES} rules"
        return [*built_in], [BadValueError(where, str(len(tables)), allowed, str(MOST_RULES))]
    rules = {rule.name: rule for rule in built_in}
    problems: list[BadValueError] = []
    seen: set[str] = set()
    for number, table in enumerate(tables, 1):
        entry = _Entry(file, number, table, text)
        found = [*entry.problems(rules, seen)]
        if not found:
            rule, found = entry.rule(rules.get(str(table["name"])))
            if rule is not None:
                rules[rule.name] = rule
        seen.add(str(table.get("name")))
        problems += found
    return [*rules.values()], problems


class _Entry:
    """One table, its place, and what is wrong with it."""

    def __init__(self, file: str, number: int, table: Mapping[str, Any], text: str) -> None:
        self._file = file
        self._number = number
        self._table = table
        self._text = text

    def problems(self, known: Mapping[str, Rule], seen: set[str]) -> Iterator[BadValueError]:
        """What can be said without making the rule, all at once."""
        for key in self._table:
            if key not in KEYS:
                meant = nearest(key, KEYS, at_least=0) or "name"
                allowed = f"a known key; did you mean {meant}?"
                yield self._bad(key, allowed, f"{meant} = {KEYS[meant].example}")
        name = self._table.get("name")
        if name is None:
            yield self._bad("name", _NAME_ALLOWED, KEYS["name"].example)
        elif isinstance(name, str):
            yield from self._of_name(name, known, seen)
        for key, value in self._table.items():
            if key in KEYS and not _fits(KEYS[key], value):
                yield self._bad(key, KEYS[key].allowed, KEYS[key].example)

    def _of_name(
        self, name: str, known: Mapping[str, Rule], seen: set[str]
    ) -> Iterator[BadValueError]:
        if name in seen:
            yield self._bad("name", "a name that no rule before it has", '"add_fails_often"')
        elif name in OWNED_ELSEWHERE:
            yield self._bad("name", "a name that changeover does not use itself", '"my_rule"')
        elif name not in known:
            yield from self._of_new_rule([*known])
        elif self._table.get("metric", known[name].metric) != known[name].metric:
            allowed = f"{known[name].metric}, which the built-in rule looks at"
            yield self._bad("metric", allowed, f'"{known[name].metric}", or another name')

    def _of_new_rule(self, known: Sequence[str]) -> Iterator[BadValueError]:
        if "metric" not in self._table:
            name = str(self._table["name"])
            meant = nearest(name, known, at_least=0.8)
            hint = f"; or did you mean the built-in rule {meant}?" if meant else ""
            yield self._bad("metric", KEYS["metric"].allowed + hint, KEYS["metric"].example)
        if not {WARNING, CRITICAL} & self._table.keys():
            yield self._bad("warning", "a threshold here, in critical, or in both", "0.02")

    def rule(self, base: Rule | None) -> tuple[Rule | None, list[BadValueError]]:
        """The rule of a table without problems so far, and those that show only together."""
        values = {KEYS[key].field: KEYS[key].convert(value) for key, value in self._table.items()}
        if base is None:
            metric = METRICS[values["metric"]]
            values = {"window": metric.window, "unit": metric.unit} | values
            if not metric.basis.has_series or metric.basis is Basis.COUNTS:
                values = {"min_executions": 0} | values
        name = base.metric if base is not None else values["metric"]
        if wrong := [*self._misplaced(name, values)]:
            return None, wrong
        try:
            return (Rule(**values) if base is None else replace(base, **values)), []
        except BadValueError as error:
            hint = "" if error.name in self._table else " (the built-in rule's; set it here, too)"
            return None, [self._bad(error.name, error.allowed + hint, error.example, error.value)]

    def _misplaced(self, name: str, values: Mapping[str, Any]) -> Iterator[BadValueError]:
        """Keys that say nothing about this metric; ignored silently they would deceive."""
        metric = METRICS[name]
        no_series = () if metric.basis.has_series else ("split", "only", "min_executions")
        for key in no_series:
            if key in self._table:
                yield self._bad(key, f"nothing: {name} is not counted by command", "leave it out")
        if "min_errors" in self._table and metric.basis not in {Basis.EXECUTIONS, Basis.COUNTS}:
            yield self._bad("min_errors", f"nothing: {name} has no errors", "leave it out")
        if metric.basis is Basis.CHANGE and "system" in {
            *values.get("split", ()), *values.get("only", {}),
        }:  # fmt: skip
            key = "split" if "system" in values.get("split", ()) else "only"
            yield self._bad(key, f"command: {name} compares the systems", '["command"]')
        if (
            metric.basis is Basis.COUNTS
            and values.get("split")
            and values.get("comparison") == BELOW
        ):
            allowed = "nothing, with comparison < : a series without executions is not seen"
            yield self._bad("split", allowed, 'only = { command = "add" }')
        window = values.get("window")
        if isinstance(window, Window) and WINDOW in self._table:
            if not metric.has_window:
                yield self._bad(WINDOW, f"nothing: {name} has no window", "leave it out")
            elif metric.basis is Basis.SAMPLES and not 120 <= window.seconds <= _SAMPLES_WINDOW_S:
                yield self._bad(WINDOW, f"2m to 1h, for {name}", '"30m"')

    def _bad(self, key: str, allowed: str, example: str, value: str | None = None) -> BadValueError:
        line = _line(self._text, self._number, key)
        place = f"{self._file}, line {line}" if line else self._file
        name = self._table.get("name")
        rule = f"rule {self._number}" + (f" ({name})" if isinstance(name, str) else "")
        shown = str(self._table.get(key, "")) if value is None else value
        return BadValueError(f"{place}: {rule}: {key}", shown, allowed, example)


def _fits(key: Key, value: object) -> bool:
    try:
        key.convert(value)
    except ValueError:
        return False
    return True


def _line(text: str, number: int, key: str) -> int | None:
    """Where a key of the n-th `[[alerts.rules]]` stands, or its header; None where nobody can say.

    The parser does not tell; this looks for the usual way of writing it.
    """
    headers = [*_HEADER.finditer(text)]
    if len(headers) < number:
        return None
    start = headers[number - 1].end()
    end = re.compile(r"^\s*\[", re.MULTILINE).search(text, start)
    body = text[start : end.start() if end else len(text)]
    pattern = rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[=.]"
    found = re.search(pattern, body, re.MULTILINE)
    at = start + found.start() if found else headers[number - 1].end()
    return text.count("\n", 0, at) + 1
