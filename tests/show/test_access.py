from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import ManualClock
from changeover.core.errors import BadValueError
from changeover.show.access import Access, Doorkeeper, Verdict, client_network, host_name

TOKEN = "s3cret-töken"
WRONG = b"Bearer nope"


def basic(password: str, user: str = "any") -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


# --- host names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["localhost", "localhost:3001", "LOCALHOST", "127.0.0.1:3001", "[::1]:3001", "10.0.0.7"],
)
def test_local_names_and_addresses_are_known(header):
    assert Access().knows_host(header.encode())


@pytest.mark.parametrize(
    "header",
    [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil",
        "", "localhost:port", "[::1", "[evil]", "127.0.0.1:99999999", "a b", "localhost\x00",
    ],
)  # fmt: skip
def test_a_foreign_or_malformed_name_is_not_known(header):
    assert not Access().knows_host(header.encode("latin-1"))


def test_no_host_header_is_not_known():
    assert not Access().knows_host(None)


def test_a_name_of_the_allow_list_is_known_in_any_case():
    access = Access(hosts=["Bot.Example.com"])
    assert access.knows_host(b"bot.example.COM:443")
    assert not access.knows_host(b"other.example.com")


def test_a_star_knows_every_name():
    assert Access(hosts=["*"]).knows_host(b"whatever.example")


@given(st.text(max_size=40))
def test_no_host_header_breaks_the_parser(header):
    name = host_name(header)
    assert name is None or name == name.lower()


# --- the token --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credentials", [b"Bearer " + TOKEN.encode(), b"bearer  " + TOKEN.encode(), basic(TOKEN)]
)
def test_the_token_is_accepted_as_bearer_and_as_the_browsers_password(credentials):
    assert Access(token=TOKEN).accepts(credentials) is True


def test_a_token_with_a_colon_is_a_password_too():
    assert Access(token="a:b:c").accepts(basic("a:b:c", user="")) is True


@pytest.mark.parametrize(
    "credentials",
    [
        WRONG, b"Bearer", b"Bearer ", b"Basic !!!", b"Basic " + base64.b64encode(b"no colon"),
        b"Digest x", b"\xff\xfe", b"Bearer \xff\xfe\x00", basic("s3cret-toke"), TOKEN.encode(),
    ],
)  # fmt: skip
def test_anything_else_is_not(credentials):
    assert Access(token=TOKEN).accepts(credentials) is False


@given(st.binary(min_size=1, max_size=60))
def test_no_bytes_break_the_comparison(credentials):
    assert Access(token=TOKEN).accepts(credentials) in (False, True)


def test_no_credentials_are_missing_and_not_wrong():
    assert Access(token=TOKEN).accepts(None) is None


def test_an_empty_token_is_no_token_to_ask_for():
    with pytest.raises(BadValueError):
        Access(token="")


def test_the_token_is_in_no_repr():
    assert TOKEN not in repr(Access(token=TOKEN))


# --- the limit --------------------------------------------------------------------------------


def exhausted() -> tuple[Doorkeeper, ManualClock]:
    clock = ManualClock()
    keeper = Doorkeeper(Access(token=TOKEN), clock)
    for _ in range(keeper.TRIES):
        assert keeper.look("10.0.0.1", WRONG) is Verdict.WRONG_TOKEN
    return keeper, clock


def test_after_ten_wrong_tokens_nothing_is_looked_at_not_even_the_right_one():
    keeper, _ = exhausted()
    assert keeper.look("10.0.0.1", WRONG) is Verdict.LIMITED
    assert keeper.look("10.0.0.1", basic(TOKEN)) is Verdict.LIMITED


def test_a_try_comes_back_every_six_seconds():
    keeper, clock = exhausted()
    assert keeper.wait_s("10.0.0.1") == 6.0
    clock.advance(6)
    assert keeper.look("10.0.0.1", WRONG) is Verdict.WRONG_TOKEN
    assert keeper.look("10.0.0.1", WRONG) is Verdict.LIMITED
    clock.advance(6)
    assert keeper.look("10.0.0.1", basic(TOKEN)) is Verdict.WELCOME


def test_others_are_not_limited_with_it():
    keeper, _ = exhausted()
    assert keeper.look("10.0.0.2", basic(TOKEN)) is Verdict.WELCOME


def test_right_tokens_are_never_counted():
    keeper = Doorkeeper(Access(token=TOKEN), ManualClock())
    assert all(keeper.look("a", basic(TOKEN)) is Verdict.WELCOME for _ in range(100))


def test_a_flood_of_addresses_does_not_fill_the_memory():
    keeper = Doorkeeper(Access(token=TOKEN), ManualClock())
    for number in range(5_000):
        keeper.look(f"10.0.{number // 256}.{number % 256}", WRONG)
    assert len(keeper._forgiven_ns) == keeper.MOST_CLIENTS


def test_one_ipv6_customer_is_one_client():
    assert client_network("2001:db8::1") == client_network("2001:db8::ffff:1")
    assert client_network("2001:db8::1") != client_network("2001:db8:0:1::1")
    assert client_network("::ffff:10.0.0.1") == "10.0.0.1"
    assert client_network(None) == ""
