"""What was put on somebody else's objects, and how to take it back to the last attribute."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class _Put:
    """One attribute of one object: who it is, what stands there now, what stood there before."""

    owner: Callable[[], Any]
    name: str
    value: Any
    before: Any

    def undo(self) -> None:
        owner = self.owner()
        if owner is None:
            return
        if self.name == "__class__":
            if type(owner) is self.value:
                owner.__class__ = self.before
        elif vars(owner).get(self.name, _ABSENT) is not self.value:
            return  # somebody put theirs on top of ours since; theirs stays, ours lets through
        elif self.before is _ABSENT:
            delattr(owner, self.name)
        else:
            setattr(owner, self.name, self.before)


class Hooks:
    """Sets attributes on instances, never on classes that others share, and restores them.

    Objects are held weakly: a reloaded extension's commands go as they would without us.
    """

    def __init__(self) -> None:
        self._puts: dict[tuple[int, str], _Put] = {}

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of one object, or (`__class__`) the object's class."""
        before = type(owner) if name == "__class__" else vars(owner).get(name, _ABSENT)
        key = (id(owner), name)
        if key in self._puts:  # ours stands there already: what stood there before us counts
            before = self._puts[key].before
        reference = weakref.ref(owner, lambda _: self._puts.pop(key, None))
        setattr(owner, name, value)
        self._puts[key] = _Put(reference, name, value, before)

    def has(self, owner: Any, name: str) -> bool:
        """Whether what stands there is ours."""
        put = self._puts.get((id(owner), name))
        return put is not None and vars(owner).get(name, _ABSENT) is put.value

    def undo(self) -> None:
        """Restore everything, the newest first."""
        puts, self._puts = list(self._puts.values()), {}
        for put in reversed(puts):
            put.undo()
