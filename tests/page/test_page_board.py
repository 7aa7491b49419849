"""The board of the move, what people order on it, and the timeline of what they did."""

from __future__ import annotations

import re

import page_moves
import page_snapshots
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def row(page, scope):
    return page.locator("#moves > li").filter(
        has=page.locator(".expander .name", has_text=re.compile(f"^{scope}$"))
    )


def ask(page, scope, action):
    """Opens the dialog of a button and returns it."""
    row(page, scope).get_by_role("button", name=re.compile(f"^{action}.*: {scope}$")).click()
    return page.get_by_role("dialog")


def test_a_row_says_where_a_scope_stands_what_it_waits_for_and_what_the_judge_says(visit):
    page = visit.open()
    conversation = row(page, "conversation")
    expect(conversation.locator(".ladder")).to_have_attribute("aria-label", "Ramp, 10% on new")
    expect(conversation).to_contain_text("Waits for 37 more executions of reset")
    expect(conversation).to_contain_text("Rolled back reset")
    expect(conversation).to_contain_text("1 roll back so far")
    expect(conversation.locator(".verdict .chip")).to_have_text("Roll back")
    expect(conversation.locator(".verdict-why")).to_contain_text("reset: 9 of 41 executions failed")
    expect(conversation.get_by_role("img", name="acts at 400 to 1").first).to_be_visible()
    expect(row(page, "personality")).to_contain_text("Held by ada: “after the release")
    expect(row(page, "personality").locator(".ladder")).to_have_attribute(
        "aria-label", "Off, 0% on new, next would be 1%, held"
    )
    expect(row(page, "utility").locator(".rung.current")).to_have_text("guarded")


def test_a_row_opens_by_keyboard_to_its_commands_and_stays_open_while_numbers_move(visit):
    page = visit.open()
    expander = row(page, "conversation").get_by_role("button", name="conversation", exact=True)
    expander.press("Enter")
    expect(expander).to_have_attribute("aria-expanded", "true")
    commands = page.get_by_role("table", name="Commands of conversation")
    expect(commands.get_by_role("rowheader")).to_have_count(4)
    reset = commands.get_by_role("row").filter(has_text="reset")
    expect(reset.get_by_role("img", name="Legacy 0.26%, between 0%")).to_be_visible()
    expect(reset).to_contain_text("320 ms")
    sent = visit.server.sent
    while visit.server.sent < sent + 3:
        page.wait_for_timeout(50)
    expect(commands).to_be_visible()
    expander.press("Enter")
    expect(commands).to_be_hidden()


def test_a_step_up_against_the_plan_is_only_forced_by_whoever_says_so(visit):
    page = visit.open()
    for choice in ("Change nothing", "Go up all the same"):
        dialog = ask(page, "conversation", "Advance")
        expect(dialog).to_contain_text("The plan still waits for 37 more executions of reset")
        dialog.get_by_label("Reason").fill("it is small")
        dialog.get_by_label("If the plan still waits").select_option(choice)
        dialog.get_by_role("button", name="Advance").click()
        expect(dialog).to_be_hidden()
    values = [order["values"] for order in visit.server.desk.orders]
    assert values == [{}, {"force": True}]


def test_a_person_who_rolls_back_is_told_that_it_is_held_then(visit):
    page = visit.open()
    expect(ask(page, "conversation", "Roll back")).to_contain_text("until somebody resumes it")


def test_an_order_says_what_will_happen_needs_a_reason_and_sends_the_version_that_was_seen(visit):
    page = visit.open()
    dialog = ask(page, "authentication", "Approve 100%")
    expect(dialog).to_contain_text("may go from 50% to 100%")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.get_by_role("button", name="Approve the next step").click()
    expect(dialog.get_by_role("alert")).to_have_text("Reason is missing.")
    assert visit.server.desk.orders == []
    page.keyboard.type("two quiet days")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert visit.server.desk.orders == [
        {
            "verb": "stage.approve",
            "subject": "authentication",
            "reason": "two quiet days",
            "expected": 12,
            "values": {},
        }
    ]
    expect(page.locator("#announcer")).to_have_text("Approve the next step: done")


def test_what_changed_meanwhile_is_said_and_the_next_attempt_is_about_the_new_state(visit):
    page = visit.open()
    told = {"code": "changed", "message": "authentication is at 25 % since 12:03, by auto"}
    visit.server.desk.answers = [(409, {"error": told})]
    dialog = ask(page, "authentication", "Roll back")
    expect(dialog).to_contain_text("Now: Ramp, 50% on new.")

    def later(window, now):
        snapshot = page_snapshots.busy(window, now)
        snapshot["moves"][1] |= {"share_percent": 25.0, "version": 13}
        return snapshot

    visit.server.make = later
    dialog.get_by_label("Reason").fill("replies are empty")
    dialog.get_by_role("button", name="Roll back").click()
    refusal = dialog.get_by_role("alert")
    expect(refusal).to_have_text(f"Changed meanwhile: {told['message']}")
    expect(dialog).to_contain_text("Now: Ramp, 25% on new.")
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog).to_be_hidden()
    assert [order["expected"] for order in visit.server.desk.orders][1:] == [13]
    unexpected = [said for said in visit.complaints if "409" not in said]
    assert unexpected == []


def test_a_refusal_is_told_in_plain_words_and_keeps_what_was_typed(visit):
    page = visit.open()
    openings = {
        403: "You may not do this",
        404: "This is not there any more",
        422: "This cannot be done as things are",
        503: "The monitor cannot do this now",
    }
    problem = {"error": {"code": "x", "message": "<b>because</b>"}}
    visit.server.desk.answers = [(status, problem) for status in openings]
    dialog = ask(page, "utility", "Hold")
    dialog.get_by_label("Reason").fill("wait")
    for opening in openings.values():
        dialog.get_by_role("button", name="Hold").click()
        expect(dialog.get_by_role("alert")).to_have_text(f"{opening}: <b>because</b>")
        expect(dialog.get_by_label("Reason")).to_have_value("wait")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_stop_is_one_button_and_a_confirmation_and_is_lifted_from_its_banner(visit):
    page = visit.open(width=360, height=780)
    page.evaluate("scrollTo(0, 3000)")
    page.get_by_role("button", name="Emergency stop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Every command of every user goes to legacy")
    dialog.get_by_label("Reason").fill("replies come twice")
    dialog.get_by_role("button", name="Stop now").click()
    expect(dialog).to_be_hidden()
    by = {"actor": "user:ada", "reason": "replies come twice"}
    visit.server.make = lambda window, now: (
        page_snapshots.busy(window, now) | {"stopped": {"at": page_snapshots.iso(now)} | by}
    )
    banner = page.locator("#stopped")
    expect(banner).to_contain_text("by ada: “replies come twice”")
    expect(page.locator("#announcer")).to_contain_text("Emergency stop")
    expect(page.get_by_role("button", name="Emergency stop")).to_be_hidden()
    banner.get_by_role("button", name="Lift the stop").click()
    dialog.get_by_label("Reason").fill("it was the database")
    dialog.get_by_role("button", name="Lift the stop").click()
    expect(dialog).to_be_hidden()
    assert [order["verb"] for order in visit.server.desk.orders] == ["stop", "start"]
    visit.server.make = page_snapshots.busy
    expect(banner).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_stranger_has_no_buttons_until_logged_in_and_none_after_logging_out(visit):
    visit.server.desk.role = None
    page = visit.open()
    log_in = page.get_by_role("button", name="Log in", exact=True)
    expect(log_in).to_be_visible()
    expect(page.locator("#moves .move-actions button")).to_have_count(0)
    expect(page.locator("#stop")).to_be_hidden()
    log_in.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Token").fill("co_wrong")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Nobody has this token")
    dialog.get_by_label("Token").fill("co_right")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("input[type=password]")).to_have_count(0)  # the token is not kept
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator("#moves .move-actions button").first).to_be_visible()
    page.get_by_role("button", name="ada, operator").click()
    expect(page.locator("#who-role")).to_contain_text("Operator")
    page.get_by_role("button", name="Log out").click()
    expect(log_in).to_be_visible()
    expect(page.locator("#moves .move-actions button")).to_have_count(0)


def test_without_orders_the_page_is_read_only(visit):
    visit.server.desk.takes_orders = False
    page = visit.open()
    expect(page.locator("#flips > li")).to_have_count(7)
    expect(page.locator("#account")).to_be_hidden()
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#moves .move-actions button")).to_have_count(0)


def test_an_older_monitor_has_no_board_and_is_not_asked_for_rights(visit):
    new = page_moves.parts(0, page_snapshots.CATEGORIES)

    def older(window, now):
        return {k: v for k, v in page_snapshots.busy(window, now).items() if k not in new}

    visit.server.make = older
    page = visit.open()
    expect(page.locator("#flags > li")).to_have_count(7)
    for part in ("#board", "#flips-panel", "#channels-panel", "#stopped"):
        expect(page.locator(part)).to_be_hidden()
    assert visit.server.asked["/api/me"] == 0
    assert visit.complaints == []


def test_a_board_without_a_plan_explains_itself(visit):
    visit.server.make = page_snapshots.empty
    page = visit.open()
    expect(page.locator("#board")).to_contain_text("No plan yet")
    expect(page.locator("#flips-empty")).to_contain_text("Nothing was changed yet")
    expect(page.locator("#channels-empty")).to_contain_text("No channel is set up")


def test_roll_backs_and_stops_stand_out_in_the_timeline_which_filters_by_subject(visit):
    page = visit.open()
    flips = page.locator("#flips > li")
    expect(flips.filter(has_text="Rolled back")).to_have_attribute("data-tone", "critical")
    expect(flips.filter(has_text="Emergency stop")).to_have_attribute("data-tone", "critical")
    expect(flips.first).to_contain_text(re.compile(r"Up\s*5%.*10%"))
    page.get_by_label("Show flips of").select_option("stop")
    expect(flips).to_have_count(2)
    expect(page.locator("#flip-count")).to_have_text("2 of 7")


def test_flips_are_marked_on_the_charts_and_named_under_the_pointer(visit):
    page = visit.open()
    chart = page.locator("#chart-errors")
    expect(chart.locator(".plot")).to_have_attribute("aria-label", re.compile("4 flips are marked"))
    box = chart.locator(".u-over").bounding_box()
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    words = chart.locator(".mark-words")
    for step in range(120):
        page.mouse.move(box["x"] + box["width"] * (0.5 + step / 300), box["y"] + 30)
        if words.is_visible() and "Rolled back" in words.inner_text():
            break
    expect(words).to_contain_text("Rolled back: ddd.commands.reset 10% → 0%, by auto")
