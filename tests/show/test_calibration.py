"""The newest calibration as the page gets it, and as a picture."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from changeover.show.calibration import calibration_svg, calibration_view, hours_words

SVG = "{http://www.w3.org/2000/svg}"
DETECTION = {
    "fault": "a command <b>always</b> fails",
    "runs": 20,
    "found": 20,
    "median": 7,
    "p90": 40,
    "median_hours": 0.05,
    "p90_hours": None,
    "misplaced": 0,
}
DOCUMENT = {
    "at": "2026-01-31T12:00:00.000Z",
    "commands": 3,
    "history": 900,
    "share_percent": 10,
    "executions": 5_000,
    "seed": 1,
    "alpha": 0.01,
    "settings": {"alpha": 0.01},
    "false_runs": 60,
    "false_rollbacks": 0,
    "false_high": 0.0487,
    "per_hour": None,
    "detections": [DETECTION],
}


def test_what_was_kept_is_shown_and_nothing_else():
    view = calibration_view(DOCUMENT)
    assert view is not None
    assert "settings" not in view
    assert view["detections"][0]["median"] == 7
    assert view["per_hour"] is None


@pytest.mark.parametrize(
    "document", [None, {}, DOCUMENT | {"detections": [{}]}, DOCUMENT | {"commands": "many"}]
)
def test_what_another_version_kept_in_another_shape_is_left_out(document):
    assert calibration_view(document) is None


def drawn(**detection):
    view = calibration_view(DOCUMENT | {"detections": [DETECTION | detection]})
    assert view is not None
    return ET.fromstring(calibration_svg(view))  # noqa: S314 - our own


def test_text_is_text_in_the_picture():
    assert "a command <b>always</b> fails" in "".join(drawn().itertext())


def test_the_bar_of_a_later_finding_is_longer_and_all_fit_on_the_paper():
    lengths = []
    for median in (1, 7, 300, 9_000, 2_000_000):
        root = drawn(median=median, p90=None)
        (bar,) = [one for one in root.iter(f"{SVG}rect") if one.get("class") == "bar"]
        lengths.append(int(bar.get("width")))
        assert int(bar.get("x")) + int(bar.get("width")) < 900
    assert lengths[:4] == sorted(set(lengths[:4]))


def test_a_fault_that_was_not_found_has_no_bar_and_says_so():
    root = drawn(median=None, p90=None, median_hours=None, found=6)
    assert not [one for one in root.iter(f"{SVG}rect") if one.get("class") == "bar"]
    assert "found in 6 of 20 runs" in "".join(root.itertext())


def test_hours_are_told_in_one_unit():
    assert [hours_words(hours) for hours in (0.001, 0.5, 3.2, 47, 100)] == [
        "about 1 min",
        "about 30 min",
        "about 3 h",
        "about 47 h",
        "about 4 d",
    ]
