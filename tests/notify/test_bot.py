from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from changeover.core.errors import ChannelError
from changeover.core.model import Event
from changeover.notify.bot import BotChannel


class SlowDownError(Exception):
    """As discord.py has it."""

    retry_after = 7.5


class Client:
    """Takes messages, or raises."""

    def __init__(self):
        self.posted = []
        self.error = None

    async def __call__(self, channel_id, body):
        if self.error is not None:
            raise self.error
        self.posted.append((channel_id, body))
        return str(len(self.posted))


@pytest.fixture
def client():
    return Client()


async def test_without_a_bot_it_is_not_accepted_and_worth_another_try(tell, client):
    channel = BotChannel(5)
    with pytest.raises(ChannelError, match="no bot is attached") as error:
        await channel.send(tell())
    assert not error.value.permanent
    channel.post = client
    assert await channel.send(tell()) == "1"


async def test_a_resolve_answers_the_firing_and_a_firing_answers_nothing(tell, client):
    channel = BotChannel(5, post=client)
    receipt = await channel.send(tell())
    for event in (Event.ESCALATED, Event.RESOLVED):
        assert await channel.send(replace(tell(event), receipt=receipt)) == "1"
    (_, first), *others = client.posted
    assert "message_reference" not in first
    for channel_id, body in others:
        assert channel_id == 5
        reference = {"message_id": "1", "fail_if_not_exists": False}
        assert body["message_reference"] == reference
        assert body["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("receipt", ["x", "1,2", "", "٣"])
async def test_a_receipt_that_is_no_id_is_left_alone(tell, client, receipt):
    await BotChannel(5, post=client).send(replace(tell(Event.RESOLVED), receipt=receipt))
    assert "message_reference" not in client.posted[0][1]


async def test_a_library_that_asks_to_wait_is_waited_for(tell, client):
    client.error = SlowDownError("of bot sesame")
    with pytest.raises(ChannelError, match="SlowDownError") as error:
        await BotChannel(5, post=client).send(tell())
    assert error.value.retry_after_s == 7.5


async def test_a_client_that_hangs_ends_with_the_time_out(tell, hang):
    async def post(_channel_id, _body):
        await hang(None)

    with pytest.raises(ChannelError, match="no answer"):
        await BotChannel(5, post=post, timeout_s=0.05).send(tell())


async def test_an_embed_that_discord_refuses_is_sent_as_plain_text_without_buttons(tell):
    bodies = []

    async def post(_channel_id, body):  # as an attached bot answers
        bodies.append(body)
        if "embeds" in body:
            raise ChannelError("answered 400: Invalid Form Body", permanent=True, status=400)
        return "7"

    channel = BotChannel(5, post=post)
    channel.components = lambda _notification: [{"type": 1, "components": []}]
    assert await channel.send(tell()) == "7"
    first, second = bodies
    assert first["components"]
    assert "components" not in second
    assert second["content"]


@pytest.mark.parametrize("status", [401, 403, 404, None])
async def test_what_an_attached_bot_is_refused_for_good_is_asked_once(tell, status):
    asked = []

    async def post(_channel_id, body):
        asked.append(body)
        raise ChannelError("refused", permanent=True, status=status)

    with pytest.raises(ChannelError, match="refused") as error:
        await BotChannel(5, post=post).send(tell())
    assert error.value.permanent
    assert len(asked) == 1


async def test_buttons_are_asked_for_in_a_thread(tell, client):
    def components(_notification):
        threads.append(threading.current_thread())
        return []

    threads = []
    channel = BotChannel(5, post=client)
    channel.components = components
    await channel.send(tell())
    assert threads[0] is not threading.current_thread()
    assert "components" not in client.posted[0][1]
