import asyncio
import threading

import pytest

from changeover.core.clock import NS_PER_S, ManualClock
from changeover.record.loop_lag import LoopWatch


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def watch(clock):
    watch = LoopWatch(clock=clock, interval_s=0.001)
    yield watch
    watch.stop()


async def beats(count=3):
    for _ in range(count):
        await asyncio.sleep(0.005)


def test_without_a_loop_nothing_is_known(watch):
    assert watch.worst_ns_since_last() is None
    assert watch.blocked_for_s() is None


async def test_a_loop_in_time_has_no_lag(watch):
    watch.watch(asyncio.get_running_loop())
    await beats()
    assert watch.worst_ns_since_last() == 0
    assert watch.blocked_for_s() == 0.0


async def test_the_worst_lag_since_the_last_look_is_told_once(watch, clock):
    watch.watch(asyncio.get_running_loop())
    await beats()
    clock.advance(2)  # the loop is away for 2 s
    await beats()
    clock.advance(1)
    await beats()
    assert watch.worst_ns_since_last() == 2 * NS_PER_S - 1_000_000
    assert watch.worst_ns_since_last() == 0


async def test_a_blocked_loop_is_seen_from_another_thread_while_it_is_blocked(watch, clock):
    watch.watch(asyncio.get_running_loop())
    await beats()
    told = []
    clock.advance(5)

    def look():
        told.extend([watch.blocked_for_s(), watch.worst_ns_since_last()])

    looker = threading.Thread(target=look)
    looker.start()
    looker.join()  # blocks the loop, as a bot's slow call does
    assert told == [4.999, 4_999_000_000]
    await beats()
    assert watch.blocked_for_s() == 0.0


async def test_watching_twice_is_watching_once(watch):
    loop = asyncio.get_running_loop()
    for _ in range(5):
        watch.watch(loop)
    assert len(watch._hearts) == 1


def test_a_closed_loop_is_forgotten_and_not_blocked(watch, clock):
    async def main():
        watch.watch(asyncio.get_running_loop())
        await beats()

    asyncio.run(main())
    clock.advance(60)
    assert watch.blocked_for_s() is None
    assert watch.worst_ns_since_last() is None


def test_a_loop_that_stands_still_on_purpose_is_not_blocked(watch, clock):
    loop = asyncio.new_event_loop()
    watch.watch(loop)
    clock.advance(60)
    assert watch.blocked_for_s() == 0.0
    loop.run_until_complete(beats())
    clock.advance(60)
    assert watch.blocked_for_s() == 0.0
    loop.run_until_complete(beats())
    assert watch.worst_ns_since_last() == 0
    loop.close()
    watch.watch(loop)
    assert watch.blocked_for_s() is None


async def test_the_worst_of_several_loops_is_told(watch, clock):
    watch.watch(asyncio.get_running_loop())
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever)
    thread.start()
    watch.watch(other)
    await beats()
    answering, blocked = threading.Event(), threading.Event()
    other.call_soon_threadsafe(lambda: (blocked.set(), answering.wait(10)))
    blocked.wait(10)
    clock.advance(3)
    await beats()
    assert watch.blocked_for_s() == 2.999
    answering.set()
    other.call_soon_threadsafe(other.stop)
    thread.join()
    assert watch.blocked_for_s() == 0.0
    other.close()
    assert watch.blocked_for_s() == 0.0
    assert len(watch._hearts) == 1


async def test_a_stopped_watch_lets_the_loop_alone(watch):
    loop = asyncio.get_running_loop()
    watch.watch(loop)
    await beats()
    watch.stop()
    await beats()
    assert watch.blocked_for_s() is None
    assert not [handle for handle in loop._scheduled if "_beat" in repr(handle)]
