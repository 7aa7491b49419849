"""A bot whose event loop stands still: the monitor answers, and says so."""

from __future__ import annotations

import asyncio
import threading

import pytest

from changeover import Settings

pytestmark = pytest.mark.slow


def test_health_answers_while_the_loop_is_blocked_and_fails_when_it_is_for_too_long(
    make, ask, tmp_path
):
    monitor = make(settings=Settings(data_dir=tmp_path, port=0, blocked_after_s=1)).start()
    monitor.adapter.legacy("ping")(lambda _message, _args: "pong")
    url = monitor.wait_until_served()
    is_blocked, let_go = threading.Event(), threading.Event()

    async def bot() -> None:
        await monitor.adapter.process_command(None, "ping")  # shows the monitor its loop
        await asyncio.sleep(0.3)
        is_blocked.set()
        let_go.wait(15)  # no await: nothing else runs on this loop meanwhile

    thread = threading.Thread(target=asyncio.run, args=(bot(),))
    thread.start()
    try:
        assert is_blocked.wait(5)
        statuses = {ask(url, "health")[0]}
        while 503 not in statuses and len(statuses) < 3:
            statuses.add(ask(url, "health")[0])
        assert statuses == {200, 503}
        status, health = ask(url, "health")
        assert (status, health["status"]) == (503, "unhealthy")
        (loop,) = (check for check in health["checks"] if check["name"] == "bot_loop")
        assert loop["status"] == "unhealthy"
        assert loop["age_s"] >= 1
    finally:
        let_go.set()
        thread.join(5)
    assert ask(url, "health")[0] == 200


def test_the_lag_of_the_loop_is_in_the_next_sample(make):
    monitor = make()

    async def bot() -> None:
        monitor.loops.watch(asyncio.get_running_loop())
        await asyncio.sleep(0.3)
        threading.Event().wait(0.6)
        await asyncio.sleep(0.1)
        monitor.metrics.record_resource_usage()

    asyncio.run(bot())
    assert monitor.snapshot("5m")["resources"]["loop_lag_ms"] >= 300
