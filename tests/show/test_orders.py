"""Orders over HTTP: who may, what is answered, and what stays in the audit."""

from __future__ import annotations

import asyncio
import threading

import pytest

from changeover.core.order import Role

SET = {"verb": "flag.set", "subject": "ddd.commands.add", "values": {"value": "25%"}}


def flag(rights) -> float | None:
    found = rights.state.read("flag").get("ddd.commands.add")
    return None if found is None else found.value["share"]


async def test_an_operator_sets_a_flag_and_is_told_what_changed(steered, rights):
    status, body = await steered.post(
        "/api/orders", SET | {"reason": "first users"}, **rights.bearer()
    )
    assert status == 200
    assert body["result"] == {
        "flag": "ddd.commands.add",
        "old": None,
        "new": "25%",
        "version": 1,
    }
    assert (body["verb"], body["actor"]) == ("flag.set", "user:operator")
    assert flag(rights) == 25.0
    newest = rights.state.flips(1)[0]
    assert (newest.actor, newest.reason) == ("user:operator", "first users")


async def test_an_order_that_its_handler_audits_leaves_one_row_and_no_second(steered, rights):
    await steered.post("/api/orders", SET, **rights.bearer())
    assert [row[0] for row in rights.audit()] == ["token operator", "flag ddd.commands.add"]


async def test_an_order_that_its_handler_does_not_audit_leaves_one_row(steered, rights):
    body = {"verb": "stage.look", "subject": "utility"}
    assert (await steered.post("/api/orders", body, **rights.bearer()))[0] == 200
    assert rights.audit()[-1] == ("order stage.look utility", "done", "user:operator")


async def test_a_viewer_may_not_and_the_attempt_stays(steered, rights):
    status, body = await steered.post("/api/orders", SET, **rights.bearer(Role.VIEWER))
    assert (status, body["error"]["code"]) == (403, "not_allowed")
    assert "operator" in body["error"]["allowed"]
    assert flag(rights) is None
    (row,) = rights.audit()[1:]
    assert row[0] == "order flag.set ddd.commands.add"
    assert row[1].startswith("refused: flag.set needs the role operator")
    assert row[2] == "user:viewer"


@pytest.mark.parametrize("key", ["actor", "role", "principal", "name", "token"])
async def test_nobody_gives_themselves_a_name_or_a_role(steered, rights, key):
    status, body = await steered.post(
        "/api/orders", SET | {key: "admin"}, **rights.bearer(Role.VIEWER)
    )
    assert (status, body["error"]["value"]) == (400, key)
    assert flag(rights) is None


async def test_an_operator_makes_no_tokens_and_an_admin_does(steered, rights):
    body = {"verb": "token.create", "subject": "eve", "values": {"role": "admin"}}
    assert (await steered.post("/api/orders", body, **rights.bearer()))[0] == 403
    assert "eve" not in rights.state.read("token")
    status, told = await steered.post("/api/orders", body, **rights.bearer(Role.ADMIN))
    assert status == 200
    assert rights.tokens.find(told["result"]["token"].encode()).role is Role.ADMIN
    assert told["result"]["token"] not in str(rights.state.flips(100))


async def test_without_a_token_orders_are_401_and_reading_stays_open(steered, rights):
    status, body = await steered.post("/api/orders", SET)
    assert (status, body["error"]["code"]) == (401, "token_missing")
    assert flag(rights) is None
    assert (await steered.get("/api/snapshot"))[0] == 200
    (row,) = rights.audit()
    assert row == ("request POST /api/orders", "refused: 401 token_missing", "http:127.0.0.1")


async def test_an_unknown_verb_is_404_and_names_the_nearest(steered, rights):
    status, body = await steered.post("/api/orders", SET | {"verb": "flag.sett"}, **rights.bearer())
    assert (status, body["error"]["code"]) == (404, "unknown_verb")
    assert (body["error"]["value"], body["error"]["example"]) == ("flag.sett", "flag.set")


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"values": {"value": "101%"}}, "value"),
        ({"values": {}}, "value"),
        ({"values": {"valu": "on"}}, "values"),
        ({"values": {"value": {"a": {"b": {"c": {"d": 1}}}}}}, "value"),
        ({"values": {"value": "a\x00b"}}, "value"),
        ({"values": []}, "values"),
        ({"subject": ""}, "subject"),
        ({"subject": "a\u202eb"}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"subject": 7}, "subject"),
        ({"verb": ""}, "verb"),
        ({"verb": None}, "verb"),
        ({"expected": -1}, "expected"),
        ({"expected": True}, "expected"),
        ({"expected": "1"}, "expected"),
        ({"expected": 1.5}, "expected"),
        ({"reason": ["why"]}, "reason"),
    ],
)
async def test_a_bad_value_is_400_names_itself_and_changes_nothing(
    steered, rights, change, parameter
):
    status, body = await steered.post("/api/orders", SET | change, **rights.bearer())
    assert (status, body["error"]["parameter"]) == (400, parameter)
    assert set(body["error"]) == {"code", "message", "parameter", "value", "allowed", "example"}
    assert len(body["error"]["value"] or "") <= 64
    assert flag(rights) is None


async def test_what_is_not_possible_now_is_422_and_says_why(steered, rights):
    body = {"verb": "stage.advance", "subject": "utility"}
    status, told = await steered.post("/api/orders", body, **rights.bearer())
    assert (status, told["error"]["code"]) == (422, "not_possible")
    assert told["error"]["message"] == "it waits for 20 more executions"
    assert rights.audit()[-1][1] == "refused: it waits for 20 more executions"


async def test_a_store_that_is_away_is_503_and_no_bug(steered, rights):
    body = {"verb": "stage.away", "subject": "utility"}
    status, told = await steered.post("/api/orders", body, **rights.bearer())
    assert (status, told["error"]["code"]) == (503, "store_unavailable")
    assert "secret" not in str(told)
    assert steered.guard.counts == {}


async def test_a_bug_in_a_handler_is_500_without_details_and_in_the_audit(steered, rights):
    body = {"verb": "stage.bug", "subject": "utility"}
    status, told = await steered.post("/api/orders", body, **rights.bearer())
    assert (status, told["error"]["code"]) == (500, "internal")
    assert "secret" not in str(told)
    assert rights.audit()[-1][1] == "failed: RuntimeError"
    assert steered.guard.counts == {"show": 1}


async def test_of_two_orders_on_the_same_version_one_is_told_what_the_other_did(steered, rights):
    headers = rights.bearer()
    orders = [SET | {"expected": 0, "values": {"value": value}} for value in ("10%", "90%")]
    answers = await asyncio.gather(
        *(steered.post("/api/orders", order, **headers) for order in orders)
    )
    (done,) = (body for status, body in answers if status == 200)
    (lost,) = (body["error"] for status, body in answers if status == 409)
    assert lost["code"] == "conflict"
    assert lost["found"] == done["result"]["version"] == 1
    assert f"{lost['current']['share']:g}%" == done["result"]["new"]
    assert lost["current"]["actor"] == "user:operator"
    assert flag(rights) == lost["current"]["share"]


async def test_the_version_of_an_answer_is_what_the_next_order_expects(steered, rights):
    headers = rights.bearer()
    _, first = await steered.post("/api/orders", SET, **headers)
    again = SET | {"expected": first["result"]["version"], "values": {"value": "on"}}
    assert (await steered.post("/api/orders", again, **headers))[0] == 200
    assert (await steered.post("/api/orders", again, **headers))[0] == 409  # a replay


async def test_a_reason_is_one_line_without_secrets_and_cut(steered, rights):
    reason = "because\n password=hunter2 \u202e" + "x" * 1_000
    assert (await steered.post("/api/orders", SET | {"reason": reason}, **rights.bearer()))[
        0
    ] == 200
    kept = rights.state.flips(1)[0].reason
    assert kept.startswith("because password=***")
    assert len(kept) <= 500
    assert "\u202e" not in kept


async def test_orders_do_not_wait_behind_readings_or_a_few_others_that_hang(steered, world, rights):
    release = threading.Event()
    world.before = lambda name: release.wait(10) if name == "newest" else None
    rights.orders.add("stage.hang", Role.OPERATOR, lambda _: {"x": release.wait(10)}, "Hangs.")
    headers = rights.bearer()
    waiting = [
        *(steered.get("/health/metrics/command_execution") for _ in range(8)),
        *(steered.post("/api/orders", {"verb": "stage.hang"}, **headers) for _ in range(8)),
    ]
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        status, _ = await asyncio.wait_for(steered.post("/api/orders", SET, **headers), 5)
    finally:
        release.set()
        await asyncio.gather(*tasks)
    assert status == 200


async def test_numbers_of_flags_are_percent(steered, rights):
    body = SET | {"values": {"value": 1}}
    assert (await steered.post("/api/orders", body, **rights.bearer()))[0] == 200
    assert flag(rights) == 1.0


# --- who may what -----------------------------------------------------------------------------


async def test_verbs_are_those_that_whoever_asks_may_use(steered, rights):
    async def verbs(**options) -> set[str]:
        _, body = await steered.get("/api/orders", **options)
        return {order["verb"] for order in body["orders"]}

    assert await verbs() == set()
    assert await verbs(headers=rights.bearer(Role.VIEWER)) == {"stage.look"}
    operator = await verbs(headers=rights.bearer())
    assert {"flag.set", "flag.unset"} <= operator
    assert "token.create" not in operator
    assert "token.create" in await verbs(headers=rights.bearer(Role.ADMIN))


async def test_a_verb_says_what_it_needs(steered, rights):
    _, body = await steered.get("/api/orders", headers=rights.bearer())
    (told,) = (order for order in body["orders"] if order["verb"] == "flag.set")
    assert told["subject"] == "a flag's name"
    assert "25%" in told["values"]["value"]


async def test_me_says_who_asks_and_how_that_is_known(steered, rights):
    assert (await steered.get("/api/me"))[1] == {
        "name": "loopback",
        "role": "viewer",
        "via": "loopback",
        "may_order": False,
        "session_ends_at": None,
    }
    _, body = await steered.get("/api/me", headers=rights.bearer(Role.ADMIN))
    assert (body["name"], body["role"], body["via"]) == ("user:admin", "admin", "bearer")


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 200)])
async def test_the_monitors_token_has_the_role_that_is_set(open_site, rights, role, status):
    site = open_site("s3cret-token-of-it", roles={"token_role": role}, controls=rights.controls())
    headers = {"Authorization": "Bearer s3cret-token-of-it"}
    assert (await site.post("/api/orders", SET, **headers))[0] == status
    assert rights.audit()[-1][2] == "env:MONITORING_TOKEN"


async def test_a_token_of_the_store_reads_where_reading_needs_one(open_site, rights):
    site = open_site("s3cret-token-of-it", controls=rights.controls())
    assert (await site.get("/api/snapshot"))[0] == 401
    assert (await site.get("/api/snapshot", headers=rights.bearer(Role.VIEWER)))[0] == 200


async def test_loopback_may_order_only_where_it_was_set_so(open_site, rights):
    roles = {"loopback_role": Role.OPERATOR}
    site = open_site(roles=roles, controls=rights.controls())
    assert (await site.post("/api/orders", SET))[0] == 200
    assert rights.audit()[-1][2] == "loopback"
    body = {"verb": "token.create", "subject": "eve", "values": {"role": "admin"}}
    assert (await site.post("/api/orders", body))[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"Host": "bot.example.com", "Origin": "http://bot.example.com"},
    ],
)
async def test_whoever_comes_through_a_proxy_is_not_loopback(open_site, rights, headers):
    roles = {"loopback_role": Role.OPERATOR}
    site = open_site(hosts=("bot.example.com",), roles=roles, controls=rights.controls())
    assert (await site.post("/api/orders", SET, **headers))[0] == 401
    assert flag(rights) is None


async def test_where_nobody_may_change_anything_there_is_nothing_to_post_to(site):
    for path in ("/api/orders", "/api/login", "/api/logout", "/api/me"):
        assert (await site.post(path))[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/orders", "GET, POST, HEAD"),
        ("GET", "/api/login", "POST"),
        ("HEAD", "/api/logout", "POST"),
        ("OPTIONS", "/api/orders", "GET, POST, HEAD"),
    ],
)
async def test_other_methods_are_told_which_there_are(steered, method, path, allowed):
    async with steered.request(method, path) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == allowed
        assert "Access-Control-Allow-Origin" not in answer.headers
