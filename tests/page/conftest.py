"""Fixtures of the page's tests: a server of canned snapshots, and a real browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests, in importlib mode

from page_server import PageServer

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@pytest.fixture
def server() -> Iterator[PageServer]:
    """A running server with a busy bot's snapshots."""
    running = PageServer()
    running.start()
    yield running
    running.close()


@pytest.fixture(scope="module")  # while it is open its event loop runs, and no other test's may
def chromium() -> Iterator[Any]:
    """One browser for the tests of a file; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no {CHROMIUM} on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Visit:
    """Pages opened by one test, and everything they complained about."""

    def __init__(self, browser: Any, server: PageServer) -> None:
        self._browser = browser
        self.server = server
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self._contexts: list[Any] = []

    def blank(self, *, width: int = 1440, height: int = 900, scheme: str = "dark") -> Any:
        """A page of its own context that has not gone anywhere yet."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(8000)
        context.add_init_script(WATCH)
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", self._on_request)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("a dialog"), dialog.dismiss()))
        return page

    def open(self, path: str = "/", **how: Any) -> Any:
        """A page that has drawn its first snapshot."""
        page = self.blank(**how)
        page.goto(self.server.url + path)
        self.drawn(page)
        return page

    def drawn(self, page: Any) -> None:
        """Waits for the first snapshot to be on the page."""
        page.wait_for_selector("#main[aria-busy=false]")
        page.wait_for_selector("#live[data-phase=live]")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.server.url, "data:")):
            self.foreign.append(request.url)

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visit(chromium: Any, server: PageServer) -> Iterator[Visit]:
    """Opens pages on `server`."""
    visiting = Visit(chromium, server)
    yield visiting
    visiting.close()
