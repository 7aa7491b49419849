"""A real receiver on loopback, and alerts to tell it of."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Notification, Phase
from changeover.core.values import Secret
from changeover.notify.discord import DiscordWebhook

TOKEN = "sesame-Open_0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQR"
PATH = f"/api/webhooks/123456789012345678/{TOKEN}"
T0 = 1_767_225_600 * NS_PER_S


def notification(event=Event.FIRING, **changes):
    late = changes.pop("late", False)
    link = changes.pop("link", "http://127.0.0.1:3001/")
    instance = changes.pop("instance", "railway-7/12")
    alert = Alert(
        key="error_rate",
        rule="error_rate",
        phase=Phase.FIRING,
        severity="warning",
        summary="Error rate is 4.2 % over 5m, above 1 %",
        value=0.042,
        threshold=0.01,
        unit="ratio",
        since_ns=T0 - 3_840 * NS_PER_S,
        fired_ns=T0 - 3_840 * NS_PER_S,
        peak=0.08,
        episode=3,
    )
    alert = replace(alert, **changes)
    return Notification(event, alert, "error_rate#3", instance, T0, link, late)


class Discord:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self):
        self.answers = []  # (status, body, headers) or a handler, in order; then the default
        self.default = (200, '{"id": "1"}', {})
        self.requests = []  # (query, headers, body)
        self.followed = 0
        self.bases = []

    async def handle(self, request):
        body = json.loads(await request.text())
        self.requests.append((dict(request.query), dict(request.headers), body))
        answer = self.answers.pop(0) if self.answers else self.default
        if callable(answer):
            return await answer(request)
        status, text, headers = answer
        return web.Response(status=status, text=text, headers=headers)

    async def elsewhere(self, _request):
        self.followed += 1
        return web.Response(text="{}")

    @property
    def bodies(self):
        return [body for _, _, body in self.requests]


@pytest.fixture
async def discord():
    discord = Discord()
    app = web.Application()
    app.router.add_post(PATH, discord.handle)
    app.router.add_route("*", "/elsewhere", discord.elsewhere)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    discord.url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    yield discord
    await runner.cleanup()


@pytest.fixture
async def webhook(discord):
    channel = DiscordWebhook(Secret(discord.url), timeout_s=5, allow_any_host=True)
    yield channel
    await channel.close()


@pytest.fixture(scope="session")
def tell():
    return notification


@pytest.fixture
def token():
    return TOKEN


@pytest.fixture
def hang():
    async def hang(_request):
        await asyncio.sleep(60)  # cancelled when the client goes or the server stops
        raise AssertionError

    return hang
