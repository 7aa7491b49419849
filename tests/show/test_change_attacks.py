"""What strangers, and pages of strangers, do to the addresses that change something."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from changeover.core.order import Role

SET = {"verb": "flag.set", "subject": "ddd.commands.add", "values": {"value": "on"}}


@pytest.fixture
def unchanged(rights):
    yield
    assert rights.state.read("flag") == {}


def basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"x:{token}".encode()).decode()


async def cookie_of(site, rights) -> str:
    headers = {"Origin": site.server.url.rstrip("/")}
    body = {"token": rights.token()}
    async with site.request("POST", "/api/login", json=body, headers=headers) as answer:
        return answer.headers["Set-Cookie"].partition(";")[0]


async def raw(site, head: str, body: bytes = b"") -> bytes:
    """What the server answers to these bytes, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
    writer.write(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


# --- pages of other sites ---------------------------------------------------------------------

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://127.0.0.1:1"},  # another program on this machine
    {"Origin": "http://evil.example@127.0.0.1"},
    {"Origin": "http://[::1"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("way", ["cookie", "basic", "loopback"])
async def test_a_page_of_another_site_changes_nothing(open_site, rights, headers, way):
    site = open_site(roles={"loopback_role": Role.OPERATOR}, controls=rights.controls())
    sent = dict(headers)
    if way == "cookie":
        sent["Cookie"] = await cookie_of(site, rights)
    elif way == "basic":
        sent["Authorization"] = basic(rights.token())
    if "Sec-Fetch-Site" not in sent:
        sent.setdefault("Origin", "https://evil.example")
    async with site.request("POST", "/api/orders", json=SET, headers=sent) as answer:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert rights.audit()[-1][1] in {
        "refused: 403 foreign_origin",
        "refused: 403 cross_site",
    }


@pytest.mark.usefixtures("unchanged")
async def test_what_does_not_say_where_it_comes_from_changes_nothing(steered, rights):
    headers = {"Cookie": await cookie_of(steered, rights)}
    async with steered.request("POST", "/api/orders", json=SET, headers=headers) as answer:
        assert answer.status == 403
        assert (await answer.json())["error"]["code"] == "foreign_origin"


async def test_a_bearer_token_is_no_browsers_and_needs_no_origin(steered, rights):
    headers = rights.bearer()
    async with steered.request("POST", "/api/orders", json=SET, headers=headers) as answer:
        assert answer.status == 200


async def test_the_browsers_own_word_is_enough_where_a_proxy_renames_the_host(steered, rights):
    headers = {
        "Cookie": await cookie_of(steered, rights),
        "Sec-Fetch-Site": "same-origin",
    }
    async with steered.request("POST", "/api/orders", json=SET, headers=headers) as answer:
        assert answer.status == 200


async def test_a_name_that_was_set_is_ours_whatever_a_proxy_made_of_the_host(open_site, rights):
    site = open_site(hosts=("bot.example.com",), controls=rights.controls())
    cookie = await cookie_of(site, rights)
    headers = {"Cookie": cookie, "Origin": "https://bot.example.com"}
    assert (await site.post("/api/orders", SET, **headers))[0] == 200


@pytest.mark.parametrize("path", ["/api/login", "/api/logout"])
async def test_nobody_is_logged_in_or_out_by_a_page_of_another_site(steered, rights, path):
    body = {"token": rights.token()} if path.endswith("in") else {}
    status, _ = await steered.post(path, body, Origin="https://evil.example")
    assert status == 403


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "", "application/jsonp", "application/json; charset=utf-16", "text/json"],
)  # fmt: skip
async def test_what_a_form_of_another_site_could_send_is_415(steered, rights, content_type):
    headers = rights.bearer() | {"Content-Type": content_type}
    async with steered.request(
        "POST", "/api/orders", data=json.dumps(SET), headers=headers
    ) as answer:
        assert answer.status == 415


@pytest.mark.usefixtures("unchanged")
async def test_a_rebound_name_changes_nothing(open_site, rights):
    site = open_site(roles={"loopback_role": Role.OPERATOR}, controls=rights.controls())
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert (await site.post("/api/orders", SET, **headers))[0] == 403


# --- tokens -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
async def test_a_revoked_token_is_worth_nothing_at_once(steered, rights):
    headers = rights.bearer(name="ann")
    rights.tokens.revoke("ann", actor="cli:bob")
    status, body = await steered.post("/api/orders", SET, **headers)
    assert (status, body["error"]["code"]) == (401, "token_wrong")


@pytest.mark.usefixtures("unchanged")
async def test_an_expired_token_is_worth_nothing(steered, rights, world):
    headers = rights.bearer(expires_s=60)
    world.clock.advance(60)
    assert (await steered.post("/api/orders", SET, **headers))[0] == 401


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", ["token", "access_token", "authorization"])
async def test_a_token_in_the_address_is_never_taken(open_site, rights, name):
    site = open_site("s3cret-token-of-it", controls=rights.controls())
    token = rights.token()
    assert (await site.post(f"/api/orders?{name}={token}", SET))[0] == 401
    assert (await site.get(f"/api/me?{name}={token}"))[0] == 401
    assert token not in str(rights.audit())


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "credentials",
    ["Bearer co_", "Bearer " + "co_" + "A" * 43, "Bearer", "Basic !!!", "Basic Og==", "Digest x",
     "Bearer co_" + "A" * 43 + "\u00e9"],
)  # fmt: skip
async def test_what_is_no_token_is_401_and_audited(steered, rights, credentials):
    status, body = await steered.post("/api/orders", SET, Authorization=credentials)
    assert (status, body["error"]["code"]) == (401, "token_wrong")
    assert rights.audit()[-1][1] == "refused: 401 token_wrong"


async def test_the_digest_of_a_token_is_no_token(steered, rights):
    rights.token()
    digest = rights.state.read("token")["operator"].value["digest"]
    for credentials in (f"Bearer {digest}", f"Bearer co_{digest}", f"Bearer co_{digest[:43]}"):
        assert (await steered.post("/api/orders", SET, Authorization=credentials))[0] == 401


async def test_a_flood_of_wrong_tokens_does_not_fill_the_audit(steered, rights, world):
    for number in range(200):
        await steered.post("/api/orders", SET, Authorization=f"Bearer no{number}")
        world.clock.advance(6)  # so that the limit on wrong tokens lets it through
    assert 10 <= len(rights.audit()) <= 15
    world.clock.advance(3_600)
    rights.orders.settle()
    assert "more that are not listed" in rights.state.flips(1)[0].reason


async def test_reading_without_a_token_is_no_news_but_a_wrong_one_is(open_site, rights):
    site = open_site("s3cret-token-of-it", controls=rights.controls())
    await site.get("/")
    await site.get("/health")
    assert rights.audit() == []
    await site.get("/health", headers={"Authorization": "Bearer nonsense"})
    assert rights.audit()[-1][:2] == ("request GET /health", "refused: 401 token_wrong")


# --- smuggling --------------------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("twice", ["Authorization", "Cookie", "Origin", "Content-Type"])
async def test_a_header_that_comes_twice_is_none(steered, rights, twice):
    body = json.dumps(SET).encode()
    lines = {
        "Host": f"127.0.0.1:{steered.server.port}",
        "Origin": steered.server.url.rstrip("/"),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    if twice == "Authorization":
        lines[twice] = f"Bearer {rights.token()}"
    else:
        lines["Cookie"] = await cookie_of(steered, rights)
    head = "".join(f"\n{name}: {value}" for name, value in lines.items())
    answer = await raw(steered, f"POST /api/orders HTTP/1.1{head}\n{twice}: {lines[twice]}", body)
    assert answer.split()[1] in {b"401", b"403", b"415"}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "lengths",
    ["Content-Length: 5\nContent-Length: 90", "Content-Length: 5\nTransfer-Encoding: chunked",
     "Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: 5x"],
)  # fmt: skip
async def test_a_body_of_two_lengths_is_refused(steered, rights, lengths):
    token = rights.token()
    head = (
        f"POST /api/orders HTTP/1.1\nHost: localhost\nAuthorization: Bearer {token}"
        f"\nContent-Type: application/json\nConnection: close\n{lengths}"
    )
    answer = await raw(steered, head, json.dumps(SET).encode())
    assert answer.split()[1] in {b"400", b"413"}


@pytest.mark.usefixtures("unchanged")
async def test_a_method_in_a_header_or_the_query_is_no_method(steered, rights):
    headers = rights.bearer() | {"X-HTTP-Method-Override": "POST"}
    status, body = await steered.get("/api/orders", headers=headers)
    assert status == 200
    assert "orders" in body


@pytest.mark.usefixtures("unchanged")
async def test_the_caller_cannot_be_sent(steered):
    headers = {"changeover.caller": "admin", "X-Changeover-Role": "admin", "X-Remote-User": "admin"}
    assert (await steered.post("/api/orders", SET, **headers))[0] == 401


# --- bodies -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"7", b'"flag.set"', b"\xff\xfe", b"[" * 16_000,
        b'{"values":' * 1_200 + b"1" + b"}" * 1_200,
        b'{"verb":"flag.set","verb":"flag.set"}', b'{"verb":"\\ud800"}',
        b'{"verb":"flag.set","expected":1e999}', b'{"verb":"flag.set","expected":NaN}',
        b'{"verb":"flag.set","expected":' + b"9" * 5_000 + b"}",
        b'{"__proto__":{}}', '{"verb":"flag.set"}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
async def test_what_is_no_order_is_400(steered, rights, body):
    headers = rights.bearer() | {"Content-Type": "application/json"}
    async with steered.request("POST", "/api/orders", data=body, headers=headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["parameter"]
    assert steered.guard.counts == {}


@pytest.mark.usefixtures("unchanged")
async def test_a_huge_body_is_413_without_being_read(steered, rights):
    head = (
        f"POST /api/orders HTTP/1.1\nHost: localhost\nAuthorization: Bearer {rights.token()}"
        "\nContent-Type: application/json\nContent-Length: 99999999"
    )
    assert (await raw(steered, head, b"x")).startswith(b"HTTP/1.1 413")


@pytest.mark.usefixtures("unchanged")
async def test_a_body_that_never_comes_is_given_up(own_steered, rights, monkeypatch):
    monkeypatch.setattr("changeover.show.bodies.BODY_WITHIN_S", 0.05)  # a number to turn
    head = (
        f"POST /api/orders HTTP/1.1\nHost: localhost\nAuthorization: Bearer {rights.token()}"
        "\nContent-Type: application/json\nContent-Length: 90"
    )
    assert (await raw(own_steered, head, b"{")).startswith(b"HTTP/1.1 408")
    assert own_steered.guard.counts == {}


async def test_whoever_leaves_in_the_middle_of_a_body_is_no_bug(own_steered, rights):
    _, writer = await asyncio.open_connection("127.0.0.1", own_steered.server.port)
    head = (
        f"POST /api/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {rights.token()}"
        "\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
    )
    writer.write(head.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await own_steered.get("/health"))[0] == 200
    assert own_steered.guard.counts == {}
