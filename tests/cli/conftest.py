"""The command line in this process, on settings of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from changeover import Changeover, Settings
from changeover.cli import changeover


async def answer(_message: Any, _args: Any) -> str:
    return "hello"


@pytest.fixture
def environ(tmp_path, monkeypatch) -> dict[str, str]:
    """The only variables of ours that a command sees; for tests to change."""
    monkeypatch.chdir(tmp_path)  # no changeover.toml of somebody else's
    for name in os.environ:
        if name.startswith(("MONITORING_", "ALERT_", "HEALTH_CHECK_", "FEATURE_FLAG_", "PORT")):
            monkeypatch.delenv(name)
    return {"MONITORING_DATA_DIR": str(tmp_path / "data"), "HEALTH_CHECK_PORT": "1"}


@pytest.fixture
def run(environ) -> Callable[..., Result]:
    """Run a command; errors of ours come out as they are raised."""

    def run_one(*words: str) -> Result:
        return CliRunner().invoke(changeover, words, env=environ)

    return run_one


@pytest.fixture
async def stored(tmp_path) -> Settings:
    """A bot ran here: three calls of `ping`, which exists in both systems."""
    settings = Settings(data_dir=tmp_path / "data", http=False)
    with Changeover(settings) as bot:
        bot.adapter.register("ping", legacy=answer, new=answer, category="utility")
        message = SimpleNamespace(author=SimpleNamespace(id=7))
        for _ in range(3):
            await bot.adapter.process_command(message, "ping")
        bot.tick()
    return settings
