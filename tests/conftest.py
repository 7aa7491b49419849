"""What holds for every test."""

from __future__ import annotations

import contextlib

with contextlib.suppress(ImportError):  # the chat libraries' own environments do without
    from hypothesis import settings

    settings.register_profile("house", deadline=None)  # nothing is timed in a test
    settings.load_profile("house")
