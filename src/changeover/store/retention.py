"""How long what is kept, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from changeover.core.errors import BadValueError

_DAY_S = 86_400
_MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Ages in seconds after which a store forgets, and the size it keeps to.

    Raises `BadValueError` when something finer would outlive what it is counted in.

    Attributes:
        executions_s: every single execution and flag check; windows inside are exact to the event.
        minutes_s: counts by the minute; older windows start on the hour, and say so. They go
            before their time (but not before two days) when the store outgrows `megabytes`.
        counts_s: counts by the hour; nothing older is counted.
        failures_s: single executions that count as errors.
        resources_s: resource samples.
        megabytes: the size the store shrinks to when it has outgrown it; the free space that
            a store keeps for its next rows is not counted.
    """

    executions_s: int = _DAY_S
    minutes_s: int = 30 * _DAY_S
    counts_s: int = 30 * _DAY_S
    failures_s: int = 30 * _DAY_S
    resources_s: int = 30 * _DAY_S
    megabytes: int = 1_024

    def __post_init__(self) -> None:
        ages = (_MINUTE_S, self.executions_s, self.minutes_s, self.counts_s)
        if sorted(ages) != list(ages):
            raise BadValueError(
                "retention",
                "/".join(map(str, ages[1:])),
                "60 s <= executions <= minutes <= counts",
                "86400/172800/2592000",
            )
        if min(self.failures_s, self.resources_s) < _MINUTE_S:
            shown = str(min(self.failures_s, self.resources_s))
            raise BadValueError("retention", shown, "60 s or more", "2592000")
        if self.megabytes < 1:
            raise BadValueError("megabytes", str(self.megabytes), "1 or more", "1024")
