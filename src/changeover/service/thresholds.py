"""The thresholds that the page draws: those of the rules in force, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from changeover.act.manager import AlertManager

RULES = {"error_ratio": "error_rate", "response_time_ms": "response_time", "memory_mb": "memory"}


class Thresholds(Mapping[str, float]):
    """The first step of each of the reference's rules; one that is off has none.

    Always as the rules are now, so that the page follows a file that is read again.
    """

    def __init__(self, alerts: AlertManager) -> None:
        self._alerts = alerts

    def __getitem__(self, name: str) -> float:
        return self._steps()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps())

    def __len__(self) -> int:
        return len(self._steps())

    def _steps(self) -> dict[str, float]:
        first = {rule.name: rule.first for rule in self._alerts.rules}
        return {name: first[rule] for name, rule in RULES.items() if rule in first}
