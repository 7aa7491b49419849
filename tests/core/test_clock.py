import pytest

from changeover.core.clock import NS_PER_S, ManualClock, SystemClock


def test_a_manual_clock_stands_still_until_it_is_turned():
    clock = ManualClock()
    before = clock.wall_ns(), clock.monotonic_ns()
    assert (clock.wall_ns(), clock.monotonic_ns()) == before
    clock.advance(1.5)
    assert clock.wall_ns() - before[0] == clock.monotonic_ns() - before[1] == 3 * NS_PER_S // 2


def test_setting_the_wall_leaves_the_monotonic_clock_alone():
    clock = ManualClock()
    clock.advance(10)
    clock.set_wall(5)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (5, 10 * NS_PER_S)


def test_a_clock_does_not_advance_backwards():
    with pytest.raises(ValueError, match="set_wall"):
        ManualClock().advance(-1)


def test_the_system_clock_says_nanoseconds_and_does_not_step_back():
    clock = SystemClock()
    assert clock.wall_ns() > 1_700_000_000 * NS_PER_S
    assert clock.monotonic_ns() <= clock.monotonic_ns()
