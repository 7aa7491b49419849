"""A judge as a document of plain JSON types, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from changeover.judge.assignment import BINS, Assignment
from changeover.judge.command import Command, Usual
from changeover.judge.ranks import HIGHEST_BUCKET
from changeover.judge.scope import OVER_LIMIT, POINTS, SLOWER, WORSE, Bets, Counts, Scope

if TYPE_CHECKING:
    from changeover.judge.judge import Judge

VERSION = 1
_MOST = 10_000
_BETS = Bets.__slots__
_NUMBERS = ("alarm_value", "alarm_ns", "theta", "last_new_ns", "rate", "stride", "turn")
_FIGURES = (
    "legacy_executions", "legacy_errors", "legacy_asked", "legacy_users",
)  # fmt: skip


def tell(judge: Judge) -> dict[str, Any]:
    """Everything that a judge knows."""
    return {
        "version": VERSION,
        "settings": asdict(judge.settings),
        "system": judge.system,
        "first": judge._first,  # noqa: SLF001 - the other half of the class
        "trouble": [judge._trouble, judge._trouble_ns],  # noqa: SLF001 - as above
        "unknown": judge.instrument.unknown,
        "muted": judge.instrument.muted,
        "everything": _scope(judge._everything),  # noqa: SLF001 - as above
        "commands": [
            {"name": name, "known": _command(command), "scope": _scope(scope)}
            for name, (command, scope) in judge._commands.items()  # noqa: SLF001 - as above
        ],
        "flags": {
            name: _watch(watch)
            for name, watch in judge._flags.items()  # noqa: SLF001 - as above
        },
        "flag_of": dict(judge._flag_of),  # noqa: SLF001 - as above
    }


def restore(judge: Judge, document: Mapping[str, Any]) -> bool:
    """Make a fresh judge what the document says; False when it makes no sense.

    A judge for which this is False may be half restored: take another.
    """
    try:
        _restore(judge, document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError):
        return False  # damaged: a fresh judge only has less evidence
    return True


def _restore(judge: Judge, document: Mapping[str, Any]) -> None:
    if document["version"] != VERSION or document["system"] != judge.system:
        raise ValueError("another version")
    same = document["settings"] == asdict(judge.settings)
    rows = document["commands"]
    if len(rows) > _MOST:
        raise ValueError("too many commands")
    if same:
        fresh = list(judge._commands)  # noqa: SLF001 - the other half of the class
        judge._commands.clear()  # noqa: SLF001 - they come in the document's order
        judge._first = _whole(document["first"], 1)  # noqa: SLF001 - as above
        for row in rows:
            judge._meet(_text(row["name"]))  # noqa: SLF001 - as above
        for name in fresh:
            if name not in judge._commands:  # noqa: SLF001 - as above
                judge._meet(name)  # noqa: SLF001 - as above
    for row in rows:
        command, scope = judge._commands.get(row["name"]) or judge._meet(_text(row["name"]))  # noqa: SLF001 - as above
        _restore_command(command, row["known"])
        if same:
            _restore_scope(scope, row["scope"])
            if scope.alarm is not None:
                judge._alarms[scope.name] = None  # noqa: SLF001 - as above
    trouble, trouble_ns = document["trouble"]
    judge._trouble, judge._trouble_ns = _number(trouble), _whole(trouble_ns)  # noqa: SLF001 - as above
    judge.instrument.unknown = _whole(document["unknown"])
    judge.instrument.muted = _whole(document["muted"])
    if not same:
        for command, _ in judge._commands.values():  # noqa: SLF001 - as above
            command.new.clear()
        return
    _restore_scope(judge._everything, document["everything"])  # noqa: SLF001 - as above
    if judge._everything.alarm is not None:  # noqa: SLF001 - as above
        judge._alarms[judge._everything.name] = None  # noqa: SLF001 - as above
    for name, saved in document["flags"].items():
        judge._flags[_text(name)] = _restored_watch(saved)  # noqa: SLF001 - as above
    for name, flag in document["flag_of"].items():
        judge._flag_of[_text(name)] = _text(flag)  # noqa: SLF001 - as above


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
