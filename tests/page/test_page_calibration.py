"""The panel of the newest calibration: loaded late, only where there is one."""

from __future__ import annotations

import re

import page_snapshots
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def never_calibrated(window, now):
    """A bot of which nobody asked how far its judge can be trusted."""
    return page_snapshots.busy(window, now) | {"calibration": None}


def test_a_calibration_says_how_soon_faults_are_found_and_is_loaded_only_where_there_is_one(visit):
    visit.server.make = never_calibrated
    page = visit.open()
    expect(page.locator("#flips > li").first).to_be_visible()
    expect(page.locator("#calibration")).to_be_hidden()
    assert visit.server.asked["/static/calibration.js"] == 0
    visit.server.make = page_snapshots.busy
    panel = page.locator("#calibration")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("0 of 60")
    expect(panel).to_contain_text("at most 4.87%, asked for 1%")
    rows = panel.locator(".detections > li")
    expect(rows).to_have_count(8)
    hard, missed = rows.first, rows.last
    expect(hard).to_contain_text("a command always fails")
    expect(hard.locator("b")).to_have_text("7")
    expect(hard).to_have_attribute("title", re.compile("found in 20 of 20 runs, half within 7"))
    expect(missed.locator("b")).to_have_text("6 of 20 runs")
    expect(missed).to_have_attribute("data-tone", "warning")
    assert missed.locator(".detection-bar").is_hidden()
    lengths = [rows.nth(i).locator(".detection-bar").bounding_box()["width"] for i in (0, 2, 3)]
    assert lengths == sorted(lengths)
    for width in (1440, 1024, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    visit.server.make = page_snapshots.hostile
    expect(rows.first).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img").count() == 0
    assert page.evaluate("violations") == []
    assert visit.foreign == []
    assert visit.complaints == []
