"""A real browser: it logs in, its cookie is out of reach, and a foreign page gets nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CHROMIUM = "/usr/bin/chromium"
HAS_CHROMIUM = Path(CHROMIUM).exists()
ARGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]
ORDER = {"verb": "flag.set", "subject": "ddd.commands.add", "values": {"value": "on"}}
POST = """async ([url, body, options]) => {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      ...options,
    });
    return answer.status;
  } catch (error) {
    return String(error);
  }
}"""
FORM = """(url) => {
  const form = document.createElement("form");
  form.method = "POST";
  form.action = url;
  form.enctype = "text/plain";
  const field = document.createElement("input");
  field.name = '{"verb":"flag.set","subject":"ddd.commands.add","values":{"value":"on"},"reason":"';
  field.value = '"}';
  form.append(field);
  document.body.append(form);
  form.submit();
}"""


@pytest.fixture
async def tab():
    """A tab of a new browser."""
    playwright = pytest.importorskip("playwright.async_api")
    if not HAS_CHROMIUM:
        pytest.skip(f"no {CHROMIUM} on this machine")
    async with playwright.async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield await browser.new_page()
        await browser.close()


@pytest.fixture
async def foreign():
    """The port of another program on this machine, with a page of its own."""
    app = web.Application()

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><p>evil", content_type="text/html")

    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site._server.sockets[0].getsockname()[1]
    await runner.cleanup()


async def test_a_browser_logs_in_orders_and_logs_out(steered, rights, tab):
    await tab.goto(steered.server.url)
    assert await tab.evaluate(POST, ["api/orders", ORDER, {}]) == 401
    assert await tab.evaluate(POST, ["api/login", {"token": rights.token()}, {}]) == 200
    assert await tab.evaluate("document.cookie") == ""
    (cookie,) = await tab.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert await tab.evaluate(POST, ["api/orders", ORDER, {}]) == 200
    assert await tab.evaluate(POST, ["api/logout", {}, {}]) == 200
    assert await tab.context.cookies() == []
    assert await tab.evaluate(POST, ["api/orders", ORDER, {}]) == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])  # the same site, and another
async def test_a_page_of_another_origin_changes_nothing(steered, rights, tab, foreign, host):
    await tab.goto(steered.server.url)
    await tab.evaluate(POST, ["api/login", {"token": rights.token()}, {}])
    await tab.goto(f"http://{host}:{foreign}/")
    url = f"{steered.server.url}api/orders"
    for options in (
        {"credentials": "include"},
        {"credentials": "include", "mode": "no-cors", "headers": {"Content-Type": "text/plain"}},
    ):
        assert await tab.evaluate(POST, [url, ORDER, options]) in {
            "TypeError: Failed to fetch",  # what the browser itself keeps back
            0,  # sent, and nothing of the answer is shown
        }
    async with tab.expect_navigation():
        await tab.evaluate(FORM, url)
    assert '"error"' in await tab.content()
    assert rights.state.read("flag") == {}
    assert {row[1] for row in rights.audit()[1:]} <= {
        "refused: 403 foreign_origin",
        "refused: 403 cross_site",
    }
    assert len(rights.audit()) > 1
