"""The audit over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from changeover.core.errors import StoreUnavailableError
from changeover.core.model import Flip


def fill(rights, count: int) -> None:
    at_ns = rights.clock.wall_ns()
    rights.state.commit(
        [],
        [
            Flip(at_ns + number // 3, f"flag f{number % 2}", None, f"{number}%", "cli:ann", "why")
            for number in range(count)
        ],
    )


async def test_a_row_says_who_changed_what_when_and_why(steered, rights):
    fill(rights, 1)
    _, body = await steered.get("/api/flips")
    assert body["flips"] == [
        {
            "at": "2026-01-01T00:00:00.000Z",
            "subject": "flag f0",
            "old": None,
            "new": "0%",
            "actor": "cli:ann",
            "reason": "why",
        }
    ]
    assert body["next"] is None


async def test_cursors_lead_through_all_rows_once_whatever_comes_meanwhile(steered, rights):
    fill(rights, 25)
    seen, cursor = [], ""
    while cursor is not None:
        _, body = await steered.get("/api/flips?limit=4" + (f"&cursor={cursor}" if cursor else ""))
        seen += [flip["new"] for flip in body["flips"]]
        cursor = body["next"]
        rights.orders.refused("GET /", "401 token_wrong", "http:10.0.0.1")
        rights.orders.settle()
    assert seen == [f"{number}%" for number in reversed(range(25))]


async def test_rows_are_those_of_a_subject(steered, rights):
    fill(rights, 10)
    _, body = await steered.get("/api/flips?subject=flag%20f1&limit=2")
    assert [flip["new"] for flip in body["flips"]] == ["9%", "7%"]
    _, body = await steered.get(f"/api/flips?subject=flag%20f1&cursor={body['next']}")
    assert [flip["new"] for flip in body["flips"]] == ["5%", "3%", "1%"]


@pytest.mark.parametrize("query", ["cursor=12.ab", "limit=0", "subject=", "subject=a%00", "x=1"])
async def test_a_bad_parameter_is_400(steered, query):
    status, body = await steered.get(f"/api/flips?{query}")
    assert status == 400
    assert body["error"]["parameter"] == query.partition("=")[0]


async def test_whoever_may_not_read_reads_no_audit(open_site, rights):
    site = open_site("s3cret-token-of-it", controls=rights.controls())
    assert (await site.get("/api/flips"))[0] == 401


async def test_a_page_reads_no_more_of_the_audit_than_it_needs(open_site, rights):
    fill(rights, 2_000)
    asked = []

    def flips(limit: int, subject: str | None):
        asked.append(limit)
        return rights.state.flips(limit, subject)

    site = open_site(controls=replace(rights.controls(), flips=flips))
    _, first = await site.get("/api/flips?limit=10")
    await site.get(f"/api/flips?limit=10&cursor={first['next']}")
    assert max(asked) < 100


async def test_an_audit_that_cannot_be_read_is_503(open_site, rights):
    def away(_limit: int, _subject: str | None):
        raise StoreUnavailableError("/secret/path")

    site = open_site(controls=replace(rights.controls(), flips=away))
    status, body = await site.get("/api/flips")
    assert (status, body["error"]["code"]) == (503, "store_unavailable")
