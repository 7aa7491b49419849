from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.model import MetricType
from changeover.core.window import Window
from changeover.show.parameters import (
    CURSOR,
    LIMIT,
    SINCE,
    TYPE,
    WINDOW,
    parse_type,
    read_query,
)
from changeover.show.problems import RefusedError

KNOWN = (WINDOW, SINCE, LIMIT, CURSOR)


def refused(query: str) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        read_query(query.encode(), KNOWN)
    assert caught.value.status == 400
    return caught.value


def test_nothing_given_means_the_defaults():
    assert read_query(b"", KNOWN) == {
        "window": Window("1h", 3600),
        "since": None,
        "limit": 100,
        "cursor": None,
    }


@pytest.mark.parametrize(
    "text", ["90", "1.5h", "-1h", "abc", "999999999d", "1e3h", "", "0m", "31d"]
)
def test_a_window_outside_the_grammar_is_refused_with_all_it_takes_to_do_better(text):
    problem = refused(f"window={quote(text)}").problem
    assert problem["code"] == "bad_parameter"
    assert problem["parameter"] == "window"
    assert problem["value"] == text
    assert "30d" in problem["allowed"]
    assert problem["example"] == "5m"


@pytest.mark.parametrize("text", ["garbage", "2025-99-99", "-1", "epoch", "2026-02-30T00:00:00Z"])
def test_a_since_that_is_no_moment_is_refused(text):
    assert refused(f"since={text}").problem["parameter"] == "since"


@pytest.mark.parametrize(
    "text",
    ["2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "1769860800", "1769860800000"],
)
def test_since_takes_rfc_3339_and_epochs_and_a_plus_is_a_plus(text):
    assert read_query(f"since={text}".encode(), KNOWN)["since"] == 1_769_860_800 * 10**9


@pytest.mark.parametrize("text", ["0", "1001", "-5", "1.5", "", "٣", "1e2", "99999999999999"])
def test_a_limit_outside_one_to_a_thousand_is_refused(text):
    assert refused(f"limit={quote(text)}").problem["parameter"] == "limit"


def test_a_repeated_parameter_is_refused():
    assert refused("window=1h&window=1h").problem["code"] == "repeated_parameter"


@pytest.mark.parametrize("query", ["windw=1h", "window[x]=1", "Window=1h", "=1", "x"])
def test_an_unknown_parameter_is_refused_and_the_known_are_named(query):
    problem = refused(query).problem
    assert problem["code"] == "unknown_parameter"
    assert problem["allowed"] == "window, since, limit, cursor"


def test_a_value_is_cut_at_64_characters():
    assert refused("window=" + "x" * 500).problem["value"] == "x" * 64


def test_an_endless_query_is_refused():
    assert refused("window=" + "x" * 5000).problem["code"] == "long_query"


def test_an_unknown_type_is_404_with_the_valid_ones():
    with pytest.raises(RefusedError) as caught:
        parse_type("nope")
    assert caught.value.status == 404
    assert (
        caught.value.problem["allowed"] == "command_execution, feature_flag_check, resource_usage"
    )


@pytest.mark.parametrize("metric_type", MetricType)
def test_every_type_is_found(metric_type):
    assert parse_type(metric_type.value) is metric_type


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused_and_nothing_else(query):
    try:
        values = read_query(query, KNOWN)
    except RefusedError as error:
        status = error.status
    else:
        status = 200
        assert set(values) == {"window", "since", "limit", "cursor"}
    assert status in {200, 400}


@given(st.integers(1, 1000))
def test_every_allowed_limit_is_read(limit):
    assert read_query(f"limit={limit}".encode(), KNOWN)["limit"] == limit


@pytest.mark.parametrize("parameter", [TYPE, *KNOWN])
def test_openapi_describes_what_is_read(parameter):
    entry = parameter.openapi()
    assert entry["name"] == parameter.name
    assert entry["required"] is (entry["in"] == "path")
    for example in entry["schema"].get("examples", ()):
        parameter.parse(example)
