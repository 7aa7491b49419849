from __future__ import annotations

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
