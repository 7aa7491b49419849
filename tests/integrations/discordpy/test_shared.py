"""discord.py plays the cases that all of its family play, too; see `../shared`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[1] / "shared"


def _load(path):
    spec = importlib.util.spec_from_file_location(f"shared_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


for _file in sorted(SHARED.glob("*.py")):
    globals().update(_load(_file))
