"""Where flags come from: environment variables, a TOML file, the shared state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from changeover.core.clock import Clock
from changeover.core.errors import (
    BadValueError,
    ConflictError,
    SettingsError,
    StoreUnavailableError,
)
from changeover.core.model import Flip
from changeover.core.ports import Document, FlagValue, Put, State
from changeover.core.toml import parse_toml
from changeover.route.names import FlagNames
from changeover.route.share import format_share, to_share

PREFIX = "FEATURE_FLAG_"
FLAG_KIND = "flag"
_ATTEMPTS = 5


class _Entry(NamedTuple):
    """One line that somebody wrote: its label, the flags it may mean, the value."""

    label: str
    flags: list[str]
    value: object


class EnvironmentFlags:
    """Flags set as `FEATURE_FLAG_DDD_COMMANDS_UTILITY=true`.

    A variable's name maps back to the registered flag that folds to the same (dots, hyphens
    and blanks are underscores, case does not count). One that maps to none is told as the
    flag it would be with dots, so that it shows up as unknown instead of being ignored.

    Args:
        environ: the variables, such as `os.environ`; read anew at every `read`.
        names: the flags that exist.
    """

    name = "environment"

    def __init__(self, environ: Mapping[str, str], names: FlagNames) -> None:
        self._environ = environ
        self._names = names

    def read(self) -> Mapping[str, FlagValue]:
        """Every flag of the environment; an empty variable sets nothing.

        Raises:
            SettingsError: naming every variable with a bad value, and every one that two
                flags or two variables claim.
        """
        return _collect(self._entries())

    def _entries(self) -> Iterator[_Entry]:
        for variable, text in sorted(self._environ.items()):
            if variable.startswith(PREFIX) and text.strip():
                name = variable.removeprefix(PREFIX)
                guess = name.lower().replace("_", ".").replace("-", ".")
                yield _Entry(variable, self._names.spelled(name) or [guess], text)


class FileFlags:
    """Flags in the `[flags]` table of a TOML file, read again when the file has changed.

    `"ddd.commands.utility" = true`, `ddd.commands.utility = 25` and a table
    `[flags.ddd.commands]` all mean the same flag. A number is a percentage, 1 included.
    A file that was never there sets nothing; one that vanishes is trouble, not an order.
    """

    name = "file"

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._stamp: tuple[int, int, int] | None = None
        self._values: Mapping[str, FlagValue] = {}

    def read(self) -> Mapping[str, FlagValue]:
        """Every flag of the file.

        Raises:
            StoreUnavailableError: the file cannot be read, or is gone.
            SettingsError: it is not TOML, or flags in it are wrong; the message names all.
        """
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._values = _parse_file(self._path)
                self._stamp = stamp
        except FileNotFoundError:
            if self._stamp is not None:
                raise StoreUnavailableError(f"{self._path} is gone") from None
        except OSError as error:
            raise StoreUnavailableError(f"{self._path}: {error.strerror}") from error
        return self._values


def _parse_file(path: Path) -> Mapping[str, FlagValue]:
    example = '[flags] with "ddd.commands.utility" = true'
    try:
        content = parse_toml(path.read_bytes().decode())
    except ValueError as error:  # of TOML or of UTF-8
        problem = BadValueError(str(path), str(error), "a TOML file in UTF-8", example)
        raise SettingsError([problem]) from error
    table = content.get("flags", {})
    if not isinstance(table, dict):
        problem = BadValueError(f"{path}: flags", str(table), "a table", example)
        raise SettingsError([problem])
    return _collect(_Entry(flag, [flag], value) for flag, value in _flatten(table))


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _collect(entries: Iterable[_Entry]) -> Mapping[str, FlagValue]:
    """The flags of all lines, or a `SettingsError` that names every wrong one."""
    values: dict[str, FlagValue] = {}
    problems: list[BadValueError] = []
    for label, flags, value in entries:
        flag = flags[0]
        if len(flags) > 1:
            allowed = f"a name that means one flag, not {' and '.join(flags)}"
            problems.append(BadValueError(label, str(value), allowed, f"[flags] with {flag!r}"))
        elif flag in values:
            problems.append(BadValueError(label, str(value), f"one value for {flag}", "true"))
        else:
            try:
                values[flag] = FlagValue(to_share(label, value))
            except BadValueError as problem:
                problems.append(problem)
    if problems:
        raise SettingsError(problems)
    return values


class StateFlags:
    """Flags that people and rules set at run time, shared by every process of one state.

    A document of kind `flag` is `{"share", "actor", "reason", "updated_ns"}`. They are read
    only when the state's revision has moved. A document that makes no sense is off, and its
    reason says so: it must not keep the others, a rollback among them, from being seen.
    """

    name = "store"

    def __init__(self, state: State) -> None:
        self._state = state
        self._revision: int | None = None
        self._values: Mapping[str, FlagValue] = {}

    def read(self) -> Mapping[str, FlagValue]:
        """Every flag of the state. Raises `StoreUnavailableError`."""
        revision = self._state.revision()  # before reading: a commit in between is seen next time
        if revision != self._revision:
            documents = self._state.read(FLAG_KIND)
            self._values = {flag: _value(flag, found) for flag, found in documents.items()}
            self._revision = revision
        return self._values


def _value(flag: str, document: Document) -> FlagValue:
    told = document.value
    updated_ns, actor, reason = (told.get(key) for key in ("updated_ns", "actor", "reason"))
    try:
        share = to_share(flag, told.get("share"))
    except BadValueError as problem:
        share, reason = 0.0, f"off, for it cannot be read: {problem}"
    return FlagValue(share, updated_ns, actor, reason, document.version)


def set_flag(
    state: State,
    name: str,
    share: float | None,
    *,
    actor: str,
    reason: str,
    clock: Clock,
    expected: int | None = None,
) -> Flip:
    """Set a flag for every process that shares the state, with an audit row, in one commit.

    Args:
        state: where flags are kept.
        name: such as `ddd.commands.utility`.
        share: percent of ids, 0 to 100; None takes the flag out of the state, so that the
            environment or the file speaks again.
        actor: who changes it (`cli:NAME`, `auto`).
        reason: why, in a few words.
        clock: what time it is.
        expected: the document's version that the decision rests on; by default the newest,
            whatever it is.

    Returns:
        The change, with the old and new share as `25%` (None where there was or is none).

    Raises:
        BadValueError: no such share.
        ConflictError: the flag is not at the expected version.
        StoreUnavailableError: nothing was changed.
    """
    target = None if share is None else to_share(name, share)
    for attempt in range(_ATTEMPTS):
        found = state.read(FLAG_KIND).get(name)
        version = expected if expected is not None else (found.version if found else 0)
        flip = _flip(name, found, target, actor=actor, reason=reason, clock=clock)
        try:
            state.commit([Put(FLAG_KIND, name, _document(target, flip), version)], [flip])
        except ConflictError:
            # Without a version of the caller's, the row in the audit must still tell the true
            # old share, so the change is made again on what is there now.
            if expected is not None or attempt == _ATTEMPTS - 1:
                raise
        else:
            return flip
    raise AssertionError("unreachable")  # pragma: no cover


def _flip(
    name: str,
    found: Document | None,
    target: float | None,
    *,
    actor: str,
    reason: str,
    clock: Clock,
) -> Flip:
    old = None if found is None else format_share(_value(name, found).share)
    new = None if target is None else format_share(target)
    return Flip(clock.wall_ns(), f"flag {name}", old, new, actor, reason)


def _document(target: float | None, flip: Flip) -> Mapping[str, Any] | None:
    if target is None:
        return None
    return {
        "share": target,
        "actor": flip.actor,
        "reason": flip.reason,
        "updated_ns": flip.at_ns,
    }
