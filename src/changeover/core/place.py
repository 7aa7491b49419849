"""Where a function was written, so that people find it."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from changeover.core.text import clean_name

_LONGEST = 300  # characters of a path


def place_of(function: Any) -> str | None:
    """`FILE:LINE` of a function, method, partial or object that can be called, else None.

    What `functools.wraps` wrapped is looked through: the place is where a person wrote it.
    """
    try:
        while isinstance(function, partial):
            function = function.func
        function = inspect.unwrap(function)
        if not hasattr(function, "__code__"):
            function = getattr(function, "__func__", None) or type(function).__call__
        code = function.__code__
    except Exception:  # noqa: BLE001  # built-ins and strange objects have no place
        return None
    return f"{clean_name(code.co_filename, _LONGEST)}:{code.co_firstlineno}"
