"""How long somebody who opens the page waits for the first chart, in headless chromium."""

from __future__ import annotations

import shutil
from statistics import median

from playwright.sync_api import sync_playwright

from bench.figure import Figure
from bench.subject import running

LOADS = 15
FLAGS = [
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FIRST_CHART = "performance.getEntriesByName('changeover:first-chart')[0]?.startTime"


def run() -> list[Figure]:
    """Each load in a fresh context, so that nothing is cached."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return [
            Figure("first chart on the page", float("nan"), "ms", 400, ok=True, note="no chromium")
        ]
    waited_ms = []
    with running("on") as subject, sync_playwright() as playwright:
        subject.send(2_000)
        subject.report()
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for _ in range(LOADS + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.goto(subject.start["url"])
            page.wait_for_function(f"{FIRST_CHART} !== undefined")
            waited_ms.append(page.evaluate(FIRST_CHART))
            context.close()
        browser.close()
    warm = waited_ms[1:]  # the first load warms chromium itself up
    note = f"median of {LOADS} loads, {min(warm):.0f} to {max(warm):.0f} ms"
    return [Figure.of("first chart on the page", median(warm), "ms", limit=400, note=note)]
