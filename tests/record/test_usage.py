"""What the process uses, read in two ways that must agree."""

from __future__ import annotations

import sys
import threading

import pytest

from changeover.record import usage_portable
from changeover.record.resources import ResourceSampler

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own files")


@linux_only
def test_linux_own_files_and_psutil_say_the_same():
    from changeover.record import usage_linux

    ours, peers = usage_linux.read_usage(), usage_portable.read_usage()
    assert ours.rss_bytes == pytest.approx(peers.rss_bytes, rel=0.05)
    assert ours.machine_bytes == pytest.approx(peers.machine_bytes, rel=0.01)
    assert ours.threads == peers.threads
    assert ours.open_files == peers.open_files - 1  # psutil counts the one that it lists with


@linux_only
def test_a_thread_and_a_file_more_are_counted(tmp_path):
    from changeover.record import usage_linux

    before, let_go = usage_linux.read_usage(), threading.Event()
    thread = threading.Thread(target=let_go.wait, args=(5,))
    thread.start()
    with (tmp_path / "file").open("w"):
        after = usage_linux.read_usage()
    let_go.set()
    thread.join()
    assert (after.threads, after.open_files) == (before.threads + 1, before.open_files + 1)


def test_the_sampler_works_on_psutil_too():
    sample = ResourceSampler(read_usage=usage_portable.read_usage).sample()
    assert sample.rss_bytes > 1_000_000
    assert sample.threads >= 1
