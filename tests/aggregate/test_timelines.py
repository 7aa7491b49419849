import pytest

from changeover.aggregate.steps import step_of
from changeover.aggregate.stored import Stored
from changeover.aggregate.summaries import Summaries
from changeover.core.clock import NS_PER_S
from changeover.core.model import Instance, ResourceSample
from changeover.core.window import PRESETS, parse_window

SELF = Instance("self", "host", 1)
OTHER = Instance("other", "host", 2)


@pytest.fixture
def summaries(telemetry, clock):
    return Summaries(telemetry, clock=clock)


def totals(timeline):
    return [sum(stats.total for stats in slot.by_system.values()) for slot in timeline.slots]


def sample(at_ns, rss_bytes, loop_lag_ns=None):
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


@pytest.mark.parametrize("text", PRESETS)
def test_every_preset_has_60_to_120_equal_steps_without_gaps_up_to_now(text, summaries, clock):
    timeline = summaries.timeline(parse_window(text))
    starts = [slot.start_ns for slot in timeline.slots]
    assert 60 <= len(starts) <= 120
    assert starts == [starts[0] + i * timeline.step_ns for i in range(len(starts))]
    assert starts[-1] <= clock.wall_ns() < starts[-1] + timeline.step_ns
    assert len(starts) * timeline.step_ns == parse_window(text).ns


@pytest.mark.parametrize("seconds", [1, 2, 59, 61, 299, 3_601, 86_401, 30 * 86_400])
def test_any_window_has_at_most_120_steps(seconds):
    window = parse_window(f"{seconds}s")
    assert window.ns <= step_of(window) * 120


def test_steps_from_the_store_and_from_memory_add_up(summaries, telemetry, clock, call):
    known_ns = summaries.known_since_ns
    before, after = call(known_ns - 1), call(known_ns)
    telemetry.store(OTHER, [before])
    telemetry.store(SELF, [after])
    summaries.add([after])
    clock.advance(1)
    for text in ("5m", "1h", "24h", "7d", "30d"):
        assert sum(totals(summaries.timeline(parse_window(text)))) == 2


def test_a_late_call_changes_a_step_that_was_counted(summaries, clock, call):
    clock.advance(600)
    for late in range(1, 5):
        clock.advance(30)
        assert sum(totals(summaries.timeline(parse_window("5m")))) == late - 1
        summaries.add([call(clock.wall_ns() - 20 * NS_PER_S)])
        assert sum(totals(summaries.timeline(parse_window("5m")))) == late


def test_each_step_knows_the_highest_memory_and_lag(summaries, clock):
    clock.advance(600)
    at_ns = clock.wall_ns()
    summaries.add_resources([sample(at_ns, 5, 7), sample(at_ns + 1, 9)])
    summaries.add_resources([sample(at_ns + 2, 1, 8)], own=False)
    clock.advance(1)
    slots = summaries.timeline(parse_window("1h")).slots
    assert (slots[-1].rss_bytes_max, slots[-1].loop_lag_ns_max) == (9, 8)
    assert {slot.rss_bytes_max for slot in slots[:-1]} == {None}


def test_with_the_store_away_the_steps_before_memory_are_empty(summaries, telemetry, clock, call):
    telemetry.store(OTHER, [call(clock.wall_ns() - 60 * NS_PER_S)])
    telemetry.is_away = True
    summaries.add([call(clock.wall_ns())])
    assert sum(totals(summaries.timeline(parse_window("24h")))) == 1


def test_what_is_kept_of_the_store_does_not_grow_with_the_number_of_commands(
    telemetry, clock, call
):
    """A page that somebody opened once must not cost a bot its memory for ever."""
    stored, start_ns = Stored(telemetry, clock), clock.wall_ns() // NS_PER_S * NS_PER_S
    telemetry.store(OTHER, [call(start_ns, command=f"c{number}") for number in range(50)])
    for text in ("5m", "24h"):
        window = parse_window(text)
        end_ns = start_ns + window.ns
        slots = stored.slots(window, start_ns, end_ns, step_of(window))
        assert [cell.count for slot in slots for cell in slot.cells.values()] == [50]
