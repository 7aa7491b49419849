"""What strangers do to a port that is open."""

from __future__ import annotations

import asyncio
import base64

import aiohttp
import pytest

TOKEN = "s3cret-töken"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def raw(site, data: bytes) -> bytes:
    """What the server answers to these bytes, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    writer.write(data)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health/commands", "/api/stream", "/", "/metrics"])
async def test_a_rebound_name_reads_nothing(site, path):
    status, body = await site.get(path, headers={"Host": "evil.example"})
    assert (status, body["error"]["code"]) == (403, "unknown_host")
    assert "100" not in str(body)


async def test_a_probe_by_any_name_gets_the_status_and_nothing_else(site):
    assert await site.get("/health", headers={"Host": "10-1-2-3.pod"}) == (
        200,
        {"status": "healthy"},
    )


async def test_an_allowed_name_is_answered(open_site):
    site = open_site(hosts=("bot.example.com",))
    status, _ = await site.get("/health/commands", headers={"Host": "bot.example.com"})
    assert status == 200


async def test_two_host_headers_are_refused(site):
    answer = await raw(
        site, b"GET /health/commands HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 400")


async def test_a_page_of_another_site_reads_nothing(site):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    status, body = await site.get("/api/stream", headers=headers)
    assert (status, body["error"]["code"]) == (403, "cross_site")


async def test_a_link_from_another_site_opens_the_page(site):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with site.request("GET", "/", headers=headers) as answer:
        assert answer.status == 200


# --- the token --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/health/ready", "/health/features", "/health/commands", "/api/snapshot", "/api/stream",
     "/health/metrics/command_execution", "/metrics", "/", "/static/favicon.svg", "/openapi.json",
     "/nothing"],
)  # fmt: skip
async def test_with_a_token_nothing_but_bare_health_is_public(open_site, path):
    site = open_site(TOKEN)
    async with site.request("GET", path) as answer:
        assert answer.status == 401
        schemes = answer.headers.getall("WWW-Authenticate")
        assert schemes[0].startswith("Basic realm=")
        assert (await answer.json())["error"]["code"] == "token_missing"


async def test_bare_health_says_the_status_and_nothing_else(open_site):
    site = open_site(TOKEN)
    assert await site.get("/health") == (200, {"status": "healthy"})
    assert "checks" in (await site.get("/health", headers=bearer(TOKEN)))[1]


async def test_the_token_opens_everything_as_bearer_and_as_password(open_site):
    site = open_site(TOKEN)
    assert (await site.get("/health/commands", headers=bearer(TOKEN)))[0] == 200
    password = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {password}"}
    assert (await site.get("/health/commands", headers=headers))[0] == 200


@pytest.mark.parametrize("query", ["token=s3cret", "access_token=s3cret", "key=s3cret"])
async def test_the_token_is_never_taken_from_the_url(open_site, query):
    site = open_site("s3cret")
    assert (await site.get(f"/health/commands?{query}"))[0] == 401


async def test_a_flood_of_wrong_tokens_is_limited(open_site, world):
    site = open_site(TOKEN)
    statuses = [(await site.get("/metrics", headers=bearer(f"no{n}")))[0] for n in range(15)]
    assert statuses == [401] * 10 + [429] * 5
    async with site.request("GET", "/metrics", headers=bearer(TOKEN)) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) <= 7
    world.clock.advance(7)
    async with site.request("GET", "/metrics", headers=bearer(TOKEN)) as answer:
        assert answer.status == 200


async def test_health_is_no_way_around_the_limit(open_site):
    site = open_site(TOKEN)
    for number in range(12):
        body = (await site.get("/health", headers=bearer(f"no{number}")))[1]
        assert body == {"status": "healthy"}
    assert (await site.get("/health", headers=bearer(TOKEN)))[1] == {"status": "healthy"}
    assert (await site.get("/metrics", headers=bearer(TOKEN)))[0] == 429


async def test_bytes_that_are_no_text_are_a_wrong_token(open_site):
    site = open_site(TOKEN)
    answer = await raw(
        site,
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Authorization: Bearer \xff\xfe\xfd\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 401")


# --- paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/static/../api.py", "/static/%2e%2e/api.py", "/static/..%2fapi.py", "/static//etc/passwd",
     "/static/%2fetc%2fpasswd", "/static/..%5capi.py", "/static/vendor/../../server.py",
     "/static/", "/static/vendor", "/static/vendor/uplot-LICENSE", "/static/index.html%00.js",
     "/..%2f..%2fpyproject.toml", "//etc/passwd"],
)  # fmt: skip
async def test_only_the_packaged_files_can_be_read(site, path):
    answer = await raw(
        site,
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
    )
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))


# --- sizes ------------------------------------------------------------------------------------


async def test_huge_headers_are_refused(site):
    async def ask() -> int:
        async with site.request("GET", "/health", headers={"X-Big": "x" * 40_000}) as answer:
            return answer.status

    try:
        status = await ask()
    except aiohttp.ClientError:  # closed while it was still sending
        status = 400
    assert 400 <= status < 500
    assert (await site.get("/health"))[0] == 200


async def test_many_headers_are_refused(site):
    headers = {f"X-{number}": "1" for number in range(150)}
    assert (await site.get("/health", headers=headers))[0] == 431


async def test_a_large_body_is_refused_without_reading_it(site):
    answer = await raw(
        site, b"POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\nx"
    )
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_of_unknown_length_is_refused(site):
    answer = await raw(
        site,
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_small_body_is_ignored(site):
    async with site.request("GET", "/health", data=b"{}") as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\x00" * 100],
)
async def test_what_is_no_http_is_refused_quietly(site, data, caplog):
    assert (await raw(site, data + b"\r\n\r\n")).startswith(b"HTTP/1.1 400")
    assert caplog.records == []


async def test_an_upgrade_is_not_taken_and_not_logged(site, caplog):
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert (await site.get("/health", headers=headers))[0] == 200
    assert caplog.records == []


async def test_idle_connections_make_room_for_who_asks(site):
    idle = [await asyncio.open_connection("127.0.0.1", site.server.port) for _ in range(300)]
    assert (await asyncio.wait_for(site.get("/health"), 5))[0] == 200
    for _, writer in idle:
        writer.close()
