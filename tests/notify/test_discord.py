from __future__ import annotations

import asyncio
import logging
import threading
import traceback

import pytest
from aiohttp import web

from changeover.core.clock import ManualClock
from changeover.core.errors import BadValueError, ChannelError
from changeover.core.model import Event
from changeover.core.values import Secret
from changeover.notify.discord import DiscordWebhook

GOOD = "https://discord.com/api/webhooks/123456789012345678/" + "t" * 68


@pytest.mark.parametrize("status", [200, 204])
async def test_accepted_is_accepted_and_waited_for(discord, webhook, tell, status):
    discord.default = (status, "", {})
    await webhook.send(tell())
    ((query, _, body),) = discord.requests
    assert query == {"wait": "true"}
    assert body["allowed_mentions"] == {"parse": []}
    (embed,) = body["embeds"]
    assert embed["title"] == r"Warning\: error rate"
    assert "4.2 %" in embed["description"]
    told = {field["name"]: field["value"] for field in embed["fields"]}
    assert told["Value"] == "4.2 %"
    assert told["Threshold"] == "1 %"
    assert told["Peak"] == "8 %"
    assert told["Since"] == r"2025\-12\-31 22\:56 UTC"
    assert told["Instance"] == r"railway\-7/12"
    assert told["Page"] == "http://127.0.0.1:3001/"
    assert embed["timestamp"] == "2026-01-01T00:00:00.000Z"


async def test_colours_tell_severity_and_end(discord, webhook, tell):
    await webhook.send(tell())
    await webhook.send(tell(severity="critical"))
    await webhook.send(tell(Event.RESOLVED))
    await webhook.send(tell(Event.TEST))
    colours = [body["embeds"][0]["color"] for body in discord.bodies]
    assert len(set(colours)) == 4


async def test_an_accepted_message_is_delivered_however_slow_its_answer_drips(
    discord, webhook, tell
):
    released = asyncio.Event()

    async def drip(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"id": ')
        await released.wait()
        return response

    discord.answers = [drip]
    await webhook.send(tell())
    released.set()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_dead_webhook_is_a_permanent_error_after_one_request(
    discord, webhook, tell, status
):
    discord.default = (status, '{"message": "Unknown Webhook", "code": 10015}', {})
    with pytest.raises(
        ChannelError, match=rf"answered {status}: Unknown Webhook \(code 10015\)"
    ) as told:
        await webhook.send(tell())
    assert told.value.permanent
    assert len(discord.requests) == 1


async def test_what_is_refused_as_an_embed_is_tried_once_as_plain_text(discord, webhook, tell):
    discord.answers = [(400, '{"message": "Invalid Form Body", "code": 50035}', {})]
    await webhook.send(tell(labels={"command": "add"}))
    embed, plain = discord.bodies
    assert "embeds" in embed
    assert "embeds" not in plain
    assert "4.2 %" in plain["content"]
    assert "Command: add" in plain["content"]
    assert plain["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("status", [400, 405, 413])
async def test_what_is_refused_twice_is_permanent(discord, webhook, tell, status):
    discord.default = (status, '{"message": "no", "code": 220001}', {})
    with pytest.raises(ChannelError, match="220001") as told:
        await webhook.send(tell())
    assert told.value.permanent
    assert len(discord.requests) == 2


@pytest.mark.parametrize(
    ("body", "headers", "wait_s"),
    [
        ('{"message": "slow down", "retry_after": 1.5, "global": false}', {}, 1.5),
        ("<html>", {"Retry-After": "42"}, 42),
        ("{}", {"X-RateLimit-Reset-After": "0.75"}, 0.75),
        ('{"retry_after": 2}', {"Retry-After": "3", "X-RateLimit-Reset-After": "1"}, 3),
        ('{"retry_after": "soon"}', {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ('{"retry_after": NaN}', {"Retry-After": "-5"}, None),
        ("[]", {}, None),
    ],
)
async def test_a_429_says_how_long_to_wait(discord, webhook, tell, body, headers, wait_s):
    discord.default = (429, body, headers)
    with pytest.raises(ChannelError, match="answered 429") as told:
        await webhook.send(tell())
    assert told.value.retry_after_s == wait_s
    assert not told.value.permanent
    assert len(discord.requests) == 1


async def test_the_bucket_belongs_to_the_webhook_not_to_a_message(discord, tell):
    clock = ManualClock()
    webhook = DiscordWebhook(Secret(discord.url), clock=clock, allow_any_host=True)
    discord.answers = [(429, '{"retry_after": 30}', {})]
    with pytest.raises(ChannelError):
        await webhook.send(tell())
    clock.advance(10)
    with pytest.raises(ChannelError) as told:
        await webhook.send(tell(Event.RESOLVED))
    assert told.value.retry_after_s == 20
    assert len(discord.requests) == 1
    clock.advance(20)
    await webhook.send(tell())
    assert len(discord.requests) == 2
    await webhook.close()


async def test_an_empty_bucket_is_waited_for_before_the_next_message(discord, tell):
    clock = ManualClock()
    webhook = DiscordWebhook(Secret(discord.url), clock=clock, allow_any_host=True)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "60"}
    discord.answers = [(200, "{}", headers)]
    await webhook.send(tell())
    with pytest.raises(ChannelError) as told:
        await webhook.send(tell())
    assert told.value.retry_after_s == 60
    assert len(discord.requests) == 1
    await webhook.close()


@pytest.mark.parametrize("status", [408, 500, 502, 503])
async def test_trouble_at_the_receiver_is_worth_another_try(discord, webhook, tell, status):
    discord.default = (status, "<html>", {})
    with pytest.raises(ChannelError, match=f"answered {status}$") as told:
        await webhook.send(tell())
    assert not told.value.permanent
    assert len(discord.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(discord, webhook, tell, status):
    discord.default = (status, "", {"Location": "/elsewhere"})
    with pytest.raises(ChannelError, match=f"answered {status}") as told:
        await webhook.send(tell())
    assert not told.value.permanent
    assert discord.followed == 0


async def test_a_hang_ends_with_the_time_out(discord, tell, hang):
    discord.default = hang
    webhook = DiscordWebhook(Secret(discord.url), timeout_s=0.05, allow_any_host=True)
    with pytest.raises(ChannelError, match=r"no answer within 0\.05 s") as told:
        await webhook.send(tell())
    assert not told.value.permanent
    await webhook.close()


async def test_a_refusal_that_drips_ends_with_the_time_out(discord, tell):
    async def drip(request):
        response = web.StreamResponse(status=400)
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    discord.default = drip
    webhook = DiscordWebhook(Secret(discord.url), timeout_s=0.1, allow_any_host=True)
    with pytest.raises(ChannelError, match="no answer"):
        await webhook.send(tell())
    await webhook.close()


async def test_an_endless_answer_is_read_to_a_limit_only(discord, webhook, tell):
    async def flood(request):
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    discord.default = flood
    with pytest.raises(ChannelError, match="answered 500"):
        await webhook.send(tell())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/api/webhooks/1/sesame",  # nobody listens
        "http://changeover.invalid/api/webhooks/1/sesame",  # no such host
        "https://127.0.0.1:9/api/webhooks/1/sesame",
        "http://[sesame",  # no address at all
        "sesame",
    ],
)
async def test_no_connection_is_worth_another_try_and_tells_no_address(tell, url):
    webhook = DiscordWebhook(Secret(url), timeout_s=3, allow_any_host=True)
    with pytest.raises(ChannelError, match=r"no connection|no answer") as told:
        await webhook.send(tell())
    assert not told.value.permanent
    assert "sesame" not in "".join(traceback.format_exception(told.value))
    await webhook.close()


async def test_the_address_is_in_no_error_repr_or_log(discord, webhook, tell, token, caplog):
    caplog.set_level(logging.DEBUG)
    told = [repr(webhook), str(webhook)]
    echo = f'{{"message": "no {discord.url} nor {token}", "code": 1}}'
    for status in (302, 400, 404, 429, 500):
        discord.default = (status, echo, {})
        with pytest.raises(ChannelError) as error:
            await webhook.send(tell())
        told += traceback.format_exception(error.value)
        told.append(repr(error.value))
    await webhook.close()
    loud = "".join(
        record.getMessage() for record in caplog.records if record.name != "aiohttp.access"
    )  # the receiver's own log is not ours
    assert token not in "".join(told) + loud
    assert "sesame" not in "".join(told) + loud


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        GOOD.replace("discord.com", "discordapp.com"),
        GOOD.replace("discord.com", "ptb.discord.com"),
        GOOD.replace("discord.com", "canary.discord.com"),
        GOOD.replace("/api/", "/api/v10/"),
        GOOD + "?thread_id=5",
    ],
)
def test_addresses_of_discord_are_taken(url):
    assert "t" * 68 not in repr(DiscordWebhook(Secret(url)))


@pytest.mark.parametrize(
    "url",
    [
        GOOD.replace("https", "http"),
        GOOD.replace("discord.com", "discord.com.evil.example"),
        GOOD.replace("discord.com", "evildiscord.com"),
        GOOD.replace("discord.com", "127.0.0.1"),
        GOOD.replace("discord.com", "169.254.169.254"),
        "https://discord.com/channels/1/2",
        "",
    ],
)
def test_other_addresses_are_refused_without_being_told(url):
    with pytest.raises(BadValueError, match=r"ALERT_DISCORD_WEBHOOK_URL=\(hidden\)") as told:
        DiscordWebhook(Secret(url))
    assert "t" * 68 not in str(told.value)


async def test_query_parameters_of_the_address_are_kept(discord, tell):
    webhook = DiscordWebhook(Secret(discord.url + "?thread_id=5"), allow_any_host=True)
    await webhook.send(tell())
    assert discord.requests[0][0] == {"thread_id": "5", "wait": "true"}
    await webhook.close()


async def test_after_a_close_and_on_another_loop_it_connects_again(discord, webhook, tell):
    await webhook.send(tell())
    await webhook.close()
    await webhook.close()
    await webhook.send(tell())
    await webhook.close()
    failures = []

    async def elsewhere():
        await webhook.send(tell())
        await webhook.close()

    def run():
        try:
            asyncio.run(elsewhere())
        except ChannelError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert failures == []
    assert len(discord.requests) == 3
