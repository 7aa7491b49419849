"""What was put on somebody else's objects, and how to take it back to the last attribute."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MemberDescriptorType, new_class
from typing import Any

_ABSENT = object()
_BEFORE = "__changeover_before__"  # on what was put: what stood there


@dataclass(frozen=True, slots=True)
class _Put:
    """One attribute of one object, and what stands there now.

    Both weakly. What was put calls what stood there before, which is often bound to the object:
    held from here, it would keep a closed view or a reloaded extension alive for ever.
    """

    owner: Callable[[], Any]
    name: str
    value: weakref.ref[Any]

    def undo(self) -> None:
        owner, value = self.owner(), self.value()
        if owner is None or value is None or _standing(owner, self.name) is not value:
            return  # gone, or somebody put theirs on top of ours since, which lets through
        before = getattr(value, _BEFORE)
        if before is _ABSENT:
            delattr(owner, self.name)
        else:
            setattr(owner, self.name, before)


class Hooks:
    """Sets attributes, in slots too, on objects of one bot's own, and restores them."""

    def __init__(self) -> None:
        self._puts: dict[tuple[int, str], _Put] = {}

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of one object (`__class__` too) to a function or class of ours."""
        before = _standing(owner, name)
        if self.has(owner, name):  # ours stands there already: what stood there before us counts
            before = getattr(before, _BEFORE)
        setattr(value, _BEFORE, before)
        setattr(owner, name, value)
        key = (id(owner), name)
        self._puts[key] = _Put(self._reference(owner, key), name, weakref.ref(value))

    def has(self, owner: Any, name: str) -> bool:
        """Whether what stands there is ours."""
        put = self._puts.get((id(owner), name))
        return put is not None and put.value() is _standing(owner, name)

    def undo(self) -> None:
        """Restore everything, the newest first."""
        puts, self._puts = list(self._puts.values()), {}
        for put in reversed(puts):
            put.undo()

    def _reference(self, owner: Any, key: tuple[int, str]) -> Callable[[], Any]:
        try:
            return weakref.ref(owner, lambda _: self._puts.pop(key, None))
        except TypeError:  # slots without one for this: a client, which lives as long as the bot
            return lambda: owner


def observed_class(base: type[Any], methods: Mapping[str, Any]) -> type[Any]:
    """A subclass that an object, with slots or not, can be given: same name, nothing added."""
    names = {
        "__slots__": (),
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    return new_class(base.__name__, (base,), {}, lambda space: space.update(names | dict(methods)))


def _standing(owner: Any, name: str) -> Any:
    """What an object itself has under a name, whatever its class has."""
    if name == "__class__":
        return type(owner)
    if isinstance(getattr(type(owner), name, None), MemberDescriptorType):
        return getattr(owner, name, _ABSENT)
    return vars(owner).get(name, _ABSENT)
