"""What every adapter of `Telemetry` promises."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changeover.core.cell import Cell
from changeover.core.clock import NS_PER_MS, NS_PER_S
from changeover.core.errors import BadValueError, PoisonError
from changeover.core.model import (
    Batch,
    ErrorInfo,
    Execution,
    FlagCheck,
    Instance,
    Kind,
    MetricQuery,
    MetricType,
    Outcome,
    Reason,
    ResourceSample,
    Series,
    Status,
    Trace,
)
from changeover.store.retention import Retention

MINUTE = 60 * NS_PER_S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_767_225_600 * NS_PER_S + 12 * HOUR  # 2026-01-01T12:00:00Z

HERE = Instance("a" * 16, "host-a", 11, "0", 5)
THERE = Instance("b" * 16, "host-b", 12)
ADD = Series("add", "ddd", Outcome.OK)
LIST = Series("list", "legacy", Outcome.FAILURE)
SERIES = (
    ADD,
    LIST,
    Series("add", "legacy", Outcome.USER_ERROR),
    Series("é\x00 x", "ddd", Outcome.OK),
)

EXECUTIONS, CHECKS, SAMPLES = (
    MetricType.COMMAND_EXECUTION,
    MetricType.FEATURE_FLAG_CHECK,
    MetricType.RESOURCE_USAGE,
)


def execution(at_ns, series=ADD, duration_ns=1_000):
    return Execution(at_ns, series, duration_ns)


def failure(at_ns, message="boom"):
    return Execution(at_ns, LIST, 7, ErrorInfo("ValueError", message, "0" * 12))


def sample(at_ns, rss=100, lag=None):
    return ResourceSample(
        at_ns=at_ns,
        rss_bytes=rss,
        memory_limit_bytes=None,
        cpu_machine_percent=None,
        cpu_core_percent=12.5,
        threads=3,
        open_files=9,
        gc_pause_max_ns=1,
        gc_pause_total_ns=2,
        loop_lag_ns=lag,
    )


def cells_of(executions):
    cells = {}
    for one in executions:
        cell = Cell(1, one.duration_ns, one.duration_ns)
        cell.histogram.add(one.duration_ns)
        cells.setdefault(one.series, Cell()).merge(cell)
    return cells


def plain(cells):
    return {
        series: (cell.count, cell.sum_ns, cell.max_ns, cell.histogram.counts)
        for series, cell in cells.items()
    }


def assert_counts(telemetry, start, end, executions):
    """The answer is what a brute force over all executions says of the span it claims."""
    counted = telemetry.count(start, end)
    covered = counted.coverage
    inside = [e for e in executions if covered.start_ns <= e.at_ns < covered.end_ns]
    assert plain(counted.cells) == plain(cells_of(inside))
    return covered


class TestCount:
    def test_nothing_stored_is_nothing_counted(self, telemetry):
        counted = telemetry.count(NOON, NOON + HOUR)
        assert counted.cells == {}
        assert counted.coverage.exact_to_event

    def test_a_window_holds_its_start_and_not_its_end(self, telemetry):
        telemetry.append(Batch(HERE, [execution(NOON), execution(NOON + 10)]))
        assert telemetry.count(NOON, NOON + 10).cells[ADD].count == 1
        assert telemetry.count(NOON, NOON + 11).cells[ADD].count == 2
        assert telemetry.count(NOON + 1, NOON + 10).cells == {}
        assert telemetry.count(NOON + 11, NOON).cells == {}

    def test_an_empty_batch_changes_nothing(self, telemetry):
        telemetry.append(Batch(HERE))
        assert telemetry.newest(MetricQuery(EXECUTIONS)).total == 0

    @settings(
        max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.data())
    def test_counts_add_up_in_any_order_and_partition(self, make_telemetry, data):
        executions = data.draw(
            st.lists(
                st.tuples(
                    st.integers(NOON - DAY, NOON + HOUR),
                    st.sampled_from(SERIES),
                    st.integers(0, 2**53),
                ).map(lambda parts: Execution(*parts)),
                max_size=20,
            )
        )
        telemetry = make_telemetry()
        rest = data.draw(st.permutations(executions))
        while rest:
            size = data.draw(st.integers(1, len(rest)))
            telemetry.append(Batch(data.draw(st.sampled_from([HERE, THERE])), rest[:size]))
            rest = rest[size:]
        assert_counts(telemetry, NOON - 2 * DAY, NOON + DAY, executions)
        moment = st.integers(NOON - DAY, NOON + HOUR)
        assert_counts(telemetry, data.draw(moment), data.draw(moment), executions)

    @pytest.mark.parametrize("seed", range(2))
    def test_counts_equal_brute_force_across_tiers_while_time_goes_on(
        self, make_telemetry, clock, seed
    ):
        """Executions come, some late; upkeep runs in between; windows of all sizes are asked."""
        dice = random.Random(seed)
        kept = Retention(
            executions_s=3_600, minutes_s=3 * 3_600, counts_s=60 * 3_600, failures_s=60 * 3_600
        )
        telemetry = make_telemetry(kept)
        executions = []
        for _ in range(40):
            clock.advance(dice.choice([20, 600, 3_700, 7_200]))
            now = clock.wall_ns()
            late = dice.choice([0, 0, 0, MINUTE, HOUR, 5 * HOUR])
            batch = [
                execution(
                    now - late - dice.randrange(10 * MINUTE),
                    dice.choice(SERIES),
                    dice.randrange(10**10),
                )
                for _ in range(dice.randrange(12))
            ]
            executions += batch
            telemetry.append(Batch(dice.choice([HERE, THERE]), batch))
            if dice.random() < 0.5:
                telemetry.prune(now)
            self._ask_windows(telemetry, executions, now, dice)

    def _ask_windows(self, telemetry, executions, now, dice):
        start = now - dice.randrange(70 * HOUR)
        covered = assert_counts(telemetry, start, now, executions)
        oldest = now - 60 * HOUR - 2 * HOUR
        assert covered.start_ns <= max(start, oldest + 3 * HOUR)
        assert start - covered.start_ns < HOUR
        recent = now - dice.randrange(HOUR)
        exact = assert_counts(telemetry, recent, now, executions)
        assert exact.exact_to_event
        assert (exact.start_ns, exact.end_ns) == (recent, now)
        assert_counts(telemetry, start, start + dice.randrange(now - start), executions)

    def test_windows_that_meet_share_nothing_and_lose_nothing(self, make_telemetry):
        telemetry = make_telemetry(Retention(executions_s=3_600, minutes_s=7_200))
        dice = random.Random(5)
        executions = [execution(NOON - dice.randrange(8 * HOUR)) for _ in range(300)]
        telemetry.append(Batch(HERE, executions))
        telemetry.prune(NOON)
        edges = sorted(NOON - dice.randrange(8 * HOUR) for _ in range(8))
        parts = [telemetry.count(a, b) for a, b in pairwise(edges)]
        whole = telemetry.count(edges[0], edges[-1])
        total = sum(part.cells[ADD].count for part in parts if part.cells)
        assert total == whole.cells[ADD].count
        assert [p.coverage.end_ns for p in parts[:-1]] == [p.coverage.start_ns for p in parts[1:]]

    def test_before_the_retention_the_coverage_says_where_counting_begins(self, make_telemetry):
        telemetry = make_telemetry(
            Retention(executions_s=600, minutes_s=3_600, counts_s=36_000, failures_s=36_000)
        )
        telemetry.append(Batch(HERE, [execution(NOON - age * MINUTE) for age in range(1_000)]))
        telemetry.prune(NOON)

        def covered(age_ns):
            answer = telemetry.count(NOON - age_ns, NOON).coverage
            return NOON - answer.start_ns, answer.exact_to_event

        assert covered(7 * MINUTE + 1) == (7 * MINUTE + 1, True)
        assert covered(30 * MINUTE + 1) == (31 * MINUTE, False)
        assert covered(30 * MINUTE) == (30 * MINUTE, True)
        assert covered(130 * MINUTE) == (3 * HOUR, False)
        assert covered(30 * HOUR) == (10 * HOUR, False)
        assert telemetry.count(0, NOON + 1).cells[ADD].count == 601

    def test_an_old_failure_that_is_still_kept_is_not_counted_twice(self, make_telemetry):
        telemetry = make_telemetry(Retention(executions_s=600, minutes_s=3_600))
        telemetry.append(Batch(HERE, [failure(NOON - 20 * MINUTE), execution(NOON - 20 * MINUTE)]))
        telemetry.prune(NOON)
        assert telemetry.count(NOON - 20 * MINUTE - 5, NOON).cells[LIST].count == 1

    def test_pruning_twice_drops_nothing_more(self, make_telemetry):
        telemetry = make_telemetry(Retention(executions_s=60, minutes_s=60, counts_s=60))
        telemetry.append(Batch(HERE, [execution(NOON - DAY)], [FlagCheck(NOON - DAY, "f", True)]))
        assert telemetry.prune(NOON) >= 2
        assert telemetry.prune(NOON) == 0

    def test_a_clock_that_ran_ahead_for_a_while_does_not_stop_the_counting(self, make_telemetry):
        telemetry = make_telemetry()
        telemetry.prune(NOON + 4_000 * DAY)
        telemetry.prune(NOON)
        telemetry.append(Batch(HERE, [execution(NOON + 1)]))
        assert telemetry.count(NOON, NOON + HOUR).cells[ADD].count == 1


class TestSlots:
    def test_steps_start_at_multiples_and_empty_ones_are_left_out(self, telemetry):
        telemetry.append(
            Batch(HERE, [execution(NOON + 30 * NS_PER_S), failure(NOON + 11 * MINUTE)])
        )
        steps = telemetry.slots(NOON - HOUR, NOON + HOUR, 5 * MINUTE)
        assert [(step.start_ns, set(step.cells)) for step in steps] == [
            (NOON, {ADD}),
            (NOON + 10 * MINUTE, {LIST}),
        ]

    @pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE, 90 * MINUTE, HOUR, 6 * HOUR, DAY])
    def test_the_steps_together_are_the_count_of_the_window(self, make_telemetry, step):
        telemetry = make_telemetry(Retention(executions_s=3_600, minutes_s=2 * DAY // NS_PER_S))
        dice = random.Random(step)
        executions = [
            execution(NOON - dice.randrange(30 * HOUR), dice.choice(SERIES), dice.randrange(10**9))
            for _ in range(300)
        ]
        telemetry.append(Batch(HERE, executions))
        telemetry.prune(NOON)
        start = NOON - 29 * HOUR - 17 * NS_PER_S
        covered = telemetry.count(start, NOON).coverage
        for slot in telemetry.slots(start, NOON, step):
            inside = [
                e
                for e in executions
                if covered.start_ns <= e.at_ns < covered.end_ns
                and slot.start_ns <= e.at_ns < slot.start_ns + step
            ]
            assert slot.start_ns % step == 0
            assert plain(slot.cells) == plain(cells_of(inside))

    def test_samples_give_their_highest_figures(self, telemetry):
        samples = [sample(NOON, 5), sample(NOON + 1, 9, 3), sample(NOON + 2, 7, 2)]
        telemetry.append(Batch(HERE, resources=samples))
        telemetry.append(Batch(THERE, resources=[sample(NOON + MINUTE, 1)]))
        first, second = telemetry.slots(NOON, NOON + HOUR, MINUTE)
        assert (first.rss_bytes_max, first.loop_lag_ns_max, first.cells) == (9, 3, {})
        assert (second.rss_bytes_max, second.loop_lag_ns_max) == (1, None)

    @pytest.mark.parametrize("step", [0, -MINUTE, 1, MINUTE + 1])
    def test_a_step_that_is_no_multiple_of_a_minute_is_refused(self, telemetry, step):
        with pytest.raises(BadValueError, match="multiple of a minute"):
            telemetry.slots(NOON, NOON + HOUR, step)


class TestNewest:
    def test_records_come_back_as_they_were_with_their_instance(self, telemetry):
        call = Execution(
            NOON,
            Series("grp sub", "ddd", Outcome.TIMEOUT),
            123,
            ErrorInfo("E", "a\nb …", "f" * 12),
            Trace(Reason.FLAG, "ddd.commands.x", 12.5, 99.99),
            Kind.SLASH,
        )
        user_error = execution(NOON + 1)._replace(error=ErrorInfo("BadArgument", "no", "1" * 12))
        check = FlagCheck(NOON + 2, "flag", False, "add", Trace(Reason.NO_ID, None, 0.0))
        bare_check = FlagCheck(NOON + 3, "flag", True)
        usage = sample(NOON + 4, 5, 6)
        telemetry.append(Batch(HERE, [call], [check], [usage]))
        telemetry.append(Batch(THERE, [user_error], [bare_check]))

        def records(kind):
            return telemetry.newest(MetricQuery(kind)).records

        assert records(EXECUTIONS) == [(THERE.id, user_error), (HERE.id, call)]
        assert records(CHECKS) == [(THERE.id, bare_check), (HERE.id, check)]
        assert records(SAMPLES) == [(HERE.id, usage)]
        assert type(records(EXECUTIONS)[1][1].series.outcome) is Outcome
        assert type(records(EXECUTIONS)[1][1].kind) is Kind

    @pytest.mark.parametrize("kind", [EXECUTIONS, CHECKS, SAMPLES])
    def test_pages_hold_every_record_once_newest_first(self, telemetry, kind):
        dice = random.Random(3)
        moments = [NOON + dice.randrange(20) for _ in range(57)]
        for at in moments:
            which = dice.choice([HERE, THERE])
            either = dice.choice([execution, failure])
            telemetry.append(Batch(which, [either(at)], [FlagCheck(at, "f", True)], [sample(at)]))
        seen, cursor = [], None
        while True:
            page = telemetry.newest(MetricQuery(kind, limit=10, cursor=cursor))
            assert page.total == 57
            assert len(page.records) <= 10
            seen += [record.at_ns for _, record in page.records]
            cursor = page.next
            if cursor is None:
                break
        assert seen == sorted(moments, reverse=True)

    def test_a_page_goes_on_where_it_ended_although_newer_records_came(self, telemetry):
        telemetry.append(Batch(HERE, [execution(NOON + i) for i in range(4)]))
        first = telemetry.newest(MetricQuery(EXECUTIONS, limit=2))
        telemetry.append(Batch(HERE, [execution(NOON + 9)]))
        second = telemetry.newest(MetricQuery(EXECUTIONS, limit=2, cursor=first.next))
        assert [record.at_ns - NOON for _, record in second.records] == [1, 0]

    def test_since_and_errors_only_choose(self, telemetry):
        telemetry.append(Batch(HERE, [execution(NOON), failure(NOON + 1), failure(NOON + 2)]))
        page = telemetry.newest(MetricQuery(EXECUTIONS, since_ns=NOON + 1))
        assert page.total == 2
        page = telemetry.newest(MetricQuery(EXECUTIONS, since_ns=NOON + 2, errors_only=True))
        assert [record.at_ns for _, record in page.records] == [NOON + 2]
        assert telemetry.newest(MetricQuery(CHECKS, errors_only=True)).total == 0

    def test_failures_outlive_other_executions(self, make_telemetry):
        telemetry = make_telemetry(Retention(executions_s=60, failures_s=7_200))
        telemetry.append(Batch(HERE, [execution(NOON - HOUR), failure(NOON - HOUR, "kept")]))
        telemetry.prune(NOON)
        assert telemetry.newest(MetricQuery(EXECUTIONS)).total == 0
        kept = telemetry.newest(MetricQuery(EXECUTIONS, errors_only=True))
        assert kept.records[0][1].error.message == "kept"
        telemetry.prune(NOON + 2 * HOUR)
        assert telemetry.newest(MetricQuery(EXECUTIONS, errors_only=True)).total == 0

    @pytest.mark.parametrize("cursor", ["", "x", "e", "f1.1", "e1.1 ", "e-1.1", "e" + "f" * 40])
    def test_an_unknown_cursor_is_refused(self, telemetry, cursor):
        with pytest.raises(BadValueError, match="cursor"):
            telemetry.newest(MetricQuery(EXECUTIONS, cursor=cursor))

    def test_the_largest_cursor_is_a_cursor(self, telemetry):
        assert telemetry.newest(MetricQuery(EXECUTIONS, cursor=f"e{'f' * 16}.0")).records == []

    @pytest.mark.parametrize("limit", [0, -1, 1_001])
    def test_a_limit_out_of_bounds_is_refused(self, telemetry, limit):
        with pytest.raises(BadValueError, match="limit"):
            telemetry.newest(MetricQuery(EXECUTIONS, limit=limit))


class TestFollow:
    def test_without_a_cursor_it_begins_now(self, telemetry):
        telemetry.append(Batch(THERE, [execution(NOON)]))
        start = telemetry.follow(None, but=HERE)
        assert not start.more
        assert not [*start.executions, *start.resources]
        telemetry.append(Batch(THERE, [execution(NOON + 1)], [], [sample(NOON + 2)]))
        found = telemetry.follow(start.cursor, but=HERE)
        assert [e.at_ns for e in found.executions] == [NOON + 1]
        assert [s.at_ns for s in found.resources] == [NOON + 2]
        again = telemetry.follow(found.cursor, but=HERE)
        assert not again.executions
        assert again.cursor == found.cursor

    def test_own_rows_are_left_out(self, telemetry):
        start = telemetry.follow(None, but=HERE)
        telemetry.append(Batch(HERE, [execution(NOON)], [], [sample(NOON)]))
        assert not telemetry.follow(start.cursor, but=HERE).executions
        assert len(telemetry.follow(start.cursor, but=THERE).executions) == 1

    def test_every_row_comes_once_in_the_order_stored(self, telemetry):
        start = telemetry.follow(None, but=HERE)
        dice = random.Random(1)
        stored = []
        for number in range(40):
            who = dice.choice([HERE, THERE])
            calls = [
                execution(NOON, duration_ns=100 * number + i) for i in range(dice.randrange(4))
            ]
            samples = [sample(NOON, rss=number)] * dice.randrange(2)
            telemetry.append(Batch(who, calls, [], samples))
            stored += [*calls, *samples] if who == THERE else []
        found, cursor, more = [], start.cursor, True
        while more:
            page = telemetry.follow(cursor, but=HERE, limit=7)
            assert len(page.executions) + len(page.resources) <= 7
            found += [*page.executions, *page.resources]
            cursor, more = page.cursor, page.more
        calls = [one for one in found if isinstance(one, Execution)]
        assert calls == [one for one in stored if isinstance(one, Execution)]
        assert Counter(map(repr, found)) == Counter(map(repr, stored))

    def test_since_a_moment_nothing_of_it_is_missed(self, telemetry):
        telemetry.append(Batch(THERE, [execution(NOON), execution(NOON + 5)]))
        telemetry.append(Batch(THERE, [execution(NOON + 1)], [], [sample(NOON + 6)]))
        page = telemetry.follow(None, but=HERE, since_ns=NOON + 5)
        assert [e.at_ns for e in page.executions] == [NOON + 5, NOON + 1]
        assert len(page.resources) == 1
        assert not telemetry.follow(page.cursor, but=HERE).executions
        assert not telemetry.follow(None, but=HERE, since_ns=NOON + DAY).executions

    def test_rows_of_threads_that_append_at_once_all_come(self, telemetry):
        start = telemetry.follow(None, but=HERE)

        def load(number):
            who = Instance(f"{number:016x}", "h", number)
            for turn in range(15):
                telemetry.append(Batch(who, [execution(NOON, duration_ns=100 * number + turn)]))

        threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = telemetry.follow(start.cursor, but=HERE)
        assert {e.duration_ns for e in found.executions} == {
            100 * n + turn for n in range(4) for turn in range(15)
        }
        assert len(found.executions) == 60
        assert telemetry.count(NOON, NOON + 1).cells[ADD].count == 60


class TestExecutions:
    def test_the_newest_of_a_span_oldest_first(self, telemetry):
        telemetry.append(Batch(HERE, [execution(NOON + i) for i in (3, 1, 2, 0, 4)]))
        found = telemetry.executions(NOON, NOON + 4, limit=3)
        assert [e.at_ns - NOON for e in found] == [1, 2, 3]


GOOD = execution(NOON)
NAN, INF = float("nan"), float("inf")
POISON = {
    "negative duration": Batch(HERE, [GOOD, execution(NOON, duration_ns=-1)]),
    "huge duration": Batch(HERE, [GOOD, execution(NOON, duration_ns=2**63)]),
    "fractional duration": Batch(HERE, [GOOD, execution(NOON, duration_ns=1.5)]),
    "huge moment": Batch(HERE, [GOOD, execution(2**63)]),
    "moment as text": Batch(HERE, [GOOD, execution("now")]),
    "lone surrogate": Batch(HERE, [GOOD, execution(NOON, Series("a\ud800", "ddd", Outcome.OK))]),
    "command is None": Batch(HERE, [GOOD, execution(NOON, Series(None, "ddd", Outcome.OK))]),
    "unhashable command": Batch(HERE, [GOOD, execution(NOON, Series([], "ddd", Outcome.OK))]),
    "outcome as text": Batch(HERE, [GOOD, execution(NOON, Series("a", "ddd", "great"))]),
    "surrogate in error": Batch(HERE, [GOOD, failure(NOON, "\udcff")]),
    "NaN share": Batch(HERE, [GOOD._replace(trace=Trace(Reason.FLAG, "f", NAN, 1.0))]),
    "huge share": Batch(HERE, [GOOD._replace(trace=Trace(Reason.FLAG, "f", 10**400, 1.0))]),
    "infinite bucket": Batch(HERE, [GOOD._replace(trace=Trace(Reason.FLAG, "f", 1.0, INF))]),
    "not a record": Batch(HERE, [GOOD, (1, 2)]),
    "nothing": Batch(HERE, [GOOD, None]),
    "bad flag": Batch(HERE, [GOOD], [FlagCheck(NOON, "\ud800", True)]),
    "bad answer": Batch(HERE, [GOOD], [FlagCheck(NOON, "f", None)]),
    "NaN percent": Batch(HERE, [GOOD], [], [replace(sample(NOON), cpu_core_percent=NAN)]),
    "huge size": Batch(HERE, [GOOD], [], [sample(NOON, rss=2**63)]),
    "bad instance": Batch(Instance("\ud800", "h", 1), [GOOD]),
}


@pytest.mark.parametrize("name", POISON)
def test_a_poison_record_is_refused_and_nothing_of_its_batch_stored(telemetry, name):
    with pytest.raises(PoisonError, match="can never be stored"):
        telemetry.append(POISON[name])
    assert telemetry.newest(MetricQuery(EXECUTIONS)).total == 0
    assert telemetry.count(0, 2**62).cells == {}
    telemetry.append(Batch(HERE, [GOOD]))
    assert telemetry.count(NOON, NOON + 1).cells[ADD].count == 1


def test_the_extremes_that_are_allowed_are_stored(telemetry):
    extreme = execution(2**63 - 1, duration_ns=2**53)
    telemetry.append(Batch(HERE, [extreme, execution(0, duration_ns=0)]))
    assert telemetry.newest(MetricQuery(EXECUTIONS)).records[0][1] == extreme


def test_what_is_told_is_healthy_and_closing_twice_is_once(telemetry):
    assert telemetry.check().status is Status.HEALTHY
    assert telemetry.check().name == "store"
    telemetry.close()
    telemetry.close()


def test_quantiles_survive_the_way_through_the_tiers(make_telemetry):
    telemetry = make_telemetry(Retention(executions_s=60, minutes_s=60))
    durations = [(i + 1) * NS_PER_MS for i in range(1_000)]
    for turn in range(0, 1_000, 100):
        moments = [NOON - DAY + turn * MINUTE + i for i in range(100)]
        batch = [execution(at, ADD, durations[turn + i]) for i, at in enumerate(moments)]
        telemetry.append(Batch(HERE, batch))
        telemetry.prune(NOON - DAY + turn * MINUTE)
    telemetry.prune(NOON)
    p50, p99 = telemetry.count(0, NOON).cells[ADD].histogram.quantiles(0.5, 0.99)
    assert p50 == pytest.approx(500 * NS_PER_MS, rel=0.01)
    assert p99 == pytest.approx(990 * NS_PER_MS, rel=0.01)
