"""What every channel promises, played on each of them against a real receiver."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest
from aiohttp import web

from changeover.act.documents import owe
from changeover.act.outbox import Outbox
from changeover.core.clock import ManualClock
from changeover.core.errors import ChannelError, Guard
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.values import Secret
from changeover.notify.alert_file import AlertFile
from changeover.notify.discord import DiscordWebhook
from changeover.notify.log import LogChannel
from changeover.store.memory.state import MemoryState

SECRET = "open-sesame-open-sesame-open-sesame"


class File:
    """`alerts.log`; a folder of that name breaks it."""

    def __init__(self, folder):
        self.path = folder / "alerts.log"
        self.channel = AlertFile(self.path)

    def told(self):
        return self.path.read_text("utf-8").splitlines() if self.path.is_file() else []

    def breaks(self):
        self.path.unlink(missing_ok=True)
        self.path.mkdir()

    def mends(self):
        self.path.rmdir()


class Log:
    """Python's logging, which nothing breaks."""

    def __init__(self):
        self.channel = LogChannel()
        self.records = []
        self.handler = logging.Handler()
        self.handler.emit = self.records.append

    def told(self):
        return [record.getMessage() for record in self.records]

    breaks = None


class Webhook:
    """A Discord that answers 200, or 503 while it is broken."""

    def __init__(self):
        self.bodies = []
        self.status = 200

    async def start(self):
        app = web.Application()
        app.router.add_post(f"/api/webhooks/1/{SECRET}", self._answer)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        url = Secret(f"{base}/api/webhooks/1/{SECRET}")
        self.channel = DiscordWebhook(url, timeout_s=5, allow_any_host=True)

    async def _answer(self, request):
        if self.status == 200:
            self.bodies.append(await request.text())
        return web.Response(status=self.status, text="{}")

    def told(self):
        return self.bodies

    def breaks(self):
        self.status = 503

    def mends(self):
        self.status = 200


@pytest.fixture(params=["file", "log", "discord"])
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
        webhook = Webhook()
        await webhook.start()
        yield webhook
        await webhook.channel.close()
        await webhook.runner.cleanup()


def notification(event=Event.FIRING, **changes):
    alert = Alert(
        key="error_rate", rule="error_rate", phase=Phase.FIRING, severity="critical",
        summary="Error rate is 42 % over 5m, above 10 %", value=0.42, threshold=0.1,
        unit="ratio", since_ns=10**18, fired_ns=10**18, peak=0.5, episode=1,
    )  # fmt: skip
    return Notification(event, replace(alert, **changes), "error_rate#1", "host/1", 10**18)


async def test_it_has_a_name_that_is_a_word(peer):
    assert peer.channel.name.isidentifier()


@pytest.mark.parametrize("event", list(Event))
async def test_every_event_is_accepted_and_told_once_with_its_sentence(peer, event):
    await peer.channel.send(notification(event))
    (told,) = peer.told()
    assert "42 %" in told


async def test_no_value_at_all_is_told_too(peer):
    await peer.channel.send(notification(value=None, peak=None, since_ns=None, fired_ns=None))
    assert len(peer.told()) == 1


@pytest.mark.parametrize(
    "text",
    ["", "a\nb\r\nc", "\x00\x1b[31m\x7f", "\u202eevil\u2028", "\ud800", "@everyone", "x" * 100_000],
    ids=["empty", "lines", "control", "bidi", "surrogate", "mention", "long"],
)
async def test_no_text_breaks_it_or_makes_a_second_line(peer, text):
    await peer.channel.send(notification(summary=text, labels={"command": text}))
    (told,) = peer.told()
    assert told.isprintable()


async def test_what_is_not_accepted_is_a_channel_error_and_the_next_may_work(peer):
    if peer.breaks is None:
        pytest.skip("nothing breaks it")
    peer.breaks()
    with pytest.raises(ChannelError) as told:
        await peer.channel.send(notification())
    assert not told.value.permanent
    assert "\n" not in str(told.value)
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
    if peer.channel.name == "file":
        pytest.skip("one channel sends one message at a time; the file says so")
    await asyncio.gather(*(peer.channel.send(notification()) for _ in range(5)))
    assert len(peer.told()) == 5


async def test_its_address_is_in_no_text_about_it(peer):
    told = [repr(peer.channel), str(peer.channel)]
    if peer.breaks is not None:
        peer.breaks()
        with pytest.raises(ChannelError) as error:
            await peer.channel.send(notification())
        told += [repr(error.value), str(error.value)]
        peer.mends()
    assert SECRET not in "".join(told)
