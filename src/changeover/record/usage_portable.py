"""What this process uses, on any system that psutil knows. The only file that imports it."""

from __future__ import annotations

import psutil

from changeover.record.usage import Usage


def read_usage() -> Usage:
    """Raises `psutil.Error` or `OSError` where the system does not tell."""
    process = psutil.Process()  # afresh: after a fork it is another one
    with process.oneshot():
        return Usage(
            rss_bytes=process.memory_info().rss,
            threads=process.num_threads(),
            open_files=_open_files(process),
            machine_bytes=psutil.virtual_memory().total,
        )


def _open_files(process: psutil.Process) -> int | None:
    """Descriptors, or handles on Windows."""
    try:
        count = process.num_handles if hasattr(process, "num_handles") else process.num_fds
        return int(count())
    except (psutil.Error, OSError):
        return None
