"""Bots of disnake and nextcord keep the promises too, each in an environment of its own.

The suite is in `forks/`: `harness.py` is its pytest plugin, `bots.py` has the bots, the other
files are its tests.
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
SUITE = Path(__file__).with_name("forks")
OTHER = ROOT / ".venv" / "other"
VERSIONS = {"disnake": "2.12", "nextcord": "2.6"}
NEEDS = ["pytest", "pytest-asyncio", "pytest-timeout", "audioop-lts; python_version >= '3.13'"]
UNREACHABLE = "connection broken by"  # pip's words, for each of its attempts
IGNORED = [  # of what the libraries themselves do
    "ignore:parameter 'timeout' of type 'float':DeprecationWarning",
    "ignore:'audioop' is deprecated:DeprecationWarning",
]


def run(*command, **options):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def is_made(python, library):
    probe = f"import {library}, changeover, pytest_asyncio, pytest_timeout; print({library}.__version__)"
    return python.exists() and run(python, "-c", probe).stdout.startswith(VERSIONS[library])


@pytest.fixture(scope="module", params=sorted(VERSIONS))
def library(request):
    """The name of a library, whose environment is there with this package; kept for later runs."""
    name = request.param
    python = OTHER / name / "bin" / "python"
    if not is_made(python, name):
        run(sys.executable, "-m", "venv", "--clear", OTHER / name).check_returncode()
        wanted = [f"{name}=={VERSIONS[name]}.*", *NEEDS, "--editable", ROOT]
        made = run(python, "-m", "pip", "install", "--quiet", *wanted)
        if made.returncode and UNREACHABLE in made.stderr:
            pytest.skip(f"{name} cannot be installed, no registry: {made.stderr.splitlines()[-1]}")
        assert made.returncode == 0, made.stderr
        assert is_made(python, name)
    return name


@pytest.mark.parametrize("topic", [*OWN, *SHARED])
def test_bots_of_forks_keep_every_promise(library, topic):
    environment = {
        **os.environ,
        "PYTHONPATH": str(SUITE),
        "CHANGEOVER_TEST_LIBRARY": library,
    }
    home = SUITE.with_name("shared") if topic in SHARED else SUITE
    suite = [home / f"{topic}.py", "-p", "harness", "-p", "no:cacheprovider", "-q", "--tb=short"]
    ignored = [part for each in IGNORED for part in ("-W", each)]
    python = OTHER / library / "bin" / "python"
    played = run(python, "-m", "pytest", *suite, *ignored, env=environment)
    assert played.returncode == 0, played.stdout + played.stderr
    assert " passed" in played.stdout


def test_every_file_of_the_suite_is_played():
    assert sorted(OWN) == sorted({p.stem for p in SUITE.glob("*.py")} - {"bots", "harness"})
    assert sorted(SHARED) == sorted(p.stem for p in SUITE.with_name("shared").glob("*.py"))
