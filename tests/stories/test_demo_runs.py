"""`changeover demo`, as somebody runs it: the real bot, the page in a real browser, the end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


class Demo:
    """A running demo."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "changeover", "demo", "--rate", "40", *options]
        environ = os.environ | {"HEALTH_CHECK_PORT": "0", "MONITORING_DATA_DIR": str(folder)}
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = re.fullmatch(r"page +(http://127\.0\.0\.1:\d+/)#window=5m\n", line)[1]

    def ask(self, path: str) -> dict:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def wait_for(self, path: str, condition) -> dict:
        """Ask until it is as expected; the test's time limit ends it otherwise."""
        while not condition(answer := self.ask(path)):
            pass
        return answer


@pytest.fixture
def start_demo(tmp_path) -> Iterator:
    demos: list[Demo] = []

    def start(*options: str) -> Demo:
        demos.append(Demo(tmp_path, *options))
        return demos[-1]

    yield start
    for demo in demos:
        demo.process.kill()
        demo.process.wait()
        demo.process.stdout.close()


def total(answer: dict) -> int:
    return answer["command_executions"]["total"]


def test_it_shows_both_systems_at_work_and_ends_by_ctrl_c_with_exit_0(start_demo, tmp_path):
    demo = start_demo("--share", "50")
    told = demo.wait_for("health/commands?window=5m", lambda answer: total(answer) >= 200)
    systems = told["command_executions"]["systems"]
    assert systems["legacy"]["total"] > 50
    assert systems["ddd"]["total"] > 50
    outcomes = told["command_executions"]["by_outcome"]
    assert outcomes["ok"] > 100
    assert outcomes["user_error"] + outcomes["denied"] + outcomes["throttled"] > 0
    assert told["migration"]["total"] == told["migration"]["with_new"] == 18
    kinds = {row["kind"] for row in demo.ask("health/metrics/command_execution")["metrics"]}
    assert kinds == {"prefix", "slash"}
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=10) == 0
    assert "ended" in demo.process.stdout.read()
    lines = (
        (tmp_path / "alerts.log").read_text("utf-8") if (tmp_path / "alerts.log").exists() else ""
    )
    assert "error_rate" not in lines  # nothing of the bot's own fails


def test_what_is_made_to_fail_is_taken_back_and_somebody_is_told(start_demo, tmp_path):
    demo = start_demo("--enable", "personality", "--fail", "add=1", "--slow", "list=+200ms")
    told = demo.wait_for(
        "api/snapshot?window=5m",
        lambda answer: any(alert["rule"] == "rollback" for alert in answer["alerts"]["active"]),
    )
    (add,) = (row for row in told["commands"] if row["command"] == "add")
    assert add["share_percent"] == 0
    assert 0 < add["systems"]["ddd"]["errors"] < 20, "a few users saw it"
    assert {"add"} == {name for group in told["failures"] for name in group["commands"]}
    told = demo.wait_for("api/snapshot?window=5m", lambda answer: listed(answer)["total"] > 0)
    assert listed(told)["p50_ms"] > 100
    log = tmp_path / "alerts.log"
    while not log.exists() or not log.read_text("utf-8").endswith("\n"):
        pass
    told = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    rules = {"error_rate", "new_error_rate", "command_error_rate", "failed_commands", "rollback"}
    assert {line["type"] for line in told} <= rules
    assert told[0]["event"] == "firing"
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(timeout=10) == 0


def listed(answer: dict) -> dict:
    (row,) = (row for row in answer["commands"] if row["command"] == "list")
    return row["systems"]["ddd"]


def test_an_end_that_was_set_comes_with_exit_0(start_demo):
    demo = start_demo("--duration", "3s")
    assert demo.process.wait(timeout=30) == 0


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="left out: chromium is not installed")
def test_the_page_shows_the_bot_live_without_a_foreign_request_or_a_csp_violation(start_demo):
    from playwright.sync_api import sync_playwright

    demo = start_demo("--share", "50", "--fail", "add=1")
    demo.wait_for("health/commands?window=5m", lambda answer: total(answer) >= 100)
    requests, complaints = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(demo.url)
        page.wait_for_selector("canvas")
        page.get_by_text("volumetest", exact=True).first.wait_for()
        for name in ("5m", "24h", "30d", "1h"):
            page.locator(f"input[name=window][value='{name}']").check()
            page.wait_for_function(f"location.hash.includes('{name}')")
        page.goto(demo.url + "monitoring-dashboard.html")
        page.wait_for_selector("canvas")
        browser.close()
    assert {url.split("/")[2] for url in requests} == {demo.url.split("/")[2]}
    assert complaints == []
