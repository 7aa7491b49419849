"""One command and what answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from changeover.core.errors import BadValueError, ChangeoverError
from changeover.core.model import LEGACY, Outcome

Handler = Callable[[Any, Any], Any]


class UnknownCommandError(ChangeoverError, LookupError):
    """A call of a command that nobody registered; nothing ran.

    A bot that passes every message on asks `command in adapter` first, or catches this.

    Attributes:
        command: what was asked for, cut at 64 characters.
    """

    changeover_outcome = Outcome.NOT_FOUND

    def __init__(self, command: str) -> None:
        self.command = command[:64]
        super().__init__(f"command {self.command!r} is not registered: register() it first")


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command. At least one of the handlers is there.

    Attributes:
        name: its qualified name, such as `ping` or `grp sub`.
        category: what it is grouped and flagged by, such as `utility`.
        legacy, new: the handlers of the two systems, called as `handler(message, args)`.
        safe_to_repeat: whether legacy may run after the new handler failed halfway.
    """

    name: str
    category: str | None = None
    legacy: Handler | None = None
    new: Handler | None = None
    safe_to_repeat: bool = False

    def checked(self) -> Command:
        """The command itself, or a `BadValueError` that says why it can never run."""
        if not isinstance(self.name, str) or not self.name.strip():
            raise BadValueError("command", str(self.name), "a name that is not blank", "ping")
        handlers = [handler for handler in (self.legacy, self.new) if handler is not None]
        for handler in handlers:
            if not callable(handler):
                raise BadValueError(self.name, repr(handler), "a function", "legacy=ping")
        if not handlers:
            raise BadValueError("command", self.name, "a handler, legacy or new", "legacy=ping")
        return self

    def handler(self, system: str) -> Handler | None:
        """The handler of a system, or None where that system has none."""
        return self.legacy if system == LEGACY else self.new

    def any_handler(self) -> Handler:
        """Legacy's handler, or the new one where legacy has none."""
        handler = self.legacy or self.new
        if handler is None:
            raise UnknownCommandError(self.name)
        return handler
