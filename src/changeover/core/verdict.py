"""What the judge says of a command, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

EVERYTHING = "*"  # the scope of all commands together


class Decision(StrEnum):
    """What should be done with the new system of a scope."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One system of a scope, as the judge counted it. Ratios are None when nothing was.

    Attributes:
        executions: those that say something of the system: ok, failures and time-outs.
        errors: of these, failures and time-outs.
        error_ratio: errors / executions, 0 to 1.
        error_low, error_high: an interval of the true ratio that holds at all times at once,
            however often one looks.
        p50_ns, p95_ns: of those that ended well.
    """

    executions: int = 0
    errors: int = 0
    error_ratio: float | None = None
    error_low: float | None = None
    error_high: float | None = None
    p50_ns: float | None = None
    p95_ns: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One test's capital against what it needs: `value >= threshold` decides.

    Attributes:
        name: `errors`, `error_limit`, `latency`, `no_worse_errors` ...; see the judge.
        value: the capital; 1 says nothing, 20 is 20 to 1 against the hypothesis.
        threshold: what decides.
    """

    name: str
    value: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge says of one scope, with the figures that led to it.

    Attributes:
        scope: a command's name, or `EVERYTHING`.
        decision: promote, hold or rollback.
        code: the reason as one stable word, such as `worse_errors` or `too_few_executions`.
        reason: the reason in one sentence, with its figures.
        at_ns: of the last execution that it rests on; None before the first.
        legacy, new: the two systems as they were counted.
        evidence: every test, those that matter to the decision first.
        rollback: the evidence for a rollback, summed up.
        missing: how many executions of the new system are still needed at least; None when
            nothing is missing, or nobody can say.
        eta_s: about how long that takes at today's rate; None when nobody can say.
        concerns: what is wrong with the instrument, each in one sentence; holds a promotion.
        mode: `concurrent` (legacy is beside it) or `baseline` (legacy as it was recorded).
    """

    scope: str
    decision: Decision
    code: str
    reason: str
    at_ns: int | None = None
    legacy: Arm = field(default_factory=Arm)
    new: Arm = field(default_factory=Arm)
    evidence: Sequence[Evidence] = ()
    rollback: Evidence = field(
        default_factory=lambda: Evidence(name="rollback", value=0.0, threshold=1.0)
    )
    missing: int | None = None
    eta_s: float | None = None
    concerns: Sequence[str] = ()
    mode: str = "concurrent"


Verdicts = Mapping[str, Verdict]  # by scope; `EVERYTHING` is always there
