"""What people ask of alerts and are told of them: silences, channels, pages of the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert

RULE, SEVERITY = "rule", "severity"  # what a matcher may name besides labels
_CLOCKS_DIFFER_NS = 300 * NS_PER_S  # of machines on one store, or after a small correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A time in which the messages of some alerts are withheld; the alerts themselves go on.

    It holds by the wall clock from its beginning to its end. Where the clock was set back to
    before its beginning it does not hold: a wrong clock may make a silence shorter, but never
    mutes anything for longer than twice the time asked for.

    Attributes:
        id: 8 hex digits.
        matchers: label and pattern (`*` and `?` as in file names); all must match. `rule` and
            `severity` are labels here. Empty for a maintenance window, which matches all.
        from_ns, until_ns: when it holds.
        reason, actor: why, and who asked for it.
        created_ns: when somebody asked.
        version: changes with every change; what a person saw when they decided.
    """

    id: str
    matchers: Mapping[str, str] = field(default_factory=dict)
    from_ns: int
    until_ns: int
    reason: str
    actor: str
    created_ns: int
    version: int = 0

    def matches(self, alert: Alert) -> bool:
        """Whether it is about this alert."""
        named = {**alert.labels, RULE: alert.rule, SEVERITY: alert.severity}
        return all(
            name in named and fnmatchcase(named[name], pattern)
            for name, pattern in self.matchers.items()
        )

    def holds(self, now_ns: int) -> bool:
        """Whether it holds now."""
        early_ns = _CLOCKS_DIFFER_NS if self.from_ns == self.created_ns else 0
        return self.from_ns - early_ns <= now_ns < self.until_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """One channel as it stands, as far as the store and this process know.

    Attributes:
        name: such as `discord`.
        state: `working`, `failing` (tried again), or `off` (until its settings change and a
            restart).
        since_ns: when the failing began; None while it works.
        last_error: what the receiver answered last, without secrets; None while it works.
        queue: how many messages it owes, those that a silence withholds included.
        oldest_s: the age of the oldest of them in seconds; None without one.
        given_up: messages that were given up since it last worked.
    """

    name: str
    state: str = "working"
    since_ns: int | None = None
    last_error: str | None = None
    queue: int = 0
    oldest_s: float | None = None
    given_up: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """Which alerts that are over to read. What is None is not asked for.

    Attributes:
        rule, severity: exactly so.
        labels: each must be there and be the same.
        since_ns, until_ns: those that were resolved in `[since_ns, until_ns)`.
        limit: 1 to 1 000.
        cursor: where the page before ended (`AlertPage.next`), or None for the newest.
    """

    rule: str | None = None
    severity: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    since_ns: int | None = None
    until_ns: int | None = None
    limit: int = 100
    cursor: str | None = None

    def matches(self, alert: Alert) -> bool:
        """Whether an alert that is over is asked for; pages apart."""
        at_ns = alert.resolved_ns or 0
        return (
            self.rule in (None, alert.rule)
            and self.severity in (None, alert.severity)
            and self.labels.items() <= alert.labels.items()
            and (self.since_ns is None or at_ns >= self.since_ns)
            and (self.until_ns is None or at_ns < self.until_ns)
        )


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts that are over, newest first.

    Attributes:
        alerts: at most `limit`.
        total: how many match in all, on every page.
        next: the cursor of the next page, or None on the last.
    """

    alerts: Sequence[Alert]
    total: int
    next: str | None = None
