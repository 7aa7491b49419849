import json
import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.route.assignment import BUCKETS, ask, bucket_of

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
FLAGS = st.text(min_size=1, max_size=40)
IDS = st.one_of(st.integers(0, 2**64), st.text(min_size=1, max_size=40))
SHARES = st.integers(0, BUCKETS).map(lambda hundredths: hundredths / 100)
PEOPLE = range(80_351_110_224_678_912, 80_351_110_224_678_912 + 20_000)


def chi_square(counts, expected):
    return sum((count - expected) ** 2 / expected for count in counts)


def four_sigma(degrees_of_freedom):
    """A bound that a good hash passes but for one flag in some ten thousand."""
    return degrees_of_freedom + 4.5 * sqrt(2 * degrees_of_freedom)


def test_every_vector_of_the_file_is_met():
    assert len(VECTORS["vectors"]) >= 300
    for flag, id_, bucket in VECTORS["vectors"]:
        assert bucket_of(flag, id_) == bucket


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("b2sum") is None, reason="needs b2sum")
def test_the_documented_shell_line_gives_the_same_bucket():
    for flag, id_, bucket in VECTORS["vectors"][::75]:
        done = subprocess.run(
            ["b2sum", "-l", "64"], input=f"{flag}\0{id_}".encode(), capture_output=True, check=True
        )
        assert int(done.stdout.split()[0], 16) % BUCKETS == bucket


@given(FLAGS, IDS)
def test_a_bucket_is_in_range_and_stays(flag, id_):
    assert 0 <= bucket_of(flag, id_) == bucket_of(flag, id_) < BUCKETS


@given(FLAGS, st.integers(0, 2**64))
def test_a_number_and_its_text_are_one_id(flag, number):
    assert bucket_of(flag, number) == bucket_of(flag, str(number))


def test_text_that_is_no_unicode_has_a_bucket():
    assert 0 <= bucket_of("flag", "\ud800") < BUCKETS


@given(FLAGS, IDS, SHARES, SHARES)
def test_an_id_that_is_on_stays_on_as_the_share_grows(flag, id_, one, other):
    low, high = sorted((one, other))
    assert ask(flag, high, id_).on or not ask(flag, low, id_).on


@given(FLAGS, IDS, SHARES)
def test_an_id_is_on_when_its_bucket_is_below_the_share(flag, id_, share):
    answer = ask(flag, share, id_)
    assert answer.on == (bucket_of(flag, id_) < round(share * 100))
    assert answer.bucket in {None, bucket_of(flag, id_) / 100}


def test_every_step_of_a_hundredth_adds_its_bucket():
    id_at = {bucket_of("flag", number): number for number in range(150_000)}
    assert len(id_at) == BUCKETS
    for below, bucket in pairwise(range(BUCKETS)):
        assert not ask("flag", bucket / 100, id_at[bucket]).on
        assert ask("flag", bucket / 100, id_at[below]).on


@pytest.mark.parametrize("flag", ["ddd.commands.utility", "ddd.commands.utilitz", "a"])
def test_ids_that_follow_each_other_fall_evenly(flag):
    cells = Counter(bucket_of(flag, id_) // 100 for id_ in PEOPLE)
    assert len(cells) == 100
    assert chi_square(cells.values(), len(PEOPLE) / 100) < four_sigma(99)


@pytest.mark.parametrize("share", [0.5, 1, 25, 33.33, 50, 99])
def test_a_share_is_on_for_its_percent_of_ids(share):
    on = sum(ask("ddd.commands.ping", share, id_).on for id_ in PEOPLE)
    ratio = share / 100
    deviation = sqrt(len(PEOPLE) * ratio * (1 - ratio))
    assert abs(on - len(PEOPLE) * ratio) < 4.5 * deviation


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ddd.commands.ping", "ddd.commands.status"),
        ("ddd.commands.a", "ddd.commands.b"),
        ("ddd.commands.enabled", "ddd.commands.integration"),
    ],
)
def test_what_one_flag_says_tells_nothing_of_another(one, other):
    cells = Counter((bucket_of(one, i) // 1_000, bucket_of(other, i) // 1_000) for i in PEOPLE)
    counts = [cells[row, column] for row in range(10) for column in range(10)]
    assert chi_square(counts, len(PEOPLE) / 100) < four_sigma(99)


@pytest.mark.parametrize("nobody", [None, "", 1.5, b"7", object()])
def test_what_is_no_id_is_off_for_a_share_but_needs_none_at_the_ends(nobody):
    assert ask("flag", 99.99, nobody) == (False, None, True)
    assert ask("flag", 100, nobody) == (True, None, False)
    assert ask("flag", 0, nobody) == (False, None, False)
    assert ask("flag", None, nobody) == (False, None, False)
