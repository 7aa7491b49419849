"""Made-up but realistic snapshots, as the server's contract has them; they move with time."""

from __future__ import annotations

import math
import random
from typing import Any

from page_moves import Json, iso, move, parts, verdict

CATEGORIES = {
    "utility": ("ping", "status", "help", "notifications", "debug", "purgbot", "volumetest"),
    "authentication": ("auth", "verify"),
    "conversation": ("activate", "deactivate", "autorespond", "reset"),
    "personality": ("add", "remove", "info", "alias", "list"),
}
SHARES = {"utility": 100.0, "authentication": 50.0, "conversation": 10.0, "personality": 0.0}
WINDOWS = {
    "30s": (30, 1),
    "5m": (300, 5),
    "1h": (3600, 60),
    "24h": (86_400, 600),
    "7d": (604_800, 3600),
    "30d": (2_592_000, 21_600),
}
THRESHOLDS = {"error_rate": 0.01, "response_time_ms": 1000, "memory_mb": 1000}


def stats(total: int, errors: int = 0, p50: float = 40.0, p95: float = 180.0) -> Json:
    """The STATS of the contract."""
    if total == 0:
        latency: Json = dict.fromkeys(("mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"))
        return {
            "total": 0,
            "by_outcome": {},
            "errors": 0,
            "error_rate": None,
            "status": "no_data",
        } | latency
    return {
        "total": total,
        "by_outcome": {"ok": total - errors, "failure": errors},
        "errors": errors,
        "error_rate": errors / total,
        "status": "ok",
        "mean_ms": p50 * 1.3,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p95 * 1.6,
        "max_ms": p95 * 4.2,
    }


def alert(phase: str, now: float, **fields: Any) -> Json:
    """An ALERT of the contract: the error rate of `add` on the new system unless told otherwise."""
    return {
        "key": "error_rate{command=add}",
        "rule": "error_rate",
        "phase": phase,
        "severity": "critical",
        "summary": "Error rate of add on ddd is 6.2 % over 5 minutes",
        "value": 0.062,
        "threshold": 0.01,
        "unit": "ratio",
        "labels": {"command": "add", "system": "ddd"},
        "since": iso(now - 400),
        "fired_at": None if phase == "pending" else iso(now - 340),
        "resolved_at": iso(now - 60) if phase == "resolved" else None,
        "peak": 0.081,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "silenced": False,
        "runbook": None,
    } | fields


def failure(n: int, now: float, **fields: Any) -> Json:
    """One group of failures."""
    return {
        "fingerprint": f"{n:012x}",
        "type": "RepositoryConflict",
        "message": "personality 'Lilith' exists already in guild 81384788765712384",
        "count": 3,
        "commands": ["add"],
        "systems": {"ddd": 3},
        "first_at": iso(now - 1900),
        "last_at": iso(now - 12),
    } | fields


def flag(name: str, share: float, **fields: Any) -> Json:
    """One flag."""
    return {
        "name": name,
        "share_percent": share,
        "enabled": share > 0,
        "source": "store",
        "known": True,
        "nearest": None,
        "updated_at": None,
        "age_s": None,
        "actor": None,
        "reason": None,
    } | fields


def commands(scale: float) -> list[Json]:
    """The 18 commands, their calls split by the share of their category."""
    dice = random.Random(7)
    rows = []
    for category, names in CATEGORIES.items():
        for name in names:
            share = 0.0 if name == "volumetest" else SHARES[category]
            calls = int(dice.uniform(40, 900) * scale)
            p50 = dice.uniform(14, 90)
            new = int(calls * share / 100)
            old = calls - new
            errors = int(new * (0.031 if name == "verify" else 0.002))
            systems = {
                "legacy": stats(old, int(old * dice.uniform(0, 0.006)), p50, p50 * 4),
                "ddd": stats(new, errors, p50 * 0.9, p50 * 4 * dice.uniform(0.7, 1.35)),
            }
            rows.append(
                {
                    "command": name,
                    "category": category,
                    "has_legacy": True,
                    "has_new": name != "volumetest",
                    "share_percent": share,
                    "reason": "no_new_handler" if name == "volumetest" else "flag",
                    "flag": None if name == "volumetest" else f"ddd.commands.{category}",
                    "total": stats(calls, errors, p50, p50 * 4),
                    "systems": systems,
                }
            )
    return rows


def timeline(window: str, now: float, *, failing: bool) -> Json:
    """Waves with a gap in them, and a hill of errors when `failing`."""
    seconds, step = WINDOWS[window]
    first = int(now - seconds) // step * step
    start = list(range(first, int(now) + 1, step))
    dice = random.Random(3)
    columns: Json = {}
    for system, size, p95 in (("legacy", 6.0, 190.0), ("ddd", 3.4, 165.0)):
        gap = range(len(start) // 3, len(start) // 3 + max(1, len(start) // 14))
        count, errors, fast, slow = [], [], [], []
        for i, at in enumerate(start):
            wave = 1 + 0.35 * math.sin(i / 7 + size) + dice.uniform(-0.12, 0.12)
            n = 0 if i in gap else max(0, round(size * step * wave / 10))
            late = failing and system == "ddd" and i > len(start) * 0.75
            count.append(n)
            errors.append(
                None
                if n == 0
                else dice.choice((0, 0, 0.002, 0.004)) + (0.055 * wave if late else 0)
            )
            fast.append(None if n == 0 else 38 * wave)
            slow.append(None if n == 0 else p95 * wave + (20 * math.sin(at / 3000)))
        columns[system] = {"count": count, "error_rate": errors, "p50_ms": fast, "p95_ms": slow}
    return {
        "step_s": step,
        "start": start,
        "systems": columns,
        "memory_mb": [168 + 14 * math.sin(i / 19) + i * 0.2 for i in range(len(start))],
        "loop_lag_ms": [
            2 + 3 * abs(math.sin(i / 5)) + (24 if i % 29 == 17 else 0) for i in range(len(start))
        ],
    }


def busy(window: str, now: float, *, failing: bool = False) -> Json:
    """A bot in the middle of its move."""
    seconds, _ = WINDOWS[window]
    rows = commands(seconds / 3600)
    legacy = sum(row["systems"]["legacy"]["total"] for row in rows)
    new = sum(row["systems"]["ddd"]["total"] for row in rows)
    errors = int(new * (0.024 if failing else 0.0018))
    runbook = "https://wiki.example/runbooks/add"
    active = [alert("firing", now, runbook=runbook)] if failing else []
    if failing:
        active.append(
            alert(
                "pending",
                now,
                key="response_time",
                rule="response_time",
                severity="warning",
                summary="p95 of list is above 1 s",
                value=1240,
                threshold=1000,
                unit="ms",
                peak=1240,
                acknowledged_at=iso(now - 90),
                acknowledged_by="user:ada",
                silenced=True,
            )
        )
    return {
        "schema_version": 1,
        "as_of": iso(now),
        "version": "0.1.0",
        "instance": "bot-1.example/4711",
        "window": {
            "text": window,
            "seconds": seconds,
            "counted_from": iso(now - seconds),
            "counted_to": iso(now),
            "exact_to": "event" if seconds <= 86_400 else "slot",
        },
        "systems": {"legacy": "legacy", "new": "ddd"},
        "health": {
            "status": "degraded" if failing else "healthy",
            "checks": [
                {
                    "name": "store",
                    "status": "degraded" if failing else "healthy",
                    "detail": "locked for 31 s, 212 records waiting" if failing else "sqlite, WAL",
                    "age_s": 0.4,
                },
                {
                    "name": "loop",
                    "status": "healthy",
                    "detail": "last turn 0.1 s ago",
                    "age_s": 0.1,
                },
                {"name": "alerts", "status": "healthy", "detail": "evaluated", "age_s": 21.0},
            ],
            "uptime_s": 273_912.0,
        },
        "totals": stats(legacy + new, errors + int(legacy * 0.003), 44.2, 203.4),
        "by_system": {
            "legacy": stats(legacy, int(legacy * 0.003), 47.9, 214.0),
            "ddd": stats(new, errors, 39.4, 181.2),
            "unknown": stats(0),
        },
        "commands": rows,
        "migration": {
            "total": 18,
            "with_new": 17,
            "on_new": 6,
            "percent": 33.3,
            "complete": False,
            "missing": ["volumetest"],
        },
        "timeline": timeline(window, now, failing=failing),
        "resources": {
            "memory_mb": 184.3,
            "memory_limit_mb": 512.0,
            "cpu_machine_percent": 6.2,
            "cpu_core_percent": 12.4,
            "threads": 14,
            "open_files": 31,
            "gc_pause_max_ms": 8.1,
            "loop_lag_ms": 4.6,
            "age_s": 11.0,
            "stale": False,
        },
        "flags": flags(now),
        "alerts": {"active": active, "past": past(now), "thresholds": THRESHOLDS},
        "failures": failures(now),
        "dropped": {"queue_full": 0},
    } | parts(now, CATEGORIES)


def flags(now: float) -> list[Json]:
    """Seven flags from all sources, one misspelt."""
    return [
        flag("ddd.commands.enabled", 100.0, source="environment"),
        flag("ddd.commands.integration", 100.0, source="environment"),
        flag(
            "ddd.commands.utility",
            100.0,
            updated_at=iso(now - 260_000),
            age_s=260_000.0,
            actor="ada",
            reason="a quiet week",
        ),
        flag(
            "ddd.commands.authentication",
            50.0,
            updated_at=iso(now - 4100),
            age_s=4100.0,
            actor="ada",
        ),
        flag("ddd.commands.conversation", 10.0, source="file"),
        flag("ddd.commands.personality", 0.0, source="default"),
        flag(
            "ddd.commands.persnality",
            25.0,
            source="environment",
            known=False,
            nearest="ddd.commands.personality",
        ),
    ]


def past(now: float) -> list[Json]:
    """Two alerts that are over."""
    return [
        alert(
            "resolved",
            now,
            key="error_rate",
            summary="Error rate over 5 minutes above 1 %",
            severity="warning",
            since=iso(now - 9000),
            fired_at=iso(now - 8900),
            resolved_at=iso(now - 8120),
            peak=0.034,
        ),
        alert(
            "resolved",
            now,
            key="memory",
            rule="memory",
            summary="Memory above 1000 MB",
            severity="critical",
            unit="MB",
            threshold=1000,
            since=iso(now - 90_000),
            fired_at=iso(now - 89_700),
            resolved_at=iso(now - 88_000),
            peak=1187.0,
        ),
    ]


def failures(now: float) -> list[Json]:
    """Three kinds of failures."""
    return [
        failure(1, now),
        failure(
            2,
            now,
            type="TimeoutError",
            message="the gateway took longer than 3 s to answer the interaction; the token was [redacted]",
            count=1204,
            commands=["auth", "verify", "list", "info", "alias", "add"],
            systems={"legacy": 11, "ddd": 1193},
            last_at=iso(now - 340),
        ),
        failure(
            3,
            now,
            type="KeyError",
            message="'channel'",
            count=1,
            commands=["autorespond"],
            systems={"legacy": 1},
            last_at=iso(now - 2900),
        ),
    ]


def empty(window: str, now: float) -> Json:
    """A monitor that has seen nothing yet."""
    snapshot = busy(window, now)
    nothing = stats(0)
    slots = len(snapshot["timeline"]["start"])
    column = {
        "count": [0] * slots,
        "error_rate": [None] * slots,
        "p50_ms": [None] * slots,
        "p95_ms": [None] * slots,
    }
    for row in snapshot["commands"]:
        row |= {
            "total": nothing,
            "systems": {"legacy": nothing, "ddd": nothing},
            "share_percent": 0.0,
            "reason": "no_flag",
            "flag": None,
        }
    return snapshot | {
        "totals": nothing,
        "by_system": {"legacy": nothing, "ddd": nothing, "unknown": nothing},
        "migration": {
            "total": 18,
            "with_new": 18,
            "on_new": 0,
            "percent": 0.0,
            "complete": False,
            "missing": [],
        },
        "timeline": snapshot["timeline"]
        | {
            "systems": {"legacy": column, "ddd": column},
            "memory_mb": [None] * slots,
            "loop_lag_ms": [None] * slots,
        },
        "resources": dict.fromkeys(snapshot["resources"]) | {"stale": False},
        "flags": [],
        "moves": [],
        "verdicts": [],
        "flips": [],
        "channels": [],
        "silences": [],
        "maintenance": [],
        "alerts": {"active": [], "past": [], "thresholds": THRESHOLDS},
        "failures": [],
    }


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "__proto__",
    "constructor",
    "safe\u202egpj.exe",
    "n" * 100,
    "a\u0000b\nc",
    "نسخ <b>",
)


def hostile(window: str, now: float) -> Json:
    """Everybody's names and messages at their worst, and a third system nobody announced."""
    snapshot = busy(window, now)
    sample = snapshot["commands"][0]
    snapshot["commands"] = [
        sample
        | {
            "command": name,
            "category": name,
            "systems": {**sample["systems"], "__proto__": stats(5, 5)},
        }
        for name in HOSTILE
    ]
    snapshot["by_system"] = {
        **snapshot["by_system"],
        "__proto__": stats(5, 5),
        "unknown": stats(2, 2),
    }
    snapshot["timeline"]["systems"]["__proto__"] = snapshot["timeline"]["systems"]["legacy"]
    snapshot["flags"] = [
        flag(name, 5.0, actor=name, reason=name, known=False, nearest=name) for name in HOSTILE
    ]
    snapshot["failures"] = [
        failure(i, now, type=name, message=name * 12, commands=[name], systems={name: 1})
        for i, name in enumerate(HOSTILE)
    ]
    snapshot["alerts"]["active"] = [
        alert("firing", now, key=name, summary=name) for name in HOSTILE
    ]
    snapshot["migration"] |= {"missing": list(HOSTILE)}
    hostile_moves(snapshot, now)
    snapshot["health"] |= {
        "status": "degraded",
        "checks": [
            {"name": name, "status": "degraded", "detail": name, "age_s": 1.0} for name in HOSTILE
        ],
    }
    snapshot["dropped"] = dict.fromkeys(HOSTILE, 3)
    return snapshot | {"instance": HOSTILE[0], "version": HOSTILE[3]}


def hostile_moves(snapshot: Json, now: float) -> None:
    """The parts of the move, with the same names everywhere."""
    told = {"held_by": None, "waits_for": None, "rollback_reason": None}
    snapshot["moves"] = [
        move(name, HOSTILE, **dict.fromkeys(told, name), mode=name, rolled_back=[name])
        for name in HOSTILE
    ]
    snapshot["verdicts"] = [
        verdict(name, now, reason=name * 3, concerns=[name]) for name in ("*", *HOSTILE)
    ]
    snapshot["flips"] = [
        {
            "at": iso(now - 60 * i),
            "subject": name,
            "old": name,
            "new": name,
            "actor": name,
            "reason": name,
        }
        for i, name in enumerate(HOSTILE)
    ]
    snapshot["stopped"] = {"at": iso(now), "actor": HOSTILE[0], "reason": HOSTILE[3]}
    times = {"from": iso(now), "until": iso(now + 60), "reason": HOSTILE[0], "actor": HOSTILE[3]}
    snapshot["freezes"] = [{"id": name} | times for name in HOSTILE]
    snapshot["maintenance"] = [{"id": name} | times for name in HOSTILE]
    snapshot["silences"] = [
        {"id": name, "rule": name, "labels": {name: name}} | times for name in HOSTILE
    ]
    snapshot["channels"] = [
        {"name": name, "state": name, "last_error": name, "waiting": 1, "oldest_age_s": 1.0}
        | {"since": iso(now)}
        for name in HOSTILE
    ]
    for one, name in zip(snapshot["calibration"]["detections"], HOSTILE, strict=False):
        one["fault"] = name
    for one in snapshot["alerts"]["active"]:
        one["runbook"] = "javascript:alert(1)"
