"""Bots of py-cord pass the same suite, in an environment of their own.

py-cord and discord.py are both named `discord`, so they never share one. The suite is in
`pycord/`: `bots.py` is its pytest plugin, the other files are its tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OWN = ["records", "routing", "components", "harmless"]
SHARED = ["basics", "messages", "stream"]  # in `shared/`, with those of discord.py
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
SUITE = Path(__file__).with_name("pycord")
HOME = ROOT / ".venv" / "other" / "pycord"
PYTHON = HOME / "bin" / "python"
NEEDS = ["py-cord==2.8.*", "pytest", "pytest-asyncio", "pytest-timeout"]
IS_THERE = "import discord, changeover, pytest_asyncio, pytest_timeout; print(discord.__title__)"
UNREACHABLE = "connection broken by"  # pip's words, for each of its attempts


def run(*command, **options):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def is_made():
    return PYTHON.exists() and run(PYTHON, "-c", IS_THERE).stdout.strip() == "pycord"


@pytest.fixture(scope="module")
def python():
    """The interpreter of an environment with py-cord and this package; kept for the next run."""
    if not is_made():
        run(sys.executable, "-m", "venv", "--clear", HOME).check_returncode()
        made = run(PYTHON, "-m", "pip", "install", "--quiet", *NEEDS, "--editable", ROOT)
        if made.returncode and UNREACHABLE in made.stderr:
            pytest.skip(f"py-cord cannot be installed, no registry: {made.stderr.splitlines()[-1]}")
        assert made.returncode == 0, made.stderr
        assert is_made()
    return PYTHON


@pytest.mark.parametrize("topic", [*OWN, *SHARED])
def test_py_cord_bots_keep_every_promise(python, topic):
    environment = {**os.environ, "PYTHONPATH": str(SUITE)}
    home = SUITE.with_name("shared") if topic in SHARED else SUITE
    suite = [home / f"{topic}.py", "-p", "bots", "-p", "no:cacheprovider", "-q", "--tb=short"]
    played = run(python, "-m", "pytest", *suite, env=environment)
    assert played.returncode == 0, played.stdout + played.stderr
    assert " passed" in played.stdout


def test_every_file_of_the_suite_is_played():
    assert sorted(OWN) == sorted({p.stem for p in SUITE.glob("*.py")} - {"bots"})
    assert sorted(SHARED) == sorted(p.stem for p in SUITE.with_name("shared").glob("*.py"))
