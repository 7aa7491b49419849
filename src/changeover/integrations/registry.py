"""Which commands a bot has, and which of them have a new implementation."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from inspect import Signature
from typing import Any

from changeover.core.errors import BadValueError
from changeover.core.model import Kind
from changeover.core.place import place_of
from changeover.integrations.handover import Pass, handover
from changeover.route.router import Router

Callback = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class NewHandler:
    """A new implementation, and how it is given the legacy handler's arguments."""

    function: Callback
    hand_over: Pass

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call it with what the legacy handler was to get."""
        passed, named = self.hand_over(args, kwargs)
        return self.function(*passed, **named)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Slot:
    """One place a library keeps a legacy callback in; a hybrid command has two.

    Attributes:
        entry: the command.
        kind: how calls reach this place; None where both ways lead to it.
        signature: of the legacy callback.
        has_self: whether it is called with its cog first.
        place: where the legacy callback was written, `FILE:LINE`; None if nobody can say.
        new: what answers here in the new system, if anything does.
    """

    entry: Entry
    kind: Kind | None
    signature: Signature
    has_self: bool
    place: str | None = None
    new: NewHandler | None = None

    def choose_new(self) -> None:
        """Take the new handler for this kind of call, or the one for all kinds."""
        functions = self.entry.functions
        function = functions.get(self.kind) or functions.get(None)
        if function is None:
            self.new = None
        elif self.new is None or self.new.function is not function:
            passing = handover(self.entry.name, self.signature, function, has_self=self.has_self)
            self.new = NewHandler(function, passing)


@dataclass(slots=True, eq=False)
class Entry:
    """One command by its qualified name.

    Attributes:
        name: such as `grp sub`.
        category: what it is grouped and flagged by.
        safe_to_repeat: whether legacy may answer when the new handler failed unheard.
        functions: the new handlers by the kind of call they are for; None is for every kind.
        slots: where the bot keeps its legacy callbacks; empty until the bot has the command.
            Weakly, for a reloaded extension's commands must go.
        is_expected: whether somebody named it, so that it not being there is worth a word.
    """

    name: str
    category: str | None = None
    safe_to_repeat: bool = True
    functions: dict[Kind | None, Callback] = field(default_factory=dict)
    slots: weakref.WeakSet[Slot] = field(default_factory=weakref.WeakSet)
    is_expected: bool = False


class Registry:
    """The commands of one bot, kept in step with the router.

    Args:
        router: told of every command that the bot has.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._entries: dict[str, Entry] = {}
        self._lock = threading.RLock()

    def add_slot(
        self,
        command: str,
        signature: Signature,
        *,
        category: str | None = None,
        kind: Kind | None = None,
        has_self: bool = False,
        place: str | None = None,
    ) -> Slot:
        """The bot keeps a legacy callback of this command. Raises `BadValueError` (see `new`)."""
        with self._lock:
            entry = self._entry(command)
            entry.category = entry.category or category
            slot = Slot(entry, kind, signature, has_self, place)
            entry.slots.add(slot)
            try:
                slot.choose_new()
            finally:
                self._tell(entry)
            return slot

    def new(
        self,
        command: str,
        function: Any,
        *,
        category: str | None = None,
        kind: Kind | None = None,
        safe_to_repeat: bool = True,
        is_expected: bool = True,
    ) -> None:
        """Make a function the new implementation of a command that the bot has or will have.

        Raises:
            BadValueError: no name, no function, or one that cannot take the arguments.
        """
        if not isinstance(command, str) or not command.strip():
            raise BadValueError("command", str(command), "a name that is not blank", "ping")
        if not callable(function) or isinstance(function, type):  # calling a class answers nobody
            allowed, example = "a function", f"@changeover.new({command!r}) above `async def`"
            raise BadValueError(f"new({command!r})", repr(function), allowed, example)
        with self._lock:
            entry = self._entry(" ".join(command.split()))
            entry.category = category or entry.category
            entry.safe_to_repeat = safe_to_repeat
            entry.is_expected = entry.is_expected or is_expected
            before = entry.functions.get(kind)
            entry.functions[kind] = function
            try:
                for slot in entry.slots:
                    slot.choose_new()
            except BadValueError:
                del entry.functions[kind]
                if before is not None:
                    entry.functions[kind] = before
                raise
            finally:
                self._tell(entry)

    def has_new(self, command: str) -> bool:
        """Whether somebody wrote a new implementation of it."""
        entry = self._entries.get(command)
        return entry is not None and bool(entry.functions)

    def missing(self) -> Iterator[str]:
        """Commands that somebody wrote a new implementation of, and that the bot does not have."""
        for name, entry in sorted(self._entries.items()):
            if entry.is_expected and entry.functions and not entry.slots:
                yield name

    def names(self) -> list[str]:
        """The commands that the bot has."""
        return sorted(name for name, entry in self._entries.items() if entry.slots)

    def _entry(self, command: str) -> Entry:
        return self._entries.setdefault(command, Entry(command))

    def _tell(self, entry: Entry) -> None:
        if entry.slots:
            self._router.register(
                entry.name,
                category=entry.category,
                has_legacy=True,
                has_new=any(slot.new for slot in entry.slots),
                safe_to_repeat=entry.safe_to_repeat,
                legacy_at=next((slot.place for slot in entry.slots if slot.place), None),
                new_at=place_of(next(iter(entry.functions.values()), None)),
            )
