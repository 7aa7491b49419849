"""Tokens: shown once, kept as digests, known and forgotten everywhere."""

from __future__ import annotations

import hashlib
import json
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.act.tokens import MOST_TOKENS, TOKEN, Tokens, digest_of
from changeover.core.clock import ManualClock
from changeover.core.errors import BadValueError, ConflictError, Guard, StoreUnavailableError
from changeover.core.order import Principal, RefusedOrderError, Role
from changeover.core.ports import Put
from changeover.store.memory.state import MemoryState


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def state(clock):
    return MemoryState(clock)


@pytest.fixture
def tokens(state, clock):
    return Tokens(state, clock=clock, guard=Guard(clock))


def create(tokens, name="anna", role=Role.OPERATOR, expires_s=None):
    return tokens.create(name, role, expires_s=expires_s, actor="cli:bob", reason="new").text


class AwayState:
    """A state that can be away altogether, or for writing."""

    def __init__(self, state):
        self.state, self.is_away, self.is_full, self.commits = state, False, False, 0

    def read(self, kind):
        self._reach(self.is_away)
        return self.state.read(kind)

    def revision(self):
        self._reach(self.is_away)
        return self.state.revision()

    def commit(self, puts, flips=()):
        self.commits += 1
        self._reach(self.is_away or self.is_full)
        self.state.commit(puts, flips)

    def _reach(self, is_away):
        if is_away:
            raise StoreUnavailableError("away")


def test_a_token_says_who_it_is_and_only_its_digest_is_kept(tokens, state):
    text = create(tokens)
    assert re.fullmatch(r"co_[A-Za-z0-9_-]{43}", text)  # 256 bits
    assert tokens.find(text.encode()) == Principal("user:anna", Role.OPERATOR)
    kept = json.dumps({name: dict(found.value) for name, found in state.read(TOKEN).items()})
    assert text not in kept
    assert text.removeprefix("co_") not in kept
    assert hashlib.sha256(text.encode()).hexdigest() in kept
    assert text not in repr(tokens.all())


def test_the_text_is_in_no_repr(tokens):
    made = tokens.create("anna", Role.VIEWER, expires_s=None, actor="cli:bob")
    assert made.text not in repr(made)


def test_making_and_revoking_are_in_the_audit_with_who_and_why(tokens, state):
    text = create(tokens, expires_s=60)
    tokens.revoke("anna", actor="cli:bob", reason="left")
    revoked, made = state.flips()
    assert (made.subject, made.old, made.new) == (
        "token anna",
        None,
        "operator until 2026-01-01T00:01:00.000Z",
    )
    assert (revoked.old, revoked.new, revoked.reason) == ("operator", None, "left")
    assert text not in str([made, revoked])


@given(st.binary(max_size=60))
def test_nothing_else_is_a_token(text):
    clock = ManualClock()
    tokens = Tokens(MemoryState(clock), clock=clock, guard=Guard(clock))
    made = create(tokens)
    assert tokens.find(text) is None
    assert tokens.find(made.encode() + text) is None or text == b""
    assert tokens.find(digest_of(made.encode()).encode()) is None


def test_a_token_is_worth_nothing_from_its_expiry_on(tokens, clock):
    text = create(tokens, expires_s=60).encode()
    clock.advance(59)
    assert tokens.find(text) is not None
    clock.advance(1)
    assert tokens.find(text) is None
    assert [token.is_expired(clock.wall_ns()) for token in tokens.all()] == [True]


def test_every_process_knows_a_new_token_and_forgets_a_revoked_one_with_its_refresh(
    tokens, state, clock
):
    other = Tokens(state, clock=clock, guard=Guard(clock))
    other.refresh()
    text = create(tokens).encode()
    assert other.find(text) is None
    other.refresh()
    assert other.find(text) is not None
    tokens.revoke("anna", actor="cli:bob")
    assert tokens.find(text) is None  # here at once
    other.refresh()
    assert other.find(text) is None


def test_a_name_is_free_again_once_revoked_and_the_old_text_stays_worthless(tokens):
    old = create(tokens).encode()
    tokens.revoke("anna", actor="cli:bob")
    new = create(tokens, role=Role.VIEWER).encode()
    assert tokens.find(old) is None
    assert tokens.find(new) == Principal("user:anna", Role.VIEWER)


def test_two_tokens_of_one_name_cannot_be(tokens):
    create(tokens)
    with pytest.raises(RefusedOrderError, match="there is a token 'anna'"):
        create(tokens)


def test_what_is_not_there_cannot_be_revoked(tokens):
    with pytest.raises(RefusedOrderError, match="no token 'anna'"):
        tokens.revoke("anna", actor="cli:bob")


def test_a_token_that_was_changed_since_is_not_revoked_unseen(tokens):
    create(tokens)
    with pytest.raises(ConflictError):
        tokens.revoke("anna", actor="cli:bob", expected=7)


@pytest.mark.parametrize("name", ["", "Anna", "a b", "-a", "a" * 33, "a/b", "a\n", "\u00e4"])
def test_a_name_out_of_the_grammar_is_refused(tokens, name):
    with pytest.raises(BadValueError):
        create(tokens, name)


def test_tokens_are_bounded(tokens):
    for number in range(MOST_TOKENS):
        create(tokens, f"n{number}")
    with pytest.raises(RefusedOrderError, match="revoke one first"):
        create(tokens)


def test_the_last_use_is_noted_at_most_once_an_hour(tokens, state, clock):
    text = create(tokens).encode()
    before = state.revision()
    for _ in range(50):
        assert tokens.find(text) is not None
        tokens.refresh()
        clock.advance(61)
    assert state.revision() == before + 1
    clock.advance(3_600)
    tokens.find(text)
    tokens.refresh()
    assert state.revision() == before + 2
    assert tokens.all()[0].used_ns == clock.wall_ns()


def test_a_use_never_brings_back_what_was_revoked(state, clock):
    here, there = (Tokens(state, clock=clock, guard=Guard(clock)) for _ in range(2))
    text = create(here).encode()
    there.refresh()
    assert there.find(text) is not None  # a use that waits to be noted
    here.revoke("anna", actor="cli:bob")
    there.refresh()
    clock.advance(120)
    there.refresh()
    assert state.read(TOKEN) == {}
    assert there.find(text) is None


def test_while_the_store_is_away_what_is_known_holds(state, clock):
    away = AwayState(state)
    tokens = Tokens(away, clock=clock, guard=Guard(clock))
    text = create(tokens).encode()
    away.is_away = True
    tokens.refresh()
    assert tokens.find(text) is not None
    with pytest.raises(StoreUnavailableError):
        create(tokens, "eve")


def test_a_full_disk_hides_no_revocation_and_is_not_tried_all_the_time(state, clock):
    away = AwayState(state)
    tokens = Tokens(away, clock=clock, guard=Guard(clock))
    text = create(tokens).encode()
    other = Tokens(state, clock=clock, guard=Guard(clock))
    away.is_full, away.commits = True, 0
    for _ in range(20):
        tokens.find(text)
        tokens.refresh()
        clock.advance(0.5)
    assert away.commits == 1
    other.revoke("anna", actor="cli:bob")
    tokens.refresh()
    assert tokens.find(text) is None


@pytest.mark.parametrize(
    "value",
    [{}, {"role": "admin"}, {"role": "root", "digest": "0" * 64}, {"digest": "", "role": "admin"},
     {"role": "admin", "digest": "0" * 64, "created_ns": "x"}],
)  # fmt: skip
def test_a_document_that_is_no_token_opens_nothing_and_the_others_do(state, clock, value):
    guard = Guard(clock)
    tokens = Tokens(state, clock=clock, guard=guard)
    text = create(tokens).encode()
    state.commit([Put(TOKEN, "broken", value)])
    tokens.refresh()
    assert tokens.find(text) is not None
    assert [token.name for token in tokens.all()] == ["anna"]
    assert guard.counts["tokens"] >= 1


def test_tokens_are_found_while_others_come_and_go(tokens):
    text = create(tokens).encode()
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            create(tokens, "bob")
            tokens.revoke("bob", actor="cli:bob")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(2_000):
            assert tokens.find(text) is not None
            tokens.refresh()
    finally:
        stop.set()
        thread.join()
