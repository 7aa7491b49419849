"""A monitor on a folder of its own, and programs that use one in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from changeover import Changeover, Settings


def fail(error: Exception) -> None:
    """An error of ours on the bot's road fails the test."""
    raise error


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, port=0, config_file=tmp_path / "changeover.toml")


@pytest.fixture
def make(settings) -> Iterator[Callable[..., Changeover]]:
    """Make monitors that are stopped at the end."""
    made: list[Changeover] = []

    def make_one(**options: Any) -> Changeover:
        made.append(Changeover(options.pop("settings", settings), **{"on_error": fail} | options))
        return made[-1]

    yield make_one
    for monitor in made:
        monitor.stop()


@pytest.fixture
def message() -> Callable[..., Any]:
    """Make what the adapter looks at of a message."""

    def make_one(user: int = 7) -> Any:
        author, place = SimpleNamespace(id=user), SimpleNamespace(id=1)
        return SimpleNamespace(author=author, guild=place, channel=place)

    return make_one


@pytest.fixture
def ask() -> Callable[..., tuple[int, Any]]:
    """Send a request; status and JSON of the answer."""

    def send(url: str, path: str, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return send


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python programs on the same folder; those still running at the end are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, **environ: str) -> subprocess.Popen[str]:
        defaults = {"MONITORING_DATA_DIR": str(tmp_path), "HEALTH_CHECK_PORT": "0"}
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | defaults | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
