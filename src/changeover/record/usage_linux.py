"""What this process uses, from Linux's own files."""

from __future__ import annotations

import os
from pathlib import Path

from changeover.record.usage import Usage

_SELF = Path("/proc/self")


def read_usage() -> Usage:
    """The same figures as psutil's. Raises `OSError` where `/proc` is not mounted.

    Source: proc(5), `statm` (its second field is resident pages), `task`, `fd`.
    """
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    return Usage(
        rss_bytes=int((_SELF / "statm").read_text("ascii").split()[1]) * page_bytes,
        threads=_entries("task"),
        open_files=_entries("fd") - 1,  # less the one that lists them
        machine_bytes=os.sysconf("SC_PHYS_PAGES") * page_bytes,
    )


def _entries(folder: str) -> int:
    return sum(1 for _ in (_SELF / folder).iterdir())
