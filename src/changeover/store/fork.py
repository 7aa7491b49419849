"""What has to begin anew in the child of a `fork`: locks, threads, connections."""

from __future__ import annotations

import os
import weakref
from functools import cache
from typing import Protocol


class Forked(Protocol):
    """Something that a fork must not leave as it was."""

    def begin_anew(self) -> None:
        """In the child, before anything else runs: forget what is the parent's.

        A lock may have been held, in the parent, by a thread that the child does not have.
        """


def begin_anew_after_fork(thing: Forked) -> None:
    """Have `begin_anew` called in every child that is forked while the thing lives."""
    _things().add(thing)


@cache  # so that importing registers nothing
def _things() -> weakref.WeakSet[Forked]:
    things: weakref.WeakSet[Forked] = weakref.WeakSet()

    def in_child() -> None:
        for thing in list(things):
            thing.begin_anew()

    if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
        os.register_at_fork(after_in_child=in_child)
    return things
