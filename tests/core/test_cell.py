from hypothesis import given
from hypothesis import strategies as st

from changeover.core.cell import Cell
from changeover.core.histogram import Histogram

columns = st.lists(st.integers(0, 2**50), max_size=60)


def of(column):
    cell = Cell()
    cell.add_many(column)
    return cell


def figures(cell):
    return cell.count, cell.sum_ns, cell.max_ns, cell.histogram


@given(columns)
def test_a_cell_counts_sums_and_knows_the_longest(column):
    histogram = Histogram()
    histogram.add_many(column)
    assert figures(of(column)) == (len(column), sum(column), max(column, default=0), histogram)


@given(columns, columns)
def test_merged_cells_are_the_cell_of_both(one, other):
    merged = of(one)
    merged.merge(of(other))
    assert figures(merged) == figures(of(one + other))


@given(columns)
def test_a_copy_goes_its_own_way(column):
    cell = of(column)
    cell.copy().add_many([1, 2])
    assert figures(cell) == figures(of(column))
