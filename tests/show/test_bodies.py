"""Bodies: whatever comes, it is an order of the right types or a refusal that names itself."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.order import Order
from changeover.show.bodies import ORDER_KEYS, check_json, order_of, parse_object, token_of
from changeover.show.problems import RefusedError, encode

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
)
NEARLY = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(ORDER_KEYS, JSON), "verb": st.just("flag.set"), "extra": JSON}
)


def parsed(body: bytes) -> Order | RefusedError:
    try:
        return order_of(parse_object(body, ORDER_KEYS), "user:ann")
    except RefusedError as error:
        return error


def check(told: Order | RefusedError) -> None:
    if isinstance(told, RefusedError):
        assert told.status == 400
        assert told.problem["parameter"] in {*ORDER_KEYS, "body"}
        encode(told.body)
        return
    assert told.actor == "user:ann"
    assert 1 <= len(told.verb) <= 64
    assert told.expected is None or type(told.expected) is int
    json.dumps([told.verb, told.subject, told.reason], ensure_ascii=False).encode()
    json.dumps(told.values, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(body):
    check(parsed(body))


@given(st.text(alphabet='{}[]",:0123456789.eE+-\\unltrfasverb ', max_size=80))
def test_nothing_that_looks_like_json_breaks_the_parser(text):
    check(parsed(text.encode()))


@given(JSON | NEARLY)
def test_any_json_is_an_order_or_a_refusal(value):
    check(parsed(json.dumps(value).encode()))


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.none() | st.integers(0, 2**53 - 1),
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.integers() | st.booleans()
    ),
)
def test_what_an_order_says_arrives_as_it_is(verb, subject, expected, values):
    told = {"verb": verb, "subject": subject, "expected": expected, "values": values}
    order = parsed(json.dumps(told).encode())
    assert isinstance(order, Order)
    assert (order.verb, order.subject) == (verb, subject)
    assert (order.expected, order.values) == (expected, values)


@pytest.mark.parametrize(
    "body",
    [
        b'{"verb":"flag.set","verb":"flag.unset"}',
        b'{"verb":"flag.set","values":{"value":"on","value":"off"}}',
        b'{"verb":"flag.set","v\\u0065rb":"flag.set"}',
    ],
)
def test_a_key_that_comes_twice_is_refused_however_it_is_written(body):
    assert parsed(body).problem["code"] == "bad_body"


def test_a_misspelt_key_is_named_with_the_nearest():
    refused = parsed(b'{"verb":"flag.set","reson":"x"}')
    assert (refused.problem["value"], refused.problem["example"]) == ("reson", "reason")


@pytest.mark.parametrize("body", [b"{}", b'{"token":7}', b'{"token":""}', b'{"token":null}'])
def test_a_token_that_is_none_is_refused_without_showing_it(body):
    with pytest.raises(RefusedError) as caught:
        token_of(parse_object(body, ("token",)))
    assert caught.value.problem["value"] is None


@pytest.mark.parametrize(
    "content_type",
    [b"application/json", b"Application/JSON", b"application/json; charset=utf-8",
     b'application/json;charset="UTF-8"', b"application/json;"],
)  # fmt: skip
def test_json_in_utf_8_is_taken(content_type):
    check_json(content_type)


@given(st.none() | st.binary(max_size=40))
def test_no_content_type_breaks_the_check(content_type):
    with contextlib.suppress(RefusedError):
        check_json(content_type)
