import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import BadValueError
from changeover.route.share import format_share, parse_share, to_share

SHARES = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        *((word, 100) for word in ("true", "TRUE", " on ", "Yes", "1")),
        *((word, 0) for word in ("false", "Off", "no", "0", "0%", "0.00")),
        ("1%", 1),
        ("1.0", 1),
        ("50", 50),
        ("50%", 50),
        ("50 %", 50),
        ("0.5", 0.5),
        ("33.33%", 33.33),
        ("100", 100),
        ("0.01", 0.01),
    ],
)
def test_words_mean_on_or_off_and_numbers_percent(text, share):
    assert parse_share("flag", text) == share


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "%", "5%%", ".5", "5.", "+5", "-1", "1e1", "2,5", "1_0", "0x1", "\u0665"),
        *("101", "100.01", "0.001", "nan", "inf"),
        *("maybe", "truee", "50 percent", "1\n2"),
    ],
)
def test_anything_else_is_refused_in_one_line_with_what_is_allowed(text):
    with pytest.raises(BadValueError) as caught:
        parse_share("FEATURE_FLAG_X", text)
    assert str(caught.value).startswith("FEATURE_FLAG_X=")
    assert "percentage" in str(caught.value)
    assert "\n" not in str(caught.value)


@given(SHARES)
def test_a_formatted_share_reads_as_itself(share):
    assert parse_share("flag", format_share(share)) == share
    assert to_share("flag", share) == share


@given(st.text(max_size=8))
def test_whatever_is_accepted_is_a_share_in_steps_of_a_hundredth(text):
    try:
        share = parse_share("flag", text)
    except BadValueError:
        return
    assert 0 <= share <= 100
    assert share == round(share, 2)


@pytest.mark.parametrize(
    ("value", "share"), [(True, 100), (False, 0), (1, 1), (25, 25), (0.5, 0.5), ("1", 100)]
)
def test_a_typed_number_is_always_a_percentage(value, share):
    assert to_share("flag", value) == share


@pytest.mark.parametrize(
    "value", [None, [], {}, math.nan, math.inf, -0.01, 100.01, 0.005, 10**400, b"1", "x"]
)
def test_a_typed_value_that_is_no_share_is_refused(value):
    with pytest.raises(BadValueError):
        to_share("flag", value)
