"""The registry of verbs: rights, checks, and one row in the audit for whatever happens."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import ManualClock
from changeover.core.errors import (
    BadValueError,
    ConflictError,
    StoreUnavailableError,
)
from changeover.core.model import Flip
from changeover.core.order import (
    NotAllowedError,
    Order,
    Principal,
    RefusedOrderError,
    Role,
    UnknownVerbError,
)
from changeover.core.ports import Put
from changeover.service.audit import AT_ONCE, MOST_ACTORS, MOST_WAITING, Audit
from changeover.service.orders import LONGEST_REASON, Orders
from changeover.store.memory.state import MemoryState

ANN = Principal("user:ann", Role.OPERATOR)
EVE = Principal("user:eve", Role.VIEWER)


class Desk:
    """Orders over a store, with one verb whose handler does what the test says."""

    def __init__(self):
        self.clock = ManualClock()
        self.state = MemoryState(self.clock)
        self.is_away = False
        self.orders = Orders(self, clock=self.clock)
        self.handle = lambda order: {"did": order.verb}  # read anew with each order
        self.orders.add(
            "stage.advance",
            Role.OPERATOR,
            self._handle,
            "Go on.",
            subject="a scope",
            values={"note": "a few words"},
            shows=["stage"],
        )

    def _handle(self, order):
        return self.handle(order)

    def read(self, kind):
        return self.state.read(kind)

    def commit(self, puts, flips=()):
        if self.is_away:
            raise StoreUnavailableError("away")
        self.state.commit(puts, flips)

    def ask(self, principal=ANN, **changes):
        told = {"verb": "stage.advance", "subject": "utility", "actor": "me"} | changes
        return self.orders.carry_out(Order(**told), principal)

    def rows(self):
        return [
            (flip.subject, flip.new, flip.actor, flip.reason)
            for flip in reversed(self.state.flips(10_000))
        ]


@pytest.fixture
def desk():
    return Desk()


def raising(error):
    def handle(_order):
        raise error

    return handle


def test_what_was_done_is_told_and_kept_with_who_and_why(desk):
    assert desk.ask(reason="enough") == {"did": "stage.advance"}
    assert desk.rows() == [("order stage.advance utility", "done", "user:ann", "enough")]


def test_the_actor_is_who_asks_whatever_the_order_says(desk):
    seen = []
    desk.handle = lambda order: seen.append(order.actor) or {}
    desk.ask(actor="cli:root")
    assert seen == ["user:ann"]


def test_a_handler_that_keeps_its_own_row_leaves_one_in_all(desk):
    def handle(order):
        flip = Flip(desk.clock.wall_ns(), "stage utility", "off", "canary", order.actor, "")
        desk.state.commit([], [flip])
        return {}

    desk.orders.add(
        "stage.resume", Role.OPERATOR, handle, "Go.", subject="a scope", audits_itself=True
    )
    desk.ask(verb="stage.resume")
    assert [row[0] for row in desk.rows()] == ["stage utility"]


def test_whoever_may_not_is_refused_before_anything_else_is_looked_at(desk):
    with pytest.raises(NotAllowedError, match="needs the role operator; user:eve is viewer"):
        desk.ask(EVE, subject="", values={"x": 1})
    assert desk.rows()[0][1].startswith("refused: stage.advance needs the role operator")


def test_an_unknown_verb_names_the_nearest_and_is_a_bad_value(desk):
    with pytest.raises(UnknownVerbError, match=r"for example stage\.advance") as caught:
        desk.ask(verb="stage.advanse")
    assert isinstance(caught.value, BadValueError)
    assert desk.rows()[0][0] == "order stage.advanse utility"


@pytest.mark.parametrize(
    "error",
    [
        BadValueError("note", "x", "a few words", "y"),
        ConflictError("flag", "f", expected=1, found=2),
        RefusedOrderError("not now"),
        StoreUnavailableError("away"),
    ],
)
def test_what_a_handler_refuses_passes_through_and_is_kept(desk, error):
    desk.handle = raising(error)
    with pytest.raises(type(error)) as caught:
        desk.ask()
    assert caught.value is error
    desk.orders.settle()
    ((_, new, _, _),) = desk.rows()
    assert new == f"refused: {error}"


def test_a_bug_in_a_handler_passes_through_and_is_kept_without_its_text(desk):
    desk.handle = raising(RuntimeError("password=hunter2"))
    with pytest.raises(RuntimeError):
        desk.ask()
    assert desk.rows()[0][1] == "failed: RuntimeError"


def test_a_conflict_shows_what_is_there_now_where_the_verb_lets_it_be_seen(desk):
    desk.state.commit([Put("stage", "utility", {"share": 5})])
    desk.handle = raising(ConflictError("stage", "utility", expected=0, found=1))
    with pytest.raises(ConflictError) as caught:
        desk.ask()
    assert caught.value.current == {"share": 5}


def test_a_conflict_about_anything_else_shows_the_version_alone(desk):
    desk.state.commit([Put("token", "ann", {"digest": "secret"})])
    desk.handle = raising(ConflictError("token", "ann", expected=0, found=1))
    with pytest.raises(ConflictError) as caught:
        desk.ask()
    assert caught.value.current is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, object(), b"x", {"a": {1}}])
def test_values_are_plain_json_whatever_door_they_came_by(desk, value):
    with pytest.raises(BadValueError):
        desk.ask(values={"note": value})


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "two\nlines", "", [1, "a"], {"a": [1]}])
def test_plain_values_arrive_as_they_are(desk, value):
    seen = []
    desk.handle = lambda order: seen.append(order.values["note"]) or {}
    desk.ask(values={"note": value})
    assert seen == [value]


@given(st.text(max_size=2_000), st.text(max_size=300))
def test_whatever_people_write_can_be_kept_and_shown(reason, subject):
    desk = Desk()
    with contextlib.suppress(BadValueError):
        desk.ask(reason=reason, subject=subject)
    ((told, _, _, kept),) = desk.rows()
    assert len(kept) <= LONGEST_REASON
    assert len(told) <= 300
    assert kept.isprintable() or not kept.isascii()
    f"{told}{kept}".encode()


def test_a_secret_in_a_reason_is_not_kept(desk):
    desk.ask(reason="co_" + "A" * 43 + " and token=abcdef")
    assert desk.rows()[0][3] == "*** and token=***"


def test_verbs_are_told_by_role(desk):
    assert desk.orders.verbs(Role.VIEWER) == []
    (verb,) = desk.orders.verbs(Role.OPERATOR)
    assert (verb.name, verb.subject, verb.values) == (
        "stage.advance",
        "a scope",
        {"note": "a few words"},
    )


# --- the audit --------------------------------------------------------------------------------


def test_what_was_done_while_the_store_was_away_is_kept_when_it_is_back(desk):
    desk.is_away = True
    assert desk.ask() == {"did": "stage.advance"}
    assert desk.rows() == []
    desk.is_away = False
    desk.orders.settle()
    assert desk.rows() == []  # not yet: every try may wait for a store
    desk.clock.advance(5)
    desk.orders.settle()
    assert [row[1] for row in desk.rows()] == ["done"]


def test_what_was_done_is_never_left_out_however_often(desk):
    for _ in range(200):
        desk.ask()
    assert len(desk.rows()) == 200


def test_refusals_of_one_are_listed_up_to_a_limit_and_then_counted(desk):
    for _ in range(100):
        with pytest.raises(NotAllowedError):
            desk.ask(EVE, reason="let me")
    assert len(desk.rows()) == AT_ONCE
    desk.clock.advance(300)
    desk.orders.settle()
    desk.clock.advance(300)
    desk.orders.settle()
    assert len(desk.rows()) == AT_ONCE + 1
    assert desk.rows()[-1][3] == "let me (and 89 more that are not listed)"


def test_a_flood_of_one_hides_no_refusal_of_another(desk):
    for _ in range(100):
        with pytest.raises(NotAllowedError):
            desk.ask(EVE)
    desk.handle = raising(RefusedOrderError("not now"))
    with pytest.raises(RefusedOrderError):
        desk.ask(ANN)
    assert desk.rows()[-1][2] == "user:ann"


def test_strangers_share_one_limit_so_that_names_cannot_be_made_up(desk):
    for number in range(1_000):
        desk.orders.refused("POST /api/orders", "401 token_wrong", f"http:10.0.0.{number}")
    desk.orders.settle()
    assert len(desk.rows()) == AT_ONCE


def test_a_flood_of_a_day_leaves_a_few_hundred_rows(desk):
    for _ in range(24 * 60):
        for number in range(3):
            desk.orders.refused("POST /api/orders", "401 token_wrong", f"http:10.0.0.{number}")
        desk.clock.advance(60)
        desk.orders.settle()
    assert 200 < len(desk.rows()) < 400


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(0, 700)), max_size=30
    )
)
def test_of_all_refusals_each_is_listed_or_counted_once(story):
    clock = ManualClock()
    state = MemoryState(clock)
    audit = Audit(state, clock=clock)
    total = 0
    for actor, count, seconds in story:
        for _ in range(count):
            audit.refused(Flip(clock.wall_ns(), "order a", None, "refused: x", actor, ""))
        total += count
        clock.advance(seconds)
        audit.settle()
    clock.advance(2 * 86_400)
    audit.settle()
    told = state.flips(10_000)
    counted = sum(int(flip.reason.split()[1]) for flip in told if flip.reason)
    assert len(told) + counted == total


def test_one_that_is_forgotten_for_others_is_told_before(desk):
    audit = Audit(desk, clock=desk.clock)
    for _ in range(15):
        audit.refused(Flip(1, "order a", None, "refused: x", "first", ""))
    for number in range(MOST_ACTORS):
        audit.refused(Flip(1, "order a", None, "refused: x", f"other {number}", ""))
    audit.settle()
    assert ("order a", "refused: x", "first", "(and 4 more that are not listed)") in desk.rows()


def test_what_waits_for_a_store_is_bounded(desk, caplog):
    audit = Audit(desk, clock=desk.clock)
    desk.is_away = True
    for number in range(MOST_WAITING + 50):
        audit.done(Flip(number, "order a", None, "done", "me", ""))
    assert not audit.settle()
    desk.is_away = False
    desk.clock.advance(5)
    assert audit.settle()
    assert len(desk.rows()) == MOST_WAITING
    assert "rows of the audit are lost" in caplog.text
