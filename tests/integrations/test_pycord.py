"""Bots of py-cord pass the same suite, in an environment of their own.

py-cord and discord.py are both named `discord`, so they never share one. The suite is in
`pycord/`: `bots.py` is its pytest plugin, the other files are its tests.
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
SUITE = Path(__file__).with_name("pycord")


@pytest.mark.parametrize("topic", [*OWN, *SHARED])
def test_py_cord_bots_keep_every_promise(python_with, topic):
    environment = {**os.environ, "PYTHONPATH": str(SUITE)}
    home = SUITE.with_name("shared") if topic in SHARED else SUITE
    suite = [home / f"{topic}.py", "-p", "bots", "-p", "no:cacheprovider", "-q", "--tb=short"]
    played = subprocess.run(
        [python_with("pycord"), "-m", "pytest", *suite],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert " passed" in played.stdout


def test_every_file_of_the_suite_is_played():
    assert sorted(OWN) == sorted({p.stem for p in SUITE.glob("*.py")} - {"bots"})
    assert sorted(SHARED) == sorted(p.stem for p in SUITE.with_name("shared").glob("*.py"))
