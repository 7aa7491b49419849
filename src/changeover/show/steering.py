"""What steers, as JSON: moves, verdicts and flips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypedDict

from changeover.core.clock import NS_PER_S
from changeover.core.model import Flip
from changeover.core.move import Move
from changeover.core.verdict import Arm, Evidence, Verdict
from changeover.show import units

Curve = Sequence[tuple[int, float]]  # moments in ns, and the evidence as a power of ten


class MoveView(TypedDict):
    """One scope's move as it stands."""

    scope: str
    flag: str
    commands: list[str]
    mode: str
    stage: str
    share_percent: float
    since: str | None
    waits_for: str | None
    proposal_percent: float | None
    approved_by: str | None
    held_by: str | None
    held_because: str | None
    rolled_back_at: str | None
    rollback_reason: str | None
    rolled_back: list[str]
    retries: int
    cooldown_until: str | None
    version: int


class ArmView(TypedDict):
    """One system as the judge counted it; the interval holds at all times at once."""

    executions: int
    errors: int
    error_rate: float | None
    error_low: float | None
    error_high: float | None
    p50_ms: float | None
    p95_ms: float | None


class EvidenceView(TypedDict):
    """One test's evidence; at its threshold it decides."""

    name: str
    value: float
    threshold: float


class VerdictView(TypedDict):
    """What the judge says of a command, or of all together (`*`), and why."""

    scope: str
    decision: str
    code: str
    reason: str
    at: str | None
    mode: str
    legacy: ArmView
    new: ArmView
    evidence: list[EvidenceView]
    rollback: EvidenceView
    missing: int | None
    eta_s: float | None
    concerns: list[str]
    curve: list[list[float]]  # pairs of epoch seconds and the rollback evidence as a power of ten


class FlipView(TypedDict):
    """One change, with who made it and why."""

    at: str
    subject: str
    old: str | None
    new: str | None
    actor: str
    reason: str


def move_view(move: Move) -> MoveView:
    """One scope's move."""
    return {
        "scope": move.scope,
        "flag": move.flag,
        "commands": list(move.commands),
        "mode": move.mode.value,
        "stage": move.stage.value,
        "share_percent": units.share(move.share),
        "since": units.moment(move.since_ns),
        "waits_for": move.waits_for,
        "proposal_percent": None if move.proposal is None else units.share(move.proposal),
        "approved_by": move.approved_by,
        "held_by": move.held_by,
        "held_because": move.held_because,
        "rolled_back_at": units.moment(move.rolled_back_ns),
        "rollback_reason": move.rollback_reason,
        "rolled_back": list(move.rolled_back),
        "retries": move.retries,
        "cooldown_until": units.moment(move.cooldown_until_ns),
        "version": move.version,
    }


def verdict_view(verdict: Verdict, curve: Curve = ()) -> VerdictView:
    """One verdict with its figures, and how its evidence came to be."""
    return {
        "scope": verdict.scope,
        "decision": verdict.decision.value,
        "code": verdict.code,
        "reason": verdict.reason,
        "at": units.moment(verdict.at_ns),
        "mode": verdict.mode,
        "legacy": _arm(verdict.legacy),
        "new": _arm(verdict.new),
        "evidence": [_evidence(one) for one in verdict.evidence],
        "rollback": _evidence(verdict.rollback),
        "missing": verdict.missing,
        "eta_s": units.finite(verdict.eta_s, 0),
        "concerns": list(verdict.concerns),
        "curve": [[at_ns / NS_PER_S, units.finite(power, 3) or 0.0] for at_ns, power in curve],
    }


def flip_view(flip: Flip) -> FlipView:
    """One change."""
    return {
        "at": units.moment(flip.at_ns) or "",
        "subject": flip.subject,
        "old": flip.old,
        "new": flip.new,
        "actor": flip.actor,
        "reason": flip.reason,
    }


def flips_of(command: str, flags: Iterable[str], flips: Iterable[Flip]) -> list[Flip]:
    """Those of the flips that say where this command's calls went."""
    subjects = {f"flag {flag}" for flag in flags}
    return [flip for flip in flips if flip.subject in subjects or flip.subject == f"move {command}"]


def _arm(arm: Arm) -> ArmView:
    return {
        "executions": arm.executions,
        "errors": arm.errors,
        "error_rate": units.finite(arm.error_ratio),
        "error_low": units.finite(arm.error_low),
        "error_high": units.finite(arm.error_high),
        "p50_ms": units.ms(arm.p50_ns),
        "p95_ms": units.ms(arm.p95_ns),
    }


def _evidence(one: Evidence) -> EvidenceView:
    return {
        "name": one.name,
        "value": _capital(one.value),
        "threshold": _capital(one.threshold),
    }


def _capital(value: float) -> float:
    """Four digits of a capital, which may be very large and very small; JSON has no infinity."""
    return float(f"{value:.4g}") if math.isfinite(value) else 1e30
