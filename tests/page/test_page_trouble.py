"""The page when something is wrong: it says so, hides nothing, and recovers by itself."""

from __future__ import annotations

import re

import page_snapshots
import pytest
from page_server import PageServer
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_an_error_of_the_server_is_called_stale_and_passes_by_itself(visit):
    page = visit.open()
    visit.server.mode = 500
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text(re.compile(r"Stale since \d\d:\d\d:\d\d"))
    expect(trouble).to_contain_text("error 500")
    expect(page.locator("#live")).to_have_attribute("data-phase", "stale")
    expect(page.locator("#health")).to_contain_text("Unknown")
    expect(page.locator("#announcer")).to_contain_text("Stale since")
    expect(page.locator("html.is-stale")).to_have_count(1)
    expect(page.locator("#card-commands .figure")).to_contain_text(re.compile(r"\d"))
    visit.server.mode = "ok"
    expect(trouble).to_be_hidden()
    expect(page.locator("html.is-stale")).to_have_count(0)
    expect(page.locator("#health")).to_contain_text("Healthy")
    visit.drawn(page)


def test_a_server_that_goes_away_and_comes_back_is_found_again(visit):
    page = visit.open()
    port = int(visit.server.url.rpartition(":")[2])
    visit.server.close()
    expect(page.locator("#trouble")).to_contain_text("does not answer")
    again = PageServer(port)
    again.start()
    try:
        visit.drawn(page)
        expect(page.locator("#trouble")).to_be_hidden()
    finally:
        again.close()


def test_numbers_that_stand_still_are_called_stale_though_the_server_answers(visit):
    page = visit.blank()
    page.clock.install()
    page.goto(visit.server.url)
    visit.drawn(page)
    visit.server.mode = "frozen"
    page.wait_for_timeout(500)
    page.clock.fast_forward(20_000)
    expect(page.locator("#trouble")).to_contain_text("no new numbers", ignore_case=True)
    visit.server.mode = "ok"
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_refusal_names_401_and_is_tried_again_only_when_asked(visit):
    visit.server.mode = 401
    page = visit.blank()
    page.goto(visit.server.url)
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("Access denied")
    expect(trouble).to_contain_text("401")
    asked = visit.server.asked["/api/stream"]
    page.wait_for_timeout(700)
    assert visit.server.asked["/api/stream"] == asked == 1
    visit.server.mode = "ok"
    trouble.get_by_role("button", name="Try again").click()
    visit.drawn(page)
    expect(trouble).to_be_hidden()


def test_without_a_first_answer_it_says_so_and_shows_no_figures(visit):
    visit.server.mode = 503
    page = visit.blank()
    page.goto(visit.server.url)
    expect(page.locator("#trouble")).to_contain_text("No connection")
    expect(page.locator("#cards .stat")).to_have_count(0)


def test_where_streams_are_not_to_be_had_it_polls(visit):
    visit.server.mode = "no_stream"
    page = visit.open()
    asked = visit.server.asked["/api/snapshot"]
    page.wait_for_timeout(4500)
    assert visit.server.asked["/api/snapshot"] > asked
    expect(page.locator("#trouble")).to_be_hidden()


def test_another_schema_asks_for_a_reload_instead_of_showing_nonsense(visit):
    visit.server.make = lambda window, now: {
        **page_snapshots.busy(window, now),
        "schema_version": 2,
    }
    page = visit.blank()
    page.goto(visit.server.url)
    expect(page.locator("#trouble")).to_contain_text("reload")


def test_no_data_is_grey_and_never_zero_percent_or_green(visit):
    visit.server.make = page_snapshots.empty
    page = visit.open()
    for card in ("commands", "response", "errors", "memory", "lag"):
        node = page.locator(f"#card-{card}")
        expect(node.locator(".figure")).to_have_text("No data")
        expect(node).to_have_attribute("data-tone", "none")
        assert node.locator("[data-tone=ok]:visible").count() == 0
    expect(page.locator("#card-errors .rows")).not_to_contain_text("%")
    expect(page.locator("#charts .empty:visible")).to_have_count(4)
    body = page.locator("body").inner_text()
    assert not re.search(r"NaN|Infinity|undefined|null|\[object", body)
    assert visit.complaints == []


def test_a_store_that_is_away_leaves_the_rest_standing(visit):
    def away(window, now):
        snapshot = page_snapshots.busy(window, now)
        timeline = {"step_s": 0.0, "start": [], "systems": {"legacy": {}, "ddd": {}}}
        return snapshot | {
            "timeline": timeline | {"memory_mb": [], "loop_lag_ms": []},
            "failures": [],
            "unavailable": ["timeline", "failures"],
            "migration": snapshot["migration"] | {"total": 0, "percent": None},
        }

    visit.server.make = away
    page = visit.open()
    expect(page.locator("#chart-commands .empty")).to_contain_text("The store is away")
    expect(page.locator("#failures-empty")).to_contain_text("The store is away")
    expect(page.locator("table.commands tbody tr")).to_have_count(18)
    assert visit.complaints == []


@pytest.mark.parametrize("width", [360, 1024, 1440])
def test_hostile_names_are_text_and_nothing_else(visit, width):
    visit.server.make = page_snapshots.hostile
    page = visit.open(width=width)
    page.locator("#failures summary").first.click()
    names = page.locator("table.commands tbody th .name").all_text_contents()
    assert "<img src=x onerror=alert(1)>" in names
    assert "__proto__" in names
    assert "constructor" in names
    assert "safe⟨202E⟩gpj.exe" in names, "what turns the direction of text is made visible"
    assert len(names) == len(page_snapshots.HOSTILE)
    assert page.locator("main img").count() == 0
    assert "\u202e" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate("violations") == []
    assert visit.foreign == []
    assert visit.complaints == []


def test_a_system_nobody_announced_is_shown_and_so_are_calls_without_one(visit):
    visit.server.make = page_snapshots.hostile
    page = visit.open()
    expect(page.locator("#card-commands .rows")).to_contain_text("__proto__")
    expect(page.locator("#card-commands .rows")).to_contain_text("Unknown")
    expect(page.locator("#chart-commands .keys")).to_contain_text("__proto__")
    expect(page.locator("thead th[data-column='calls:__proto__']")).to_have_count(1)
    visit.server.make = page_snapshots.busy
    expect(page.locator("thead th[data-column='calls:__proto__']")).to_have_count(0)
    expect(page.locator("#charts .chart")).to_have_count(4)


def test_firing_alerts_stand_on_top_in_the_title_and_leave_when_resolved(visit):
    visit.server.make = lambda window, now: page_snapshots.busy(window, now, failing=True)
    page = visit.open()
    expect(page.locator("#firing")).to_contain_text("Critical")
    expect(page.locator("#firing")).to_contain_text("now 6.2%, threshold 1%")
    expect(page).to_have_title("(1) Changeover")
    expect(page.locator("#announcer")).to_contain_text("1 firing")
    expect(page.locator("#alerts")).to_contain_text("Pending")
    expect(page.locator("#card-errors .chip")).to_contain_text("above 1%")
    expect(page.locator("#health")).to_contain_text("store: locked for 31 s")
    visit.server.make = page_snapshots.busy
    expect(page.locator("#firing")).to_be_hidden()
    expect(page).to_have_title("Changeover")


def test_thresholds_are_those_of_the_alerts(visit):
    def strict(window, now):
        snapshot = page_snapshots.busy(window, now)
        thresholds = {"error_rate": 0.0005, "response_time_ms": 100, "memory_mb": 90}
        snapshot["alerts"] |= {"thresholds": thresholds}
        return snapshot

    visit.server.make = strict
    page = visit.open()
    expect(page.locator("#card-errors .chip")).to_contain_text("above 0.05%")
    expect(page.locator("#card-memory .chip")).to_contain_text("above 90 MB")
    expect(page.locator("#rules")).to_contain_text("response time 100 ms")


def test_a_misspelt_flag_is_warned_of_with_the_nearest_name(visit):
    page = visit.open()
    flag = page.locator("#flags > li", has_text="persnality")
    expect(flag).to_contain_text("did you mean ddd.commands.personality?")
    expect(page.locator("#flags .chip:visible")).to_have_count(1)


def test_a_flag_that_nobody_set_is_told_from_one_that_is_off(visit):
    page = visit.open()
    flag = page.locator("#flags > li").filter(
        has=page.get_by_text("ddd.commands.personality", exact=True)
    )
    expect(flag).to_contain_text("Not set")


def test_drops_are_counted_in_the_footer(visit):
    visit.server.make = lambda window, now: {
        **page_snapshots.busy(window, now),
        "dropped": {"queue_full": 12, "invalid": 0},
    }
    page = visit.open()
    expect(page.locator("#footer")).to_contain_text("12 queue full")
