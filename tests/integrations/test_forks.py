"""Bots of disnake and nextcord keep the promises too, each in an environment of its own.

The suite is in `forks/`: `harness.py` is its pytest plugin, `bots.py` has the bots, the other
files are its tests.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

OWN = ["records", "routing", "components", "harmless"]
SHARED = ["basics", "messages", "stream"]  # in `shared/`, with those of discord.py
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
SUITE = Path(__file__).with_name("forks")
IGNORED = [  # of what the libraries themselves do
    "ignore:parameter 'timeout' of type 'float':DeprecationWarning",
    "ignore:'audioop' is deprecated:DeprecationWarning",
]


@pytest.mark.parametrize("library", ["disnake", "nextcord"])
@pytest.mark.parametrize("topic", [*OWN, *SHARED])
def test_bots_of_forks_keep_every_promise(python_with, library, topic):
    environment = {
        **os.environ,
        "PYTHONPATH": str(SUITE),
        "CHANGEOVER_TEST_LIBRARY": library,
    }
    home = SUITE.with_name("shared") if topic in SHARED else SUITE
    suite = [home / f"{topic}.py", "-p", "harness", "-p", "no:cacheprovider", "-q", "--tb=short"]
    ignored = [part for each in IGNORED for part in ("-W", each)]
    played = subprocess.run(
        [python_with(library), "-m", "pytest", *suite, *ignored],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert " passed" in played.stdout


def test_every_file_of_the_suite_is_played():
    assert sorted(OWN) == sorted({p.stem for p in SUITE.glob("*.py")} - {"bots", "harness"})
    assert sorted(SHARED) == sorted(p.stem for p in SUITE.with_name("shared").glob("*.py"))
