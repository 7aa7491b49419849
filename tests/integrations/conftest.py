"""Virtual environments for the libraries that cannot stand beside discord.py, made on demand.

Nothing of a library is imported here: the suites that run in those environments load this, too.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HOMES = ROOT / ".venv" / "other"
UNREACHABLE = ("connection broken by", "No matching distribution", "Could not find a version")
PLUGINS = ["pytest", "pytest-asyncio", "pytest-timeout"]
AUDIO = "audioop-lts; python_version >= '3.13'"  # what the forks import, gone from Python


class Kind(NamedTuple):
    """What is installed in an environment, and an import that only works if it is."""

    packages: list[str]
    probe: str


_SUITE = "changeover, pytest_asyncio, pytest_timeout"
KINDS = {
    "pycord": Kind(
        ["py-cord==2.8.*", *PLUGINS],
        f"import discord, {_SUITE}; assert discord.__title__ == 'pycord'",
    ),
    "disnake": Kind(
        ["disnake==2.12.*", *PLUGINS, AUDIO],
        f"import disnake, {_SUITE}; assert disnake.__version__.startswith('2.12')",
    ),
    "nextcord": Kind(
        ["nextcord==2.6.*", "setuptools==65.5.*", *PLUGINS, AUDIO],  # it imports pkg_resources
        f"import nextcord, {_SUITE}; assert nextcord.__version__.startswith('2.6')",
    ),
    "lightbulb": Kind(
        ["hikari", "hikari-lightbulb>=3.0,<4"], "import changeover, lightbulb, aiohttp, fastapi"
    ),
    "arc": Kind(["hikari", "hikari-arc>=2.0,<3"], "import changeover, arc, aiohttp, fastapi"),
}


def run(*command, **options):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def made(name):
    """The error of making an environment; empty where it is there now."""
    home, kind = HOMES / name, KINDS[name]
    python = home / "bin" / "python"
    if python.exists() and run(python, "-W", "ignore", "-c", kind.probe).returncode == 0:
        return ""
    # Our own pip installs there: one less to be made.
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", home).check_returncode()
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    installed = run(*pip, *kind.packages, "--editable", ROOT, timeout=300)
    if installed.returncode:
        return installed.stderr
    probed = run(python, "-W", "ignore", "-c", kind.probe)
    return probed.stderr if probed.returncode else ""


@pytest.fixture(scope="session")
def python_with():
    """`python_with("disnake")`: the interpreter of the environment with that library.

    All that are missing are made at once, since most of that is waiting; kept for later runs.
    """
    errors = {}

    def interpreter(name):
        if not errors:
            with ThreadPoolExecutor(2) as pool:
                errors.update(zip(KINDS, pool.map(made, KINDS), strict=True))
        error = errors[name]
        if any(sign in error for sign in UNREACHABLE):
            pytest.skip(f"{name} cannot be installed, no registry: {error.splitlines()[-1]}")
        assert not error, error
        return HOMES / name / "bin" / "python"

    return interpreter
