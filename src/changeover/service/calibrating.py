"""A calibration as the store keeps it and the page shows it: with about hours, at today's rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from changeover.core.window import format_moment
from changeover.judge.calibrate import Calibration, Detection
from changeover.judge.settings import JudgeSettings


def document_of(
    calibration: Calibration,
    settings: JudgeSettings,
    *,
    at_ns: int,
    history: int,
    rates: Mapping[str, float],
) -> dict[str, Any]:
    """One JSON-like dict, in the shape of `show.schema.CalibrationView`.

    Args:
        calibration: what came of it.
        settings: that were calibrated.
        at_ns: when.
        history: executions of legacy that were drawn from.
        rates: executions an hour by command, of both systems.
    """
    mine = {name: rates.get(name, 0.0) for name in calibration.commands}
    return {
        "at": format_moment(at_ns),
        "commands": len(calibration.commands),
        "history": history,
        "share_percent": calibration.share,
        "executions": calibration.executions,
        "seed": calibration.seed,
        "settings": asdict(settings),
        "alpha": settings.alpha,
        "false_runs": calibration.false_runs,
        "false_rollbacks": calibration.false_rollbacks,
        "false_high": round(calibration.false_high, 6),
        "per_hour": round(sum(mine.values()), 3) or None,
        "detections": [
            _told(one, _new_per_hour(one, mine, calibration.share))
            for one in calibration.detections
        ],
    }


def _new_per_hour(detection: Detection, rates: Mapping[str, float], share: float) -> float:
    """Executions of the new system an hour, where the fault is.

    The broken command was drawn by its traffic, so its rate is the mean weighted by traffic.
    """
    everything = sum(rates.values())
    if detection.fault.everywhere or not everything:
        return everything * share / 100
    return sum(rate * rate for rate in rates.values()) / everything * share / 100


def _told(detection: Detection, new_per_hour: float) -> dict[str, Any]:
    def hours(executions: int | None) -> float | None:
        return round(executions / new_per_hour, 2) if executions and new_per_hour else None

    return {
        "fault": detection.fault.name,
        "runs": detection.runs,
        "found": detection.found,
        "median": detection.median,
        "p90": detection.p90,
        "median_hours": hours(detection.median),
        "p90_hours": hours(detection.p90),
        "misplaced": detection.misplaced,
    }
