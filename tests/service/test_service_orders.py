"""Orders through a whole monitor: over HTTP, between processes, and from a program."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from changeover.core.errors import ConflictError
from changeover.core.order import NotAllowedError, Order, Principal, Role

FLAG = "ddd.commands.utility"


def send(url, path, body, **headers):
    """Status and JSON of a POST."""
    headers = {"Content-Type": "application/json"} | headers
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def order(value: str) -> dict:
    return {"verb": "flag.set", "subject": FLAG, "values": {"value": value}}


@pytest.fixture
def served(make, settings):
    monitor = make(settings=replace(settings, http=True)).start()
    return monitor, monitor.wait_until_served().rstrip("/")


def test_a_token_made_beside_it_works_within_a_tick_and_not_after_it_is_revoked(served, make):
    monitor, url = served
    cli = make(watching_only=True)
    made = cli.order(
        Order(verb="token.create", subject="ann", actor="cli:bob", values={"role": "operator"})
    )
    bearer = {"Authorization": f"Bearer {made['token']}"}
    monitor.tick()
    assert send(url, "/api/orders", order("25%"), **bearer)[0] == 200
    assert monitor.flags.share(FLAG) == 25.0  # at once in this process
    cli.order(Order(verb="token.revoke", subject="ann", actor="cli:bob"))
    monitor.tick()
    assert send(url, "/api/orders", order("90%"), **bearer)[0] == 401
    assert monitor.flags.share(FLAG) == 25.0
    monitor.tick()
    subjects = [(flip.subject, flip.actor) for flip in monitor.controls.flips(100, None)]
    assert subjects == [
        ("request POST /api/orders", "http:127.0.0.1"),
        ("token ann", "cli:bob"),
        (f"flag {FLAG}", "user:ann"),
        ("token ann", "cli:bob"),
    ]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 200)])
def test_the_settings_say_what_the_monitors_token_may(make, settings, role, status):
    from changeover.core.values import Secret

    settings = replace(settings, token=Secret("s3cret-token-of-it"), token_role=role)
    monitor = make(settings=settings).start()
    url = monitor.wait_until_served().rstrip("/")
    bearer = {"Authorization": "Bearer s3cret-token-of-it"}
    assert send(url, "/api/orders", order("on"), **bearer)[0] == status


@pytest.mark.parametrize(("role", "status"), [("viewer", 401), ("operator", 200)])
def test_the_settings_say_what_this_machine_may_without_one(make, settings, role, status):
    monitor = make(settings=replace(settings, loopback_role=role)).start()
    url = monitor.wait_until_served().rstrip("/")
    assert send(url, "/api/orders", order("on"), Origin=url)[0] == status
    assert send(url, "/api/orders", order("on"), Origin="https://evil.example")[0] == 403


def test_a_program_orders_what_it_likes_and_for_others_what_they_may(make):
    monitor = make()
    told = monitor.order(
        Order(verb="flag.set", subject=FLAG, actor="deploy", values={"value": "on"})
    )
    assert (told["new"], told["version"]) == ("100%", 1)
    assert monitor.flags.share(FLAG) == 100.0
    with pytest.raises(NotAllowedError):
        monitor.order(
            Order(verb="flag.unset", subject=FLAG, actor="x"), Principal("ann", Role.VIEWER)
        )
    with pytest.raises(ConflictError):
        monitor.order(Order(verb="flag.unset", subject=FLAG, actor="deploy", expected=0))
    monitor.order(Order(verb="flag.unset", subject=FLAG, actor="deploy", expected=1))
    assert monitor.flags.share(FLAG) is None


def test_the_version_that_readers_see_is_the_one_to_expect(make, ask, settings):
    monitor = make(settings=replace(settings, http=True)).start()
    url = monitor.wait_until_served().rstrip("/")
    for value in ("10%", "20%"):
        monitor.order(Order(verb="flag.set", subject=FLAG, actor="deploy", values={"value": value}))
    _, body = ask(url, "/health/features")
    (shown,) = (flag for flag in body["_flags"]["details"] if flag["name"] == FLAG)
    monitor.order(
        Order(
            verb="flag.set",
            subject=FLAG,
            actor="deploy",
            expected=shown["version"],
            values={"value": "30%"},
        )
    )
    assert monitor.flags.share(FLAG) == 30.0


def test_what_was_refused_is_in_the_store_when_the_monitor_has_ended(served, make):
    monitor, url = served
    send(url, "/api/orders", order("on"), Authorization="Bearer nonsense")
    monitor.stop()
    (flip,) = make(watching_only=True).controls.flips(10, None)
    assert flip.new == "refused: 401 token_wrong"


def test_of_many_orders_at_once_on_one_version_exactly_one_is_carried_out(served):
    monitor, url = served
    text = monitor.tokens.create("ann", Role.OPERATOR, expires_s=None, actor="cli:bob").text
    bearer = {"Authorization": f"Bearer {text}"}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda share: send(
                    url, "/api/orders", order(f"{share}%") | {"expected": 0}, **bearer
                ),
                range(10, 18),
            )
        )
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    (done,) = (body["result"] for status, body in answers if status == 200)
    assert {body["error"]["found"] for status, body in answers if status == 409} == {1}
    assert f"{monitor.flags.share(FLAG):g}%" == done["new"]
