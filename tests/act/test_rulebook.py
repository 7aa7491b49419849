"""The rules' file is read again when it changes, and a broken one leaves the old rules on."""

from __future__ import annotations

import os

import pytest

from changeover.act.rulebook import LOOK_EVERY_S, RuleBook, rules_of_file
from changeover.act.rules import built_in_rules
from changeover.core.clock import ManualClock
from changeover.core.errors import SettingsError

BUILT_IN = built_in_rules()
MINE = '[[alerts.rules]]\nname = "mine"\nmetric = "errors"\nwarning = {}\n'


@pytest.fixture
def file(tmp_path):
    return tmp_path / "changeover.toml"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def book(file, clock):
    return RuleBook(BUILT_IN, file, clock=clock)


@pytest.fixture
def look(book, clock):
    """Let the book look at the file once more."""

    def look():
        clock.advance(LOOK_EVERY_S)
        book.refresh()
        return [rule.name for rule in book.rules]

    return look


NAMES = [rule.name for rule in BUILT_IN]


def test_a_file_that_was_never_there_sets_nothing(book, look):
    assert look() == NAMES
    assert book.problem is None


def test_a_change_is_seen_without_a_restart(book, look, file):
    file.write_text(MINE.format(3))
    assert look() == [*NAMES, "mine"]
    file.write_text(MINE.format(25))
    look()
    assert book.rules[-1].warning == 25
    file.write_text('[[alerts.rules]]\nname = "memory"\nenabled = false\n')
    assert look() == NAMES[:-1]


def test_it_looks_at_most_every_few_seconds_and_reads_only_what_changed(book, clock, file):
    file.write_text(MINE.format(3))
    book.refresh()
    assert len(book.rules) == 4
    file.write_text(MINE.format(3) + MINE.format(3).replace("mine", "other"))
    clock.advance(LOOK_EVERY_S - 1)
    book.refresh()
    assert len(book.rules) == 4
    clock.advance(1)
    book.refresh()
    assert len(book.rules) == 5


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ("[[alerts.rules]]\nname = \n", "line 2, column 8"),
        (MINE.format('"x"'), "line 4: rule 1 (mine): warning='x'"),
        ("[[alerts.rules]]\nnam = 'a'\n", "line 2: rule 1: nam='a'"),
    ],
)
def test_a_broken_file_leaves_the_old_rules_on_and_says_where_once(
    book, look, file, caplog, broken, place
):
    file.write_text(MINE.format(3))
    look()
    file.write_text(broken)
    assert look() == [*NAMES, "mine"]
    assert place in book.problem
    assert str(file) in book.problem
    os.utime(file, ns=(1, 1))
    look()
    complaints = [r for r in caplog.records if "stay as they were" in r.getMessage()]
    assert len(complaints) == 1
    file.write_text(MINE.format(4))
    look()
    assert (book.problem, book.rules[-1].warning) == (None, 4)


def test_a_file_that_vanishes_is_trouble_and_no_order(book, look, file):
    file.write_text(MINE.format(3))
    look()
    kept = file.rename(file.with_suffix(".away"))
    assert look() == [*NAMES, "mine"]
    assert "is gone" in book.problem
    kept.rename(file)
    look()
    assert book.problem is None


def test_bytes_that_are_no_text_are_complained_of(book, look, file):
    file.write_bytes(b"\xff\xfe[")
    assert look() == NAMES
    assert str(file) in book.problem


def test_the_rule_that_asks_how_the_others_do_comes_last(file, clock):
    file.write_text(
        '[[alerts.rules]]\nname = "asks"\nmetric = "failing_rules"\nwarning = 0\n' + MINE.format(1)
    )
    assert [rule.name for rule in RuleBook(BUILT_IN, file, clock=clock).rules][-1] == "asks"


def test_all_that_is_wrong_is_one_error(file):
    file.write_text(MINE.format('"x"') + '[[alerts.rules]]\nname = "error_rate"\nwarnin = 1\n')
    with pytest.raises(SettingsError) as caught:
        rules_of_file(file, BUILT_IN)
    assert len(caught.value.problems) == 2
