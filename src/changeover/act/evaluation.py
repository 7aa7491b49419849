"""One evaluation: every rule, every series, every alert that is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from changeover.act.evidence import Evidence
from changeover.act.ledger import Ledger
from changeover.act.life import advance, alert_key, retire, shift
from changeover.act.readings import read
from changeover.act.rules import OWNED_ELSEWHERE, Reading, Rule
from changeover.core.errors import Guard
from changeover.core.model import Alert

OK, NO_DATA, FAILED = "ok", "no_data", "failed"


@dataclass(frozen=True, slots=True)
class RuleState:
    """How one rule did in the last evaluation.

    Attributes:
        rule: its name.
        state: `ok`, `no_data` (of no series there is a value) or `failed`.
        series: how many series it saw.
        detail: why it failed or has no data, where that is known.
    """

    rule: str
    state: str
    series: int = 0
    detail: str = ""


class Evaluation:
    """Looks at rules and moves their alerts on.

    A rule whose question fails is a rule without an answer: the others go on.

    Args:
        ledger: keeps the alerts.
        guard: counts what fails.
    """

    def __init__(self, ledger: Ledger, guard: Guard) -> None:
        self._ledger = ledger
        self._guard = guard
        self.states: dict[str, RuleState] = {}

    @property
    def failing(self) -> Mapping[str, str]:
        """The type of the error of each rule that has no answer."""
        return {name: state.detail for name, state in self.states.items() if state.state == FAILED}

    def run(self, rules: Sequence[Rule], evidence: Evidence, jump_ns: int) -> None:
        """Look at every rule once.

        Args:
            rules: what is watched; those that ask how the others do, last.
            evidence: what they look at.
            jump_ns: by how much the wall clock was set since the last time.
        """
        names = {rule.name for rule in rules}
        self.states = {name: state for name, state in self.states.items() if name in names}
        live: defaultdict[str, dict[str, Alert]] = defaultdict(dict)
        for alert in self._ledger.active():
            live[alert.rule][alert.key] = shift(alert, jump_ns) if jump_ns else alert
        for rule in rules:
            try:
                self._look(rule, evidence, live[rule.name])
            except Exception as error:  # noqa: BLE001 - one rule must never hide another (S51)
                self._failed(rule, error)
        for name in live.keys() - names - OWNED_ELSEWHERE:
            for alert in live[name].values():
                self._ledger.save(*retire(alert, evidence.now_ns), evidence.now_ns)
        for alert in self._ledger.unsaved():  # the store may be back
            self._ledger.save(alert, None, evidence.now_ns)

    def _look(self, rule: Rule, evidence: Evidence, live: Mapping[str, Alert]) -> None:
        try:
            readings = read(rule, evidence)
        except Exception as error:  # noqa: BLE001 - whatever fails, nothing is known
            self._failed(rule, error)
            for alert in live.values():
                self._advance(alert, rule, Reading(labels=alert.labels, failed=True), evidence)
            return
        seen = self._advance_seen(rule, readings, evidence, live)
        for key, alert in live.items():
            if key not in seen:
                self._miss(alert, rule, evidence)
        known = any(reading.value is not None for reading in readings)
        detail = "" if known or not readings else readings[0].detail
        state = OK if known else NO_DATA
        self.states[rule.name] = RuleState(rule.name, state, len(readings), detail)

    def _advance_seen(
        self,
        rule: Rule,
        readings: Sequence[Reading],
        evidence: Evidence,
        live: Mapping[str, Alert],
    ) -> set[str]:
        """Of most series nothing is wrong and nothing was: those cost a comparison."""
        seen: set[str] = set()
        severity = rule.severity
        for reading in readings:
            value = reading.value
            if not live and (value is None or severity(value, reading.errors) is None):
                continue
            key = alert_key(rule.name, reading.labels)
            seen.add(key)
            alert = live.get(key) or self._ledger.get(key)
            self._advance(alert, rule, reading, evidence)
        return seen

    def _miss(self, alert: Alert, rule: Rule, evidence: Evidence) -> None:
        """An alert whose series is not there: it left the window, or the rule was changed."""
        if set(alert.labels) != {*rule.split, *rule.only} or not _agrees(alert, rule):
            changed = retire(alert, evidence.now_ns, "no longer watched; its rule was changed")
            self._ledger.save(*changed, evidence.now_ns)
        else:
            self._advance(alert, rule, Reading(labels=alert.labels, gone=True), evidence)

    def _advance(
        self, alert: Alert | None, rule: Rule, reading: Reading, evidence: Evidence
    ) -> None:
        now_ns = evidence.now_ns
        self._ledger.save(*advance(alert, rule, reading, now_ns), now_ns)

    def _failed(self, rule: Rule, error: Exception) -> None:
        self.states[rule.name] = RuleState(rule.name, FAILED, detail=type(error).__name__)
        self._guard.caught("act.rule", error)


def _agrees(alert: Alert, rule: Rule) -> bool:
    return all(alert.labels.get(name) == text for name, text in rule.only.items())
