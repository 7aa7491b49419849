"""The audit over HTTP."""

from __future__ import annotations

import pytest

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
