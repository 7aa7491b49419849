"""What every channel promises, played on each of them against a real receiver."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
import traceback
from dataclasses import replace

import pytest
from aiohttp import web
from receivers import SECRET, File, Log, Post, Receiver

from changeover.act.documents import owe
from changeover.act.outbox import Outbox
from changeover.core.clock import ManualClock
from changeover.core.errors import ChannelError, Guard
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.values import Secret
from changeover.notify.apprise import AppriseChannel
from changeover.store.memory.state import MemoryState

HTTP = ["discord", "slack", "pagerduty", "webhook"]


@pytest.fixture(params=["file", "log", *HTTP, "apprise", "bot", "email"])
async def peer(request, tmp_path):
    """A channel with its receiver: `channel`, `told()`, `breaks()`, `mends()`."""
    logger = logging.getLogger("changeover.alerts")
    if request.param == "file":
        yield File(tmp_path)
    elif request.param == "log":
        log = Log()
        logger.addHandler(log.handler)
        logger.setLevel(logging.INFO)
        yield log
        logger.removeHandler(log.handler)
        logger.setLevel(logging.NOTSET)
    else:
        receiver = Post() if request.param == "email" else Receiver(request.param)
        await receiver.start()
        yield receiver
        await receiver.stop()


@pytest.fixture(params=HTTP)
async def receiver(request):
    """A channel over HTTP with a server to answer it."""
    receiver = Receiver(request.param)
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture(params=["starttls", "tls"])
async def post(request):
    """A mail server."""
    post = Post(request.param)
    await post.start()
    yield post
    await post.stop()


def notification(event=Event.FIRING, **changes):
    also, more = changes.pop("also", ()), changes.pop("more", 0)
    alert = Alert(
        key="error_rate", rule="error_rate", phase=Phase.FIRING, severity="critical",
        summary="Error rate is 42 % over 5m, above 10 %", value=0.42, threshold=0.1,
        unit="ratio", since_ns=10**18, fired_ns=10**18, peak=0.5, episode=1,
    )  # fmt: skip
    told = Notification(event, replace(alert, **changes), "error_rate#1", "host/1", 10**18)
    return replace(told, also=also, more=more)


def events_of(peer, event):
    """How many messages an event is: a test opens and closes an incident of PagerDuty."""
    return 2 if peer.channel.name == "pagerduty" and event == Event.TEST else 1


async def failure(channel, told=None):
    with pytest.raises(ChannelError) as error:
        await channel.send(told or notification())
    return error.value


# --- of every channel -------------------------------------------------------------------------


async def test_it_has_a_name_that_is_a_word(peer):
    assert peer.channel.name.isidentifier()


@pytest.mark.parametrize("event", list(Event))
async def test_every_event_is_accepted_and_told_once_with_its_sentence(peer, event):
    await peer.channel.send(notification(event))
    assert len(peer.told()) == events_of(peer, event)
    if peer.channel.name == "pagerduty" and event in (Event.RESOLVED, Event.ACKNOWLEDGED):
        assert json.loads(peer.told()[0])["event_action"] in ("resolve", "acknowledge")
    else:
        assert "42 %" in peer.told()[0]


async def test_the_other_alerts_of_a_message_are_told_and_the_rest_is_counted(peer):
    await peer.channel.send(notification(also=("Memory is 2000 MB", "Lag is 3 s"), more=12))
    (told,) = peer.told()
    assert "Memory is 2000 MB" in told
    assert "Lag is 3 s" in told
    assert "and 12 more" in told or '"more": 12' in told


async def test_no_value_at_all_is_told_too(peer):
    await peer.channel.send(notification(value=None, peak=None, since_ns=None, fired_ns=None))
    assert len(peer.told()) == 1


@pytest.mark.parametrize(
    "text",
    ["", "a\nb\r\nc", "\x00\x1b[31m\x7f", "\u202eevil\u2028", "\ud800", "@everyone", "x" * 100_000],
    ids=["empty", "lines", "control", "bidi", "surrogate", "mention", "long"],
)
async def test_no_text_breaks_it_or_makes_a_second_line(peer, text):
    await peer.channel.send(notification(summary=text, labels={"command": text}, runbook=text))
    (told,) = peer.told()
    assert told.isprintable()


async def test_what_is_not_accepted_is_a_channel_error_and_the_next_may_work(peer):
    if peer.breaks is None:
        pytest.skip("nothing breaks it")
    peer.breaks()
    error = await failure(peer.channel)
    assert not error.permanent
    assert "\n" not in str(error)
    peer.mends()
    await peer.channel.send(notification())
    assert len(peer.told()) == 1


async def test_through_the_outbox_it_is_told_once_however_often_it_failed(peer):
    clock = ManualClock()
    state = MemoryState(clock)
    channel = peer.channel
    outbox = Outbox(state, {channel.name: channel}, clock=clock, guard=Guard(clock))
    state.commit([owe(channel.name, notification())])
    if peer.breaks is not None:
        peer.breaks()
        for _ in range(3):
            await outbox.deliver_due()
            clock.advance(60)
        assert len(state.read("outbox")) == 1
        peer.mends()
    await outbox.deliver_due()
    await outbox.deliver_due()
    assert len(peer.told()) == 1
    assert not state.read("outbox")
    await outbox.close()


async def test_closing_twice_is_fine_and_it_opens_again(peer):
    await peer.channel.close()
    await peer.channel.close()
    await peer.channel.send(notification())
    assert len(peer.told()) == 1


async def test_several_at_once_are_all_told(peer):
    if peer.channel.name in {"file", "apprise"}:
        pytest.skip("one channel sends one message at a time, and says so")
    await asyncio.gather(*(peer.channel.send(notification()) for _ in range(5)))
    assert len(peer.told()) == 5


async def test_its_secrets_are_in_no_text_about_it(peer, caplog):
    caplog.set_level(logging.DEBUG)
    told = [repr(peer.channel), str(peer.channel)]
    await peer.channel.send(notification())
    if peer.breaks is not None:
        peer.breaks()
        error = await failure(peer.channel, notification(Event.REMINDER))
        told += [repr(error), *traceback.format_exception(error)]
        peer.mends()
    told += [r.getMessage() for r in caplog.records if not r.name.startswith("mail")]
    assert SECRET not in "".join(told)
    assert SECRET[::-1] not in "".join(told)


# --- of every channel over HTTP ---------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_any_success_is_accepted(receiver, status):
    receiver.answer = (status, "", {})
    await receiver.channel.send(notification())
    assert receiver.channel.answered == status


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
async def test_a_refusal_is_permanent_and_told_without_secrets(receiver, status):
    receiver.answer = (status, f'{{"message": "no {SECRET}", "errors": ["{SECRET}"]}}', {})
    error = await failure(receiver.channel)
    assert error.permanent
    assert str(error).startswith(f"answered {status}: no ***")
    assert SECRET not in "".join(traceback.format_exception(error))
    assert receiver.asked <= (2 if status in (400, 422) else 1)


@pytest.mark.parametrize("name", ["discord", "slack", "bot"])
async def test_what_is_refused_in_its_full_form_is_tried_once_as_plain_text(name):
    receiver = Receiver(name)
    await receiver.start()

    async def picky(request):
        plain = "embeds" not in await request.text() and "blocks" not in await request.text()
        if plain:
            receiver.bodies.append(await request.text())
        return web.Response(status=200 if plain else 400, text="{}")

    receiver.answer = picky
    await receiver.channel.send(notification(labels={"command": "add"}))
    assert receiver.asked == 2
    assert "Command: add" in receiver.bodies[0]
    await receiver.stop()


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"Retry-After": "42"}, 42),
        ({"RateLimit-Reset": "7"}, 7),
        ({"Retry-After": "3", "X-RateLimit-Reset-After": "5.5"}, 5.5),
        ({"Retry-After": "Thu, 01 Jan 2026 00:01:30 GMT"}, 90),
        ({"Retry-After": "soon"}, None),
    ],
)
async def test_a_429_says_how_long_to_wait_and_is_not_asked_before(receiver, headers, wait_s):
    clock = ManualClock(wall_ns=1_767_225_600 * 10**9)
    channel = receiver.make(clock=clock)
    receiver.answer = (429, "slow down", headers)
    error = await failure(channel)
    assert not error.permanent
    assert error.retry_after_s == wait_s
    receiver.mends()
    if wait_s:
        clock.advance(wait_s / 10)
        assert (await failure(channel)).retry_after_s == pytest.approx(wait_s * 0.9)
        assert receiver.asked == 1
        clock.advance(wait_s)
    await channel.send(notification())
    await channel.close()


@pytest.mark.parametrize("status", [408, 500, 502, 503])
async def test_trouble_at_the_receiver_is_worth_another_try(receiver, status):
    receiver.answer = (status, "<html>no</html>", {})
    error = await failure(receiver.channel)
    assert str(error) == f"answered {status}"
    assert not error.permanent
    assert receiver.asked == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(receiver, status):
    receiver.answer = (status, "", {"Location": "/elsewhere"})
    assert not (await failure(receiver.channel)).permanent
    assert receiver.followed == 0


async def test_a_hang_ends_with_the_time_out(receiver):
    async def hang(_request):
        await asyncio.sleep(60)

    receiver.answer = hang
    channel = receiver.make(timeout_s=0.1)
    error = await failure(channel)
    assert str(error) == "no answer within 0.1 s"
    assert not error.permanent
    await channel.close()


async def test_a_refusal_that_drips_ends_with_the_time_out(receiver):
    async def drip(request):
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    receiver.answer = drip
    channel = receiver.make(timeout_s=0.1)
    assert "no answer" in str(await failure(channel))
    await channel.close()


async def test_an_endless_answer_is_read_to_a_limit_only(receiver):
    async def flood(request):
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    receiver.answer = flood
    assert str(await failure(receiver.channel)) == "answered 500"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_private_addresses_are_refused_unless_allowed(receiver, host):
    channel = receiver.make(private=False, host=host)
    assert "private address" in str(await failure(channel))
    assert receiver.asked == 0
    await channel.close()


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "[::ffff:a9fe:a9fe]"]
)
async def test_metadata_addresses_are_refused_always(receiver, host):
    channel = receiver.make(host=host)
    assert "metadata" in str(await failure(channel))
    await channel.close()


async def test_a_receiver_that_is_gone_is_worth_another_try(receiver):
    await receiver.runner.cleanup()
    error = await failure(receiver.channel)
    assert str(error) == "no connection: Connection refused"
    assert not error.permanent


async def test_a_name_that_nobody_knows_is_said_without_the_name(receiver):
    channel = receiver.make(host="changeover.invalid")
    error = await failure(channel)
    assert str(error) == "no connection: the host's name is not known"
    assert not error.permanent
    await channel.close()


# --- of Apprise and the bot -------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_apprise_says_what_its_service_answered(status):
    receiver = Receiver("apprise")
    await receiver.start()
    receiver.answer = (status, f"no {SECRET}", {})
    error = await failure(receiver.channel)
    assert str(error).startswith("service 1: ")
    assert str(status) in str(error)
    await receiver.stop()


@pytest.mark.parametrize("private", [False, True])
async def test_apprise_follows_no_redirect_and_reaches_no_private_address(private):
    receiver = Receiver("apprise")
    await receiver.start()
    receiver.answer = (302, "", {"Location": "/elsewhere"})
    await failure(receiver.make(private=private))
    assert receiver.followed == 0
    assert receiver.asked == private
    await receiver.stop()


async def test_a_service_of_apprise_that_has_it_is_not_told_again():
    good, bad = Receiver("apprise"), Receiver("apprise")
    await good.start()
    await bad.start()
    urls = f"json://127.0.0.1:{good.port}/a json://127.0.0.1:{bad.port}/b"
    channel = AppriseChannel(Secret(urls), allow_private=True)
    bad.breaks()
    assert "service 2" in str(await failure(channel))
    bad.mends()
    await channel.send(notification())
    assert (len(good.told()), len(bad.told())) == (1, 1)
    await good.stop()
    await bad.stop()


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (401, True), (403, True), (404, True), (500, False)]
)
async def test_what_discord_answers_the_bot_is_told_without_its_text(status, permanent):
    receiver = Receiver("bot")
    await receiver.start()
    receiver.answer = (status, "{}", {})
    error = await failure(receiver.channel)
    assert str(error) == f"answered {status}: HTTPError"
    assert error.permanent is permanent
    await receiver.stop()


# --- of e-mail --------------------------------------------------------------------------------


async def test_a_letter_goes_to_everybody_over_an_encrypted_connection(post):
    await post.channel.send(notification())
    ((envelope, letter),) = post.letters
    assert envelope.rcpt_tos == ["ops@example.com", "dev@example.com"]
    assert letter["Subject"].startswith("Critical: error rate")
    assert "42 %" in letter.get_body(["html"]).get_content()
    assert post.logins == [b"bot"]


@pytest.mark.parametrize(
    ("answer", "permanent"), [("451 later", False), ("554 no", True), ("550 unknown", True)]
)
async def test_what_the_mail_server_answers_decides(post, answer, permanent):
    post.answer = f"{answer} {SECRET}"
    error = await failure(post.channel)
    code, _, text = answer.partition(" ")
    assert str(error) == f"answered {code}: {text} ***"
    assert error.permanent is permanent


async def test_one_recipient_who_is_refused_does_not_stop_the_others(post, caplog):
    post.refused = {"dev@example.com": "550 who"}
    await post.channel.send(notification())
    ((envelope, _),) = post.letters
    assert envelope.rcpt_tos == ["ops@example.com"]
    assert "1 of 2 recipients were refused" in caplog.text


@pytest.mark.parametrize(
    ("answers", "permanent"), [(["550", "550"], True), (["450", "550"], False)]
)
async def test_when_all_recipients_are_refused_one_that_may_work_later_decides(
    post, answers, permanent
):
    boxes = ["ops@example.com", "dev@example.com"]
    post.refused = {box: f"{code} no" for box, code in zip(boxes, answers, strict=True)}
    error = await failure(post.channel)
    assert error.permanent is permanent
    assert str(error) == f"answered {answers[0]}: no"


async def test_a_wrong_password_is_permanent_and_not_told(post):
    error = await failure(post.make(password="wrong-password"))
    assert "answered 535" in str(error)
    assert error.permanent
    assert "wrong-password" not in "".join(traceback.format_exception(error))


async def test_a_certificate_that_nobody_vouches_for_ends_it(post):
    error = await failure(post.make(trust=ssl.create_default_context()))
    assert str(error).startswith("no TLS: ")
    assert post.letters == post.logins == []


async def test_a_mail_server_without_starttls_gets_neither_password_nor_letter():
    said = []

    async def serve(reader, writer):
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            said.append(line)
            writer.write(b"250 plain only\r\n")

    async with _tcp(serve) as port:
        post = Post()
        post.port = port
        error = await failure(post.make())
    assert "STARTTLS" in str(error)
    assert {line[:4].upper() for line in said} <= {b"EHLO", b"QUIT"}


@pytest.mark.parametrize("drips", [False, True])
async def test_a_mail_server_that_hangs_or_drips_ends_with_the_time_out(drips):
    async def serve(reader, writer):
        while not reader.at_eof():
            if drips:
                writer.write(b"2")
            await asyncio.sleep(0.01)

    async with _tcp(serve) as port:
        post = Post()
        post.port = port
        assert str(await failure(post.make(timeout_s=0.2))) == "no answer within 0.2 s"


async def test_a_mail_server_that_is_gone_is_worth_another_try(post):
    post.server.close()
    await post.server.wait_closed()
    error = await failure(post.channel)
    assert str(error) == "no connection: Connection refused"
    assert not error.permanent


async def test_a_mail_server_at_a_private_address_is_refused_unless_allowed(post):
    assert "private address" in str(await failure(post.make(private=False)))
    assert post.letters == []


@contextlib.asynccontextmanager
async def _tcp(serve):
    """A server whose connections end with it."""
    tasks = []

    async def handle(reader, writer):
        tasks.append(asyncio.current_task())
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks)
    await server.wait_closed()
