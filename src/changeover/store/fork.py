"""What has to rest over a `fork`, and what has to begin anew in the child."""

from __future__ import annotations

import os
import weakref
from functools import cache
from typing import Protocol


class Forked(Protocol):
    """Something that the child of a fork must not keep as it was."""

    def begin_anew(self) -> None:
        """In the child, before anything else runs: forget what is the parent's.

        A lock may have been held, in the parent, by a thread that the child does not have.
        """


class Resting(Protocol):
    """Something that should be at rest while its process forks."""

    def rest(self) -> None:
        """Before the fork, in the thread that forks; must take a short time only."""

    def resume(self) -> None:
        """After it, in the parent."""


def begin_anew_after_fork(thing: Forked) -> None:
    """Have `begin_anew` called in every child that is forked while the thing lives."""
    _watch()[0].add(thing)


def rest_over_fork(thing: Resting) -> None:
    """Have `rest` and `resume` called around every fork while the thing lives."""
    _watch()[1].add(thing)


@cache  # so that importing registers nothing
def _watch() -> tuple[weakref.WeakSet[Forked], weakref.WeakSet[Resting]]:
    forked: weakref.WeakSet[Forked] = weakref.WeakSet()
    resting: weakref.WeakSet[Resting] = weakref.WeakSet()
    at_rest: list[Resting] = []

    def before() -> None:
        at_rest[:] = list(resting)
        for thing in at_rest:
            thing.rest()

    def in_parent() -> None:
        while at_rest:
            at_rest.pop().resume()

    def in_child() -> None:
        at_rest.clear()
        for thing in list(forked):
            thing.begin_anew()

    if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
    return forked, resting
