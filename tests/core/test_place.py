"""A function's place is where a person wrote it, whatever is wrapped around it."""

from __future__ import annotations

import functools

import pytest

from changeover.core.place import place_of

HERE = __file__


def plain(): ...


class Handler:
    def method(self): ...

    def __call__(self): ...


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


@decorated
def wrapped(): ...


LINE = plain.__code__.co_firstlineno


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (plain, LINE),
        (functools.partial(plain), LINE),
        (Handler().method, Handler.method.__code__.co_firstlineno),
        (Handler.method, Handler.method.__code__.co_firstlineno),
        (Handler(), Handler.__call__.__code__.co_firstlineno),
        (wrapped, wrapped.__wrapped__.__code__.co_firstlineno),
    ],
)
def test_whatever_can_be_called_has_the_place_where_it_was_written(function, line):
    assert place_of(function) == f"{HERE}:{line}"


@pytest.mark.parametrize("thing", [len, 7, None, object(), functools.partial(len, "")])
def test_what_nobody_wrote_in_python_has_no_place(thing):
    assert place_of(thing) is None


def test_a_function_that_wraps_itself_has_no_place_and_ends():
    def odd(): ...

    odd.__wrapped__ = odd
    assert place_of(odd) is None
