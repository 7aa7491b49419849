import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import ManualClock
from changeover.core.errors import (
    BadValueError,
    ConflictError,
    SettingsError,
    StoreUnavailableError,
)
from changeover.core.ports import Document, FlagValue, Put
from changeover.route.names import FlagNames, fold
from changeover.route.share import format_share
from changeover.route.sources import EnvironmentFlags, FileFlags, StateFlags, set_flag


def environment(environ, *registered):
    names = FlagNames()
    names.register(*registered)
    return EnvironmentFlags(environ, names)


class TestEnvironment:
    def test_variables_map_back_to_registered_names(self):
        source = environment(
            {
                "FEATURE_FLAG_DDD_COMMANDS_UTILITY": "true",
                "FEATURE_FLAG_DDD_COMMANDS_FALLBACKONERROR": "25%",
                "FEATURE_FLAG_DDD_COMMANDS_PURGE_BOT": "no",
                "FEATURE_FLAG_ddd.commands.ping": "0.5",
                "HOME": "/root",
            },
            "ddd.commands.utility",
            "ddd.commands.fallbackOnError",
            "ddd.commands.purge-bot",
            "ddd.commands.ping",
        )
        assert {flag: value.share for flag, value in source.read().items()} == {
            "ddd.commands.utility": 100,
            "ddd.commands.fallbackOnError": 25,
            "ddd.commands.purge-bot": 0,
            "ddd.commands.ping": 0.5,
        }

    def test_a_variable_that_maps_to_no_flag_is_told_not_ignored(self):
        source = environment({"FEATURE_FLAG_DDD_COMMANDS_UTILTY": "on"}, "ddd.commands.utility")
        assert source.read() == {"ddd.commands.utilty": FlagValue(100)}

    def test_a_flag_registered_later_is_found_at_the_next_read(self):
        names = FlagNames()
        source = EnvironmentFlags({"FEATURE_FLAG_DDD_COMMANDS_MY_CMD": "on"}, names)
        assert set(source.read()) == {"ddd.commands.my.cmd"}
        names.register("ddd.commands.my-cmd")
        assert set(source.read()) == {"ddd.commands.my-cmd"}

    def test_an_empty_variable_sets_nothing(self):
        assert environment({"FEATURE_FLAG_A": " "}, "a").read() == {}

    def test_every_wrong_variable_is_named_at_once(self):
        source = environment(
            {"FEATURE_FLAG_A": "maybe", "FEATURE_FLAG_B": "101", "FEATURE_FLAG_C": "on"}
        )
        with pytest.raises(SettingsError) as caught:
            source.read()
        assert [problem.name for problem in caught.value.problems] == [
            "FEATURE_FLAG_A",
            "FEATURE_FLAG_B",
        ]

    def test_a_variable_that_two_flags_claim_is_refused(self):
        source = environment({"FEATURE_FLAG_A_B": "on"}, "a.b", "a-b")
        with pytest.raises(SettingsError, match=r"not a-b and a\.b"):
            source.read()

    def test_two_variables_for_one_flag_are_refused(self):
        source = environment({"FEATURE_FLAG_A_B": "on", "FEATURE_FLAG_A.B": "off"}, "a.b")
        with pytest.raises(SettingsError, match=r"one value for a\.b"):
            source.read()

    @given(st.from_regex(r"[a-z]{1,8}([.-][a-zA-Z0-9]{1,8}){0,4}", fullmatch=True))
    def test_every_registered_flag_can_be_set_by_its_variable(self, flag):
        source = environment({f"FEATURE_FLAG_{fold(flag)}": "33.33%"}, flag)
        assert source.read() == {flag: FlagValue(33.33)}


class TestFile:
    def test_quoted_dotted_and_nested_names_are_the_same(self, tmp_path):
        path = tmp_path / "changeover.toml"
        path.write_text(
            '[flags]\n"a.one" = true\na.two = 25\n[flags.a.b]\nthree = "0.5%"\nfour = 1\n'
        )
        assert {flag: value.share for flag, value in FileFlags(path).read().items()} == {
            "a.one": 100,
            "a.two": 25,
            "a.b.three": 0.5,
            "a.b.four": 1,
        }

    def test_a_file_without_the_table_or_not_there_sets_nothing(self, tmp_path):
        path = tmp_path / "changeover.toml"
        assert FileFlags(path).read() == {}
        path.write_text("[other]\nx = 1\n")
        assert FileFlags(path).read() == {}

    def test_it_is_read_again_only_when_it_changed(self, tmp_path):
        path = tmp_path / "changeover.toml"
        path.write_text("[flags]\na = true\n")
        source = FileFlags(path)
        first = source.read()
        assert source.read() is first
        path.write_text("[flags]\na = false\n")
        assert source.read() == {"a": FlagValue(0)}

    def test_a_change_of_the_same_length_is_seen_by_its_time(self, tmp_path):
        path = tmp_path / "changeover.toml"
        path.write_text("[flags]\na = 10\n")
        source = FileFlags(path)
        source.read()
        path.write_text("[flags]\na = 20\n")
        os.utime(path, ns=(1, 1))
        assert source.read() == {"a": FlagValue(20)}

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"[flags\n", "TOML"),
            (b"[flags]\na = \xff\n", "TOML"),
            (b"flags = 3\n", "a table"),
            (b"[flags]\na = 101\n", "a='101'"),
            (b"[flags]\na = []\n", "percentage"),
            (b'[flags]\n"a.b" = true\na.b = false\n', "one value for a.b"),
        ],
    )
    def test_a_wrong_file_says_what_is_wrong_until_it_is_right(self, tmp_path, content, told):
        path = tmp_path / "changeover.toml"
        path.write_bytes(content)
        source = FileFlags(path)
        for _ in range(2):
            with pytest.raises(SettingsError) as caught:
                source.read()
            assert told in str(caught.value)
        path.write_bytes(b"[flags]\na = true\n")
        assert source.read() == {"a": FlagValue(100)}

    def test_every_wrong_flag_is_named_at_once(self, tmp_path):
        path = tmp_path / "changeover.toml"
        path.write_text('[flags]\na = 101\nb = true\nc = "maybe"\n')
        with pytest.raises(SettingsError) as caught:
            FileFlags(path).read()
        assert [problem.name for problem in caught.value.problems] == ["a", "c"]

    def test_a_file_that_vanishes_is_trouble_and_not_an_order(self, tmp_path):
        path = tmp_path / "changeover.toml"
        path.write_text("[flags]\na = true\n")
        source = FileFlags(path)
        source.read()
        path.unlink()
        with pytest.raises(StoreUnavailableError, match="gone"):
            source.read()

    def test_a_path_that_is_no_file_is_trouble(self, tmp_path):
        with pytest.raises(StoreUnavailableError):
            FileFlags(tmp_path).read()


class TestState:
    def test_a_flag_that_is_set_is_read_with_actor_reason_and_time(self, state, clock):
        set_flag(state, "a", 12.5, actor="cli:ann", reason="canary", clock=clock)
        assert StateFlags(state).read() == {
            "a": FlagValue(12.5, clock.wall_ns(), "cli:ann", "canary", version=1)
        }

    def test_documents_are_read_only_when_the_revision_moved(self, state):
        source = StateFlags(state)
        source.read()
        reads = state.reads
        source.read()
        assert state.reads == reads
        state.commit([Put("flag", "a", {"share": 5})])
        assert source.read() == {"a": FlagValue(5, version=1)}

    @pytest.mark.parametrize("share", [None, "maybe", float("nan"), 101, [], "missing"])
    def test_a_document_without_sense_is_off_and_hides_no_other(self, state, share):
        broken = {} if share == "missing" else {"share": share}
        state.commit([Put("flag", "broken", broken), Put("flag", "fine", {"share": 0})])
        values = StateFlags(state).read()
        assert values["fine"] == FlagValue(0, version=1)
        assert values["broken"].share == 0
        assert "cannot be read" in values["broken"].reason


class TestSetFlag:
    def test_a_change_is_one_commit_with_its_flip(self, state, clock):
        first = set_flag(state, "a", 25, actor="cli:ann", reason="start", clock=clock)
        clock.advance(60)
        second = set_flag(state, "a", 0, actor="auto", reason="errors", clock=clock)
        assert (first.old, first.new) == (None, "25%")
        assert (second.old, second.new) == ("25%", "0%")
        assert state.flips(subject="flag a") == [second, first]
        assert state.revision() == 2
        assert state.read("flag")["a"].value == {
            "share": 0.0,
            "actor": "auto",
            "reason": "errors",
            "updated_ns": clock.wall_ns(),
        }

    def test_none_takes_the_flag_out(self, state, clock):
        set_flag(state, "a", 25, actor="x", reason="", clock=clock)
        flip = set_flag(state, "a", None, actor="x", reason="", clock=clock)
        assert (flip.old, flip.new) == ("25%", None)
        assert state.read("flag") == {}

    def test_a_stale_expectation_changes_nothing(self, state, clock):
        set_flag(state, "a", 25, actor="x", reason="", clock=clock, expected=0)
        with pytest.raises(ConflictError):
            set_flag(state, "a", 50, actor="y", reason="", clock=clock, expected=0)
        assert state.reads == 2  # one each: a decision on what was read is not made again
        set_flag(state, "a", 50, actor="y", reason="", clock=clock, expected=1)
        assert [flip.new for flip in state.flips()] == ["50%", "25%"]

    def test_a_lost_race_is_repeated_and_tells_the_true_old_share(self, state, clock):
        set_flag(state, "a", 10, actor="x", reason="", clock=clock)
        rival = [lambda: set_flag(state, "a", 60, actor="z", reason="", clock=clock)]
        racing = Racing(state, rival)
        flip = set_flag(racing, "a", 90, actor="y", reason="", clock=clock)
        assert (flip.old, flip.new) == ("60%", "90%")
        assert [row.new for row in state.flips()] == ["90%", "60%", "10%"]

    def test_a_race_that_is_always_lost_ends_in_a_conflict(self, state, clock):
        def win():
            set_flag(state, "a", 60, actor="z", reason="", clock=clock)

        with pytest.raises(ConflictError):
            set_flag(Racing(state, [win] * 99), "a", 90, actor="y", reason="", clock=clock)
        assert {row.actor for row in state.flips()} == {"z"}

    @pytest.mark.parametrize("share", [-1, 100.5, float("nan"), 0.001])
    def test_no_such_share_is_refused_before_anything_is_read(self, state, clock, share):
        with pytest.raises(BadValueError):
            set_flag(state, "a", share, actor="x", reason="", clock=clock)
        assert state.reads == state.revision() == 0

    @given(st.integers(0, 10_000))
    def test_what_is_written_is_what_the_source_reads(self, hundredths):
        state = OneDocument()
        flip = set_flag(state, "a", hundredths / 100, actor="", reason="", clock=ManualClock())
        assert flip.new == format_share(hundredths / 100)
        assert StateFlags(state).read()["a"].share == hundredths / 100


class OneDocument:
    """The least state there is; hypothesis cannot use a fixture's."""

    def __init__(self):
        self.documents = {}

    def read(self, kind):
        return self.documents if kind == "flag" else {}

    def commit(self, puts, flips=()):
        assert len(flips) == 1
        for put in puts:
            self.documents[put.key] = Document(put.value, 1)

    def revision(self):
        return len(self.documents)


class Racing:
    """A state in which somebody else is faster, as often as there are rivals."""

    def __init__(self, state, rivals):
        self.state, self.rivals = state, rivals

    def read(self, kind):
        return self.state.read(kind)

    def commit(self, puts, flips=()):
        if self.rivals:
            self.rivals.pop()()
        self.state.commit(puts, flips)
