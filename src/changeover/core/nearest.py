"""The known name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, at_least: float = 0.6) -> str | None:
    """The known name most like the given one; None when none is `at_least` so alike (0 to 1)."""
    from difflib import get_close_matches  # noqa: PLC0415  # 0.2 MB, and needed for typos only

    return next(iter(get_close_matches(name, list(known), 1, at_least)), None)
