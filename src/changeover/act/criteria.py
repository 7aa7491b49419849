"""Whether the figures allow a step up; pure, and in words that say what is missing."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from changeover.act.plan import Criteria, Proof
from changeover.core.verdict import EVERYTHING, Decision, Verdict

Verdicts = Mapping[str, Verdict]

_ALPHA = 0.05
_PEEKING = 1.25  # looking again and again costs a quarter more; statistics by simulation


def stands_against(commands: Collection[str], verdicts: Verdicts) -> str | None:
    """What forbids any step up, the first one included; None when nothing does."""
    for scope in (EVERYTHING, *commands):
        verdict = verdicts.get(scope)
        if verdict is None:
            continue
        if verdict.decision is Decision.ROLLBACK:
            return f"the judge says rollback of {_named(scope)}: {verdict.reason}"
        if verdict.concerns:
            return f"the figures of {_named(scope)} are in doubt: {verdict.concerns[0]}"
    return None


def missing_baseline(
    commands: Collection[str], verdicts: Verdicts, criteria: Criteria
) -> str | None:
    """What legacy must have done before the first step; None when it has."""
    seen = sum(verdicts[name].legacy.executions for name in commands if name in verdicts)
    if seen >= criteria.baseline:
        return None
    return f"{criteria.baseline - seen} more executions of legacy, as the baseline"


def missing_proof(commands: Collection[str], verdicts: Verdicts, criteria: Criteria) -> str | None:
    """What is missing for a step further up, in one sentence; None when it may go.

    No verdict, and too few executions, are never a proof.
    """
    told = [verdicts[name] for name in commands if name in verdicts]
    errors = sum(verdict.new.errors for verdict in told)
    executions = sum(verdict.new.executions for verdict in told)
    if executions and errors / executions > criteria.max_error_ratio:
        ratio = f"{errors / executions:.2%}".replace("%", " %")
        return f"errors of the new system are {ratio}, above {criteria.max_error_ratio:.4g}"
    if criteria.proof is Proof.CLEAN:
        return _missing_clean(told, criteria)
    if criteria.proof is Proof.EACH:
        return _first_without(commands, verdicts)
    return _missing_pooled(commands, verdicts)


def upper_bound(errors: int) -> float:
    """How many errors were to be expected at most, where so many were seen (95 %, Poisson).

    Source: the mean at which so few or fewer have a probability of 5 %; ln 20 for none.
    """
    low, high = float(errors), errors + 10.0 + 5.0 * math.sqrt(errors + 1.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(errors, middle) > _ALPHA else (low, middle)
    return high


def executions_needed(errors: int, allowed: float) -> int:
    """With how many executions so many errors still prove a rate below `allowed` (0 to 1)."""
    return math.ceil(upper_bound(errors) * _PEEKING / allowed)


def _missing_clean(told: Sequence[Verdict], criteria: Criteria) -> str | None:
    new, errors = (sum(getattr(v.new, name) for v in told) for name in ("executions", "errors"))
    legacy = sum(verdict.legacy.executions for verdict in told)
    failed = sum(verdict.legacy.errors for verdict in told)
    allowed = criteria.margin + (failed / legacy if legacy else 0.0)
    needed = executions_needed(errors, min(1.0, allowed))
    if new >= needed:
        return None
    after = f" after {errors} errors" if errors else ""
    return f"{needed - new} more executions of the new system{after}"


def _first_without(commands: Collection[str], verdicts: Verdicts) -> str | None:
    for name in commands:
        verdict = verdicts.get(name)
        if verdict is None:
            return f"no verdict of {name} yet"
        if verdict.decision is not Decision.PROMOTE:
            return f"the judge of {name}: {verdict.reason}"
    return None


def _missing_pooled(commands: Collection[str], verdicts: Verdicts) -> str | None:
    """The whole must be good enough; a command may lack executions, and nothing else."""
    whole = verdicts.get(EVERYTHING)
    if whole is None:
        return "no verdict yet"
    if whole.decision is not Decision.PROMOTE:
        return f"the judge of all commands: {whole.reason}"
    for name in commands:
        verdict = verdicts.get(name)
        lacks_only = verdict is not None and verdict.decision is Decision.HOLD and (
            verdict.missing is not None or verdict.new.executions == 0
        )  # fmt: skip
        if verdict is not None and verdict.decision is not Decision.PROMOTE and not lacks_only:
            return f"the judge of {name}: {verdict.reason}"
    return None


def _at_most(count: int, mean: float) -> float:
    term = total = math.exp(-mean)
    for number in range(1, count + 1):
        term *= mean / number
        total += term
    return total


def _named(scope: str) -> str:
    return "all commands together" if scope == EVERYTHING else scope
