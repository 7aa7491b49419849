from collections import Counter
from itertools import product
from math import sqrt
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import BadValueError, Guard
from changeover.core.model import LEGACY, Reason, Trace
from changeover.core.ports import FlagValue
from changeover.route.assignment import bucket_of
from changeover.route.flags import FeatureFlags
from changeover.route.router import Router

P = "ddd.commands."
ID = 42
SHARES = st.one_of(st.none(), st.integers(0, 10_000).map(lambda hundredths: hundredths / 100))


class Shares:
    name = "file"

    def __init__(self, shares):
        self.shares = shares

    def read(self):
        return {
            P + flag: FlagValue(share) for flag, share in self.shares.items() if share is not None
        }


def router_of(shares, **registered):
    flags = FeatureFlags([Shares(shares)])
    flags.refresh()
    router = Router(flags)
    router.register("ping", category="utility", has_new=True, **registered)
    return router


def on(flag, share, id_):
    """The rule of a single flag, said a second time and differently."""
    if share in {None, 0}:
        return False
    if share == 100:
        return True
    return id_ is not None and bucket_of(P + flag, id_) / 100 < share


def expected_system(shares, id_):
    deciding = "ping" if shares.get("ping") is not None else "utility"
    gates = ("enabled", "integration", deciding)
    return "ddd" if all(on(gate, shares.get(gate), id_) for gate in gates) else LEGACY


SETTINGS = (None, 0.0, 100.0, 50.0)
FLAGS = ("enabled", "integration", "ping", "utility", "fallbackOnError")


@pytest.mark.parametrize("id_", [None, 1, 2, 3, 4, 5, 6])
def test_every_combination_of_the_five_flags_follows_the_precedence(id_):
    for settings in product(SETTINGS, repeat=len(FLAGS)):
        shares = dict(zip(FLAGS, settings, strict=True))
        choice = router_of(shares).choose("ping", id_)
        assert choice.system == expected_system(shares, id_), shares


@given(st.fixed_dictionaries(dict.fromkeys(FLAGS, SHARES)), st.integers(0, 2**64))
def test_any_shares_follow_the_precedence(shares, id_):
    assert router_of(shares).choose("ping", id_).system == expected_system(shares, id_)


@given(
    st.fixed_dictionaries(dict.fromkeys(FLAGS, SHARES)),
    st.sampled_from(FLAGS),
    SHARES,
    st.integers(0, 2**64),
)
def test_raising_any_share_never_takes_an_id_back_to_legacy(shares, raised, share, id_):
    before = router_of(shares).choose("ping", id_).system
    if shares[raised] is None or share is None:
        return  # setting a flag that was not set may override another one
    after = router_of({**shares, raised: max(share, shares[raised])}).choose("ping", id_).system
    assert before == LEGACY or after == "ddd"


@pytest.mark.parametrize(
    ("shares", "id_", "system", "trace", "enabled"),
    [
        ({}, ID, LEGACY, Trace(Reason.MASTER_OFF, P + "enabled"), False),
        ({"enabled": 0}, ID, LEGACY, Trace(Reason.MASTER_OFF, P + "enabled", 0), False),
        ({"enabled": 100}, ID, LEGACY, Trace(Reason.INTEGRATION_OFF, P + "integration"), False),
        (
            {"enabled": 100, "integration": 100},
            ID,
            LEGACY,
            Trace(Reason.NO_FLAG, P + "utility"),
            False,
        ),
        (
            {"enabled": 100, "integration": 100, "utility": 100},
            ID,
            "ddd",
            Trace(Reason.FLAG, P + "utility", 100, bucket_of(P + "utility", ID) / 100),
            True,
        ),
        (
            {"enabled": 100, "integration": 100, "utility": 100, "ping": 0},
            ID,
            LEGACY,
            Trace(Reason.FLAG, P + "ping", 0),
            False,
        ),
        ({"enabled": 50}, None, LEGACY, Trace(Reason.NO_ID, P + "enabled", 50), False),
        (
            {"enabled": 100, "integration": 100, "ping": 99.99},
            ID,
            "ddd",
            Trace(Reason.FLAG, P + "ping", 99.99, bucket_of(P + "ping", ID) / 100),
            True,
        ),
        (
            {"enabled": 0.01},
            ID,
            LEGACY,
            Trace(Reason.MASTER_OFF, P + "enabled", 0.01, bucket_of(P + "enabled", ID) / 100),
            False,
        ),
    ],
)
def test_a_choice_tells_the_flag_that_decided_its_value_and_why(
    shares, id_, system, trace, enabled
):
    assert router_of(shares).choose("ping", id_) == (system, trace, enabled)


ALL_ON = {"enabled": 100, "integration": 100, "utility": 100}


def test_without_a_new_handler_legacy_answers_whatever_the_flags_say():
    router = router_of(ALL_ON)
    router.register("old", category="utility", has_new=False)
    assert router.choose("old", ID) == (LEGACY, Trace(Reason.NO_NEW_HANDLER), False)
    assert router.choose("never registered", ID).trace.reason is Reason.NO_NEW_HANDLER


def test_without_a_legacy_handler_the_new_one_answers_whatever_the_flags_say():
    router = router_of({}, has_legacy=False)
    assert router.choose("ping", ID) == ("ddd", Trace(Reason.NO_LEGACY_HANDLER), False)


@pytest.mark.parametrize(
    ("shares", "flag", "system"),
    [
        ({"grp.sub": 0, "grp": 100, "utility": 100}, "grp.sub", LEGACY),
        ({"grp": 0, "utility": 100}, "grp", LEGACY),
        ({"utility": 100}, "utility", "ddd"),
    ],
)
def test_a_sub_command_asks_its_own_flag_then_its_groups_then_its_category(shares, flag, system):
    router = router_of({**shares, "enabled": 100, "integration": 100})
    router.register("grp sub", category="utility", has_new=True)
    choice = router.choose("grp sub", ID)
    assert (choice.system, choice.trace.flag) == (system, P + flag)


@pytest.mark.parametrize("name", ["enabled", "integration", "fallbackOnError", "FallbackOnError"])
def test_a_command_named_like_a_switch_is_not_switched_by_it(name):
    router = router_of({"enabled": 100, "integration": 100, "fallbackOnError": 100, name: 100})
    router.register(name, category=name, has_new=True)
    assert router.choose(name, ID) == (LEGACY, Trace(Reason.NO_FLAG), False)
    router.register(name, category="tools", has_new=True)
    assert router.choose(name, ID).trace.flag == P + "tools"


@pytest.mark.parametrize("system", ["legacy", "unknown", "", "a b", "a.b", "-x", "x" * 65, "é"])
def test_a_name_that_cannot_be_a_system_is_refused(system):
    with pytest.raises(BadValueError):
        Router(FeatureFlags(), system=system)


def test_another_systems_name_names_its_flags():
    flags = FeatureFlags()
    Router(flags, system="v2").register("a b", category="c d", has_new=True)
    assert set(flags.names) == {
        "v2.commands.enabled",
        "v2.commands.integration",
        "v2.commands.fallbackOnError",
        "v2.commands.a.b",
        "v2.commands.a",
        "v2.commands.c.d",
    }


@pytest.mark.parametrize(
    ("share", "safe", "has_legacy", "id_", "system", "reason"),
    [
        (100, True, True, None, LEGACY, Reason.FALLBACK),
        (100, False, True, ID, None, None),
        (100, True, False, ID, None, None),
        (0, True, True, ID, "ddd", Reason.FLAG),
        (None, True, True, ID, "ddd", Reason.FLAG),
        (99.99, True, True, ID, LEGACY, Reason.FALLBACK),
        (99.99, True, True, None, "ddd", Reason.NO_ID),
    ],
)
def test_fallback_needs_the_flag_a_legacy_handler_and_safety(
    share, safe, has_legacy, id_, system, reason
):
    router = router_of({"fallbackOnError": share}, safe_to_repeat=safe, has_legacy=has_legacy)
    choice = router.fallback("ping", id_)
    if system is None:
        assert choice is None
    else:
        assert (choice.system, choice.trace.reason) == (system, reason)
        assert choice.trace.flag == P + "fallbackOnError"


def test_states_say_where_calls_go_and_what_is_missing():
    router = router_of({**ALL_ON, "ping": 25, "integration": 50}, safe_to_repeat=True)
    router.register("add", category="personality", has_new=True)
    router.register("old", category="utility")
    router.register("fresh", has_legacy=False, has_new=True)
    told = {state.command: (state.share, state.reason, state.flag) for state in router.states()}
    assert told == {
        "add": (0, Reason.NO_FLAG, P + "personality"),
        "fresh": (100, Reason.NO_LEGACY_HANDLER, None),
        "old": (0, Reason.NO_NEW_HANDLER, None),
        "ping": (12.5, Reason.FLAG, P + "ping"),
    }
    ping = router.states()[-1]
    assert (ping.category, ping.has_legacy, ping.has_new) == ("utility", True, True)
    assert ping.safe_to_repeat


@pytest.mark.parametrize(
    "shares", [{}, {"enabled": 100}, ALL_ON, {**ALL_ON, "ping": 0}, {**ALL_ON, "enabled": 0}]
)
def test_states_and_choices_agree_on_reason_and_flag(shares):
    router = router_of(shares)
    (state,), choice = router.states(), router.choose("ping", ID)
    assert (state.reason, state.flag) == (choice.trace.reason, choice.trace.flag)
    assert (state.share == 100) == (choice.system == "ddd")


def test_the_share_of_a_state_is_the_share_of_ids_that_go_there():
    router = router_of({"enabled": 90, "integration": 80, "ping": 50})
    people, ratio = 4_000, router.states()[0].share / 100
    assert ratio == pytest.approx(0.36)
    new = sum(router.choose("ping", id_).system == "ddd" for id_ in range(people))
    assert abs(new - people * ratio) < 4.5 * sqrt(people * ratio * (1 - ratio))


def test_one_choice_sees_the_flags_of_one_moment():
    """Between two looks all flags turn, so two moments together would choose the new system."""

    class Turning:
        names = FeatureFlags().names
        moments = ({"enabled": 100}, {"integration": 100, "ping": 100})

        @property
        def shares(self):
            self.moments = self.moments[::-1]
            return {P + flag: share for flag, share in self.moments[1].items()}

    router = Router(Turning())
    router.register("ping", has_new=True)
    assert router.choose("ping", ID).trace.reason is Reason.INTEGRATION_OFF
    assert router.choose("ping", ID).trace.reason is Reason.MASTER_OFF


def test_a_choice_that_fails_is_legacys_and_is_counted():
    class Broken:
        names = FeatureFlags().names

        @property
        def shares(self):
            raise RuntimeError("gone")

    guard = Guard()
    router = Router(Broken(), guard=guard)
    router.register("ping", has_new=True)
    assert router.choose("ping", ID) == (LEGACY, Trace(Reason.DOUBT), False)
    assert router.counts[Reason.DOUBT] == 1
    assert guard.counts == {"route.choose": 1}


def test_choices_are_counted_by_reason_and_none_is_lost_between_threads():
    router = router_of({**ALL_ON, "ping": 50})

    def choose():
        for turn in range(500):
            router.choose("ping", None if turn % 5 == 0 else turn)
            router.choose("nothing")

    threads = [Thread(target=choose) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = Counter({reason: count for reason, count in router.counts.items() if count})
    assert counted == {Reason.FLAG: 1_600, Reason.NO_ID: 400, Reason.NO_NEW_HANDLER: 2_000}
    assert router.counts == router.counts
