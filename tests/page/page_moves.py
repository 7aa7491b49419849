"""The parts of a snapshot about the move, the judge and the alerts' channels, made up alike."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def move(scope: str, commands: tuple[str, ...], **fields: Any) -> Json:
    """One scope on the board; in auto, waiting in its ramp unless told otherwise."""
    return {
        "scope": scope,
        "flag": f"ddd.commands.{scope}",
        "commands": list(commands),
        "mode": "auto",
        "stage": "ramp",
        "share_percent": 10.0,
        "since": None,
        "waits_for": None,
        "proposal_percent": None,
        "approved_by": None,
        "held_by": None,
        "held_because": None,
        "rolled_back_at": None,
        "rollback_reason": None,
        "rolled_back": [],
        "retries": 0,
        "cooldown_until": None,
        "version": 7,
    } | fields


def moves(now: float, categories: dict[str, tuple[str, ...]]) -> list[Json]:
    """Four scopes, each somewhere else on the ladder."""
    return [
        move(
            "utility",
            categories["utility"],
            stage="guarded",
            share_percent=100.0,
            since=iso(now - 260_000),
            waits_for="21 h more of 24 h at 100 % without a rollback",
        ),
        move(
            "authentication",
            categories["authentication"],
            mode="approve",
            share_percent=50.0,
            since=iso(now - 4100),
            waits_for="somebody's approval of 100 %",
            proposal_percent=100.0,
            version=12,
        ),
        move(
            "conversation",
            categories["conversation"],
            since=iso(now - 9100),
            waits_for="37 more executions of reset, about 3 h at today's rate",
            retries=1,
            cooldown_until=iso(now + 5400),
            rolled_back_at=iso(now - 33_000),
            rollback_reason="reset: 5 of 41 executions failed on ddd, 1 of 380 on legacy",
            rolled_back=["reset"],
        ),
        move(
            "personality",
            categories["personality"],
            mode="manual",
            stage="off",
            share_percent=0.0,
            proposal_percent=1.0,
            held_by="user:ada",
            held_because="after the release of the new picker",
        ),
    ]


def arm(executions: int, errors: int, p50: float, p95: float) -> Json:
    """One system as the judge counted it."""
    if executions == 0:
        keys = ("error_rate", "error_low", "error_high", "p50_ms", "p95_ms")
        return {"executions": 0, "errors": 0} | dict.fromkeys(keys)
    rate = errors / executions
    wide = 2.6 * math.sqrt((rate + 2 / executions) / executions) + 2 / executions
    return {
        "executions": executions,
        "errors": errors,
        "error_rate": rate,
        "error_low": max(0.0, rate - wide),
        "error_high": min(1.0, rate + wide),
        "p50_ms": p50,
        "p95_ms": p95,
    }


def verdict(scope: str, now: float, decision: str = "hold", **fields: Any) -> Json:
    """What the judge says of one command."""
    height = {"promote": -1.4, "hold": 0.3, "rollback": 3.4}[decision]
    seed = sum(map(ord, scope))
    curve = [
        [
            round(now) - (40 - i) * 90,
            height * (i / 40) ** 3 + 0.22 * math.sin(i * 0.9 + seed) + 0.1 * math.sin(i / 3),
        ]
        for i in range(41)
    ]
    found = 10 ** curve[-1][1]
    return {
        "scope": scope,
        "decision": decision,
        "code": {
            "promote": "no_worse",
            "hold": "too_few_executions",
            "rollback": "worse_errors",
        }[decision],
        "reason": {
            "promote": "no worse than legacy: 1 of 412 failed, 2 of 390 on legacy",
            "hold": "37 more executions are needed, about 3 h at today's rate",
            "rollback": "9 of 41 executions failed on ddd, 1 of 380 on legacy",
        }[decision],
        "at": iso(now - 12),
        "mode": "concurrent",
        "legacy": arm(380, 1, 42.0, 188.0),
        "new": arm(412, 1, 38.0, 160.0) if decision == "promote" else arm(41, 2, 39.0, 210.0),
        "evidence": [
            {"name": "errors", "value": found, "threshold": 400.0},
            {"name": "error_limit", "value": 0.7, "threshold": 400.0},
            {"name": "latency", "value": 2.4, "threshold": 400.0},
            {
                "name": "no_worse_errors",
                "value": 61.0 if decision == "promote" else 4.2,
                "threshold": 20.0,
            },
        ],
        "rollback": {"name": "rollback", "value": found, "threshold": 400.0},
        "missing": 37 if decision == "hold" else None,
        "eta_s": 10_800.0 if decision == "hold" else None,
        "concerns": [],
        "curve": curve,
    } | fields


def verdicts(now: float, names: list[str]) -> list[Json]:
    """All commands together, and each alone."""
    decided = {"ping": "promote", "status": "promote", "auth": "promote", "verify": "promote"}
    found = [verdict(name, now, decided.get(name, "hold")) for name in names]
    for one in found:
        if one["scope"] == "reset":
            one |= {"new": arm(41, 9, 39.0, 320.0)}
            one["decision"], one["code"] = "rollback", "worse_errors"
            one["reason"] = "9 of 41 executions failed on ddd, 1 of 380 on legacy"
            one["curve"] = verdict("reset", now, "rollback")["curve"]
            one["rollback"] = verdict("reset", now, "rollback")["rollback"]
            one["evidence"] = verdict("reset", now, "rollback")["evidence"]
        if one["scope"] == "help":
            one["concerns"] = [
                "12 people met both systems: the share was set by guild, not by user"
            ]
    return [verdict("*", now, "hold"), *found]


def flip(at: float, subject: str, old: str | None, new: str | None, **fields: Any) -> Json:
    """One line of the audit."""
    return {
        "at": iso(at),
        "subject": subject,
        "old": old,
        "new": new,
        "actor": "user:ada",
        "reason": "",
    } | fields


def flips(now: float) -> list[Json]:
    """A rollback, a stop and steps up, newest first."""
    return [
        flip(
            now - 300, "flag ddd.commands.conversation", "5", "10", actor="auto", reason="no worse"
        ),
        flip(
            now - 1500,
            "flag ddd.commands.reset",
            "10",
            "0",
            actor="auto",
            reason="rollback: 9 of 41 executions failed on ddd, 1 of 380 on legacy",
        ),
        flip(now - 2400, "stop", "stopped", "running", reason="it was the database"),
        flip(now - 2700, "stop", "running", "stopped", reason="replies come twice"),
        flip(now - 4100, "flag ddd.commands.authentication", "25", "50", reason="a quiet week"),
        flip(now - 90_000, "flag ddd.commands.utility", "50", "100", actor="cli:ada"),
        flip(now - 95_000, "alert error_rate{command=add}", None, "acknowledged"),
    ]


def calibration(now: float) -> Json:
    """What `changeover judge calibrate` kept: most faults are found, one seldom."""
    faults = (
        ("a command always fails", 20, 7, 9),
        ("a command fails in 50 %", 20, 12, 23),
        ("a command fails in 20 %", 20, 40, 75),
        ("a command fails in 5 %", 19, 314, 1540),
        ("a command takes 5 times as long", 20, 22, 26),
        ("a command takes twice as long", 20, 88, 158),
        ("everything fails in 4 % more", 12, 328, None),
        ("everything takes twice as long", 6, None, None),
    )
    return {
        "at": iso(now - 7200),
        "commands": 18,
        "history": 41_200,
        "share_percent": 10.0,
        "executions": 5000,
        "seed": 1,
        "alpha": 0.01,
        "false_runs": 60,
        "false_rollbacks": 0,
        "false_high": 0.0487,
        "per_hour": 2400.0,
        "detections": [
            {
                "fault": fault,
                "runs": 20,
                "found": found,
                "median": median,
                "p90": p90,
                "median_hours": median and median / 24,
                "p90_hours": p90 and p90 / 24,
                "misplaced": 2 if fault == "a command fails in 5 %" else 0,
            }
            for fault, found, median, p90 in faults
        ],
    }


def channels(now: float) -> list[Json]:
    """One of each state."""
    idle = {"last_error": None, "waiting": 0, "oldest_age_s": None, "since": iso(now - 9000)}
    return [
        {"name": "file", "state": "ok"} | idle,
        {"name": "discord", "state": "resting"} | idle | {"waiting": 3, "oldest_age_s": 41.0},
        {
            "name": "email",
            "state": "failing",
            "last_error": "mail.example:587 did not answer within 10 s",
            "waiting": 12,
            "oldest_age_s": 4000.0,
            "since": iso(now - 4000),
        },
        {"name": "pagerduty", "state": "disabled"}
        | idle
        | {"last_error": "403 Forbidden: the key was revoked"},
    ]


def parts(now: float, categories: dict[str, tuple[str, ...]]) -> Json:
    """All of them as a snapshot has them."""
    names = [name for group in categories.values() for name in group]
    return {
        "moves": moves(now, categories),
        "verdicts": verdicts(now, names),
        "flips": flips(now),
        "calibration": calibration(now),
        "stopped": None,
        "freezes": [],
        "channels": channels(now),
        "silences": [
            {
                "id": "s1",
                "rule": "error_rate",
                "labels": {"command": "list"},
                "until": iso(now + 3600),
                "reason": "known, fixed in 2.4",
                "actor": "user:ada",
            }
        ],
        "maintenance": [
            {
                "id": "m1",
                "from": iso(now + 7200),
                "until": iso(now + 10_800),
                "reason": "the database moves",
                "actor": "cli:ada",
            }
        ],
    }


def command_page(name: str, window: str, now: float, snapshot: Json) -> Json | None:
    """`api/commands/{name}`; None where the snapshot does not know it."""
    row = next((row for row in snapshot["commands"] if row["command"] == name), None)
    if row is None:
        return None
    systems = {
        system: {
            "stats": row["systems"][system],
            "distribution": distribution(row["systems"][system]["p50_ms"] or 40.0, 0.75 + 0.1 * i),
        }
        for i, system in enumerate(("legacy", "ddd"))
    }
    found = next((one for one in snapshot.get("verdicts", []) if one["scope"] == name), None)
    return {
        "as_of": iso(now),
        "window": {"text": window},
        "command": name,
        "category": row["category"],
        "share_percent": row["share_percent"],
        "reason": row["reason"],
        "flag": row["flag"],
        "systems": systems,
        "timeline": snapshot["timeline"],
        "failures": {"legacy": snapshot["failures"][2:], "ddd": snapshot["failures"][:2]},
        "verdict": found,
        "flips": [
            flip(
                now - 100, f"flag ddd.commands.{name}", "10", "0", actor="auto", reason="rollback"
            ),
            flip(
                now - 200, f"flag ddd.commands.{name}", "5", "10", actor="auto", reason="no worse"
            ),
        ],
    }


def distribution(median_ms: float, width: float) -> list[list[float]]:
    """A bell on a log axis with a small hill far right, in steps of 2 percent."""
    found = []
    for i in range(-90, 200):
        upper = median_ms * 1.02**i
        bell = math.exp(-((math.log(upper / median_ms) / width) ** 2))
        hill = 0.06 * math.exp(-(((math.log(upper / median_ms) - 2.2) / 0.3) ** 2))
        count = round(40 * (bell + hill) * (1 + 0.25 * math.sin(i * 1.7)))
        if count > 0:
            found.append([round(upper, 3), count])
    return found
