from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Phase, Slot, Stats, Timeline
from changeover.notify.picture import HEIGHT, WIDTH, draw

MINUTE = 60 * NS_PER_S
LEGACY, NEW, THRESHOLD, BOTH = (
    (0xF2, 0xA3, 0x3C),
    (0x58, 0xA6, 0xFF),
    (0xFF, 0x6B, 0x6B),
    (0x7E, 0xE2, 0xA8),
)


def alert(**changes):
    fields = {
        "key": "k", "rule": "error_rate", "phase": Phase.FIRING, "severity": "warning",
        "summary": "", "value": 0.04, "threshold": 0.01, "unit": "ratio", **changes,
    }  # fmt: skip
    return Alert(**fields)


def timeline(*ratios, **resources):
    """A slot a minute; a ratio of each system, or None for nothing counted."""
    slots = []
    for minute, pair in enumerate(ratios):
        systems = zip(("legacy", "ddd"), pair, strict=True)
        by_system = {
            name: Stats(total=10, error_ratio=ratio, mean_ns=ratio * 1e9, p95_ns=ratio * 2e9)
            for name, ratio in systems
            if ratio is not None
        }
        slots.append(Slot(start_ns=minute * MINUTE, by_system=by_system, **resources))
    return Timeline(MINUTE, slots)


def colours(png):
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.size == (WIDTH, HEIGHT)
    return {colour for _, colour in image.getcolors(1 << 20)}


def rows(png, colour):
    """Where a colour is below the legend, from the top."""
    image = Image.open(io.BytesIO(png))
    pixels = image.load()
    return [y for y in range(100, HEIGHT) if any(pixels[x, y] == colour for x in range(WIDTH))]


def test_both_systems_and_the_threshold_are_drawn():
    png = draw(timeline(*[(0.005, 0.05)] * 60), alert())
    assert {LEGACY, NEW, THRESHOLD} <= colours(png)
    legacy, new, threshold = (rows(png, colour)[0] for colour in (LEGACY, NEW, THRESHOLD))
    assert new < threshold < legacy


def test_a_system_that_did_nothing_is_not_drawn():
    seen = colours(draw(timeline(*[(0.005, None)] * 60), alert()))
    assert LEGACY in seen
    assert NEW not in seen


def test_a_rule_of_one_system_draws_that_one():
    png = draw(timeline(*[(0.005, 0.05)] * 60), alert(labels={"system": "ddd"}))
    assert not rows(png, LEGACY)
    assert rows(png, NEW)


@pytest.mark.parametrize(
    ("rule", "unit", "colour"),
    [
        ("memory", "MB", BOTH),
        ("loop_lag", "ms", BOTH),
        ("response_time", "ms", NEW),
        ("p95", "ms", NEW),
    ],
)
def test_what_is_drawn_is_what_the_rule_looks_at(rule, unit, colour):
    shown = timeline(*[(0.1, 0.2)] * 60, rss_bytes_max=300 << 20, loop_lag_ns_max=20_000_000)
    assert rows(draw(shown, alert(rule=rule, unit=unit, threshold=100.0)), colour)


@pytest.mark.parametrize(
    "shown", [timeline(), timeline((0.1, 0.1)), timeline((None, None), (None, None))]
)
def test_nothing_to_draw_is_no_picture(shown):
    assert draw(shown, alert()) is None


def test_a_unit_that_no_chart_has_is_no_picture():
    assert draw(timeline(*[(0.1, 0.1)] * 5), alert(unit="failures/h")) is None


RATIO = st.none() | st.floats(0, 1)


@given(
    ratios=st.lists(st.tuples(RATIO, RATIO), max_size=8),
    threshold=st.floats(allow_nan=True),
    rule=st.text(max_size=50),
    unit=st.sampled_from(["ratio", "ms", "MB"]),
    command=st.text(max_size=200),
)
@settings(deadline=None)  # the machine may be busy
def test_no_figures_and_no_names_break_it(ratios, threshold, rule, unit, command):
    told = alert(threshold=threshold, rule=rule, unit=unit, labels={"command": command})
    png = draw(timeline(*ratios, rss_bytes_max=0), told)
    assert png is None or png.startswith(b"\x89PNG")


def test_a_missing_extra_answers_with_the_line_that_installs_it():
    probe = (
        "import sys; sys.modules['PIL'] = None\n"
        "from changeover.notify.picture import _pillow\n"
        "from changeover.core.errors import MissingExtraError\n"
        "try: _pillow()\n"
        "except MissingExtraError as error: print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip().endswith("pip install 'changeover[png]'")
