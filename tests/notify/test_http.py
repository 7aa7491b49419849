"""What the channels over HTTP keep to themselves, and how long they are asked to wait."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from changeover.core.clock import ManualClock
from changeover.core.errors import ChannelError
from changeover.core.values import Secret
from changeover.notify.http import Answer, Form, HttpChannel, json_of, reason_of, seconds_of

TOKEN = "tok3n-0123456789"


@pytest.mark.parametrize(
    "url",
    [
        f"https://example.com/hooks/{TOKEN}",
        f"https://example.com/hooks/{TOKEN}/alerts/",
        f"https://example.com/alerts?token={TOKEN}",
        f"https://bot:{TOKEN}@example.com/alerts",
        TOKEN,
    ],
)
def test_a_token_is_not_told_wherever_in_the_address_it_is(url):
    channel = HttpChannel([Secret(url)])
    error = channel.error(Answer(400, {}, f'{{"message": "I do not know {TOKEN} of {url}"}}'))
    assert TOKEN not in str(error) + repr(error) + repr(channel)
    assert "I do not know" in str(error)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"message": "no", "code": 5}', "no (code 5)"),
        ('{"error": "no"}', "no"),
        ('{"message": {"a": 1}}', ""),
        ("<html>", ""),
        ("[1]", ""),
        ("[" * 100_000, ""),
    ],
)
def test_a_reason_is_taken_only_from_where_it_is_meant(text, told):
    assert reason_of(text) == told


@given(st.text() | st.floats() | st.none() | st.binary())
def test_whatever_asks_to_wait_is_a_time_or_nothing(said):
    seconds = seconds_of(said, ManualClock())
    assert seconds is None or 0 <= seconds <= 7 * 86_400
    assert json_of("{}") == {}


async def test_the_answer_of_a_name_that_moves_to_a_private_address_is_not_waited_for():
    """The name was looked at when it was resolved, which is when it is connected to."""
    asked = []
    app = web.Application()

    async def answer(request):
        asked.append(request)
        return web.Response()

    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    channel = HttpChannel([])
    for _ in range(2):  # the second time from the cache of names, if there were one
        with pytest.raises(ChannelError, match="private address"):
            await channel.ask(Form(URL(f"http://localhost:{port}/")))
    assert asked == []
    await channel.close()
    await runner.cleanup()
    await asyncio.sleep(0)
