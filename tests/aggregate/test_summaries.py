import random
import threading

import pytest

from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_S
from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Instance, Outcome, ResourceSample
from changeover.core.window import parse_window

SELF = Instance("self", "host", 1)
OTHER = Instance("other", "host", 2)
WINDOWS = [parse_window(text) for text in ("30s", "5m", "1h", "24h", "30d")]
HOUR = parse_window("1h")


@pytest.fixture
def summaries(telemetry, clock):
    return Summaries(telemetry, clock=clock)


def ago(clock, seconds):
    return clock.wall_ns() - round(seconds * NS_PER_S)


def timeline_total(summaries, window):
    slots = summaries.timeline(window).slots
    return sum(stats.total for slot in slots for stats in slot.by_system.values())


def sample(at_ns, rss_bytes=1, loop_lag_ns=None):
    return ResourceSample(
        at_ns=at_ns,
        rss_bytes=rss_bytes,
        memory_limit_bytes=None,
        cpu_machine_percent=None,
        cpu_core_percent=None,
        threads=1,
        open_files=None,
        gc_pause_max_ns=0,
        gc_pause_total_ns=0,
        loop_lag_ns=loop_lag_ns,
    )


def some_calls(call, rng, now_ns, count, seconds):
    return [
        call(
            now_ns - rng.randrange(seconds * NS_PER_S),
            rng.choice(["add", "list", "grp sub", "constructor", "__proto__"]),
            rng.choice(["legacy", "ddd", "unknown"]),
            rng.choice(list(Outcome)),
            int(rng.lognormvariate(16, 2)),
        )
        for _ in range(count)
    ]


def test_nothing_counted_is_nothing_and_never_zero_percent(summaries, clock):
    summary = summaries.summary(HOUR)
    assert summary.total.total == 0
    assert summary.total.error_ratio is None
    assert summary.total.p95_ns is None
    assert summary.by_system == summary.by_command == summary.by_command_and_system == {}
    assert summary.coverage.start_ns == ago(clock, 3_600)


def test_a_call_counts_as_soon_as_it_is_added(summaries, clock, call, agree):
    rows = [call(clock.wall_ns())]
    summaries.add(rows)
    for window in WINDOWS:
        agree(summaries.summary(window), rows)


def test_every_window_of_many_calls_agrees_with_the_list_of_them(
    summaries, telemetry, clock, call, agree
):
    rows = some_calls(call, random.Random(1), clock.wall_ns(), 3_000, 40 * 86_400)
    rows += some_calls(call, random.Random(2), clock.wall_ns(), 3_000, 7_200)
    telemetry.store(OTHER, rows)
    summaries.load(SELF)
    for window in WINDOWS:
        agree(summaries.summary(window), rows)


def test_the_order_and_the_portions_in_which_calls_come_do_not_matter(telemetry, clock, call):
    rng = random.Random(3)
    rows = some_calls(call, rng, clock.wall_ns(), 1_000, 300)
    told = []
    for _ in range(4):
        clock_now = clock.wall_ns()
        summaries = Summaries(telemetry, clock=clock)
        clock.set_wall(clock_now - 3_600 * NS_PER_S)
        summaries = Summaries(telemetry, clock=clock)
        clock.set_wall(clock_now)
        rng.shuffle(rows)
        at = 0
        while at < len(rows):
            size = rng.randrange(1, 200)
            summaries.add(rows[at : at + size])
            summaries.summary(parse_window("5m"))
            at += size
        told.append(summaries.summary(HOUR))
    assert told[0].total.total == 1_000
    assert all(one == told[0] for one in told)


def test_a_window_is_exact_to_the_event_at_both_ends(summaries, clock, call):
    clock.advance(3_600)
    start_ns, now_ns = ago(clock, 300), clock.wall_ns()
    summaries.add([call(start_ns - 1), call(start_ns), call(now_ns), call(now_ns + 1)])
    summary = summaries.summary(parse_window("5m"))
    assert summary.total.total == 2
    assert summary.coverage.exact_to_event
    assert (summary.coverage.start_ns, summary.coverage.end_ns) == (start_ns, now_ns)


def test_nothing_is_counted_twice_or_missed_where_store_and_memory_meet(
    summaries, telemetry, clock, call
):
    known_ns = summaries.known_since_ns
    before, after = call(known_ns - 1), call(known_ns)
    telemetry.store(OTHER, [before])
    telemetry.store(SELF, [after])
    clock.advance(1)
    summaries.add([after])
    assert summaries.summary(HOUR).total.total == 2
    assert summaries.load(SELF) == 2
    assert summaries.known_since_ns < known_ns
    assert summaries.summary(HOUR).total.total == 2


def test_memory_forgets_what_is_old_and_the_store_still_counts_it(
    summaries, telemetry, clock, call, agree
):
    rows = []
    for _ in range(30):
        clock.advance(600)
        fresh = [call(clock.wall_ns(), duration_ns=len(rows)) for _ in range(5)]
        rows += fresh
        summaries.add(fresh)
        telemetry.store(SELF, fresh)
        for window in WINDOWS:
            clock.advance(2)
            agree(summaries.summary(window), rows)
    assert summaries.held < len(rows) / 2


def test_with_the_store_away_memory_answers_and_says_from_when(
    summaries, telemetry, clock, call, agree
):
    telemetry.is_away = True
    known_ns = summaries.known_since_ns
    clock.advance(60)
    rows = [call(clock.wall_ns())]
    summaries.add(rows)
    summary = summaries.summary(HOUR)
    assert summary.coverage.start_ns == known_ns
    agree(summary, rows)
    asked = telemetry.asked
    summaries.summary(parse_window("24h"))
    assert telemetry.asked == asked, "a store that just failed is left alone for a while"
    telemetry.is_away = False
    clock.advance(2)
    assert summaries.summary(HOUR).coverage.start_ns == ago(clock, 3_600)


def test_loading_goes_on_where_the_store_went_away(summaries, telemetry, clock, call):
    telemetry.page = 10
    telemetry.store(OTHER, [call(ago(clock, 60 + i)) for i in range(25)])
    answers = iter([False, True])
    follow = telemetry.follow

    def failing(*args, **kwargs):
        telemetry.is_away = next(answers, False)
        return follow(*args, **kwargs)

    telemetry.follow = failing
    with pytest.raises(StoreUnavailableError):
        summaries.load(SELF)
    telemetry.is_away = False
    clock.advance(5)
    assert summaries.held == 10
    assert summaries.summary(HOUR).total.total == 25
    assert timeline_total(summaries, HOUR) == 25
    assert summaries.load(SELF) == 25
    assert summaries.held == 25
    telemetry.is_away = True
    clock.advance(20)
    assert summaries.summary(HOUR).total.total == 25


def test_what_comes_later_than_memory_reaches_back_is_left_to_the_store(summaries, call):
    summaries.add([call(summaries.known_since_ns - 1)])
    assert summaries.held == 0
    assert [cell.count for cell in summaries.totals().values()] == [1]


def test_a_remembered_answer_is_not_given_for_another_time(summaries, clock):
    summaries.load(SELF)
    day = parse_window("24h")
    for step_s in (-1, 5, -600, 20):
        clock.set_wall(ago(clock, -step_s))
        late_ns = summaries.summary(day).coverage.start_ns - ago(clock, 86_400)
        assert -10 * NS_PER_S <= late_ns <= 0


def test_loaded_history_is_not_in_the_running_totals(summaries, telemetry, clock, call):
    telemetry.store(OTHER, [call(ago(clock, 60))])
    summaries.load(SELF)
    summaries.add([call(clock.wall_ns()), call(clock.wall_ns(), outcome=Outcome.FAILURE)])
    totals = summaries.totals()
    assert sorted((series.outcome, cell.count) for series, cell in totals.items()) == [
        (Outcome.FAILURE, 1),
        (Outcome.OK, 1),
    ]


def test_totals_never_go_down_and_belong_to_who_asked(summaries, clock, call):
    for n in range(1, 20):
        clock.advance(1_000)
        summaries.add([call(clock.wall_ns())])
        totals = summaries.totals()
        assert [cell.count for cell in totals.values()] == [n]
        for cell in totals.values():
            cell.count = 0


def test_memory_is_bounded_and_the_store_answers_for_the_rest(telemetry, clock, call, agree):
    summaries = Summaries(telemetry, clock=clock, max_events=500)
    rows = []
    for _ in range(100):
        clock.advance(30)
        fresh = [call(clock.wall_ns()) for _ in range(20)]
        rows += fresh
        summaries.add(fresh)
        telemetry.store(SELF, fresh)
        assert summaries.held <= 500
    agree(summaries.summary(HOUR), rows)


def test_a_burst_of_the_future_does_not_push_the_present_out(telemetry, clock, call, agree):
    summaries = Summaries(telemetry, clock=clock, max_events=100)
    now = [call(clock.wall_ns()) for _ in range(60)]
    summaries.add(now)
    summaries.add([call(clock.wall_ns() + NS_PER_S * (600 + i)) for i in range(60)])
    agree(summaries.summary(HOUR), now)
    summaries.add([call(clock.wall_ns() + i) for i in range(1, 200)])
    assert summaries.held == 0


def test_a_clock_that_is_set_back_or_forward_breaks_nothing(
    summaries, telemetry, clock, call, agree
):
    rows = []
    rng = random.Random(4)
    for _ in range(60):
        clock.advance(30)
        step_s = rng.choice([0, 0, 0, -10, 10, -7_200, 7_200, -86_400 * 365, 86_400 * 365])
        summaries.summary(HOUR)
        clock.set_wall(clock.wall_ns() + step_s * NS_PER_S)
        summaries.summary(HOUR)
        fresh = [call(clock.wall_ns(), duration_ns=rng.randrange(10**9)) for _ in range(3)]
        rows += fresh
        telemetry.store(SELF, fresh)
        summaries.add(fresh)
        clock.advance(11)
        agree(summaries.summary(HOUR), rows)
        agree(summaries.summary(parse_window("24h")), rows)


def test_the_store_is_asked_once_for_what_hardly_changes(summaries, telemetry, clock):
    for _ in range(20):
        summaries.summary(parse_window("30d"))
        summaries.timeline(parse_window("30d"))
        clock.advance(0.4)
    assert telemetry.asked == 2


def test_readers_and_the_tick_may_work_at_the_same_time(telemetry, clock, call):
    summaries = Summaries(telemetry, clock=clock)
    clock.advance(3_600)
    rng = random.Random(5)
    batches = [some_calls(call, rng, clock.wall_ns(), 100, 60) for _ in range(40)]
    seen, failures = [], []

    def read():
        try:
            while not seen or seen[-1] < 4_000:
                seen.append(summaries.summary(parse_window("5m")).total.total)
                summaries.timeline(parse_window("5m"))
        except Exception as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for batch in batches:
        summaries.add(batch)
    reader.join(timeout=15)
    assert not failures
    assert not reader.is_alive()
    assert seen == sorted(seen)


# --- resources --------------------------------------------------------------------------------


def test_the_fullest_resource_is_of_any_process_while_it_is_fresh(summaries, clock):
    assert summaries.fullest_resource() is None
    now = clock.wall_ns()
    own, others = sample(now, rss_bytes=10), sample(now, rss_bytes=30)
    summaries.add_resources([own])
    summaries.add_resources([others], own=False)
    assert summaries.fullest_resource() == others
    clock.advance(100)
    assert summaries.fullest_resource() == own  # the newest of this process, to tell its age


def test_the_latest_resource_is_the_newest_of_this_process(summaries, clock):
    assert summaries.latest_resource() is None
    own, foreign = sample(clock.wall_ns(), 5), sample(clock.wall_ns() + 1, 9)
    summaries.add_resources([own])
    summaries.add_resources([foreign], own=False)
    clock.advance(100_000)
    summaries.add_resources([])
    assert summaries.latest_resource() == own


def test_samples_are_those_of_every_process_in_the_window(summaries, clock):
    old, own, foreign = (sample(ago(clock, s), s) for s in (1_900, 1_700, 10))
    summaries.add_resources([old, own])
    summaries.add_resources([foreign], own=False)
    assert summaries.samples(parse_window("30m")) == [own, foreign]
    assert summaries.samples(parse_window("5m")) == [foreign]
