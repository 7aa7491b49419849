"""What a rehearsal of rules plays, and what it expects: the table `[test]` of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from changeover.act.rules import CRITICAL, LABELS, WARNING, Rule
from changeover.core.errors import BadValueError, SettingsError
from changeover.core.nearest import nearest
from changeover.core.window import parse_window

MOST_STEPS = 50_000  # a month of minutes, and a little more
STATES = ("none", "pending", "firing")
DEFAULT_MS = 20.0

EXECUTIONS = ("executions", "errors", "response_ms")
RESOURCES = ("memory_mb", "loop_lag_ms")
SERIES_KEYS = ("command", "system", *EXECUTIONS, *RESOURCES, "fails")
TEST_KEYS = ("every", "series", "expect", "baseline")
EXPECT_KEYS = ("at", "rule", "labels", "state", "severity")
BASELINE_KEYS = ("memory_mb", "response_ms")

_VALUES = "numbers with a space between, each with how often: 10x60 0x5 10..20x30 _x3"
_TOKEN = re.compile(
    r"(?P<first>_|[0-9]{1,12}(?:\.[0-9]{1,6})?)(?:\.\.(?P<last>[0-9]{1,12}(?:\.[0-9]{1,6})?))?"
    r"(?:x(?P<times>[1-9][0-9]{0,5}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One series, a value a step; None where there is none.

    Attributes:
        command, system: whose executions.
        values: by key of `SERIES_KEYS`, each as long as it was written.
    """

    command: str
    system: str
    values: Mapping[str, Sequence[float | None]]

    def at(self, key: str, step: int) -> float | None:
        """The value of a step; None beyond the end."""
        values = self.values.get(key, ())
        return values[step] if step < len(values) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should be so after the evaluation of a step.

    Attributes:
        at: as it was written.
        step: which evaluation, from 1.
        labels: of the alert; None for "of this rule none at all".
        severity: None for any.
    """

    at: str
    step: int
    rule: str
    state: str
    labels: Mapping[str, str] | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole rehearsal. `baseline` is as in the file: memory_mb, response_ms by command."""

    every_s: int
    series: Sequence[Played]
    expected: Sequence[Expected]
    baseline: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many evaluations: to the last expectation."""
        return max((one.step for one in self.expected), default=0)


def script_of(content: Mapping[str, Any], rules: Sequence[Rule], *, file: str) -> Script:
    """The rehearsal of a document.

    Args:
        content: the whole parsed document; the table `test` is looked at.
        rules: what there is to be tested.
        file: its name, for complaints.

    Raises:
        SettingsError: naming everything that is wrong.
    """
    reader = _Reader(file, {rule.name: rule for rule in rules})
    script = reader.script(content.get("test"))
    if reader.problems:
        raise SettingsError(reader.problems)
    return script


class _Reader:
    """Reads on after a mistake, so that all are named at once."""

    def __init__(self, file: str, rules: Mapping[str, Rule]) -> None:
        self._file = file
        self._rules = rules
        self.problems: list[BadValueError] = []

    def script(self, table: object) -> Script:
        if not isinstance(table, dict):
            self._bad("test", table or "", "a table", '[test] with every = "1m"')
            return Script(every_s=60, series=(), expected=())
        self._known("test", table, TEST_KEYS)
        every_s = self._seconds("test: every", table.get("every", "1m")) or 60
        series = [self._series(*entry) for entry in self._tables(table, "series")]
        if not any("expect" in entry for entry in (table,)):
            self._bad("test.expect", "", "at least one expectation", "[[test.expect]]")
        expected = [self._expected(*entry, every_s) for entry in self._tables(table, "expect")]
        return Script(
            every_s=every_s,
            series=[one for one in series if one],
            expected=[one for one in expected if one],
            baseline=self._baseline(table.get("baseline", {})),
        )

    # --- series -------------------------------------------------------------------------------

    def _series(self, place: str, entry: Mapping[str, Any]) -> Played | None:
        self._known(place, entry, SERIES_KEYS)
        values = {
            key: self._values(f"{place}: {key}", entry[key])
            for key in (*EXECUTIONS, *RESOURCES, "fails")
            if key in entry
        }
        if not values:
            self._bad(place, "", "values, such as executions", 'executions = "10x60"')
        for name in LABELS:
            if not isinstance(entry.get(name, ""), str):
                self._bad(f"{place}: {name}", entry[name], "a text", '"add"')
        pairs = zip(values.get("errors", ()), values.get("executions", ()), strict=False)
        if any((errors or 0) > (count or 0) for errors, count in pairs):
            self._bad(f"{place}: errors", entry["errors"], "at most the executions", '"1x60"')
        return Played(
            command=str(entry.get("command", "ping")),
            system=str(entry.get("system", "ddd")),
            values=values,
        )

    def _values(self, place: str, text: object) -> list[float | None]:
        values: list[float | None] = []
        for token in str(text).split() or [""]:
            match = _TOKEN.fullmatch(token)
            times = int((match and match["times"]) or 1)
            if match is None or len(values) + times > MOST_STEPS:
                self._bad(place, text, _VALUES, '"10x60"')
                return []
            values += _spread(match["first"], match["last"], times)
        return values

    def _baseline(self, table: object) -> Mapping[str, Any]:
        if not isinstance(table, dict):
            self._bad("test.baseline", table, "a table", "{ memory_mb = 180 }")
            return {}
        self._known("test.baseline", table, BASELINE_KEYS)
        paces = table.get("response_ms", {})
        figures = [
            table.get("memory_mb", 0),
            *(paces.values() if isinstance(paces, dict) else [""]),
        ]
        if not all(isinstance(value, int | float) for value in figures):
            example = "{ memory_mb = 180, response_ms = { add = 40 } }"
            self._bad("test.baseline", table, "numbers", example)
            return {}
        return table

    # --- expectations -------------------------------------------------------------------------

    def _expected(self, place: str, entry: Mapping[str, Any], every_s: int) -> Expected | None:
        self._known(place, entry, EXPECT_KEYS)
        seconds = self._seconds(f"{place}: at", entry.get("at", ""))
        if seconds is None:
            return None
        if seconds % every_s or seconds // every_s > MOST_STEPS:
            allowed = f"a multiple of every ({every_s} s), at most {MOST_STEPS} of it"
            self._bad(f"{place}: at", entry["at"], allowed, f'"{every_s}s"')
            return None
        state, severity = entry.get("state", "firing"), entry.get("severity")
        if state not in STATES:
            self._bad(f"{place}: state", state, "one of " + ", ".join(STATES), '"firing"')
        if severity not in {None, WARNING, CRITICAL}:
            self._bad(f"{place}: severity", severity, "one of warning, critical", '"critical"')
        rule = self._rule(place, entry.get("rule", ""))
        if rule is None:
            return None
        return Expected(
            at=str(entry["at"]),
            step=seconds // every_s,
            rule=rule.name,
            state=state,
            severity=severity,
            labels=self._labels(place, entry, rule, state),
        )

    def _rule(self, place: str, name: object) -> Rule | None:
        if isinstance(name, str) and name in self._rules:
            return self._rules[name]
        meant = nearest(str(name), self._rules, at_least=0) or "error_rate"
        self._bad(f"{place}: rule", name, f"a rule; did you mean {meant}?", f'"{meant}"')
        return None

    def _labels(
        self, place: str, entry: Mapping[str, Any], rule: Rule, state: object
    ) -> Mapping[str, str] | None:
        labels = entry.get("labels")
        if labels is None and state == "none":
            return None
        whole = {**(labels if isinstance(labels, dict) else {}), **rule.only}
        if set(whole) != {*rule.split, *rule.only}:
            names = " and ".join(rule.split) or "none"
            self._bad(
                f"{place}: labels", labels or "", f"a table with {names}", '{ command = "add" }'
            )
        return {str(name): str(text) for name, text in whole.items()}

    # --- the rest -----------------------------------------------------------------------------

    def _tables(
        self, table: Mapping[str, Any], key: str
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        entries = table.get(key, [])
        if not isinstance(entries, list):
            self._bad(f"test.{key}", entries, "a list of tables", f"[[test.{key}]]")
            return
        for number, entry in enumerate(entries, 1):
            place = f"test.{key} {number}"
            if isinstance(entry, dict):
                yield place, entry
            else:
                self._bad(place, entry, "a table", f"[[test.{key}]]")

    def _known(self, place: str, table: Mapping[str, Any], keys: Sequence[str]) -> None:
        for key in map(str, table):
            if key not in keys:
                meant = nearest(key, keys, at_least=0) or keys[0]
                self._bad(
                    f"{place}: {key}", table[key], f"a known key; did you mean {meant}?", meant
                )

    def _seconds(self, place: str, text: object) -> int | None:
        try:
            return parse_window(str(text)).seconds
        except BadValueError as error:
            self._bad(place, text, error.allowed, '"35m"')
            return None

    def _bad(self, place: str, value: object, allowed: str, example: str) -> None:
        self.problems.append(BadValueError(f"{self._file}: {place}", str(value), allowed, example))


def _spread(first: str, last: str | None, times: int) -> list[float | None]:
    """`10x3` is three times 10, `10..30x3` is 10, 20, 30, and `_x2` nothing twice."""
    if first == "_":
        return [None] * times
    start, end = float(first), float(last or first)
    steps: Callable[[int], float] = lambda i: start + (end - start) * i / max(times - 1, 1)  # noqa: E731
    return [steps(i) for i in range(times)]
