"""A judge as a document of plain JSON types, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from changeover.judge.assignment import BINS, Assignment
from changeover.judge.command import Command, Usual
from changeover.judge.knowledge import Knowledge
from changeover.judge.ranks import HIGHEST_BUCKET
from changeover.judge.scope import OVER_LIMIT, POINTS, SLOWER, WORSE, Bets, Counts, Scope
from changeover.judge.settings import JudgeSettings

VERSION = 1
_MOST = 10_000
_BETS = Bets.__slots__
_NUMBERS = (
    "alarm_value",
    "alarm_threshold",
    "alarm_ns",
    "theta",
    "last_new_ns",
    "rate",
    "stride",
    "turn",
)
_FIGURES = (
    "legacy_executions", "legacy_errors", "legacy_asked", "legacy_users",
)  # fmt: skip


def tell(known: Knowledge) -> dict[str, Any]:
    """Everything that a judge knows."""
    return {
        "version": VERSION,
        "settings": asdict(known.settings),
        "system": known.system,
        "first": known.first,
        "trouble": [known.trouble, known.trouble_ns],
        "unknown": known.instrument.unknown,
        "muted": known.instrument.muted,
        "everything": _scope(known.everything),
        "commands": [
            {"name": name, "known": _command(command), "scope": _scope(scope)}
            for name, (command, scope) in known.commands.items()
        ],
        "flags": {name: _watch(watch) for name, watch in known.flags.items()},
        "flag_of": dict(known.flag_of),
        "alarms": list(known.alarms),
    }


def restored_from(
    document: Mapping[str, Any], settings: JudgeSettings, system: str, commands: Sequence[str]
) -> Knowledge | None:
    """What the document says, or None when it makes no sense or is of another version.

    Where it was written with other settings, only what is known of legacy is taken over.
    """
    try:
        if document["version"] != VERSION or document["system"] != system:
            return None
        if len(document["commands"]) > _MOST:
            return None
        if document["settings"] == asdict(settings):
            return _whole_of(document, settings, system, commands)
        known = Knowledge(settings, system, commands)
        for row in document["commands"]:
            command, _ = known.meet(_text(row["name"]))
            _restore_command(command, row["known"])
            command.new.clear()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError):
        return None  # damaged: a fresh judge only has less evidence
    return known


def _whole_of(
    document: Mapping[str, Any], settings: JudgeSettings, system: str, commands: Sequence[str]
) -> Knowledge:
    known = Knowledge(settings, system)
    known.first = _whole(document["first"], 1)
    for row in document["commands"]:  # in the order of arrival, so that thresholds stay
        command, scope = known.meet(_text(row["name"]))
        _restore_command(command, row["known"])
        _restore_scope(scope, row["scope"])
    for name in commands:
        known.meet(name)
    _restore_scope(known.everything, document["everything"])
    trouble, trouble_ns = document["trouble"]
    known.trouble, known.trouble_ns = _number(trouble), _whole(trouble_ns)
    known.instrument.unknown = _whole(document["unknown"])
    known.instrument.muted = _whole(document["muted"])
    known.flags = {_text(name): _restored_watch(saved) for name, saved in document["flags"].items()}
    known.flag_of = {_text(name): _text(flag) for name, flag in document["flag_of"].items()}
    for name in document["alarms"]:
        if (scope_found := known.scope(_text(name))) is not None and scope_found.alarm:
            known.alarms[name] = None
    return known


def _scope(scope: Scope) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(scope, name) for name in _NUMBERS}
    return told | {
        "alarm": scope.alarm,
        "confounded": scope.confounded,
        "at_ns": scope.at_ns,
        "first_ns": scope.first_ns,
        "legacy": [scope.legacy.executions, scope.legacy.errors],
        "new": [scope.new.executions, scope.new.errors],
        "points": [list(point) for point in scope.points],
        "bets": {name: getattr(scope.bets, name).to_list() for name in _BETS},
    }


def _restore_scope(scope: Scope, saved: Mapping[str, Any]) -> None:
    for name in _NUMBERS:
        setattr(scope, name, _number(saved[name]))
    if saved["alarm"] not in (None, WORSE, OVER_LIMIT, SLOWER):
        raise ValueError("no such alarm")
    scope.alarm, scope.confounded = saved["alarm"], bool(saved["confounded"])
    for name in ("at_ns", "first_ns"):
        setattr(scope, name, None if saved[name] is None else _whole(saved[name]))
    scope.legacy = Counts(*map(_whole, saved["legacy"]))
    scope.new = Counts(*map(_whole, saved["new"]))
    scope.points = [(_whole(at), float(value)) for at, value in saved["points"][:POINTS]]
    for name in _BETS:
        getattr(scope.bets, name).restore(saved["bets"][name])


def _command(command: Command) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(command, name) for name in _FIGURES}
    return told | {
        "alone": command.alone,
        "errors": [command.errors.total, command.errors.bad],
        "users": [command.users.total, command.users.bad],
        "legacy": sorted(command.legacy.items()),
        "new": sorted(command.new.items()),
        "failing": [[bucket, *entry] for bucket, entry in command.failing.items()],
    }


def _restore_command(command: Command, saved: Mapping[str, Any]) -> None:
    for name in _FIGURES:
        setattr(command, name, _whole(saved[name]))
    command.alone = bool(saved["alone"])
    command.errors, command.users = (
        Usual(*map(_number, saved["errors"])),
        Usual(*map(_number, saved["users"])),
    )
    command.legacy, command.new = _counts(saved["legacy"]), _counts(saved["new"])
    command.failing = {
        _number(bucket): (_whole(streak), _whole(until))
        for bucket, streak, until in saved["failing"][:_MOST]
    }


def _watch(watch: Assignment) -> dict[str, Any]:
    return {
        "counts": [[place, count] for place, count in enumerate(watch.counts) if count],
        "crossings": watch.crossings,
        "skew": watch.skew.to_list(),
        "ids": [watch.seen, watch.on_new, watch.due],
    }


def _restored_watch(saved: Mapping[str, Any]) -> Assignment:
    watch = Assignment()
    for place, count in saved["counts"]:
        if not 0 <= place < BINS:
            raise ValueError("no such bin")
        watch.counts[place] = _whole(count)
    watch.calls = sum(watch.counts)
    watch.crossings = _whole(saved["crossings"])
    watch.skew.restore(saved["skew"])
    seen, on_new, due = saved["ids"]
    watch.seen, watch.on_new, watch.due = _whole(seen), _whole(on_new), _number(due)
    return watch


def _counts(pairs: list[list[int]]) -> dict[int, int]:
    counts = {_whole(bucket): _whole(count) for bucket, count in pairs}
    if any(bucket > HIGHEST_BUCKET for bucket in counts):
        raise ValueError("no such bucket")
    return counts


def _whole(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError("no count")
    return value


def _number(value: object) -> float | int:
    if not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError("no figure")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no name")  # noqa: TRY004 - one error for every damage
    return value
