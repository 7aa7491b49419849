"""What every adapter of `State` promises."""

from __future__ import annotations

import threading

import pytest

from changeover.core.errors import BadValueError, ConflictError, PoisonError
from changeover.core.model import Flip
from changeover.core.ports import Document, Put

NAN = float("nan")


def flip(number, subject="flag x"):
    return Flip(1_000 + number, subject, None, str(number), "cli:ann", "because\n…")


def test_documents_come_back_by_kind_with_their_version(state):
    value = {"share": 25.5, "list": [1, None, "ü\ud800"], "nested": {"a": True}, "big": 2**70}
    state.commit([Put("flag", "b", value), Put("flag", "a", {}), Put("alert", "b", {"x": 1})])
    assert state.read("flag") == {"a": Document({}, 1), "b": Document(value, 1)}
    assert state.read("alert") == {"b": Document({"x": 1}, 1)}
    assert state.read("outbox") == {}


def test_what_was_read_is_the_readers_own(state):
    value = {"list": [1]}
    state.commit([Put("flag", "a", value)])
    value["list"].append(2)
    state.read("flag")["a"].value["list"].append(3)
    assert state.read("flag")["a"].value == {"list": [1]}


def test_every_write_of_a_document_counts_its_version_up(state):
    for version in (1, 2, 3):
        state.commit([Put("flag", "a", {"v": version}, version - 1)])
        assert state.read("flag")["a"] == Document({"v": version}, version)


def test_a_write_against_an_old_version_loses_and_says_what_is_there(state):
    state.commit([Put("flag", "a", {"v": 1})])
    state.commit([Put("flag", "a", {"v": 2}, 1)])
    with pytest.raises(ConflictError) as caught:
        state.commit([Put("flag", "a", {"v": 3}, 1)])
    error = caught.value
    assert (error.kind, error.key, error.expected, error.found) == ("flag", "a", 1, 2)
    assert state.read("flag")["a"].value == {"v": 2}


def test_zero_means_not_there_yet(state):
    state.commit([Put("flag", "a", {}, 0)])
    with pytest.raises(ConflictError):
        state.commit([Put("flag", "a", {}, 0)])


def test_one_lost_write_takes_the_whole_commit_back(state):
    state.commit([Put("flag", "a", {"v": 1})])
    before = state.revision()
    with pytest.raises(ConflictError):
        state.commit([Put("flag", "new", {}), Put("flag", "a", {"v": 2}, 7)], [flip(1)])
    assert set(state.read("flag")) == {"a"}
    assert state.flips() == []
    assert state.revision() == before


def test_a_commit_sees_its_own_earlier_writes(state):
    state.commit([Put("flag", "a", {"v": 1}, 0), Put("flag", "a", {"v": 2}, 1)])
    assert state.read("flag")["a"] == Document({"v": 2}, 2)


def test_a_deleted_document_is_not_there(state):
    state.commit([Put("flag", "a", {"v": 1})])
    state.commit([Put("flag", "a", None, 1)])
    assert state.read("flag") == {}
    state.commit([Put("flag", "a", None, 0)])
    with pytest.raises(ConflictError) as caught:
        state.commit([Put("flag", "a", None, 1)])
    assert caught.value.found == 0


def test_a_document_made_anew_is_not_mistaken_for_the_one_deleted(state):
    state.commit([Put("flag", "a", {"v": "old"})])
    version_read = state.read("flag")["a"].version
    state.commit([Put("flag", "a", None)])
    state.commit([Put("flag", "a", {"v": "new"}, 0)])
    with pytest.raises(ConflictError):
        state.commit([Put("flag", "a", {"v": "lost"}, version_read)])


def test_what_is_left_of_deleted_documents_goes_after_a_day(state, clock):
    state.commit([Put("flag", "a", {})])
    state.commit([Put("flag", "a", None)])
    clock.advance(86_400)
    state.commit([Put("flag", "b", {})])
    state.commit([Put("flag", "a", {}, 0)])
    assert state.read("flag")["a"].version == 1


@pytest.mark.parametrize(
    "put",
    [
        Put("flag", "a", {"x": NAN}),
        Put("flag", "a", {"x": object()}),
        Put("flag", "a\ud800", {}),
        Put("flag", None, {}),
    ],
    ids=["NaN", "object", "surrogate", "no key"],
)
def test_what_cannot_be_stored_is_refused_with_all_of_its_commit(state, put):
    with pytest.raises(PoisonError, match="can never be stored"):
        state.commit([Put("flag", "good", {}), put], [flip(1)])
    assert state.read("flag") == {}
    assert state.flips() == []


@pytest.mark.parametrize("bad", [flip(2**63), flip(0, "\ud800"), flip(0, None)])
def test_a_flip_that_cannot_be_stored_is_refused(state, bad):
    with pytest.raises(PoisonError):
        state.commit([Put("flag", "a", {})], [bad])
    assert state.read("flag") == {}


def test_flips_come_newest_first_of_all_or_of_one_subject(state):
    state.commit([], [flip(1), flip(2, "alert y")])
    state.commit([Put("flag", "a", {})], [flip(3)])
    assert state.flips() == [flip(3), flip(2, "alert y"), flip(1)]
    assert state.flips(2) == [flip(3), flip(2, "alert y")]
    assert state.flips(10, "flag x") == [flip(3), flip(1)]
    assert state.flips(1, "flag x") == [flip(3)]
    assert state.flips(0) == []
    assert state.flips(10, "nobody") == []


def test_the_newest_ten_thousand_flips_are_kept(state):
    state.commit([], [flip(number) for number in range(10_005)])
    assert len(state.flips(20_000)) == 10_000
    assert state.flips(20_000)[-1] == flip(5)


def test_the_revision_is_new_after_every_commit_and_only_then(state):
    seen = [state.revision()]
    state.commit([Put("flag", "a", {})])
    seen.append(state.revision())
    state.commit([Put("flag", "a", {})])
    seen.append(state.revision())
    state.commit([], [flip(1)])
    seen.append(state.revision())
    assert len(set(seen)) == 4
    state.commit([])
    state.read("flag")
    state.lease("l", "me", 5)
    assert state.revision() == seen[-1]


def test_a_lease_keeps_others_out_until_it_runs_out(state, clock):
    assert state.lease("judge", "one", 10)
    assert not state.lease("judge", "two", 10)
    assert state.lease("other", "two", 10)
    clock.advance(9.9)
    assert not state.lease("judge", "two", 10)
    clock.advance(0.1)
    assert state.lease("judge", "two", 10)
    assert not state.lease("judge", "one", 10)


def test_a_renewed_lease_counts_from_its_renewal(state, clock):
    assert state.lease("judge", "one", 10)
    clock.advance(8)
    assert state.lease("judge", "one", 10)
    clock.advance(8)
    assert not state.lease("judge", "two", 10)


def test_a_lease_of_no_time_gives_it_back(state):
    assert state.lease("judge", "one", 10)
    assert state.lease("judge", "one", 0)
    assert state.lease("judge", "two", 10)


def test_a_clock_set_back_does_not_make_a_lease_eternal(state, clock):
    assert state.lease("judge", "dead", 10)
    clock.set_wall(clock.wall_ns() - 3_600 * 10**9)
    assert state.lease("judge", "two", 10)


@pytest.mark.parametrize("ttl_s", [-1, NAN, float("inf"), 86_401])
def test_a_lease_of_no_sense_is_refused(state, ttl_s):
    with pytest.raises(BadValueError, match="ttl_s"):
        state.lease("judge", "one", ttl_s)


def test_of_writers_at_once_each_version_is_won_by_one(state):
    state.commit([Put("flag", "n", {"n": 0})])
    won = []

    def count_up(name):
        for _ in range(12):
            document = state.read("flag")["n"]
            try:
                state.commit([Put("flag", "n", {"n": document.value["n"] + 1}, document.version)])
            except ConflictError:
                continue
            won.append(name)

    threads = [threading.Thread(target=count_up, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.read("flag")["n"].value == {"n": len(won)}


def test_closing_twice_is_closing_once(state):
    state.close()
    state.close()
