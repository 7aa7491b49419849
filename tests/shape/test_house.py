"""The house keeps its shape: layers, sizes, one place for each heavy library, one clock."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "changeover"
MODULES = sorted(PACKAGE.rglob("*.py"))
OURS = [
    *MODULES,
    *(p for p in (PACKAGE / "show" / "static").glob("*.*") if p.suffix in {".js", ".css", ".html"}),
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "bench").rglob("*.py")),
]
LONGEST_FILE, LONGEST_FUNCTION, MOST_METHODS = 600, 60, 12

# Which library may be imported where, as paths under the package. Everything heavy is listed.
HOMES = {
    "PIL": ("notify/picture.py",),
    "aiohttp": ("notify/", "demo/loopback/"),
    "apprise": ("notify/apprise.py",),
    "arc": ("integrations/hikari_arc.py",),
    "click": ("cli/",),
    "discord": ("integrations/discordpy", "demo/bot/", "demo/loopback/redirect.py", "demo/run"),
    "disnake": ("integrations/disnake",),
    "nextcord": ("integrations/nextcord",),
    "fastapi": ("show/",),
    "starlette": ("show/",),
    "uvicorn": ("show/server.py",),
    "prometheus_client": ("show/prometheus.py",),
    "hikari": ("integrations/hikari.py", "integrations/hikari_gateway", "integrations/hikari_mess"),
    "lightbulb": ("integrations/hikari_lightbulb.py",),
    "psutil": ("record/usage_portable.py",),
    "pytest": ("testing/plugin.py",),
    "smtplib": ("notify/email.py",),
    "sqlite3": ("store/sqlite/connection.py", "demo/database/", "demo/legacy/", "demo/ddd/"),
    "time": ("core/clock.py",),
}
NEVER = {"sqlalchemy", "numpy", "scipy", "httpx", "requests", "pydantic_settings"}


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_rooms_never_import_each_other():
    linter = Path(sys.executable).with_name("lint-imports")
    result = _run(linter, "--no-cache")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", OURS, ids=_name)
def test_no_file_is_longer_than_a_reader_bears(path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_and_public_classes_stay_small(path):
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{node.name} is too long"
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            public = [
                method
                for method in node.body
                if isinstance(method, functions)
                and method.name[0] != "_"
                and "property" not in map(ast.unparse, method.decorator_list)
            ]
            assert len(public) <= MOST_METHODS, f"{node.name} has {len(public)} public methods"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_each_heavy_library_lives_in_its_home(path):
    inside = path.relative_to(PACKAGE).as_posix()
    for library in _imports(_parsed(path)):
        assert library not in NEVER, f"{library} has no place here"
        homes = HOMES.get(library, ("",))
        assert inside.startswith(homes), f"{library} lives in {homes}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_handler_swallows_everything(path):
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: a bare except"
            body_is_pass = all(isinstance(statement, ast.Pass) for statement in node.body)
            broad = isinstance(node.type, ast.Name) and node.type.id in {
                "Exception",
                "BaseException",
            }
            assert not (body_is_pass and broad), f"line {node.lineno}: swallows every error"


def test_importing_the_package_starts_nothing_and_loads_nothing_heavy():
    probe = (
        "import sys, threading, changeover\n"
        "heavy = {'fastapi', 'uvicorn', 'pydantic', 'discord', 'prometheus_client', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)), threading.active_count())\n"
    )
    result = _run(sys.executable, "-c", probe)
    assert result.stdout.strip() == "[] 1", result.stdout + result.stderr
