"""The page in a real browser: everything is shown, it moves, and it asks nobody else."""

from __future__ import annotations

import re

import page_snapshots
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WIDTHS = (360, 768, 1024, 1440)


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("path", ["/", "/monitoring-dashboard.html", "/mounted/here/"])
def test_it_shows_every_part_without_a_foreign_request_or_a_violation(visit, path):
    page = visit.open(path)
    expect(page.locator("#cards .stat")).to_have_count(5)
    expect(page.locator("#charts canvas")).to_have_count(4)
    expect(page.locator("table.commands tbody tr")).to_have_count(18)
    expect(page.locator("#flags > li")).to_have_count(7)
    expect(page.locator("#past > li")).to_have_count(2)
    expect(page.locator("#moves > li")).to_have_count(4)
    expect(page.locator("#flips > li")).to_have_count(7)
    expect(page.locator("#channels > li")).to_have_count(4)
    expect(page.locator("#failures > li")).to_have_count(3)
    expect(page.locator("#migration .segment")).to_have_count(18)
    page.locator("#chart-commands .plot").hover()
    page.locator("#theme").click()
    page.locator("#health").click()
    expect(page.locator("#check-list li").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#failures summary").first.click()
    assert page.evaluate("violations") == []
    assert visit.foreign == []
    assert visit.complaints == []


def test_the_figures_are_those_of_the_snapshot(visit):
    def fixed(window, now):
        snapshot = page_snapshots.busy(window, now)
        snapshot["totals"] = page_snapshots.stats(12_345, 25, 48.2, 1234.0)
        snapshot["by_system"]["ddd"] = page_snapshots.stats(345, 5, 40.0, 150.0)
        return snapshot

    visit.server.make = fixed
    page = visit.open()
    expect(page.locator("#card-commands .figure")).to_contain_text("12,345")
    expect(page.locator("#card-response .figure")).to_contain_text("1.23s")
    expect(page.locator("#card-errors .figure")).to_contain_text("0.2%")
    expect(page.locator("#card-errors .chip")).to_contain_text("within 1%")
    expect(page.locator("#card-errors .rows > div").nth(1)).to_contain_text("1.45%")
    expect(page.locator("#card-memory .figure")).to_contain_text("184MB")
    expect(page.locator("#migration")).to_contain_text("6 of 18 commands on new")
    expect(page.locator("#migration")).to_contain_text("missing: volumetest")


def test_the_stream_opened_before_the_modules_came_is_the_only_one(visit):
    page = visit.open("/#window=5m")
    expect(page.get_by_role("radio", name="5 minutes")).to_be_checked()
    assert visit.server.windows == ["5m"]
    assert visit.server.streams == 1
    page.close()
    other = visit.blank()
    wait_for(other, lambda: visit.server.streams == 0)


def test_new_numbers_come_by_themselves(visit):
    page = visit.open()
    visit.server.make = lambda window, now: {
        **page_snapshots.busy(window, now),
        "totals": page_snapshots.stats(777),
    }
    expect(page.locator("#card-commands .figure")).to_contain_text("777", timeout=2000)


def test_the_window_is_switched_by_keyboard_and_kept_in_the_address(visit):
    page = visit.open()
    page.get_by_role("radio", name="1 hour").focus()
    page.keyboard.press("ArrowRight")
    visit.drawn(page)
    assert page.url.endswith("#window=24h")
    expect(page.get_by_role("radio", name="24 hours")).to_be_checked()
    page.reload()
    visit.drawn(page)
    assert visit.server.windows == ["1h", "24h", "24h"]
    page.evaluate("location.hash = 'window=5m'")
    expect(page.get_by_role("radio", name="5 minutes")).to_be_checked()


def test_an_unknown_window_in_the_address_becomes_one_hour(visit):
    visit.open("/#window=99y")
    assert visit.server.windows == ["1h"]


def rows(page):
    return page.locator("table.commands tbody tr th .name").all_text_contents()


def test_the_table_is_sorted_by_keyboard(visit):
    page = visit.open()
    head = page.locator("thead th[data-column='calls:legacy']")
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert rows(page)[0] == "info"
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert rows(page)[-1] == "info"
    page.get_by_role("button", name="Sort by Command").press(" ")
    assert rows(page) == sorted(rows(page))
    assert page.locator("[aria-sort]").count() == 1


def test_missing_values_are_sorted_last_both_ways(visit):
    page = visit.open()
    button = page.locator("thead th[data-column='delta'] button")
    for _ in range(2):
        button.click()
        shown = page.locator("tbody td[data-column='delta']").all_text_contents()
        assert shown[-1] == "\u2013"
        assert shown[0] != "\u2013"


def test_slash_goes_to_the_filter_which_knows_names_and_categories(visit):
    page = visit.open()
    page.keyboard.press("/")
    page.keyboard.type("auth")
    assert set(rows(page)) == {"auth", "verify"}
    expect(page.locator("#command-count")).to_have_text("2 of 18")
    page.locator("#filter").fill("nothing like it")
    expect(page.locator("#commands-empty")).to_have_text("No command fits the filter")


def test_thirty_updates_do_not_grow_the_document_and_keep_the_zoom(visit):
    visit.server.interval_s = 0.1
    page = visit.open()
    page.locator("#chart-errors").scroll_into_view_if_needed()
    box = page.locator("#chart-response .u-over").bounding_box()
    y = box["y"] + 40
    page.mouse.move(box["x"] + 100, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, y, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)
    resets = page.locator(".reset:visible")
    expect(resets).to_have_count(4)
    count = "document.querySelectorAll('*').length"
    page.wait_for_timeout(150)  # the cursor's traces are gone with the next frame
    before, sent = page.evaluate(count), visit.server.sent
    while visit.server.sent < sent + 30:
        page.wait_for_timeout(100)
    assert page.evaluate(count) == before
    expect(resets).to_have_count(4)
    resets.first.click()
    expect(resets).to_have_count(0)


def test_a_hidden_tab_closes_the_stream_and_resumes_at_once(visit):
    page = visit.open()
    pretend = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(pretend, arg=True)
    wait_for(page, lambda: visit.server.streams == 0)
    opened = len(visit.server.windows)
    page.evaluate(pretend, arg=False)
    wait_for(page, lambda: visit.server.streams == 1)
    visit.drawn(page)
    assert len(visit.server.windows) == opened + 1


def test_pausing_closes_the_stream_until_resumed(visit):
    page = visit.open()
    page.locator("#live").click()
    expect(page.get_by_role("button", name="Paused", description="Resume")).to_be_visible()
    wait_for(page, lambda: visit.server.streams == 0)
    page.locator("#live").click()
    visit.drawn(page)
    expect(page.get_by_role("button", name="Live", description="Pause")).to_be_visible()


def wait_for(page, is_so):
    for _ in range(80):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("did not come to be within 4 s")


def test_the_theme_follows_the_system_until_it_is_chosen(visit):
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit.open(scheme="dark")
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Switch to the light theme").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    visit.drawn(page)
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Switch to the dark theme").click()
    page.emulate_media(color_scheme="light")
    assert page.evaluate(ground) == light, "the system's own theme is followed again"


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_needs_sideways_scrolling(visit, width):
    visit.server.make = lambda window, now: page_snapshots.busy(window, now, failing=True)
    page = visit.open(width=width)
    assert overflow(page) <= 0


def test_charts_follow_the_width(visit):
    page = visit.open(width=1440)
    canvas = page.locator("#chart-commands canvas")
    wide = canvas.bounding_box()["width"]
    page.set_viewport_size({"width": 360, "height": 780})
    wait_for(page, lambda: canvas.bounding_box()["width"] < wide / 1.5)
    assert overflow(page) <= 0


def test_a_chart_is_read_by_keyboard_and_says_where_nothing_was_measured(visit):
    page = visit.open()
    chart = page.locator("#chart-response .plot")
    chart.focus()
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-label", re.compile(r"Legacy \d+ ms"))
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-label", re.compile("no data"))
    sent = visit.server.sent
    wait_for(page, lambda: visit.server.sent > sent + 2)
    expect(chart).to_have_attribute("aria-label", re.compile("no data"))
    chart.blur()
    expect(chart).to_have_attribute("aria-label", re.compile("over time"))
