import gc

import pytest

from changeover.core.clock import ManualClock
from changeover.record.resources import ResourceSampler


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def sampler(clock):
    sampler = ResourceSampler(clock=clock, loop_lag_ns=lambda: 7)
    yield sampler
    sampler.stop()


def burn():
    return sum(i * i for i in range(300_000))


def test_a_sample_tells_what_the_process_uses_now(sampler, clock):
    sample = sampler.sample()
    assert sample.at_ns == clock.wall_ns()
    assert 2**20 < sample.rss_bytes < 2**36
    assert sample.threads >= 1
    assert sample.open_files is None or sample.open_files >= 3
    assert sample.loop_lag_ns == 7


def test_cpu_is_unknown_first_and_then_a_number_of_percent(sampler, clock):
    assert sampler.sample().cpu_core_percent is None
    burn()
    clock.advance(1)
    sample = sampler.sample()
    assert sample.cpu_core_percent > 0
    assert 0 < sample.cpu_machine_percent <= 100
    assert sample.cpu_machine_percent <= sample.cpu_core_percent


def test_without_time_between_two_samples_cpu_is_unknown(sampler):
    sampler.sample()
    assert sampler.sample().cpu_core_percent is None


def test_collections_between_two_samples_are_told_once():
    class Ticking(ManualClock):
        def monotonic_ns(self):
            self.advance(1e-6)
            return super().monotonic_ns()

    sampler = ResourceSampler(clock=Ticking())
    sampler.start()
    sampler.start()
    sampler.sample()
    gc.collect()
    gc.collect()
    sample = sampler.sample()
    sampler.stop()
    sampler.stop()
    assert sample.gc_pause_max_ns == 1_000
    assert sample.gc_pause_total_ns >= 2_000
    gc.collect()
    assert sampler.sample().gc_pause_total_ns == 0


def test_nothing_is_left_on_the_collector_after_stopping(sampler):
    before = list(gc.callbacks)
    sampler.start()
    assert len(gc.callbacks) == len(before) + 1
    sampler.stop()
    assert gc.callbacks == before
