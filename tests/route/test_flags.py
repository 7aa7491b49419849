import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import BadValueError, Guard, SettingsError, StoreUnavailableError
from changeover.core.model import FlagState, Status
from changeover.core.ports import FlagValue
from changeover.route.flags import FeatureFlags

SOURCE_NAMES = ("file", "environment", "store")
VALUES = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 100).map(float))


@pytest.fixture
def sources(settable):
    return [settable(name) for name in SOURCE_NAMES]


@pytest.fixture
def flags(sources, clock):
    return FeatureFlags(sources, clock=clock, guard=Guard(clock))


class Fixed:
    def __init__(self, name, shares):
        self.name = name
        self.values = {flag: FlagValue(share) for flag, share in shares.items()}

    def read(self):
        return self.values


@given(VALUES, VALUES, VALUES)
def test_the_last_source_that_sets_a_flag_decides(file, environment, store):
    told = (file, environment, store)
    flags = FeatureFlags(list(map(Fixed, SOURCE_NAMES, told)))
    flags.refresh()
    assert flags.shares == {**file, **environment, **store}
    for state in flags.states():
        setting = [name for name, of in zip(SOURCE_NAMES, told, strict=True) if state.name in of]
        assert state.source == setting[-1]


def test_everything_is_off_before_the_first_refresh(flags, sources):
    sources[0].set("a", 100)
    assert not flags.is_enabled("a")
    assert flags.share("a") is None
    assert flags.refresh()
    assert flags.is_enabled("a")
    assert flags.share("a") == 100


def test_refresh_tells_whether_anything_changed(flags, sources):
    assert not flags.refresh()
    sources[2].set("a", 5)
    assert flags.refresh()
    assert not flags.refresh()
    sources[2].set("a", None)
    assert flags.refresh()


def test_a_share_without_an_id_is_off_and_with_one_is_sticky(flags, sources):
    sources[0].set("a", 50)
    flags.refresh()
    assert not flags.is_enabled("a")
    answers = [flags.is_enabled("a", id_) for id_ in range(200)]
    assert 60 < sum(answers) < 140
    assert answers == [flags.is_enabled("a", str(id_)) for id_ in range(200)]


def test_a_failing_source_keeps_its_last_values_while_the_others_go_on(flags, sources, clock):
    sources[0].set("a", 100)
    sources[2].set("b", 100)
    flags.refresh()
    sources[2].error = StoreUnavailableError("database is locked")
    sources[0].set("a", 0)
    clock.advance(12)
    assert flags.refresh()
    assert flags.shares == {"a": 0, "b": 100}
    assert flags.failures == {"file": 0, "environment": 0, "store": 1}
    check = flags.check()
    assert check.status is Status.DEGRADED
    assert check.age_s == 12
    assert "store cannot be read for 12 s, its last known values stay" in check.detail
    assert "database is locked" in check.detail
    sources[2].error = None
    flags.refresh()
    assert flags.check().status is Status.HEALTHY
    assert flags.check().age_s is None


def test_a_source_that_never_answered_leaves_all_flags_off(flags, sources, clock):
    sources[0].set("b", 100)
    sources[2].set("a", 100)
    sources[2].error = StoreUnavailableError("no such file")
    flags.refresh()
    clock.advance(3)
    assert flags.share("a") is None
    assert flags.share("b") is None  # the silent store may say that it was rolled back
    assert "all flags are off" in flags.check().detail
    assert flags.check().age_s == 3
    sources[2].error = None
    flags.refresh()
    assert (flags.share("a"), flags.share("b")) == (100, 100)


def test_a_strangers_error_is_named_without_its_words(flags, sources):
    sources[2].error = RuntimeError("password=hunter2")
    flags.refresh()
    assert "RuntimeError" in flags.check().detail
    assert "hunter2" not in flags.check().detail


@pytest.mark.parametrize("share", [float("nan"), -1, 101, None, "x"])
def test_a_source_that_tells_no_share_counts_as_failing(flags, sources, share):
    sources[0].set("a", 5)
    flags.refresh()
    sources[0].values = {"a": FlagValue(share)}
    assert not flags.refresh()
    assert flags.share("a") == 5
    assert flags.failures["file"] == 1


def test_failures_are_logged_once_a_minute(flags, sources, clock, caplog):
    sources[0].error = RuntimeError("a defect")
    with caplog.at_level(logging.ERROR, "changeover"):
        for _ in range(90):
            flags.refresh()
            clock.advance(1)
    assert len(caplog.records) == 2
    assert flags.failures["file"] == 90


def test_what_people_wrote_wrongly_is_told_once_and_is_no_error_of_ours(clock, settable, caplog):
    source, guard = settable("file", ping=25), Guard(clock)
    flags = FeatureFlags([source], clock=clock, guard=guard)
    flags.refresh()
    for text in ("often", "often", "seldom"):
        source.error = SettingsError([BadValueError("ping", text, "a share", "25%")])
        assert not flags.refresh()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert flags.share("ddd.commands.ping") == 25.0
    assert flags.check().status is Status.DEGRADED
    assert guard.counts == {}


def test_states_tell_every_flag_that_is_set_or_asked_for(flags, sources):
    flags.register("a", "b")
    sources[2].values = {"b": FlagValue(25, 7, "cli:ann", "canary")}
    flags.refresh()
    assert flags.states() == [
        FlagState("a", 0, "default"),
        FlagState("b", 25, "store", updated_ns=7, actor="cli:ann", reason="canary"),
    ]


def test_a_misspelt_flag_is_reported_with_the_nearest_name(flags, sources):
    flags.register("ddd.commands.utility")
    sources[1].set("ddd.commands.utilty", 100)
    flags.refresh()
    state = {state.name: state for state in flags.states()}["ddd.commands.utilty"]
    assert (state.known, state.nearest) == (False, "ddd.commands.utility")
    check = flags.check()
    assert check.status is Status.DEGRADED
    assert check.detail == (
        "nothing asks for flag ddd.commands.utilty (from environment), "
        "did you mean ddd.commands.utility?"
    )


def test_nothing_is_called_misspelt_in_a_process_without_commands(flags, sources):
    sources[1].set("ddd.commands.utilty", 100)
    flags.refresh()
    assert all(state.known for state in flags.states())
    assert flags.check().status is Status.HEALTHY
    assert flags.check().detail == "1 flag is set"


def test_a_reader_sees_all_of_a_change_or_nothing_of_it(flags, sources):
    """Two flags always change together, so no reader may ever see them differ."""
    done = threading.Event()

    def flip():
        for turn in range(2_000):
            share = float(turn % 101)
            sources[0].values = {"a": FlagValue(share), "b": FlagValue(share)}
            flags.refresh()
        done.set()

    thread = threading.Thread(target=flip)
    thread.start()
    torn = 0
    while not done.is_set():
        shares = flags.shares
        torn += shares.get("a") != shares.get("b")
    thread.join()
    assert torn == 0


def test_asking_with_an_id_that_breaks_is_off_and_counted(sources, clock):
    class Broken(str):
        __slots__ = ()

        def __format__(self, spec):
            raise RuntimeError(spec)

    guard = Guard(clock)
    flags = FeatureFlags(sources, guard=guard)
    sources[0].set("a", 50)
    flags.refresh()
    assert flags.is_enabled("a", Broken("7")) is False
    assert guard.counts == {"route.is_enabled": 1}
