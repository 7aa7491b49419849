"""What is put on objects of every kind is taken back, to the last attribute."""

from __future__ import annotations

import gc
import weakref

import pytest

from changeover.integrations.hooks import Hooks, observed_class


class Plain:
    def act(self):
        return "class"


class Slotted:
    __slots__ = ("act", "empty")

    def __init__(self):
        self.act = original


class Held:
    __slots__ = ("__weakref__", "act")

    def __init__(self):
        self.act = original


def original():
    return "original"


def ours():
    return lambda: "ours"


@pytest.mark.parametrize("cls", [Plain, Slotted, Held])
def test_an_attribute_is_set_and_restored_in_a_dictionary_and_in_slots(cls):
    one, other, hooks = cls(), cls(), Hooks()
    before = one.act()
    mine = ours()
    hooks.put(one, "act", mine)
    assert (one.act(), other.act()) == ("ours", before)
    assert hooks.has(one, "act")
    assert not hooks.has(other, "act")
    hooks.undo()
    assert one.act() == before
    assert not hooks.has(one, "act")


def test_what_was_not_there_is_not_there_again():
    plain, slotted, hooks, mine = Plain(), Slotted(), Hooks(), ours()
    hooks.put(plain, "act", mine)
    also = ours()
    hooks.put(slotted, "empty", also)
    hooks.undo()
    assert vars(plain) == {}
    assert not hasattr(slotted, "empty")


def test_what_others_put_on_top_of_ours_stays():
    one, hooks, mine = Slotted(), Hooks(), ours()
    hooks.put(one, "act", mine)
    theirs = ours()
    one.act = theirs
    hooks.undo()
    assert one.act is theirs


def test_ours_twice_is_undone_to_what_stood_there_before_us():
    one, hooks, first, second = Held(), Hooks(), ours(), ours()
    hooks.put(one, "act", first)
    hooks.put(one, "act", second)
    hooks.undo()
    assert one.act is original


@pytest.mark.parametrize("cls", [Plain, Slotted, Held])
def test_the_class_of_one_object_is_swapped_and_swapped_back(cls):
    one, other, hooks = cls(), cls(), Hooks()
    observed = observed_class(cls, {"more": lambda _self: "more"})
    hooks.put(one, "__class__", observed)
    assert one.more() == "more"
    assert (type(one).__name__, type(one).__qualname__) == (cls.__name__, cls.__qualname__)
    assert not hasattr(other, "more")
    hooks.undo()
    assert type(one) is cls


def test_an_object_that_is_gone_is_not_kept_alive():
    one, hooks, mine = Held(), Hooks(), ours()
    hooks.put(one, "act", mine)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    hooks.undo()
