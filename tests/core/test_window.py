from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_S
from changeover.core.errors import BadValueError
from changeover.core.window import PRESETS, format_moment, parse_moment, parse_window

MOMENT_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h", 3_600), ("24h", 86_400), ("7d", 604_800), ("30d", 2_592_000)],
)
def test_every_preset_is_as_long_as_it_says(text, seconds):
    assert text in PRESETS
    assert parse_window(text).seconds == seconds
    assert parse_window(text).ns == seconds * NS_PER_S


@pytest.mark.parametrize(
    "text",
    [
        *("90", "1.5h", "-1h", "abc", "999999999d", "1w", "1e3h", "", " ", "0s", "00m", "01h"),
        *("31d", "721h", "5 m", "5m ", "\n5m", "5M", "5mm", "٣m", "5m\x00", "[object Object]"),
    ],
)
def test_a_window_out_of_the_grammar_is_refused_with_an_example(text):
    with pytest.raises(BadValueError, match=r"window=.*for example 5m"):
        parse_window(text)


@given(st.text(max_size=12))
def test_no_text_makes_a_window_of_nothing_or_beyond_thirty_days(text):
    try:
        window = parse_window(text)
    except BadValueError:
        return
    assert 1 <= window.seconds <= 30 * 86_400


def test_a_refused_value_is_cut_at_64_characters():
    with pytest.raises(BadValueError) as caught:
        parse_window("x" * 1_000)
    assert caught.value.value == "x" * 64


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01 01:30:00+01:30",
        "2025-12-31T19:00:00.000-05:00",
        "1767225600",
        "1767225600.000",
        "1767225600000",
    ],
)
def test_a_moment_may_be_rfc_3339_or_epoch_seconds_or_milliseconds(text):
    assert parse_moment(text) == MOMENT_NS


def test_fractions_of_a_moment_are_kept():
    assert parse_moment("2026-01-01T00:00:00.000000001Z") == MOMENT_NS + 1
    assert parse_moment("1767225600.25") == MOMENT_NS + NS_PER_S // 4


@pytest.mark.parametrize(
    "text",
    [
        *("garbage", "2025-99-99", "-1", "", "0", "2025-99-99T00:00:00Z", "2025-02-29T00:00:00Z"),
        *("2026-01-01", "2026-01-01T00:00:00", "NaN", "1e9", "Infinity", "17672256000000000"),
        *("2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:00", "yesterday"),
    ],
)
def test_a_moment_out_of_the_grammar_is_refused(text):
    with pytest.raises(BadValueError, match="since="):
        parse_moment(text)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_moment_that_was_written_is_read_back_to_the_millisecond(moment):
    wall_ns = int(moment.timestamp()) * NS_PER_S + moment.microsecond * 1_000
    assert parse_moment(format_moment(wall_ns)) == wall_ns // 1_000_000 * 1_000_000
