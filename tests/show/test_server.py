from __future__ import annotations

import asyncio
import signal
import socket
import threading

import aiohttp
import pytest
from fastapi import FastAPI

from changeover.core.clock import ManualClock
from changeover.show.api import create_app
from changeover.show.server import ListenError, Server, listen


async def test_a_busy_port_is_a_clear_error_and_not_the_end_of_the_process(site, world):
    other = Server(create_app(world.readings()), port=site.server.port)
    with pytest.raises(ListenError, match="another program uses it") as caught:
        other.start()
    assert f"port {site.server.port} of 127.0.0.1" in str(caught.value)
    assert "HEALTH_CHECK_PORT" in str(caught.value)
    other.stop()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be_is_a_clear_error(world, host, port):
    with pytest.raises(ListenError, match=f"port {port} of {host}"):
        Server(create_app(world.readings()), host=host, port=port).start()


def test_a_server_that_was_never_started_can_be_stopped(world):
    Server(create_app(world.readings())).stop()


async def test_a_server_listens_where_it_says_and_nowhere_else(site):
    assert site.server.url == f"http://127.0.0.1:{site.server.port}/"
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.2", site.server.port)


def test_answers_do_not_wait_for_nagles_delay():
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio looks at before TCP_NODELAY


async def test_a_stopped_server_gives_its_port_and_its_thread_back(own_site):
    port, thread = own_site.server.port, own_site.server._thread
    own_site.server.stop()
    own_site.server.stop()
    assert not thread.is_alive()
    with socket.create_server(("127.0.0.1", port)):
        pass


async def test_stopping_does_not_wait_for_streams_or_idle_or_stuck_clients(own_site):
    stream = await own_site.request("GET", "/api/stream")
    await stream.content.readuntil(b"\n\n")
    await own_site.get("/health")  # leaves a connection that is kept alive
    _, half = await asyncio.open_connection("127.0.0.1", own_site.server.port)
    half.write(b"GET /health HTTP/1.1\r\nHos")
    await half.drain()
    thread = own_site.server._thread
    await asyncio.to_thread(own_site.server.stop)
    assert not thread.is_alive()
    assert await asyncio.wait_for(stream.content.read(), 2) == b""
    half.close()


async def test_a_reading_that_hangs_does_not_hold_the_stop_up(own_site, world, caplog):
    release, asked = threading.Event(), threading.Event()

    def hang(name: str) -> None:
        if name == "newest":
            asked.set()
            release.wait(10)

    world.before = hang
    request = asyncio.ensure_future(own_site.get("/health/metrics/command_execution"))
    assert await asyncio.to_thread(asked.wait, 5)
    thread = own_site.server._thread
    await asyncio.to_thread(own_site.server.stop)
    assert not thread.is_alive()
    release.set()
    with pytest.raises(aiohttp.ClientError):
        await request
    assert caplog.records == []


async def test_a_server_leaves_the_signals_alone(site):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    await site.get("/health")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


async def test_a_half_request_is_cut_after_a_while(own_site, monkeypatch):
    protocol = own_site.server._uvicorn.config.http
    monkeypatch.setattr(protocol, "HEAD_WITHIN_S", 0.05)  # a number to turn, no code of ours
    reader, writer = await asyncio.open_connection("127.0.0.1", own_site.server.port)
    writer.write(b"GET /health HTTP/1.1\r\nX-Slow: ")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_it_works_mounted_into_another_application(world, servers, site):
    inner = create_app(world.readings(), clock=ManualClock())
    host = FastAPI()
    host.mount("/monitor", inner)
    host.state.streams = inner.state.streams
    server = servers(host)
    root = f"{server.url}monitor"
    async with site.session.get(f"{root}/health/commands?window=5m") as answer:
        assert (await answer.json())["window"]["text"] == "5m"
        assert answer.headers["Cache-Control"] == "no-store"
    async with site.session.get(f"{root}/static/vendor/uplot-uPlot.min.css") as answer:
        assert answer.status == 200
    async with site.session.get(f"{root}/health", headers={"Host": "any.pod"}) as answer:
        assert await answer.json() == {"status": "healthy"}
    async with site.session.get(f"{root}/api/stream") as answer:
        assert b"event: snapshot" in await answer.content.readuntil(b"\n\n")
    async with site.session.get(f"{root}/openapi.json") as answer:
        assert (await answer.json())["servers"] == [{"url": "/monitor"}]


async def test_people_change_things_where_it_is_mounted(world, servers, site, rights):
    inner = create_app(world.readings(), controls=rights.controls(), clock=world.clock)
    host = FastAPI()
    host.mount("/monitor", inner)
    host.state.streams = inner.state.streams
    server = servers(host)
    root, origin = f"{server.url}monitor", {"Origin": server.url.rstrip("/")}
    body = {"token": rights.token()}
    async with site.session.post(f"{root}/api/login", json=body, headers=origin) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert f"changeover_session_{server.port}=" in cookie
        assert "Path=/monitor;" in cookie
    headers = origin | {"Cookie": cookie.partition(";")[0]}
    order = {"verb": "flag.set", "subject": "ddd.commands.add", "values": {"value": "on"}}
    async with site.session.post(f"{root}/api/orders", json=order, headers=headers) as answer:
        assert answer.status == 200
    async with site.session.delete(f"{root}/api/orders", headers=headers) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST, HEAD")


async def test_the_page_refers_to_its_files_relatively_so_that_it_can_be_mounted(site):
    async with site.request("GET", "/") as answer:
        text = await answer.text()
    assert 'src="/' not in text
    assert 'href="/' not in text
    assert "http://" not in text
    assert "https://" not in text
