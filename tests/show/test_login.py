"""Logins of browsers: the cookie, its end, and that it ends with its token."""

from __future__ import annotations

import re

import pytest

from changeover.core.clock import ManualClock
from changeover.core.order import Role
from changeover.show.sessions import Sessions, read_cookie, write_cookie

SET = {"verb": "flag.set", "subject": "ddd.commands.add", "values": {"value": "25%"}}


async def log_in(site, token: str, **headers: str) -> str:
    """The `Set-Cookie` header of a login."""
    sent = {"Origin": site.server.url.rstrip("/")} | headers
    async with site.request("POST", "/api/login", json={"token": token}, headers=sent) as answer:
        assert answer.status == 200
        (cookie,) = answer.headers.getall("Set-Cookie")
        return cookie


def pair(cookie: str) -> str:
    return cookie.partition(";")[0]


async def test_a_login_exchanges_a_token_for_a_strict_cookie(steered, rights):
    token = rights.token()
    cookie = await log_in(steered, token)
    assert re.fullmatch(
        rf"changeover_session_{steered.server.port}=[\w-]{{43}}; Path=/; Max-Age=43200;"
        " HttpOnly; SameSite=Strict",
        cookie,
    )
    assert token not in cookie
    _, me = await steered.get("/api/me", headers={"Cookie": pair(cookie)})
    assert (me["name"], me["role"], me["via"]) == ("user:operator", "operator", "session")
    assert me["session_ends_at"] == "2026-01-01T12:00:00.000Z"
    assert (await steered.post("/api/orders", SET, Cookie=pair(cookie)))[0] == 200


@pytest.mark.parametrize("headers", [{"X-Forwarded-Proto": "https"}, {}])
async def test_over_https_or_where_it_is_set_the_cookie_is_for_https_alone(
    open_site, rights, headers
):
    roles = {"secure_cookie": not headers}
    site = open_site(roles=roles, controls=rights.controls())
    assert (await log_in(site, rights.token(), **headers)).endswith("; Secure")


async def test_the_monitors_own_token_logs_in_too(open_site, rights):
    token = "s3cret-töken-of-it"
    site = open_site(token, roles={"token_role": Role.OPERATOR}, controls=rights.controls())
    cookie = pair(await log_in(site, token))
    assert (await site.get("/api/snapshot", headers={"Cookie": cookie}))[0] == 200
    assert (await site.post("/api/orders", SET, Cookie=cookie))[0] == 200


async def test_a_wrong_token_logs_nobody_in_is_audited_and_no_prompt_opens(steered, rights):
    origin = steered.server.url.rstrip("/")
    async with steered.request(
        "POST", "/api/login", json={"token": "nonsense"}, headers={"Origin": origin}
    ) as answer:
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers
        assert answer.headers.getall("WWW-Authenticate") == ['Bearer realm="Changeover"']
        assert "nonsense" not in await answer.text()
    assert rights.audit() == [
        ("request POST /api/login", "refused: 401 token_wrong", "http:127.0.0.1")
    ]


async def test_guessing_by_login_is_limited_like_any_other(steered):
    statuses = [(await steered.post("/api/login", {"token": f"no{n}"}))[0] for n in range(12)]
    assert statuses == [401] * 10 + [429] * 2


async def test_a_logout_ends_the_login_for_whoever_kept_the_cookie(steered, rights):
    cookie = pair(await log_in(steered, rights.token()))
    async with steered.request(
        "POST",
        "/api/logout",
        json={},
        headers={"Cookie": cookie, "Origin": steered.server.url.rstrip("/")},
    ) as answer:
        assert answer.status == 200
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert (await steered.post("/api/orders", SET, Cookie=cookie))[0] == 401


async def test_a_logout_without_a_login_is_no_error(steered):
    assert (await steered.post("/api/logout"))[0] == 200


async def test_an_id_that_somebody_planted_is_never_taken(steered, rights):
    name = f"changeover_session_{steered.server.port}"
    planted = f"{name}={'x' * 43}"
    cookie = pair(await log_in(steered, rights.token(), Cookie=planted))
    assert cookie != planted
    assert (await steered.post("/api/orders", SET, Cookie=planted))[0] == 401


async def test_a_new_login_ends_the_one_before(steered, rights):
    token = rights.token()
    first = pair(await log_in(steered, token))
    second = pair(await log_in(steered, token, Cookie=first))
    assert (await steered.post("/api/orders", SET, Cookie=first))[0] == 401
    assert (await steered.post("/api/orders", SET, Cookie=second))[0] == 200


async def test_a_login_ends_after_twelve_hours(steered, rights, world):
    cookie = pair(await log_in(steered, rights.token()))
    world.clock.advance(12 * 3_600 - 1)
    assert (await steered.get("/api/me", headers={"Cookie": cookie}))[1]["via"] == "session"
    world.clock.advance(1)
    assert (await steered.get("/api/me", headers={"Cookie": cookie}))[1]["via"] == "loopback"


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_login_ends_with_its_token(steered, rights, world, how):
    cookie = pair(await log_in(steered, rights.token(name="ann", expires_s=60)))
    if how == "revoked":
        rights.tokens.revoke("ann", actor="cli:bob")
    else:
        world.clock.advance(60)
    assert (await steered.post("/api/orders", SET, Cookie=cookie))[0] == 401
    assert rights.state.read("flag") == {}


async def test_a_new_token_of_the_same_name_does_not_revive_a_login(steered, rights):
    cookie = pair(await log_in(steered, rights.token(name="ann")))
    rights.tokens.revoke("ann", actor="cli:bob")
    rights.token(name="ann")
    assert (await steered.post("/api/orders", SET, Cookie=cookie))[0] == 401


async def test_a_login_goes_before_what_a_browsers_prompt_sends_by_itself(open_site, rights):
    site = open_site("s3cret-token-of-it", controls=rights.controls())
    cookie = pair(await log_in(site, rights.token()))
    headers = {"Cookie": cookie, "Authorization": "Basic OnMzY3JldC10b2tlbi1vZi1pdA=="}
    assert (await site.get("/api/me", headers=headers))[1]["name"] == "user:operator"
    del headers["Cookie"]
    assert (await site.get("/api/me", headers=headers))[1]["via"] == "basic"


@pytest.mark.parametrize("end", ["revoke", "log out"])
async def test_a_stream_ends_with_what_it_was_opened_with(open_site, rights, end):
    site = open_site("s3cret-token-of-it", stream_every_s=0.01, controls=rights.controls())
    cookie = pair(await log_in(site, rights.token(name="ann")))
    async with site.request("GET", "/api/stream", headers={"Cookie": cookie}) as stream:
        await stream.content.readuntil(b"\n\n")
        if end == "revoke":
            rights.tokens.revoke("ann", actor="cli:bob")
        else:
            await site.post("/api/logout", Cookie=cookie)
        await stream.content.read()  # comes to an end


async def test_cookies_that_come_in_several_headers_are_read_like_one(steered, rights):
    cookie = pair(await log_in(steered, rights.token()))
    headers = [("Cookie", "theme=dark"), ("Cookie", cookie)]
    async with steered.request("GET", "/api/me", headers=headers) as answer:
        assert (await answer.json())["via"] == "session"


# --- the keeping of them ----------------------------------------------------------------------


def test_logins_are_bounded_and_the_oldest_ends():
    sessions = Sessions(ManualClock())
    names = [sessions.open(f"token {number}") for number in range(Sessions.MOST + 1)]
    assert sessions.find(names[0]) is None
    assert sessions.find(names[1]) is not None
    assert len(set(names)) == len(names)


def test_one_token_does_not_throw_the_others_out():
    sessions = Sessions(ManualClock())
    other = sessions.open("another")
    names = [sessions.open("the same") for _ in range(Sessions.MOST_OF_A_TOKEN + 5)]
    assert sessions.find(other) is not None
    assert [sessions.find(name) is not None for name in names] == [False] * 5 + [True] * 20


def test_neither_the_id_nor_the_token_is_in_any_repr():
    sessions = Sessions(ManualClock())
    name = sessions.open("a secret token")
    assert "secret" not in repr(sessions.find(name))
    assert name not in repr(sessions._kept)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"a=1; b=2", "1"),
        (b"b=2;a=1", "1"),
        (b"a=1; a=1", None),
        (b"xa=1", None),
        (b"a", ""),
        (b"", None),
        (b"\xff\xfe; a=1", "1"),
    ],
)
def test_a_cookie_is_read_by_its_whole_name_and_only_once(header, value):
    assert read_cookie(header, "a") == value


def test_a_cookie_is_written_for_the_path_it_was_asked_at():
    assert write_cookie("a", "b", path="/monitor", secure=True, max_age_s=5) == (
        "a=b; Path=/monitor; Max-Age=5; HttpOnly; SameSite=Strict; Secure"
    )
