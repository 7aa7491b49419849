from __future__ import annotations

import asyncio
import json
import re
import threading

import pytest

from changeover.core.clock import NS_PER_S, ManualClock
from changeover.core.errors import BadValueError, Guard, StoreUnavailableError
from changeover.core.model import Check, FlagCheck, Status
from changeover.show.desk import Desk

NOW_NS = ManualClock().wall_ns()
ALL = [
    "/health", "/health/ready", "/health/features", "/health/commands", "/api/snapshot",
    "/health/metrics/command_execution", "/metrics", "/", "/openapi.json",
]  # fmt: skip


def raising(name: str, error: Exception):
    def before(asked: str) -> None:
        if asked == name:
            raise error

    return before


# --- health -----------------------------------------------------------------------------------


async def test_health_says_what_the_reference_said_and_why(site):
    status, body = await site.get("/health")
    assert status == 200
    assert body["status"] == "healthy"
    assert body["uptime"] == 12.5
    assert body["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert body["version"] not in {"", "unknown"}
    assert body["instance"] == "host/42"
    assert {check["name"]: check["age_s"] for check in body["checks"]} == {
        "bot_loop": 0.1,
        "store": 0.4,
    }


async def test_a_degraded_monitor_stays_200_and_says_which_part(site, world):
    world.checks = [Check("store", Status.UNHEALTHY, "The disk is full.", 3.0)]
    status, body = await site.get("/health")
    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"][-1]["detail"] == "The disk is full."


async def test_a_blocked_bot_loop_is_503(site, world):
    world.loop_silent_s = 31.0
    status, body = await site.get("/health")
    assert (status, body["status"]) == (503, "unhealthy")


async def test_a_health_reading_that_fails_degrades_and_is_counted(site, world):
    world.before = raising("health", RuntimeError("bug"))
    status, body = await site.get("/health")
    assert (status, body["status"]) == (200, "degraded")
    assert site.guard.counts == {"show.health": 1}


async def test_a_health_reading_that_hangs_degrades_within_a_moment(world):
    release = threading.Event()
    world.before = lambda name: release.wait(10) if name == "health" else None
    desk = Desk(world.readings(), clock=world.clock, guard=Guard(), health_within_s=0.01)
    try:
        reports = [await desk.health() for _ in range(3)]
    finally:
        release.set()
    assert [report.status for report in reports] == [Status.DEGRADED] * 3
    assert "did not answer" in reports[0].checks[0].detail
    assert world.calls["health"] == 1  # those who ask later wait for the same reading


async def test_health_answers_while_every_worker_waits_for_the_store(site, world):
    release = threading.Event()
    world.before = lambda name: release.wait(10) if name == "newest" else None
    waiting = [
        asyncio.ensure_future(site.get("/health/metrics/command_execution")) for _ in range(8)
    ]
    try:
        status, _ = await asyncio.wait_for(site.get("/health"), 2)
    finally:
        release.set()
        await asyncio.gather(*waiting)
    assert status == 200


async def test_readiness_is_its_own_question(site, world):
    assert (await site.get("/health/ready"))[0] == 200
    world.ready = False
    status, body = await site.get("/health/ready")
    assert (status, body["status"]) == (503, "not_ready")
    assert (await site.get("/health"))[0] == 200


# --- features, commands -----------------------------------------------------------------------


async def test_features_are_booleans_with_their_details(site):
    _, body = await site.get("/health/features")
    assert body["ddd.commands.enabled"] is True
    assert body["_flags"]["details"][1]["actor"] == "cli:ann"


async def test_commands_has_the_references_fields(site):
    _, body = await site.get("/health/commands?window=5m")
    assert body["command_executions"]["total"] == 100
    assert body["window"]["text"] == "5m"
    assert (body["commands_migrated"], body["migration_complete"]) == (1, False)
    assert body["migration"]["missing"] == ["auth"]


async def test_no_executions_are_null_and_no_data(site, world):
    world.total = 0
    _, body = await site.get("/health/commands")
    executions = body["command_executions"]
    assert (executions["error_rate"], executions["avg_duration"]) == (None, None)
    assert executions["status"] == "no_data"


@pytest.mark.parametrize(
    "query",
    ["window=90", "window=1.5h", "window=-1h", "window=abc", "window=999999999d",
     "window=1h&window=1h", "windw=1h", "window[x]=1", "window="],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/health/commands", "/api/snapshot", "/api/stream"])
async def test_a_bad_window_is_refused_everywhere_alike(site, path, query):
    status, body = await site.get(f"{path}?{query}")
    assert status == 400
    assert set(body["error"]) == {"code", "message", "parameter", "value", "allowed", "example"}


async def test_a_window_is_read_once_for_all_who_ask_within_a_second(site, world):
    await asyncio.gather(*(site.get("/health/commands") for _ in range(20)))
    assert world.calls["summary"] == 1
    world.clock.advance(1.1)
    await site.get("/health/commands")
    assert world.calls["summary"] == 2


async def test_a_failed_reading_is_not_kept(site, world):
    world.before = raising("summary", StoreUnavailableError("locked"))
    assert (await site.get("/health/commands"))[0] == 503
    world.before = lambda _: None
    assert (await site.get("/health/commands"))[0] == 200


# --- records ----------------------------------------------------------------------------------


def fill(world, make, count: int = 250) -> None:
    world.records = [
        *(("a1", make.execution(seconds)) for seconds in range(1, count + 1)),
        ("a1", FlagCheck(NOW_NS, "ddd.commands.add", True, "add")),
        ("a1", make.sample()),
    ]


async def test_a_page_is_the_newest_hundred_in_ascending_order(site, world, make):
    fill(world, make)
    _, body = await site.get("/health/metrics/command_execution")
    assert (body["type"], body["total"], body["count"]) == ("command_execution", 250, 250)
    assert body["returned"] == len(body["metrics"]) == 100
    times = [record["timestamp"] for record in body["metrics"]]
    assert times == sorted(times)
    assert times[-1] == "2025-12-31T23:59:59.000Z"


async def test_cursors_lead_through_all_records_once(site, world, make):
    fill(world, make)
    seen, path = [], "/health/metrics/command_execution?limit=99"
    cursor = ""
    while cursor is not None:
        _, body = await site.get(path + (f"&cursor={cursor}" if cursor else ""))
        seen += [record["timestamp"] for record in body["metrics"]]
        cursor = body["next"]
    assert len(seen) == len(set(seen)) == 250


async def test_since_leaves_out_what_is_older(site, world, make):
    fill(world, make)
    since = (NOW_NS // NS_PER_S - 10) * 1000
    _, body = await site.get(f"/health/metrics/command_execution?since={since}")
    assert body["total"] == 10


@pytest.mark.parametrize("kind", ["feature_flag_check", "resource_usage"])
async def test_the_other_types_are_served(site, world, make, kind):
    fill(world, make)
    _, body = await site.get(f"/health/metrics/{kind}")
    assert (body["type"], body["total"]) == (kind, 1)


async def test_an_unknown_type_is_404_and_names_the_known_ones(site):
    status, body = await site.get("/health/metrics/nope")
    assert status == 404
    assert body["error"]["value"] == "nope"
    assert "resource_usage" in body["error"]["allowed"]


async def test_a_cursor_that_the_store_does_not_know_is_400(site, world):
    world.before = raising("newest", BadValueError("cursor", "zzz", "the `next`", "none"))
    status, body = await site.get("/health/metrics/command_execution?cursor=zzz")
    assert (status, body["error"]["parameter"]) == (400, "cursor")


# --- errors -----------------------------------------------------------------------------------


async def test_a_store_that_is_away_is_503_and_no_bug(site, world):
    world.before = raising("newest", StoreUnavailableError("/secret/path is locked"))
    status, body = await site.get("/health/metrics/command_execution")
    assert (status, body["error"]["code"]) == (503, "store_unavailable")
    assert "secret" not in json.dumps(body)
    assert site.guard.counts == {}


async def test_a_bug_is_500_without_details_and_counted(site, world):
    world.before = raising("flags", RuntimeError("/secret/path"))
    status, body = await site.get("/health/features")
    assert (status, body["error"]["code"]) == (500, "internal")
    assert "secret" not in json.dumps(body)
    assert site.guard.counts == {"show": 1}


async def test_an_unknown_address_is_404_in_the_same_shape(site):
    status, body = await site.get("/nothing")
    assert (status, body["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_nothing_can_be_changed_from_here(site, method):
    async with site.request(method, "/health/features") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ALL)
async def test_head_is_get_without_the_body(site, path):
    async with site.request("HEAD", path) as head, site.request("GET", path) as get:
        assert (head.status, await head.read()) == (get.status, b"")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("path", [*ALL, "/nothing", "/health/commands?window=x"])
async def test_every_answer_wears_the_security_headers_once(site, path):
    async with site.request("GET", path) as answer:
        assert answer.headers.getall("Cache-Control") == ["no-store"]
        assert answer.headers.getall("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.getall("Referrer-Policy") == ["no-referrer"]
        (policy,) = answer.headers.getall("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "Server" not in answer.headers


# --- the page ---------------------------------------------------------------------------------


async def test_the_page_is_at_both_addresses(site):
    async with (
        site.request("GET", "/") as one,
        site.request("GET", "/monitoring-dashboard.html") as other,
    ):
        assert one.content_type == "text/html"
        assert one.charset == "utf-8"
        assert await one.read() == await other.read()


async def test_every_file_the_page_asks_for_is_served(site):
    async with site.request("GET", "/") as answer:
        text = await answer.text()
    paths = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert "static/main.js" in paths
    for path in paths:
        async with site.request("GET", f"/{path}") as answer:
            assert answer.status == 200, path


async def test_packaged_files_come_with_their_types(site):
    async with site.request("GET", "/static/vendor/uplot-uPlot.iife.min.js") as script:
        assert (script.status, script.content_type) == (200, "text/javascript")
    async with site.request("GET", "/static/vendor/uplot-uPlot.min.css") as style:
        assert (style.status, style.content_type) == (200, "text/css")


async def test_without_the_dashboard_there_is_no_page_but_the_api(open_site):
    site = open_site(dashboard=False)
    assert (await site.get("/"))[0] == 404
    assert (await site.get("/static/favicon.svg"))[0] == 404
    assert (await site.get("/health"))[0] == 200
