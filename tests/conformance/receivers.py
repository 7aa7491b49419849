"""The receivers that channels are played against: files, HTTP on loopback, a mail server."""

from __future__ import annotations

import asyncio
import logging
import ssl
import warnings
from email import message_from_bytes
from email.policy import default

import aiohttp
import trustme
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult

from changeover.core.values import Secret
from changeover.notify.alert_file import AlertFile
from changeover.notify.apprise import AppriseChannel
from changeover.notify.bot import BotChannel
from changeover.notify.discord import DiscordWebhook
from changeover.notify.email import EmailChannel, MailServer
from changeover.notify.log import LogChannel
from changeover.notify.pagerduty import PagerDuty
from changeover.notify.slack import SlackWebhook
from changeover.notify.webhook import Webhook

SECRET = "0penSesame0penSesame0penSesame12"


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


class Receiver:
    """A server that answers any POST as it is told, and the channel that speaks to it."""

    def __init__(self, name):
        self.name = name
        self.bodies = []  # of the requests that it accepted
        self.asked = 0
        self.followed = 0
        self.answer = (200, "{}", {})  # or a handler

    async def start(self):
        app = web.Application()
        app.router.add_get("/elsewhere", self._elsewhere)
        app.router.add_post("/elsewhere", self._elsewhere)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]
        self.channel = self.make()

    async def stop(self):
        await self.channel.close()
        await self.runner.cleanup()

    def make(self, *, timeout_s=5, private=True, host="127.0.0.1", clock=None):
        base = f"http://{host}:{self.port}"
        options = {"timeout_s": timeout_s, "allow_private": private}
        if self.name == "bot":
            return BotChannel(123456789012345678, post=self._post, timeout_s=timeout_s)
        if self.name == "apprise":
            return AppriseChannel(Secret(f"json://{host}:{self.port}/{SECRET}"), **options)
        options["clock"] = clock
        if self.name == "pagerduty":
            return PagerDuty(Secret(SECRET), endpoint=base, **options)
        if self.name == "webhook":
            secret = Secret(SECRET[::-1])
            return Webhook(Secret(f"{base}/hooks/{SECRET}"), secret=secret, **options)
        if self.name == "slack":
            channel = SlackWebhook(
                Secret(f"https://hooks.slack.com/services/T0/B0/{SECRET}"), **options
            )
            channel._url = Secret(f"{base}/services/T0/B0/{SECRET}")
            return channel
        good = f"https://discord.com/api/webhooks/123456789012345678/{SECRET}"
        channel = DiscordWebhook(Secret(good), **options)
        channel._url = Secret(f"{base}/api/webhooks/123456789012345678/{SECRET}")
        return channel

    async def _post(self, channel_id, body):
        """As the client of a library does it."""
        url = f"http://127.0.0.1:{self.port}/channels/{channel_id}/messages"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
            if response.status >= 300:
                raise HTTPError(response.status, f"{SECRET} is not welcome")
            return "1"

    async def _handle(self, request):
        self.asked += 1
        body = await request.text()
        if callable(self.answer):
            return await self.answer(request)
        status, text, headers = self.answer
        if status < 300:
            self.bodies.append(body)
        return web.Response(status=status, text=text, headers=headers)

    async def _elsewhere(self, _request):
        self.followed += 1
        return web.Response(text="{}")

    def told(self):
        return self.bodies

    def breaks(self):
        self.answer = (503, f'{{"message": "no {SECRET}"}}', {})

    def mends(self):
        self.answer = (200, "{}", {})


class HTTPError(Exception):
    """As the libraries of Discord have one."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Post:
    """A mail server with STARTTLS or TLS, that wants a password."""

    name = "email"

    def __init__(self, security="starttls"):
        self.security = security
        self.letters = []
        self.answer = "250 OK"
        self.refused = {}  # what some recipients are answered
        self.logins = []
        authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.context)
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)

    async def start(self):
        is_tls = self.security == "tls"
        loop = asyncio.get_running_loop()

        def protocol():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a password without STARTTLS: it is in TLS
                return made()

        def made():
            return SMTP(
                self, hostname="mail.test", loop=loop, authenticator=self._login,
                auth_required=True, auth_require_tls=not is_tls, require_starttls=not is_tls,
                tls_context=None if is_tls else self.context,
            )  # fmt: skip

        tls = {"ssl": self.context} if is_tls else {}
        self.server = await loop.create_server(protocol, "127.0.0.1", 0, **tls)
        self.port = self.server.sockets[0].getsockname()[1]
        self.channel = self.make()

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()

    def make(self, *, timeout_s=5, private=True, password=SECRET, trust=None, security=None):
        server = MailServer(
            host="127.0.0.1", port=self.port, security=security or self.security,
            user="bot", password=Secret(password),
        )  # fmt: skip
        return EmailChannel(
            server, sender="bot@example.com", recipients=["ops@example.com", "dev@example.com"],
            timeout_s=timeout_s, allow_private=private, tls=trust or self.trust,
        )  # fmt: skip

    def _login(self, _server, _session, _envelope, _mechanism, data):
        self.logins.append(data.login)
        return AuthResult(success=data.password == SECRET.encode(), handled=False)

    async def handle_RCPT(  # noqa: N802 - as below
        self, _server, _session, envelope, address, _options
    ):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            self.letters.append((envelope, message_from_bytes(envelope.content, policy=default)))
        return self.answer

    def told(self):
        return [
            " ".join(f"{m['Subject']} {m.get_body(['plain']).get_content()}".split())
            for _, m in self.letters
        ]

    def breaks(self):
        self.answer = f"451 no room for {SECRET}"

    def mends(self):
        self.answer = "250 OK"
