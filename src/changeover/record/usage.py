"""What a process uses at one moment."""

from __future__ import annotations

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
