"""What keyboards, screen readers and weak eyes need."""

from __future__ import annotations

import page_snapshots
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# WCAG 2: relative luminance and contrast ratio of an element's text on what is painted under it.
# Source: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
CONTRAST = """(selector) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colors) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((one) => one / 255);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const worst = [];
  for (const node of document.querySelectorAll(selector)) {
    if (!node.checkVisibility({ visibilityProperty: true }) || !node.textContent.trim()) continue;
    const under = [];
    for (let at = node; at; at = at.parentElement) under.unshift(getComputedStyle(at).backgroundColor);
    const ground = luminance(paint(under));
    const text = luminance(paint([...under, getComputedStyle(node).color]));
    const ratio = (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
    worst.push([Math.round(ratio * 100) / 100, node.className || node.tagName, node.textContent.slice(0, 30)]);
  }
  return worst.sort((a, b) => a[0] - b[0]).slice(0, 3);
}"""
TEXTS = (
    "h1, h2, p, b, small, li > span, td span, th span, thead button, .chip span, .tag, .quiet, "
    ".fact span, .detail, time, .button, .button span, h3, .expander span, "
    ".number, .number i, .label, code, .windows span, .note, dt span"
)
MARKS = """(name) => {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  probe.style.backgroundColor = "var(--surface)";
  probe.textContent = "x";
  probe.className = `probe-${name}`;
  document.body.append(probe);
}"""
SYSTEMS = ("legacy", "new", "unknown", "extra1", "extra2", "extra3", "memory", "lag", "critical")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_all_text_has_a_contrast_of_at_least_4_5(visit, scheme):
    visit.server.make = lambda window, now: page_snapshots.busy(window, now, failing=True)
    page = visit.open(scheme=scheme)
    page.locator(".expander").nth(2).click()
    expect(page.locator(".scope-table tbody tr")).to_have_count(4)
    page.locator("#health").click()
    worst = page.evaluate(CONTRAST, arg=TEXTS)
    assert len(worst) == 3
    assert worst[0][0] >= 4.5, worst
    page.keyboard.press("Escape")
    page.locator(".scope-table a.name").last.click()
    expect(page.locator("#command .evidence tbody tr")).to_have_count(4)
    worst = page.evaluate(CONTRAST, arg=TEXTS)
    assert worst[0][0] >= 4.5, worst
    page.locator("#command [data-verb='stage.rollback']").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    worst = page.evaluate(CONTRAST, arg=".dialog h2, .dialog li, .dialog label, .dialog button")
    assert worst[0][0] >= 4.5, worst


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_colours_of_charts_have_a_contrast_of_at_least_3(visit, scheme):
    page = visit.open(scheme=scheme)
    for name in (*SYSTEMS, "legacy-fill", "new-fill"):
        page.evaluate(MARKS, arg=name)
        ratio, *_ = page.evaluate(CONTRAST, arg=f".probe-{name}")[0]
        assert ratio >= 3, (name, ratio)


def test_every_control_has_a_name(visit):
    page = visit.open()
    nameless = page.evaluate("""() => [...document.querySelectorAll("button, input, select, summary, a[href]")]
      .filter((node) => !(node.ariaLabel || node.labels?.[0]?.textContent || node.textContent).trim())
      .map((node) => node.outerHTML)""")
    assert nameless == []


def test_the_table_says_what_its_heads_are(visit):
    page = visit.open()
    expect(page.locator("table.commands tbody th[scope=row]")).to_have_count(18)
    assert page.locator("table.commands thead th:not([scope])").count() == 0
    expect(page.get_by_role("table", name="Commands")).to_be_visible()
    expect(page.get_by_role("button", name="Sort by Calls, legacy")).to_have_count(1)


def test_the_table_stays_a_table_on_a_phone(visit):
    page = visit.open(width=360, height=780)
    expect(page.get_by_role("table", name="Commands").get_by_role("rowheader")).to_have_count(18)
    page.get_by_role("combobox", name="Sort by").select_option(label="Calls, legacy")
    expect(page.locator("tbody .name").first).to_have_text("info")


def test_parts_are_regions_with_names_and_one_heading_each(visit):
    page = visit.open()
    assert page.locator("h1").count() == 1
    for name in ("Migration", "Error rate", "Flags", "Alerts", "Newest failures"):
        expect(page.get_by_role("region", name=name, exact=True).first).to_be_visible()
    expect(page.get_by_role("group", name="Time window")).to_be_visible()
    for chart in page.get_by_role("img", name="over time").all():
        assert "Newest:" in chart.get_attribute("aria-label")
    assert page.get_by_role("img", name="over time").count() == 4


def test_the_first_tab_stop_skips_to_the_commands(visit):
    page = visit.open("/#window=5m")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the commands")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#commands")).to_be_focused()
    assert page.url.endswith("#window=5m")


def test_states_are_told_by_word_and_icon_not_by_colour_alone(visit):
    visit.server.make = lambda window, now: page_snapshots.busy(window, now, failing=True)
    page = visit.open()
    for selector, word in (("#health", "Degraded"), ("#firing .alert", "Critical")):
        node = page.locator(selector).first
        expect(node).to_contain_text(word)
        expect(node.locator("svg use").first).to_have_attribute(
            "href", "#i-warning" if word == "Degraded" else "#i-critical"
        )
    forms = page.locator("#card-commands .rows .mark").evaluate_all(
        "(marks) => marks.map((mark) => getComputedStyle(mark).borderRadius + getComputedStyle(mark).transform)"
    )
    assert len(set(forms)) == len(forms) == 2


def test_nothing_moves_where_motion_is_unwanted(visit):
    page = visit.blank()
    page.emulate_media(reduced_motion="reduce")
    page.goto(visit.server.url)
    visit.drawn(page)
    assert (
        page.locator("#live .dot").evaluate("(dot) => getComputedStyle(dot).animationName")
        == "none"
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("ratio(0.0042)", "0.42%"),
        ("ratio(0.00001)", "<0.01%"),
        ("ratio(0)", "0%"),
        ("ratio(null)", "\u2013"),
        ("ms(0)", "0 ms"),
        ("ms(0.25)", "0.25 ms"),
        ("ms(9.96)", "10 ms"),
        ("ms(999.6)", "1.00 s"),
        ("ms(NaN)", "\u2013"),
        ("mb(1536)", "1.5 GB"),
        ("rate(2.18)", "2.2/s"),
        ("rate(0.028)", "1.7/min"),
        ("rate(0.001)", "3.6/h"),
        ("count(1234567)", "1,234,567"),
        ("change(0.126)", "+13%"),
        ("change(-0.5)", "\u221250%"),
        ("change(1.4)", "\u00d72.4"),
        ("change(30)", "\u00d731"),
        ("change(0.001)", "±0%"),
        ("span(59)", "59s"),
        ("span(3660)", "1h 1m"),
        ("span(90000)", "1d 1h"),
        ("quantity(0.062, 'ratio')", "6.2%"),
        ("quantity(1240, 'ms')", "1.24 s"),
        ("utc('2026-01-02T03:04:05.678Z')", "2026-01-02 03:04:05.678 UTC"),
        ("utc('garbage')", ""),
        ("clean('a\\u202eb\\u0000')", "a⟨202E⟩b⟨0000⟩"),
    ],
)
def test_quantities_are_said_as_people_read_them(format_page, call, said):
    assert format_page.evaluate(f"format.then((format) => format.{call})") == said


@pytest.fixture(scope="module")
def format_page(chromium):
    from page_server import PageServer

    server = PageServer()
    server.start()
    page = chromium.new_page(locale="en-US")
    page.goto(server.url + "/static/favicon.svg")
    page.evaluate("() => { window.format = import('/static/format.js'); }")
    yield page
    page.close()
    server.close()
