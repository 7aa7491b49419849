"""The memory limit that Linux control groups set for this process, as in a container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def memory_limit(machine_bytes: int, root: Path = Path("/")) -> int | None:
    """The lowest limit of this process's groups in bytes; None where nothing limits it.

    A limit of the machine's memory or more limits nothing (version 1 writes "none" as
    2**63 less a page), nor does one of 0.

    Source: the kernel's cgroup-v2.rst (`memory.max`) and cgroup-v1/memory.rst.

    Args:
        machine_bytes: the machine's own memory.
        root: where `proc` and `sys` are; another one in tests.
    """
    limits = [limit for file in _limit_files(root) if (limit := _read_limit(file)) is not None]
    real = [limit for limit in limits if 0 < limit < machine_bytes]
    return min(real, default=None)


def _limit_files(root: Path) -> Iterator[Path]:
    """The files that may hold a limit: of the process's group, and of all groups around it.

    In a container the paths of `/proc/self/cgroup` are often the host's and not there; the top
    of the mounted tree then is the container's own group.
    """
    mounted = root / "sys/fs/cgroup"
    lines = _read_text(root / "proc/self/cgroup").splitlines()
    for line in (line for line in lines if line.count(":") >= 2):
        _, controllers, group = line.split(":", 2)
        path = PurePosixPath(group.lstrip("/"))
        if controllers == "":
            top, name = mounted, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = mounted / "memory", "memory.limit_in_bytes"
        else:
            continue
        if ".." not in path.parts:
            yield from (top / around / name for around in [path, *path.parents])


def _read_limit(file: Path) -> int | None:
    text = _read_text(file).strip()
    return int(text) if text.isascii() and text.isdecimal() else None


def _read_text(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace")
    except OSError:
        return ""  # not Linux, or not allowed to look
