import asyncio
import gc
import os
import threading
import weakref
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.errors import BadValueError, ChangeoverError
from changeover.core.model import (
    OTHER,
    Execution,
    FlagCheck,
    Kind,
    MetricType,
    Outcome,
    Page,
    Reason,
    Series,
    Trace,
)
from changeover.core.ports import Recorder
from changeover.record.collector import MetricsCollector, Readers


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def collector(clock):
    return MetricsCollector(clock=clock)


class Hostile:
    """Raises whatever is done with it; by default what an `except Exception` takes."""

    def __init__(self, error=RuntimeError):
        self._error = error

    def _raise(self, *_):
        raise self._error

    __str__ = __bool__ = __hash__ = __mul__ = __rmul__ = __float__ = __eq__ = _raise


def executions(collector):
    return collector.drain().executions


def test_a_call_becomes_one_row_with_all_that_was_said(collector, clock):
    trace = Trace(Reason.FLAG, "ddd.commands.utility", 25.0, 3.5)
    collector.record_command_execution(
        "grp  sub", "ddd", 0.25, True, outcome=Outcome.USER_ERROR, trace=trace, kind=Kind.SLASH
    )
    series = Series("grp sub", "ddd", Outcome.USER_ERROR)
    row = Execution(clock.wall_ns(), series, NS_PER_S // 4, None, trace, Kind.SLASH)
    drained = collector.drain()
    assert drained == ([row], [])
    assert isinstance(drained.executions[0], Execution)
    assert collector.drain() == ([], [])


def test_a_flag_check_becomes_one_row(collector, clock):
    trace = Trace(Reason.NO_ID)
    collector.record_feature_flag_check("ddd.commands.enabled", True, "a\u200bdd", trace=trace)
    collector.record_feature_flag_check("x", False)
    assert collector.drain().flag_checks == [
        FlagCheck(clock.wall_ns(), "ddd.commands.enabled", True, "add", trace),
        FlagCheck(clock.wall_ns(), "x", False),
    ]


@pytest.mark.parametrize(
    ("success", "error", "outcome", "told"),
    [
        (True, None, None, Outcome.OK),
        (True, ValueError(), None, Outcome.OK),
        (False, None, None, Outcome.FAILURE),
        (False, ValueError(), None, Outcome.FAILURE),
        (False, "text", None, Outcome.FAILURE),
        (False, TimeoutError(), None, Outcome.TIMEOUT),
        (False, asyncio.CancelledError(), None, Outcome.CANCELLED),
        (False, TimeoutError(), Outcome.DENIED, Outcome.DENIED),
        (True, None, "throttled", Outcome.THROTTLED),
        (False, TimeoutError(), "nonsense", Outcome.TIMEOUT),
        (True, None, 5, Outcome.OK),
    ],
)
def test_the_outcome_is_as_said_or_follows_from_success_and_error(
    collector, success, error, outcome, told
):
    for _ in range(2):  # the second time it is remembered
        collector.record_command_execution("add", "ddd", 0.1, success, error, outcome=outcome)
        assert [row.series.outcome for row in executions(collector)] == [told]
    assert collector.dropped["invalid_outcome"] == (2 if outcome in ("nonsense", 5) else 0)


def test_errors_are_told_and_redacted_off_the_road(collector):
    collector.record_command_execution("add", "ddd", 0.1, False, ValueError("password=hunter2"))
    (row,) = executions(collector)
    assert row.error[:2] == ("ValueError", "password=***")


NO_DURATIONS = [
    *(-1e-9, -5, float("nan"), float("inf"), float("-inf"), 1e9, 10**400),
    *(None, "0.1", b"1", [], {}, Decimal("0.1"), object(), 1j, Hostile),
]


@pytest.mark.parametrize("duration", NO_DURATIONS)
def test_a_duration_that_is_none_is_dropped_and_counted(collector, duration):
    given = Hostile() if duration is Hostile else duration
    collector.record_command_execution("add", "ddd", given, True)
    collector.record_command_execution("add", "ddd", 0.0, True)
    assert len(executions(collector)) == 1
    assert collector.dropped["invalid"] == 1


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.builds(Hostile, st.sampled_from([RuntimeError, SystemExit, KeyboardInterrupt])),
    st.lists(st.integers(), max_size=1),
    st.just(ValueError("x")),
    st.just(object()),
)


@given(st.lists(anything, min_size=8, max_size=8), st.lists(anything, min_size=4, max_size=4))
def test_nothing_it_is_given_makes_it_raise_and_nothing_goes_uncounted(call, check):
    collector = MetricsCollector()
    collector.record_command_execution(*call)
    collector.record_feature_flag_check(*check)
    rows, checks = collector.drain()
    assert len(rows) + len(checks) + collector.dropped["invalid"] == 2
    for row in rows:
        assert row.series.command.encode()
        assert row.series.system.encode()
        assert isinstance(row.series.outcome, Outcome)
        assert isinstance(row.kind, Kind)
        assert row.trace is None
        assert 0 <= row.duration_ns < 2**63


def test_the_buffer_is_bounded_and_what_it_refuses_is_counted(clock):
    collector = MetricsCollector(clock=clock, limit=10)
    for _ in range(25):
        collector.record_command_execution("add", "ddd", 0.1, True)
        collector.record_feature_flag_check("x", True)
    assert collector.waiting == 20
    assert collector.dropped["buffer_full"] == 30
    assert [len(rows) for rows in collector.drain()] == [10, 10]


def test_a_whole_backlog_is_drained_in_order(clock):
    collector = MetricsCollector(clock=clock)
    for i in range(2_000):
        collector.record_command_execution("add", "ddd", i, True)
    assert [row.duration_ns // NS_PER_S for row in executions(collector)] == list(range(2_000))


def test_series_are_capped_and_the_rest_is_counted_as_other(clock):
    collector = MetricsCollector(clock=clock, max_series=3)
    for _ in range(2):
        for i in range(5):
            collector.record_command_execution(f"user typed {i}", "ddd", 0.1, True)
    commands = [row.series.command for row in executions(collector)]
    assert commands == ["user typed 0", "user typed 1", "user typed 2", OTHER, OTHER] * 2
    assert collector.dropped["series_cap"] == 4
    assert collector.dropped["invalid"] == 0


def test_systems_are_capped_too(clock):
    collector = MetricsCollector(clock=clock)
    for i in range(100):
        collector.record_command_execution("add", f"system {i}", 0.1, True)
    assert len({row.series.system for row in executions(collector)}) == 17
    assert collector.dropped["series_cap"] == 84


def test_a_million_names_do_not_stay_in_memory(clock):
    collector = MetricsCollector(clock=clock, max_series=10)
    for i in range(1_000):
        collector.record_command_execution(f"typed {i}", "ddd", 0.1, True)
        collector.record_feature_flag_check(f"flag {i}", True, f"typed {i}")
    collector.drain()
    assert len(collector._folder.names._clean) <= 40
    assert len(collector._folder._known) <= 10


def test_a_wrong_kind_or_trace_costs_the_detail_only(collector):
    collector.record_command_execution("add", "ddd", 0.1, True, trace="why", kind="slash")
    collector.record_command_execution("add", "ddd", 0.1, True, kind="telepathy")
    told = [(row.kind, row.trace) for row in executions(collector)]
    assert told == [(Kind.SLASH, None), (Kind.CALL, None)]
    assert collector.dropped["invalid_detail"] == 2


def test_no_call_of_any_thread_is_lost_while_others_drain(clock):
    collector = MetricsCollector(clock=clock, limit=1_000_000)
    drained = []

    def record():
        for _ in range(3_000):
            collector.record_command_execution("add", "ddd", 0.1, True)

    def drain():
        while any(recorder.is_alive() for recorder in recorders):
            drained.extend(executions(collector))

    recorders = [threading.Thread(target=record) for _ in range(4)]
    drainers = [threading.Thread(target=drain) for _ in range(2)]
    for thread in [*recorders, *drainers]:
        thread.start()
    for thread in [*recorders, *drainers]:
        thread.join()
    assert len(drained) + len(executions(collector)) == 12_000


def test_refusals_of_many_threads_are_all_counted(clock):
    collector = MetricsCollector(clock=clock, limit=0)

    def record():
        for _ in range(2_000):
            collector.record_command_execution("add", "ddd", 0.1, True)

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collector.dropped["buffer_full"] == 8_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_starts_empty_even_while_the_parent_drains(clock):
    collector = MetricsCollector(clock=clock, limit=2)
    for _ in range(3):
        collector.record_command_execution("add", "ddd", 0.1, True)
    reading, writing = os.pipe()
    with collector._draining, collector._refusing:
        child = os.fork()
    if child == 0:
        try:
            before = collector.waiting, collector.dropped["buffer_full"]
            collector.record_command_execution("add", "ddd", 0.1, True)
            told = f"{before} {len(executions(collector))}"
        finally:
            os.write(writing, told.encode())
            os._exit(0)
    os.close(writing)
    assert os.read(reading, 100) == b"(0, 0) 1"
    os.close(reading)
    os.waitpid(child, 0)
    assert (collector.waiting, collector.dropped["buffer_full"]) == (2, 1)


def test_the_fork_hook_does_not_keep_a_collector_alive():
    collector = MetricsCollector()
    reference = weakref.ref(collector)
    del collector
    gc.collect()
    assert reference() is None


async def test_several_loops_and_threads_may_share_a_collector(collector):
    def own_loop():
        async def record():
            collector.record_command_execution("add", "ddd", 0.1, True)

        asyncio.run(record())

    await asyncio.gather(*(asyncio.to_thread(own_loop) for _ in range(4)))
    assert len(executions(collector)) == 4


def test_it_is_a_recorder(collector):
    recorder: Recorder = collector
    recorder.record_feature_flag_check("x", True)
    assert collector.waiting == 1


# --- the reference's questions ----------------------------------------------------------------


def test_alone_it_says_what_is_missing(collector):
    for ask in (
        collector.record_resource_usage,
        collector.get_summary,
        lambda: collector.get_metrics("resource_usage"),
    ):
        with pytest.raises(ChangeoverError, match="no service"):
            ask()


def test_metrics_are_the_newest_oldest_first_in_fresh_dicts(clock):
    queries = []
    rows = [("i", FlagCheck(at_ns, "x", True)) for at_ns in (3, 2, 1)]

    def newest(query):
        queries.append(query)
        return Page(rows, 3)

    readers = Readers(newest=newest, record_json=lambda who, row: {"who": who, "at": row.at_ns})
    collector = MetricsCollector(clock=clock, readers=readers)
    told = collector.get_metrics("feature_flag_check", "2026-01-01T00:00:00Z")
    assert told == [{"who": "i", "at": at} for at in (1, 2, 3)]
    told[0].clear()
    assert collector.get_metrics("feature_flag_check", since=1_767_225_600)[0]
    assert {query.since_ns for query in queries} == {1_767_225_600 * NS_PER_S}
    assert {query.type for query in queries} == {MetricType.FEATURE_FLAG_CHECK}


@pytest.mark.parametrize(
    ("type", "since"), [("nonsense", None), ("resource_usage", "garbage"), ("resource_usage", -1)]
)
def test_a_question_that_cannot_be_read_is_refused(collector, type, since):  # noqa: A002 - the argument's name
    with pytest.raises(BadValueError):
        collector.get_metrics(type, since)


def test_the_service_answers_summaries_and_samples(collector):
    sampled = []
    collector.readers = Readers(
        sample=lambda: sampled.append(1), summary=lambda window: {"window": window}
    )
    collector.record_resource_usage()
    assert sampled == [1]
    assert collector.get_summary() == {"window": "1h"}
    assert collector.get_summary("5m") == {"window": "5m"}
