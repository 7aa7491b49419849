"""The documentation is whole and true: nothing that exists is left out, nothing named is gone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from prometheus_client.parser import text_string_to_metric_families

import changeover
from changeover.act import script
from changeover.act.metrics import METRICS
from changeover.act.rule_tables import KEYS
from changeover.cli import changeover as cli
from changeover.core.clock import ManualClock
from changeover.core.model import Reason
from changeover.settings import Settings, table
from changeover.settings.alert_rules import built_in_of
from changeover.show.api import create_app
from changeover.show.prometheus import exposition

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
HOW_TOS = sorted((DOCS / "how-to").glob("*.md"))
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def _read(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _headings(text: str) -> list[str]:
    """The headings of a page, without those that only look so inside blocks of code."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line.lstrip("# ") for line in prose.splitlines() if line.startswith("#")]


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _command_lines(command: click.Command, path: str = "changeover") -> list[str]:
    if not isinstance(command, click.Group):
        return [path]
    return [
        line
        for name, child in command.commands.items()
        for line in _command_lines(child, f"{path} {name}")
    ]


# --- the generated pages ----------------------------------------------------------------------


def test_the_generated_pages_are_what_the_code_says():
    result = _run(sys.executable, "tools/reference.py", "--check")
    assert result.returncode == 0, result.stderr


def test_every_setting_is_documented():
    documented = _headings(_read("settings.md"))
    assert [row.variable for _, row, _ in table() if row.variable not in documented] == []


def test_every_command_of_the_command_line_is_documented():
    documented = {heading for heading in _headings(_read("cli.md")) if " " in heading}
    assert documented >= set(_command_lines(cli))


def test_every_exported_name_is_documented():
    assert set(changeover.__all__) <= set(_headings(_read("python.md")))


# --- the pages that people wrote --------------------------------------------------------------


@pytest.fixture(scope="module")
def monitor():
    """A monitor that has something of everything to tell."""
    settings = Settings(store="memory", http=False)
    with changeover.Changeover(settings, clock=ManualClock()) as monitor:
        monitor.adapter.register("ping", legacy=print, new=print, category="utility")
        monitor.metrics.record_command_execution("ping", "ddd", 0.01, True)
        monitor.metrics.record_resource_usage()
        monitor.summary()
        yield monitor


@pytest.fixture(scope="module")
def endpoints(monitor):
    return create_app(monitor.readings()).openapi()["paths"]


def test_the_endpoints_documented_are_those_that_exist(endpoints):
    documented = re.findall(r"^## GET (\S+)$", _read("http.md"), re.MULTILINE)
    assert documented == list(endpoints)


def test_every_parameter_of_an_endpoint_is_documented(endpoints):
    sections = re.split(r"^## GET ", _read("http.md"), flags=re.MULTILINE)[1:]
    for section in sections:
        path = section.partition("\n")[0]
        parameters = endpoints[path]["get"].get("parameters", [])
        wanted = {p["name"] for p in parameters if p["in"] == "query"}
        assert set(re.findall(r"^\| `(\w+)` \|.*\|.*\|$", section, re.MULTILINE)) >= wanted, path


def test_every_code_of_an_error_is_documented():
    sources = (ROOT / "src/changeover/show").glob("*.py")
    text = "".join(source.read_text("utf-8") for source in sources)
    codes = set(re.findall(r'HTTPStatus\.\w+,\s+"(\w+)"', text))
    codes |= set(re.findall(r'_unauthorized\("(\w+)"', text))
    assert len(codes) >= 10
    assert {code for code in codes if f"`{code}`" not in _read("http.md")} == set()


def test_the_metrics_documented_are_those_that_are_exposed(monitor):
    text = exposition(monitor.readings(), ManualClock().wall_ns()).decode()
    exposed = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(text)
    }
    row = r"^\| `(changeover_\w+)` \| (\w+) \|([^|]*)\|"
    rows = re.findall(row, _read("prometheus.md"), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    # A machine without a limit, or a first sample, has nothing to tell of these.
    at_times = {
        "changeover_memory_limit_bytes",
        "changeover_cpu_machine_ratio",
        "changeover_cpu_core_ratio",
        "changeover_open_files",
        "changeover_event_loop_lag_seconds",
    }
    assert set(documented) - at_times == set(exposed) - at_times
    for name, family in exposed.items():
        kind, labels = documented[name]
        assert kind == family.type, name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == labels, name


def test_metrics_that_are_told_at_times_exist():
    source = (ROOT / "src/changeover/show/prometheus.py").read_text("utf-8")
    for name in re.findall(r"^\| `changeover_(\w+)`", _read("prometheus.md"), re.MULTILINE):
        assert name.removesuffix("_total") in source, name


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_a_route_is_documented(reason):
    assert f"| `{reason}` |" in _read("flags.md")


@pytest.mark.parametrize("outcome", changeover.Outcome)
def test_every_outcome_is_documented_with_whether_it_is_an_error(outcome):
    page = (DOCS / "explanation" / "figures.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{outcome}` \|.*$", page, re.MULTILINE)
    assert row.endswith("| yes |") is outcome.is_error


def test_every_reason_to_drop_a_record_is_documented(monitor):
    from changeover.store import writer

    page = (DOCS / "explanation" / "harmless.md").read_text("utf-8")
    reasons = {*monitor.metrics.dropped}
    reasons |= {writer.BACKLOG, writer.POISON, writer.ERROR, writer.STOPPED}
    assert {reason for reason in reasons if f"| `{reason}` |" not in page} == set()


def test_every_check_of_health_is_documented(monitor):
    names = {check.name for check in monitor.health().checks}
    assert {name for name in names if f"| `{name}` |" not in _read("http.md")} == set()


def _first_cells(page: str, heading: str) -> list[str]:
    """The first column of the table under a heading, where it is code."""
    section = re.split(rf"^#+ {re.escape(heading)}$", page, flags=re.MULTILINE)[1]
    section = re.split(r"^#", section, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_keys_and_metrics_of_rules_documented_are_those_that_are_accepted():
    page = _read("alerts.md")
    assert _first_cells(page, "Rule keys") == list(KEYS)
    assert _first_cells(page, "Metrics") == list(METRICS)


def test_the_built_in_rules_documented_are_those_that_there_are():
    names = {rule.name for rule in built_in_of(Settings())}
    assert set(_first_cells(_read("alerts.md"), "Rules")) == names


def test_the_keys_of_a_rehearsal_documented_are_those_that_are_accepted():
    page = (DOCS / "how-to" / "own-rules.md").read_text("utf-8")
    assert set(_first_cells(page, "Try it before you trust it")) == set(script.TEST_KEYS)
    for key in (*script.SERIES_KEYS, *script.EXPECT_KEYS, *script.BASELINE_KEYS, *script.STATES):
        assert f"`{key}`" in page, key


def test_every_decision_can_be_found():
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    for path in (DOCS / "adr").glob("*.md"):
        assert f"adr/{path.name}" in navigation


# --- the shape of the pages -------------------------------------------------------------------


@pytest.mark.parametrize("path", HOW_TOS, ids=_name)
def test_how_tos_end_with_verify_and_troubleshooting(path):
    sections = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert sections[-2:] == ["Verify", "Troubleshooting"]


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_setting_that_a_page_names_exists(path):
    known = {row.variable for _, row, _ in table()}
    known |= {f"{row.variable}_FILE" for _, row, _ in table() if row.secret}
    named = set(
        re.findall(r"\b(?:MONITORING|ALERT|HEALTH_CHECK)_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    )
    assert named - known == set()


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_pages_are_plain(path):
    text = path.read_text("utf-8")
    assert not re.search("[\U0001f000-\U0001faff\u2705\u274c\u26a0]", text), "no emoji"
    assert "TODO" not in text
    assert not re.search(r"\b(?:color|behavior|center|canceled|license[ds])\b", _prose(text)), (
        "British"
    )


def _prose(text: str) -> str:
    return re.sub(r"```.*?```|`[^`]*`|\([^)]*\)", "", text, flags=re.DOTALL)


def test_the_readme_has_a_length_that_people_read():
    assert 90 <= len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 140


def test_what_the_readme_links_to_exists():
    text = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / target).exists(), target


def test_the_picture_is_one():
    picture = (DOCS / "images" / "page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 1440


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_nobody_else(tmp_path):
    mkdocs = Path(sys.executable).with_name("mkdocs")
    result = _run(mkdocs, "build", "--strict", "--site-dir", tmp_path / "site")
    assert result.returncode == 0, result.stderr
    loading = re.compile(
        r"<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//"
    )
    for page in (tmp_path / "site").rglob("*.html"):
        assert not loading.search(page.read_text("utf-8")), page.name
