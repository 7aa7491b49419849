"""The examples of the documentation are real: they parse, and what is a program runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from changeover.route.sources import FileFlags
from changeover.settings import load

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BIN = Path(sys.executable).parent

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_RUN = re.compile(r"^<!-- run: (.+) -->$", re.MULTILINE)


class Block(NamedTuple):
    """One fenced block of a page."""

    page: str
    language: str
    title: str | None
    text: str


def _blocks(path: Path) -> list[Block]:
    name = path.relative_to(ROOT).as_posix()
    return [
        Block(name, match["language"], match["title"], textwrap.dedent(match["text"]))
        for match in _FENCE.finditer(path.read_text("utf-8"))
    ]


SIGNATURES = DOCS / "reference" / "python.md"  # its blocks are no programs
BLOCKS = [block for path in PAGES if path != SIGNATURES for block in _blocks(path)]
PROGRAMS = [path for path in PAGES if _RUN.search(path.read_text("utf-8"))]


def _of(language: str) -> list:
    chosen = [block for block in BLOCKS if block.language == language]
    counted = enumerate(chosen)
    return [pytest.param(block, id=f"{block.page}-{number}") for number, block in counted]


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    own = {"MONITORING_DATA_DIR": str(folder / "data"), "HEALTH_CHECK_PORT": "0"}
    return kept | own | {"PATH": f"{BIN}:{os.environ['PATH']}"}


def _run(command: list[str], folder: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=_environment(folder), input=given,
        capture_output=True, text=True, check=False, timeout=15,
    )  # fmt: skip


# --- every block says what it claims to be ----------------------------------------------------


@pytest.mark.parametrize("block", _of("python"))
def test_python_compiles(block):
    flags = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT: a step inside a coroutine
    compile(block.text, block.page, "exec", flags=flags)


@pytest.mark.parametrize("block", _of("json"))
def test_json_is_json(block):
    json.loads(block.text)


@pytest.mark.parametrize("block", _of("yaml"))
def test_yaml_is_yaml(block):
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", _of("bash"))
def test_bash_parses(block):
    result = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", _of("toml"))
def test_a_changeover_toml_is_accepted(block, tmp_path):
    file = tmp_path / "changeover.toml"
    file.write_text(block.text, "utf-8")
    if "[[test." in block.text:  # rules to be played through, with what is expected of them
        assert _run(["changeover", "alerts", "test", file.name], tmp_path).returncode == 0
        return
    settings = load({"CHANGEOVER_CONFIG": str(file)})
    assert settings.config_file == file
    FileFlags(file).read()


def test_the_rehearsal_of_the_how_to_prints_what_it_says(tmp_path):
    blocks = _blocks(DOCS / "how-to" / "own-rules.md")
    for block in blocks:
        if block.title:
            (tmp_path / block.title).write_text(block.text, "utf-8")
    (place,) = (i for i, b in enumerate(blocks) if b.text.startswith("all "))
    result = _run(shlex.split(blocks[place - 1].text), tmp_path)
    assert result.stdout == blocks[place].text


def test_the_files_shown_are_those_of_the_repository():
    shown = {block.title: block.text for block in BLOCKS if block.page == "docs/how-to/railway.md"}
    assert json.loads(shown["railway.json"]) == json.loads((ROOT / "railway.json").read_text())


# --- programs run -----------------------------------------------------------------------------


def test_the_example_of_the_readme_prints_what_it_says(tmp_path):
    blocks = [block for block in BLOCKS if block.page == "README.md"]
    place = next(i for i, block in enumerate(blocks) if block.language == "python")
    result = _run([sys.executable, "-W", "error", "-c", blocks[place].text], tmp_path)
    assert result.stdout == blocks[place + 1].text
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


@pytest.mark.slow
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_of_a_page_run_in_order(path, tmp_path):
    """Each comment `run:` runs with the files above it, in one folder, as a reader would."""
    for file in _blocks(path):
        if file.title:
            (tmp_path / file.title).write_text(file.text, "utf-8")
    text = path.read_text("utf-8")
    for run in _RUN.finditer(text):
        above = [match for match in _FENCE.finditer(text) if match.end() < run.start()]
        result = _run(shlex.split(run[1]), tmp_path, given=above[-1]["text"])
        assert result.returncode == 0, f"{run[1]}\n{result.stdout}\n{result.stderr}"


@pytest.mark.slow
def test_the_tutorial_moves_half_of_the_people(tmp_path):
    path = DOCS / "tutorial" / "your-own-bot.md"
    for file in _blocks(path):
        if file.title:
            (tmp_path / file.title).write_text(file.text, "utf-8")
    for run in _RUN.findall(path.read_text("utf-8")):
        if not run.startswith("pytest"):
            _run(shlex.split(run), tmp_path)
    told = json.loads(_run(["changeover", "status", "--json"], tmp_path).stdout)
    (roll,) = (row for row in told["commands"] if row["command"] == "roll")
    counted = {name: (stats["total"], stats["errors"]) for name, stats in roll["systems"].items()}
    assert counted == {"legacy": (58, 4), "ddd": (22, 0)}


@pytest.mark.slow
def test_the_application_of_the_how_to_serves_the_page_and_ends(tmp_path):
    blocks = _blocks(DOCS / "how-to" / "mount.md")
    (program,) = (block for block in blocks if block.title == "app.py")
    (tmp_path / "app.py").write_text(program.text, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [BIN / "uvicorn", "app:app", "--timeout-graceful-shutdown", "2", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, env=_environment(tmp_path)) as server:
        try:
            url = f"http://127.0.0.1:{port}/monitor"
            assert json.loads(_fetch(f"{url}/health"))["status"] == "healthy"
            assert b"static/main.js" in _fetch(f"{url}/")
            with urllib.request.urlopen(f"{url}/api/stream", timeout=5) as stream:
                assert stream.readline() == b"retry: 2000\n"
                server.send_signal(signal.SIGTERM)
                assert server.wait(10) is not None
        finally:
            server.kill()


def _fetch(url: str, within_s: float = 10) -> bytes:
    deadline = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
