"""The names of flags: which ones exist, how a variable's name maps to one, which is nearest."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from changeover.core.deciding import fold
from changeover.core.nearest import nearest


class FlagNames:
    """The flags that something asks for. Safe from any thread; it only grows.

    One object is shared by those who register names (the router, a bot's own code) and those
    who read what people typed (`EnvironmentFlags`, `FeatureFlags`).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()
        self._is_complete = False
        self._by_folded: dict[str, list[str]] = {}
        self._nearest: dict[str, str | None] = {}

    def register(self, *names: str, complete: bool = True) -> None:
        """Say that these flags are asked for.

        Args:
            names: the flags.
            complete: False while the bulk is still to come; until a complete registration,
                every flag is known.
        """
        with self._lock:
            self._is_complete = self._is_complete or complete
            self._names = self._names.union(names)
            by_folded: dict[str, list[str]] = {}
            for name in sorted(self._names):
                by_folded.setdefault(fold(name), []).append(name)
            self._by_folded = by_folded
            self._nearest = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def knows(self, name: str) -> bool:
        """Whether anything asks for a flag.

        Before the first command is registered everything is known: a process without a bot,
        such as `changeover serve`, cannot tell a misspelt flag from another's command.
        """
        return name in self._names or not self._is_complete

    def spelled(self, text: str) -> list[str]:
        """The registered names that fold to the same as `text`; more than one is ambiguous."""
        return list(self._by_folded.get(fold(text), ()))

    def nearest(self, name: str) -> str | None:
        """The registered name most like one that is not, or None when none is like it."""
        kept = self._nearest  # a registration meanwhile starts a new one
        if name not in kept:
            by_folded = self._by_folded
            close = nearest(fold(name), by_folded)
            kept[name] = by_folded[close][0] if close else None
        return kept[name]
