from __future__ import annotations

import json

import pytest

from changeover.act.brakes import Brakes, StopFile
from changeover.act.pending import PENDING_FILE, Pending, Rollback
from changeover.core.clock import ManualClock
from changeover.core.errors import Guard, StoreUnavailableError
from changeover.core.ports import FlagValue
from changeover.route.flags import FeatureFlags

FLAG = "ddd.commands.utility"


class Store:
    name = "store"

    def __init__(self):
        self.away = False

    def read(self):
        if self.away:
            raise StoreUnavailableError("away")
        return {FLAG: FlagValue(50.0), "ddd.commands.enabled": FlagValue(100.0)}


@pytest.fixture
def guard():
    return Guard(ManualClock())


def rollback(**changes):
    told = {"rule": "rollback", "scope": "utility", "flags": (FLAG,), "actor": "auto"}
    return Rollback(**told | {"reason": "bad", "at_ns": 1} | changes)


def test_a_pulled_brake_wins_over_every_source_without_asking_one():
    brakes, store = Brakes(ManualClock()), Store()
    flags = FeatureFlags([store], brakes=(brakes,))
    flags.refresh()
    store.away = True
    brakes.pull(FLAG, "bad")
    assert flags.brake()
    assert flags.share(FLAG) == 0
    (state,) = [state for state in flags.states() if state.name == FLAG]
    assert (state.source, state.reason) == ("rollback", "bad")
    brakes.release([FLAG])
    flags.refresh()
    assert flags.share(FLAG) == 50


def test_a_brake_before_the_first_look_at_the_store_leaves_everything_off():
    brakes = Brakes(ManualClock())
    flags = FeatureFlags([Store()], brakes=(brakes,))
    flags.brake()
    assert flags.shares == {}


def test_any_file_named_stop_turns_the_master_switch_off(tmp_path):
    flags = FeatureFlags([Store()], brakes=(StopFile(tmp_path, "ddd"),))
    flags.refresh()
    assert flags.share("ddd.commands.enabled") == 100
    (tmp_path / "STOP").write_bytes(b"\xff\xfenot json")
    flags.brake()
    assert flags.share("ddd.commands.enabled") == 0
    (tmp_path / "STOP").unlink()
    flags.brake()
    assert flags.share("ddd.commands.enabled") == 100


def test_the_file_says_who_stopped_and_why(tmp_path):
    file = StopFile(tmp_path / "new", "ddd")
    file.write("cli:ada", "panic\x1b[31m", 7)
    value = file.read()["ddd.commands.enabled"]
    assert (value.actor, value.reason) == ("cli:ada", "panic[31m")
    file.remove()
    file.remove()
    assert file.read() == {}


def test_a_folder_that_cannot_be_looked_at_is_trouble_and_no_order(tmp_path):
    with pytest.raises(StoreUnavailableError):
        StopFile(tmp_path / ("x" * 300), "ddd").read()


def test_rollbacks_outlive_the_process_until_they_are_done(tmp_path, guard):
    file = tmp_path / "data" / PENDING_FILE
    first = Pending(file, guard=guard)
    kept, gone = rollback(tries={FLAG: 2}), rollback(scope="ping", command="ping")
    first.add(kept)
    first.add(gone)
    first.done(gone)
    assert Pending(file, guard=guard).rollbacks() == (kept,)


def test_a_line_that_was_half_written_spoils_no_other(tmp_path, guard):
    file = tmp_path / PENDING_FILE
    kept = rollback()
    file.write_text('{"rule": "rollb')
    Pending(file, guard=guard).add(kept)
    assert Pending(file, guard=guard).rollbacks() == (kept,)
    assert guard.counts["act.rollbacks_file"] == 2


def test_the_file_does_not_grow_for_ever(tmp_path, guard):
    file = tmp_path / PENDING_FILE
    pending = Pending(file, guard=guard)
    for _ in range(20):
        one = rollback(reason="x" * 30_000)
        pending.add(one)
        pending.done(one)
    assert not file.exists() or file.stat().st_size < 300_000


def test_each_line_is_json(tmp_path, guard):
    file = tmp_path / PENDING_FILE
    Pending(file, guard=guard).add(rollback(reason="a\nb"))
    (line,) = filter(None, file.read_text().splitlines())
    assert json.loads(line)["reason"] == "a\nb"
