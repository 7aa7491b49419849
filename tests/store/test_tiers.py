"""Windows are cut into spans that hold every moment of them once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from changeover.store.tiers import DAY_NS, HOUR_NS, MINUTE_NS, Extent, ceil, floor, plan

DAYS = 40
STEPS = st.sampled_from([n * MINUTE_NS for n in (1, 5, 7, 15, 60, 120, 90, 1_440)])


@st.composite
def extents(draw):
    """As upkeep leaves them: finer tiers begin later, hours are summed up before minutes go."""
    hour = st.integers(0, DAYS * 24).map(lambda n: n * HOUR_NS)
    counted, minutes, summed = sorted(draw(st.tuples(hour, hour, hour)))
    executions = draw(st.integers(0, DAYS * 1_440)) * MINUTE_NS
    days_until = draw(st.integers(0, summed // HOUR_NS)) * HOUR_NS
    later = draw(st.integers(0, 59)) * MINUTE_NS
    return Extent(executions, minutes, counted, summed + later, days_until)


def moments():
    return st.integers(0, DAYS * DAY_NS) | st.integers(0, DAYS * 1_440).map(lambda n: n * MINUTE_NS)


@given(moments(), moments(), extents(), STEPS)
def test_the_spans_hold_every_moment_once(start, end, extent, step):
    planned = plan(start, end, extent, step)
    edges = [planned.coverage.start_ns]
    for span in planned.spans:
        assert span.start_ns == edges[-1]
        assert span.end_ns > span.start_ns
        edges.append(span.end_ns)
    assert edges[-1] == planned.coverage.end_ns


@given(moments(), moments(), extents(), STEPS)
def test_every_span_reads_only_what_is_there(start, end, extent, step):
    for width, first, last in plan(start, end, extent, step).spans:
        if width == 0:
            assert first >= extent.executions_ns
            assert last - first < 2 * MINUTE_NS
            continue
        assert first % width == last % width == 0
        assert step % width == 0 or (width == HOUR_NS and last <= extent.minutes_ns)
        if width == MINUTE_NS:
            assert first >= extent.minutes_ns
        else:
            assert first >= extent.counted_ns
            assert last <= (extent.hours_until_ns if width == HOUR_NS else extent.days_until_ns)


@given(moments(), moments(), extents())
def test_the_coverage_begins_at_most_an_hour_early_and_says_whether_it_is_exact(start, end, extent):
    covered = plan(start, end, extent).coverage
    if start >= extent.counted_ns:
        assert start - HOUR_NS < covered.start_ns <= start
    if start >= max(extent.counted_ns, extent.minutes_ns):
        assert start - MINUTE_NS < covered.start_ns
    if start >= max(extent.counted_ns, extent.minutes_ns, extent.executions_ns):
        assert covered.exact_to_event
    if covered.exact_to_event:
        assert (covered.start_ns, covered.end_ns) == (start, max(start, end))


@given(st.lists(moments(), min_size=2, max_size=6), extents())
def test_windows_that_meet_cover_what_they_cover_together(edges, extent):
    edges.sort()
    parts = [plan(a, b, extent).coverage for a, b in pairwise(edges)]
    whole = plan(edges[0], edges[-1], extent).coverage
    assert parts[0].start_ns == whole.start_ns
    assert parts[-1].end_ns == whole.end_ns
    for before, after in pairwise(parts):
        assert before.end_ns == after.start_ns


@given(st.integers(0, 2**62), st.sampled_from([MINUTE_NS, HOUR_NS, DAY_NS]))
def test_floor_and_ceil_enclose_a_moment(moment, width):
    assert floor(moment, width) <= moment <= ceil(moment, width)
    assert ceil(moment, width) - floor(moment, width) in {0, width}
