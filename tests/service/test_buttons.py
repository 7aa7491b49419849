"""Buttons under alerts of the move, and what comes of a press."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import ConflictError, StoreUnavailableError
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.move import Move
from changeover.core.order import RefusedOrderError, Role
from changeover.service.buttons import Buttons, Press

ADA, BOB = 123456789012345678, 234567890123456789


def told(rule="approval", scope="utility", *, phase=Phase.FIRING, value=5.0):
    alert = Alert(
        key=f"{rule}{{scope={scope}}}", rule=rule, phase=phase, severity="warning", summary="s",
        value=value, threshold=10.0, unit="%", labels={"scope": scope}, episode=1,
    )  # fmt: skip
    return Notification(event=Event.FIRING, alert=alert, dedup_key="k", instance="vm/1", at_ns=1)


class Desk:
    """What the buttons are wired to."""

    def __init__(self):
        move = Move(scope="utility", flag="ddd.commands.utility", share=5.0, asked_ns=7, version=3)
        self.moves = [move]
        self.orders, self.refused, self.threads = [], [], []
        self.trouble = self.gate = None

    def read(self):
        if self.trouble:
            raise self.trouble
        return self.moves

    def carry_out(self, order, principal):
        self.threads.append(threading.current_thread())
        if self.gate:
            self.gate.wait(5)
        if self.trouble:
            raise self.trouble
        self.orders.append((order, principal))
        return {"share": 5.0}

    def buttons(self, operators=(ADA,)):
        return Buttons(
            operators,
            moves=self.read,
            order=self.carry_out,
            refused=lambda *what: self.refused.append(what),
        )


@pytest.fixture
def desk():
    return Desk()


def ids(rows):
    return [button["custom_id"] for row in rows for button in row["components"]]


@given(
    st.sampled_from(["approve", "hold", "rollback"]),
    st.text(min_size=1, max_size=60),
    st.integers(0, 10**12),
)
def test_a_custom_id_says_all_that_there_is_to_know(verb, scope, version):
    press = Press(verb, scope, version)
    assert Press.read(press.custom_id) == press


@pytest.mark.parametrize(
    "custom_id",
    [
        "", "changeover:", "changeover:stop:x:1", "changeover:approve:x", "changeover:approve::1",
        "changeover:approve:x:", "changeover:approve:x:-1", "changeover:approve:x:٣",
        "another:approve:x:1", "changeover:hold:x:" + "9" * 20,
    ],
)  # fmt: skip
async def test_what_is_no_button_of_ours_is_refused(desk, custom_id):
    assert Press.read(custom_id) is None
    answer = await desk.buttons().pressed(ADA, custom_id)
    assert answer.startswith("Nothing was done")
    assert desk.orders == []


def test_a_proposal_has_three_buttons_and_a_rollback_has_nothing_to_approve(desk):
    buttons = desk.buttons()
    assert ids(buttons.components(told())) == [
        "changeover:approve:utility:3",
        "changeover:hold:utility:3",
        "changeover:rollback:utility:3",
    ]
    assert ids(buttons.components(told("rollback"))) == [
        "changeover:hold:utility:3",
        "changeover:rollback:utility:3",
    ]


def test_everything_can_only_be_taken_back(desk):
    rows = desk.buttons().components(told("rollback", "everything"))
    assert ids(rows) == ["changeover:rollback:*:0"]
    assert rows[0]["components"][0]["label"] == "Roll back everything"


@pytest.mark.parametrize(
    "notification",
    [
        told("error_rate"), told("emergency_stop"), told("unclean_start"), told(scope="unknown"),
        told(phase=Phase.RESOLVED), told(value=1.0),
    ],
)  # fmt: skip
def test_there_are_no_buttons_where_none_makes_sense(desk, notification):
    assert desk.buttons().components(notification) == []


def test_there_are_none_without_operators_nor_while_the_store_is_away(desk):
    assert desk.buttons(operators=()).components(told()) == []
    desk.trouble = StoreUnavailableError("away")
    assert desk.buttons().components(told()) == []


@pytest.mark.parametrize(("length", "has_buttons"), [(78, True), (79, False)])
def test_ids_and_labels_stay_within_discords_limits(desk, length, has_buttons):
    scope = "a" * length
    desk.moves = [Move(scope=scope, flag="f", version=3)]
    rows = desk.buttons().components(told("rollback", scope))
    assert bool(rows) is has_buttons
    for button in rows[0]["components"] if rows else ():
        assert len(button["custom_id"]) <= 100
        assert len(button["label"]) <= 80


async def test_a_press_is_an_order_of_an_operator_in_a_thread_of_its_own(desk):
    answer = await desk.buttons().pressed(ADA, "changeover:hold:grp:sub:7")
    [(order, principal)] = desk.orders
    assert (order.verb, order.subject, order.expected) == ("stage.hold", "grp:sub", 7)
    assert (order.reason, order.actor) == ("pressed in Discord", f"discord:{ADA}")
    assert (principal.name, principal.role) == (f"discord:{ADA}", Role.OPERATOR)
    assert desk.threads[0] is not threading.current_thread()
    assert desk.threads[0].daemon
    assert answer.replace("\\", "") == "grp:sub is held at 5% until somebody resumes it."


async def test_a_press_of_somebody_else_is_no_order(desk):
    answer = await desk.buttons().pressed(BOB, "changeover:rollback:utility:3")
    assert answer.startswith("Nothing was done")
    assert (desk.orders, desk.threads) == ([], [])
    [(what, why, who)] = desk.refused
    assert (what, who) == ("button rollback utility", f"discord:{BOB}")
    assert "MONITORING_DISCORD_OPERATORS" in why


@pytest.mark.parametrize(
    ("trouble", "answer"),
    [
        (
            ConflictError("move", "utility", expected=3, found=4, current={"share": 10.0}),
            "Nothing was done: utility changed meanwhile: it is at 10%.",
        ),
        (
            ConflictError("move", "utility", expected=3, found=4),
            "Nothing was done: utility changed meanwhile.",
        ),
        (
            RefusedOrderError("utility has asked for nothing"),
            "Nothing was done: utility has asked for nothing.",
        ),
        (
            StoreUnavailableError("utility is on legacy in this process only"),
            "utility is on legacy in this process only.",
        ),
    ],
)
async def test_a_refusal_is_one_plain_sentence(desk, trouble, answer):
    desk.trouble = trouble
    assert await desk.buttons().pressed(ADA, "changeover:approve:utility:3") == answer


async def test_a_store_that_hangs_holds_up_a_few_presses_and_never_the_loop(desk):
    desk.gate, buttons = threading.Event(), desk.buttons()
    press = "changeover:hold:utility:3"
    waiting = [asyncio.create_task(buttons.pressed(ADA, press)) for _ in range(4)]
    await asyncio.sleep(0)
    assert "too many" in await buttons.pressed(ADA, press)
    desk.gate.set()
    assert all("held" in answer for answer in await asyncio.gather(*waiting))
    assert "held" in await buttons.pressed(ADA, press)
