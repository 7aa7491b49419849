"""What steers, as JSON: moves and verdicts, and which flips concern one command."""

from __future__ import annotations

import math
from collections.abc import Iterable

from changeover.core.alerting import RULE, ChannelState, Silence
from changeover.core.clock import NS_PER_S
from changeover.core.model import Flip
from changeover.core.move import Freeze, Halt, Move
from changeover.core.verdict import Arm, Evidence, Verdict
from changeover.core.window import format_moment
from changeover.show import units
from changeover.show.readings import Curve
from changeover.show.schema import (
    ArmView,
    ChannelView,
    EvidenceView,
    FreezeView,
    HaltView,
    MoveView,
    SilenceView,
    VerdictView,
)

_CHANNEL_STATES = {"working": "ok", "off": "disabled"}


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


def halt_view(halt: Halt | None) -> HaltView | None:
    """The emergency stop, or null."""
    if halt is None:
        return None
    return {"at": format_moment(halt.at_ns), "actor": halt.actor, "reason": halt.reason}


def freeze_view(freeze: Freeze) -> FreezeView:
    """A time in which nothing goes up."""
    return {
        "id": f"{freeze.actor}/{freeze.from_ns}",
        "from": format_moment(freeze.from_ns),
        "until": format_moment(freeze.until_ns),
        "reason": freeze.reason,
        "actor": freeze.actor,
    }


def window_view(window: Silence) -> FreezeView:
    """A maintenance window."""
    return {
        "id": window.id,
        "from": format_moment(window.from_ns),
        "until": format_moment(window.until_ns),
        "reason": window.reason,
        "actor": window.actor,
    }


def silence_view(silence: Silence) -> SilenceView:
    """A silence, with the rule apart from the other labels."""
    labels = dict(silence.matchers)
    return {
        "id": silence.id,
        "rule": labels.pop(RULE, None),
        "labels": labels,
        "until": format_moment(silence.until_ns),
        "reason": silence.reason,
        "actor": silence.actor,
        "version": silence.version,
    }


def channel_view(channel: ChannelState) -> ChannelView:
    """A channel."""
    return {
        "name": channel.name,
        "state": _CHANNEL_STATES.get(channel.state, channel.state),
        "last_error": channel.last_error,
        "waiting": channel.queue,
        "oldest_age_s": units.finite(channel.oldest_s, 1),
        "since": units.moment(channel.since_ns),
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
