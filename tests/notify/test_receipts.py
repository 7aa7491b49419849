"""What Discord is told at the end of an alert, and the chart that goes with a message."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from aiohttp import web

from changeover.core.errors import ChannelError
from changeover.core.model import Event
from changeover.core.values import Secret
from changeover.notify.discord import DiscordWebhook

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


class Messages:
    """A webhook with messages that can be edited; reads bodies of one part and of several."""

    def __init__(self):
        self.requests = []  # (method, path, query, body, file)
        self.edit_answer = (200, {"id": "7"})
        self.post_answer = (200, {"id": "8"})

    async def handle(self, request):
        file = None
        if request.content_type == "multipart/form-data":
            form = await request.post()
            body, file = json.loads(form["payload_json"]), form["files[0]"].file.read()
        else:
            body = await request.json()
        self.requests.append((request.method, request.path, dict(request.query), body, file))
        status, answer = self.edit_answer if request.method == "PATCH" else self.post_answer
        return web.json_response(answer, status=status)

    @property
    def methods(self):
        return [method for method, *_ in self.requests]


@pytest.fixture
async def messages():
    messages = Messages()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", messages.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    messages.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/webhooks/1/sesame?thread_id=5"
    yield messages
    await runner.cleanup()


@pytest.fixture
async def channel(messages):
    channel = DiscordWebhook(Secret(messages.url), allow_any_host=True)
    yield channel
    await channel.close()


async def test_the_firing_gives_its_id_and_the_escalation_adds_its_own(messages, channel, tell):
    assert await channel.send(tell()) == "8"
    messages.post_answer = (200, {"id": "9"})
    assert await channel.send(replace(tell(Event.ESCALATED), receipt="8")) == "8,9"
    assert await channel.send(replace(tell(Event.REMINDER), receipt="8,9")) == "8,9"


async def test_a_resolve_edits_what_told_of_the_alert_and_rings_with_a_short_message(
    messages, channel, tell
):
    await channel.send(replace(tell(Event.RESOLVED), receipt="8,9"))
    assert messages.methods == ["PATCH", "PATCH", "POST"]
    _, path, query, edit, _ = messages.requests[0]
    assert path == "/api/webhooks/1/sesame/messages/8"
    assert query == {"thread_id": "5"}
    assert edit["embeds"][0]["title"].startswith("Resolved")
    assert edit["allowed_mentions"] == {"parse": []}
    short = messages.requests[-1][3]["embeds"][0]
    assert {field["name"] for field in short["fields"]} == {"Lasted", "Peak", "Page"}


async def test_a_message_that_somebody_deleted_is_no_error(messages, channel, tell):
    messages.edit_answer = (404, {"message": "Unknown Message", "code": 10008})
    await channel.send(replace(tell(Event.RESOLVED), receipt="8"))
    full = messages.requests[-1][3]["embeds"][0]
    assert "Value" in {field["name"] for field in full["fields"]}


async def test_a_webhook_that_is_gone_is_permanent_at_the_edit_already(messages, channel, tell):
    messages.edit_answer = (404, {"message": "Unknown Webhook", "code": 10015})
    with pytest.raises(ChannelError) as error:
        await channel.send(replace(tell(Event.RESOLVED), receipt="8"))
    assert error.value.permanent
    assert messages.methods == ["PATCH"]


async def test_a_rate_limit_at_the_edit_is_waited_for(messages, channel, tell):
    messages.edit_answer = (429, {"retry_after": 12.5})
    with pytest.raises(ChannelError) as error:
        await channel.send(replace(tell(Event.RESOLVED), receipt="8"))
    assert error.value.retry_after_s == 12.5


async def test_a_message_of_several_alerts_is_not_edited_when_one_is_over(channel, tell):
    assert await channel.send(replace(tell(), also=("Memory is 2 GB",))) is None
    assert await channel.send(replace(tell(), more=3)) is None


@pytest.mark.parametrize("receipt", ["", "../../../x", "8/../9", "abc", "9" * 30, "٣"])
async def test_a_receipt_that_is_no_id_is_left_alone(messages, channel, tell, receipt):
    await channel.send(replace(tell(Event.RESOLVED), receipt=receipt))
    assert messages.methods == ["POST"]


@pytest.mark.parametrize("answer", [{}, {"id": 5}, {"id": "x"}, []])
async def test_an_answer_without_an_id_gives_no_receipt(messages, channel, tell, answer):
    messages.post_answer = (200, answer)
    assert await channel.send(tell()) is None


async def test_a_chart_goes_with_the_message_and_replaces_the_one_before(messages, tell):
    channel = DiscordWebhook(Secret(messages.url), allow_any_host=True, picture=lambda _: PNG)
    await channel.send(tell())
    await channel.send(replace(tell(Event.RESOLVED), receipt="8"))
    await channel.close()
    for _, _, _, body, file in messages.requests[:2]:
        assert file == PNG
        assert body["embeds"][0]["image"] == {"url": "attachment://chart.png"}
        assert body["attachments"][0]["filename"] == "chart.png"
    assert messages.requests[2][4] is None


@pytest.mark.parametrize("drawn", [None, b"", b"x" * (2 << 20), OSError("no")])
async def test_without_a_chart_the_message_goes_alone(messages, tell, drawn):
    def picture(_):
        if isinstance(drawn, Exception):
            raise drawn
        return drawn

    channel = DiscordWebhook(Secret(messages.url), allow_any_host=True, picture=picture)
    await channel.send(tell())
    await channel.close()
    ((_, _, _, body, file),) = messages.requests
    assert file is None
    assert "attachments" not in body


async def test_a_chart_that_is_refused_does_not_stop_the_message(messages, tell):
    channel = DiscordWebhook(Secret(messages.url), allow_any_host=True, picture=lambda _: PNG)
    messages.post_answer = (413, {"message": "Request entity too large", "code": 40005})
    with pytest.raises(ChannelError):
        await channel.send(tell())
    await channel.close()
    assert "content" in messages.requests[1][3]
    assert messages.requests[1][4] is None
