"""A command's own page, and the alerts with what may be done about them."""

from __future__ import annotations

import re

import page_snapshots
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_command_is_opened_from_the_table_and_left_by_the_back_button(visit):
    page = visit.open("/#window=5m")
    page.locator("table.commands").get_by_role("link", name="reset").click()
    expect(page.get_by_role("heading", name="reset")).to_be_focused()
    assert page.url.endswith("#command=reset&window=5m")
    expect(page.locator("#values")).to_be_hidden()
    picture = page.get_by_role("img", name="How long calls take")
    expect(picture).to_have_attribute("aria-label", re.compile("Legacy: half within .* ms"))
    expect(page.locator("#command .judgement")).to_contain_text("9 of 41 executions failed")
    expect(page.locator("#command .evidence tbody tr")).to_have_count(4)
    expect(
        page.locator("#command .evidence tr", has_text="Fails more often than legacy")
    ).to_have_attribute("data-tone", "critical")
    expect(page.locator("#command .command-failures > section")).to_have_count(2)
    expect(page.locator("#command .command-charts canvas")).to_have_count(3)
    expect(page.locator("#chart-command-errors .plot")).to_have_attribute(
        "aria-label", re.compile("flip")
    )
    page.go_back()
    expect(page.locator("#values")).to_be_visible()
    expect(page.locator("#command")).to_be_hidden()
    assert page.url.endswith("#window=5m")
    assert visit.complaints == []


def test_a_commands_page_has_the_figures_of_both_systems_and_calls_them_as_the_page_does(visit):
    page = visit.open("/#command=reset&window=5m")
    executions = page.locator("#command .versus tbody tr", has_text="Executions").locator("td")
    expect(executions.nth(0)).to_have_text(re.compile(r"^[\d,]+$"))
    expect(executions.nth(1)).to_have_text(re.compile(r"^[\d,]+$"))
    tags = page.locator("#command .command-failures .tag", has_text="New")
    expect(tags.first.locator("i")).to_have_attribute("data-system", "new")


def test_the_window_is_switched_on_a_commands_page_and_it_is_read_again_while_looked_at(visit):
    page = visit.open("/#command=add&window=1h")
    expect(page.locator("#command .versus tbody tr")).to_have_count(7)
    asked = visit.server.asked["/api/commands/add"]
    page.get_by_role("radio", name="1 hour").press("ArrowRight")
    visit.drawn(page)
    assert page.url.endswith("#command=add&window=24h")
    page.wait_for_timeout(2500)
    assert visit.server.asked["/api/commands/add"] >= asked + 2
    page.get_by_role("link", name="All commands").click()
    expect(page.get_by_role("radio", name="24 hours")).to_be_checked()
    page.wait_for_timeout(300)
    asked = visit.server.asked["/api/commands/add"]
    page.wait_for_timeout(2300)
    assert visit.server.asked["/api/commands/add"] == asked


def test_a_command_that_nobody_knows_is_said_to_be_unknown(visit):
    page = visit.open("/#command=nothing")
    expect(page.locator("#command")).to_contain_text("Nobody knows a command of this name")
    expect(page.get_by_role("link", name="All commands")).to_be_visible()


OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def overflows(page, widths=(1440, 1024, 360)):
    """How far the page is too wide, at each width."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)  # the charts follow with the next frame
        found.append(page.evaluate(OVERFLOW))
    return found


def test_no_width_needs_sideways_scrolling_on_the_new_parts(visit):
    page = visit.open()
    page.locator(".expander").nth(2).click()
    expect(page.locator(".scope-table tbody tr")).to_have_count(4)
    assert max(overflows(page)) <= 0
    page.locator(".scope-table a.name").last.click()
    expect(page.locator("#command .evidence tbody tr")).to_have_count(4)
    assert max(overflows(page)) <= 0
    assert page.evaluate("violations") == []
    assert visit.foreign == []
    assert visit.complaints == []


def test_hostile_text_is_text_on_the_new_parts_too(visit):
    visit.server.make = page_snapshots.hostile
    page = visit.open()
    expect(page.locator("#moves > li")).to_have_count(len(page_snapshots.HOSTILE))
    expect(page.locator("#flips > li")).to_have_count(len(page_snapshots.HOSTILE))
    expect(page.locator("#stopped")).to_contain_text("<img src=x onerror=alert(1)>")
    page.locator(".expander").first.click()
    expect(page.locator(".scope-table tbody tr")).to_have_count(len(page_snapshots.HOSTILE))
    page.locator("#moves [data-verb='stage.hold'], #moves [data-verb='stage.resume']").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("<img src=x onerror=alert(1)>")
    page.keyboard.press("Escape")
    assert page.locator("a.runbook[href]").count() == 0, "javascript: is no runbook"
    assert page.locator("main img").count() == 0
    assert "\u202e" not in page.content()
    assert max(overflows(page)) <= 0
    page.locator(".scope-table a.name").nth(3).click()
    expect(page.locator("#command h2").first).to_have_text("safe⟨202E⟩gpj.exe")
    expect(page.locator("#command .versus")).to_be_visible()
    assert max(overflows(page)) <= 0
    assert page.evaluate("violations") == []
    assert visit.foreign == []
    assert visit.complaints == []


def failing(window, now):
    return page_snapshots.busy(window, now, failing=True)


def test_an_alert_is_acknowledged_and_silenced_and_shows_its_runbook(visit):
    visit.server.make = failing
    page = visit.open()
    first = page.locator("#alerts > li").first
    expect(first.get_by_role("link", name="Runbook")).to_have_attribute(
        "href", "https://wiki.example/runbooks/add"
    )
    expect(page.locator("#alerts > li").nth(1)).to_contain_text("Acknowledged by ada")
    expect(page.locator("#alerts > li").nth(1)).to_contain_text("Silenced")
    expect(page.locator("#alerts > li").nth(1).get_by_role("button")).to_have_count(0)
    dialog = page.get_by_role("dialog")
    first.get_by_role("button", name="Acknowledge").click()
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(dialog).to_be_hidden()
    page.locator("#firing").get_by_role("button", name="Silence").click()
    expect(dialog).to_contain_text("command=add, system=ddd")
    dialog.get_by_label("For how long").select_option("4h")
    dialog.get_by_label("Reason").fill("known")
    dialog.get_by_role("button", name="Silence").click()
    expect(dialog).to_be_hidden()
    ack, silence = visit.server.desk.orders
    assert (ack["verb"], ack["subject"]) == ("alert.ack", "error_rate{command=add}")
    assert silence["values"] == {
        "rule": "error_rate",
        "labels": {"command": "add", "system": "ddd"},
        "for": "4h",
    }


def test_silences_and_maintenance_are_ended_and_begun(visit):
    page = visit.open()
    dialog = page.get_by_role("dialog")
    rows = page.locator("#quiet > li")
    expect(rows).to_have_count(2)
    for row in range(2):
        rows.nth(row).get_by_role("button", name="End").click()
        dialog.get_by_role("button", name="End it").click()
        expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Begin maintenance").click()
    dialog.get_by_label("Reason").fill("new disk")
    dialog.get_by_role("button", name="Begin").click()
    expect(dialog).to_be_hidden()
    orders = visit.server.desk.orders
    assert [(order["verb"], order["subject"]) for order in orders] == [
        ("alert.unsilence", "s1"),
        ("maintenance.end", "m1"),
        ("maintenance.add", ""),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", orders[-1]["values"]["until"])


def test_channels_say_what_is_wrong_and_past_alerts_are_filtered(visit):
    page = visit.open()
    email = page.locator("#channels > li", has_text="email")
    expect(email).to_contain_text("Failing")
    expect(email).to_contain_text("12 messages wait, the oldest for 1h 6m")
    expect(email).to_contain_text("did not answer within 10 s")
    expect(page.locator("#channel-count")).to_have_text("2 of 4 not working")
    page.get_by_label("Filter past alerts").fill("memory")
    expect(page.locator("#past > li")).to_have_count(1)
    page.get_by_label("Filter past alerts").fill("nothing")
    expect(page.locator("#past-empty")).to_be_visible()
