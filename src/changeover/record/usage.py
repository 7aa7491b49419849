"""What a process uses at one moment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple


class Usage(NamedTuple):
    """What this process uses now.

    Attributes:
        rss_bytes: resident memory.
        threads: of the operating system.
        open_files: descriptors or handles; None where the system does not tell.
        machine_bytes: the memory of the machine.
    """

    rss_bytes: int
    threads: int
    open_files: int | None
    machine_bytes: int


def usage_reader() -> Callable[[], Usage]:
    """How to read it here. Linux needs no library: psutil takes 1.2 MB, a fifth of our memory."""
    if sys.platform == "linux":
        from changeover.record.usage_linux import read_usage  # noqa: PLC0415  # one of the two
    else:
        from changeover.record.usage_portable import read_usage  # noqa: PLC0415  # one of the two
    return read_usage
