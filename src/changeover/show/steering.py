"""What steers, as JSON: moves and verdicts, and which flips concern one command."""

from __future__ import annotations

import math
from collections.abc import Iterable

from changeover.core.clock import NS_PER_S
from changeover.core.model import Flip
from changeover.core.move import Move
from changeover.core.verdict import Arm, Evidence, Verdict
from changeover.show import units
from changeover.show.readings import Curve
from changeover.show.schema import ArmView, EvidenceView, MoveView, VerdictView


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


def flips_of(command: str, flags: Iterable[str], flips: Iterable[Flip]) -> list[Flip]:
    """Those of the flips that say where this command's calls went."""
    subjects = {f"flag {flag}" for flag in flags}
    subjects.add(f"stage {command}")
    return [flip for flip in flips if flip.subject in subjects]


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
