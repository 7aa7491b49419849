import math

from hypothesis import given
from hypothesis import strategies as st

from changeover.core.histogram import Histogram, bucket_middle, bucket_of

values = st.one_of(st.integers(0, 300), st.integers(0, 2**53))
columns = st.lists(values, max_size=200)
LEVELS = (0.0, 0.5, 0.95, 0.99, 1.0)


def of(column):
    histogram = Histogram()
    histogram.add_many(column)
    return histogram


def merged(*histograms):
    whole = Histogram()
    for histogram in histograms:
        whole.merge(histogram)
    return whole


@given(values)
def test_the_middle_of_a_bucket_is_within_one_percent_of_every_value_in_it(value):
    assert abs(bucket_middle(bucket_of(value)) - value) <= 0.008 * value


@given(values, values)
def test_buckets_keep_the_order_of_values(one, other):
    low, high = sorted((one, other))
    assert bucket_of(low) <= bucket_of(high)


@given(columns, columns, columns)
def test_merging_is_commutative_associative_and_the_same_as_adding(a, b, c):
    assert merged(of(a), of(b)) == merged(of(b), of(a)) == of(a + b)
    assert merged(merged(of(a), of(b)), of(c)) == merged(of(a), merged(of(b), of(c)))


@given(columns, columns)
def test_removing_what_was_added_leaves_no_trace(kept, gone):
    histogram = of(kept + gone)
    histogram.remove_many(gone)
    assert histogram == of(kept)


@given(st.lists(values, min_size=1, max_size=300))
def test_quantiles_are_within_one_percent_of_the_sorted_truth(column):
    column.sort()
    told = of(column).quantiles(*LEVELS)
    for level, value in zip(LEVELS, told, strict=True):
        truth = column[max(0, math.ceil(level * len(column)) - 1)]
        assert abs(value - truth) <= 0.01 * truth


def test_nothing_counted_has_no_quantiles():
    assert Histogram().quantiles(0.5) is None


@given(columns)
def test_bytes_bring_back_the_same_histogram(column):
    assert Histogram.from_bytes(of(column).to_bytes()) == of(column)


@given(columns)
def test_the_total_counts_every_value(column):
    assert of(column).total == len(column)
