"""Small real implementations of the ports that the route stands on."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from changeover.core.clock import ManualClock
from changeover.core.errors import ConflictError, Guard
from changeover.core.model import Flip, Kind, Outcome, Trace
from changeover.core.ports import Document, FlagValue, Put
from changeover.route.adapter import CommandIntegrationAdapter
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router


class SettableFlags:
    """A flag source that says what it was told, or raises what it was told."""

    def __init__(self, name: str = "file", **shares: float) -> None:
        self.name = name
        self.values: dict[str, FlagValue] = {}
        self.error: Exception | None = None
        for flag, share in shares.items():
            self.set(f"ddd.commands.{flag}", share)

    def set(self, flag: str, share: float | None) -> None:
        values = {**self.values}
        values.pop(flag, None)
        if share is not None:
            values[flag] = FlagValue(share)
        self.values = values

    def read(self) -> Mapping[str, FlagValue]:
        if self.error is not None:
            raise self.error
        return self.values


class Call(NamedTuple):
    command: str
    system: str
    duration: float
    success: bool
    error: BaseException | str | None
    outcome: Outcome | None
    trace: Trace | None
    kind: Kind


class Asked(NamedTuple):
    flag: str
    enabled: bool
    command: str | None
    trace: Trace | None


class ListRecorder:
    """A recorder that keeps everything, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.checks: list[Asked] = []

    def record_command_execution(
        self,
        command,
        system,
        duration,
        success,
        error=None,
        *,
        outcome=None,
        trace=None,
        kind=Kind.CALL,
    ):
        self.calls.append(Call(command, system, duration, success, error, outcome, trace, kind))

    def record_feature_flag_check(self, flag, enabled, command=None, *, trace=None):
        self.checks.append(Asked(flag, enabled, command, trace))


class DictState:
    """The part of the state port that flags use, with real versions and conflicts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[tuple[str, str], Document] = {}
        self._flips: list[Flip] = []
        self._revision = 0
        self.reads = 0

    def read(self, kind: str) -> Mapping[str, Document]:
        self.reads += 1
        with self._lock:
            return {key: found for (of, key), found in self._documents.items() if of == kind}

    def commit(self, puts: Sequence[Put], flips: Sequence[Flip] = ()) -> None:
        with self._lock:
            for put in puts:
                found = self._documents.get((put.kind, put.key))
                version = found.version if found else 0
                if put.expected is not None and put.expected != version:
                    raise ConflictError(put.kind, put.key, expected=put.expected, found=version)
            for put in puts:
                self._put(put)
            self._flips[:0] = flips
            self._revision += 1

    def flips(self, limit: int = 100, subject: str | None = None) -> Sequence[Flip]:
        return [flip for flip in self._flips if subject in {None, flip.subject}][:limit]

    def revision(self) -> int:
        return self._revision

    def _put(self, put: Put) -> None:
        found = self._documents.pop((put.kind, put.key), None)
        if put.value is not None:
            version = found.version + 1 if found else 1
            self._documents[put.kind, put.key] = Document(put.value, version)


@dataclass
class Person:
    id: Any


@dataclass
class Message:
    author: Person


@dataclass
class Bench:
    """A router and an adapter on sources, recorder and clock that a test can turn."""

    source: SettableFlags = field(default_factory=SettableFlags)
    clock: ManualClock = field(default_factory=ManualClock)
    recorder: Any = field(default_factory=ListRecorder)
    guard: Guard = field(default_factory=Guard)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flags = FeatureFlags([self.source], clock=self.clock, guard=self.guard)
        self.flags.refresh()
        self.router = Router(self.flags, guard=self.guard)
        self.adapter = CommandIntegrationAdapter(
            self.router, self.recorder, self.clock, guard=self.guard, **self.options
        )

    def share(self, **shares: float | None) -> None:
        for flag, share in shares.items():
            self.source.set(f"ddd.commands.{flag}", share)
        self.flags.refresh()

    def all_on(self) -> None:
        self.share(enabled=100, integration=100, utility=100)

    def message(self, id_: Any = 42) -> Message:
        return Message(Person(id_))


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture
def strict_guard():
    """A guard that lets every error of ours out, so that a test fails on it."""
    return Guard(on_error=_raise)


@pytest.fixture
def bench(strict_guard):
    return Bench(guard=strict_guard)


@pytest.fixture
def make_bench():
    return Bench


@pytest.fixture
def state():
    return DictState()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def settable():
    return SettableFlags
