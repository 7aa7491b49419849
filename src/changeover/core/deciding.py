"""Which flags may decide where a command goes."""

from __future__ import annotations

_FOLDED = str.maketrans(".- ", "___")


def fold(name: str) -> str:
    """A name as environment variables have it: upper case; dots, hyphens, blanks as `_`."""
    return name.translate(_FOLDED).upper()


_RESERVED = frozenset(map(fold, ("enabled", "integration", "fallbackOnError")))


def master_flag(system: str) -> str:
    """The switch that turns the whole new system off."""
    return f"{system}.commands.enabled"


def integration_flag(system: str) -> str:
    """The switch that turns the routing off."""
    return f"{system}.commands.integration"


def deciding_flags(system: str, command: str, category: str | None) -> tuple[str, ...]:
    """The flags that may decide, the most specific first; the first one that is set does.

    A command or category named like one of the three switches has no flag of its own.
    """
    words = command.split()
    names = [".".join(words[:length]) for length in range(len(words), 0, -1)]
    if category:
        names.append(".".join(category.split()))
    allowed = (name for name in names if fold(name) not in _RESERVED)
    return tuple(dict.fromkeys(f"{system}.commands.{name}" for name in allowed))


def scope_flag(system: str, scope: str) -> str | None:
    """The flag of one category or command; None where its name is one of the switches'."""
    return next(iter(deciding_flags(system, "", scope)), None)
