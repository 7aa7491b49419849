"""Apprise: any of the services that it knows, each by its URL. Needs the extra `apprise`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from changeover.core.errors import BadValueError, ChannelError, MissingExtraError
from changeover.core.model import Event, Notification
from changeover.core.text import redact, shorten
from changeover.core.values import APPRISE_URLS, Secret
from changeover.notify.addresses import RefusedAddressError, allowed, check_literal
from changeover.notify.message import message_key, plain, printable, title

_LOGGERS = ("apprise", "requests", "urllib3.connectionpool")
_SHORTEST_SECRET = 6


class AppriseChannel:
    """Tells every service that a URL names. Its URLs are secrets and appear nowhere.

    A service that has accepted a message is not told again when another one failed.

    Apprise makes its connections itself. So an address that a URL names is looked at before,
    and not a second time when it is connected to.

    Args:
        urls: Apprise URLs, a line each.
        timeout_s: for one attempt at all of them together.
        allow_private: connect to private and loopback addresses, too.

    Raises:
        MissingExtraError: where Apprise is not installed; with the line that installs it.
        BadValueError: for a URL that Apprise does not know; without the URL.
    """

    name = "apprise"

    def __init__(
        self, urls: Secret, *, timeout_s: float = 10.0, allow_private: bool = False
    ) -> None:
        apprise = _library()
        urls = APPRISE_URLS.parse("ALERT_APPRISE_URLS", urls.reveal(), secret=True)
        asset = apprise.AppriseAsset()
        asset.http_redirects = False
        self._apprise = apprise
        self._services = [_service(apprise, url, asset) for url in urls.reveal().split("\n")]
        self._secrets = _words(urls.reveal())
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._busy = threading.Lock()
        self._told: tuple[str, set[int]] = ("", set())  # the message, and who has it

    def __repr__(self) -> str:
        return f"AppriseChannel({len(self._services)} urls=***)"

    async def send(self, notification: Notification) -> str | None:
        """Tell each service that does not have this message yet.

        Raises:
            ChannelError: while one of them does not take it; with its number, from 1.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.to_thread(self._tell, notification)
        except TimeoutError:
            raise ChannelError(f"no answer within {self._timeout_s:g} s") from None
        return None

    async def close(self) -> None:
        """Nothing to give back."""

    def _tell(self, notification: Notification) -> None:
        if not self._busy.acquire(blocking=False):  # never a second thread on one that hangs
            raise ChannelError("the message before is still being sent")
        try:
            key = message_key(notification)
            if self._told[0] != key:
                self._told = (key, set())
            told = self._told[1]
            failures = [
                f"service {number + 1}: {failure}"
                for number, service in enumerate(self._services)
                if number not in told and (failure := self._attempt(service, number, notification))
            ]
        finally:
            self._busy.release()
        if failures:
            raise ChannelError(shorten("; ".join(failures), 300))

    def _attempt(self, service: Any, number: int, notification: Notification) -> str:
        """What went wrong, or nothing."""
        try:
            _check(service, allow_private=self._allow_private)
        except RefusedAddressError as error:
            return str(error)
        with _listening(self._secrets) as heard:
            one = self._apprise.Apprise(asset=service.asset)
            one.add(service)
            accepted = one.notify(
                body=_harmless(plain(notification)),
                title=_harmless(printable(title(notification))),
                notify_type=_type(notification),
                body_format="text",
            )
        if accepted:
            self._told[1].add(number)
            return ""
        return self._redacted(heard[-1]) if heard else "not accepted"

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return shorten(printable(redact(text)), 200)


def _library() -> ModuleType:
    try:
        import apprise  # noqa: PLC0415  # 10 MB that few need
    except ImportError:
        raise MissingExtraError("The alert channel apprise", "apprise") from None
    return apprise


def _service(apprise: ModuleType, url: str, asset: Any) -> Any:
    with _listening(_words(url)):
        service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        known = "URLs that Apprise knows, each complete"
        raise BadValueError("ALERT_APPRISE_URLS", None, known, APPRISE_URLS.example)
    return service


def _check(service: Any, *, allow_private: bool) -> None:
    """Look at where it will connect to, if its URL names that (else it is the service's own)."""
    host = getattr(service, "host", None)
    if "host" not in getattr(service, "template_tokens", {}) or not isinstance(host, str):
        return
    check_literal(host, allow_private=allow_private)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return  # Apprise will not find it either
    allowed([str(entry[4][0]) for entry in found], allow_private=allow_private)


def _harmless(text: str) -> str:
    """Without a sign that rings for everybody somewhere."""
    return text.replace("@", "\uff20")


def _type(notification: Notification) -> str:
    if notification.event == Event.RESOLVED:
        return "success"
    if notification.event in (Event.TEST, Event.ACKNOWLEDGED):
        return "info"
    return "failure" if notification.alert.severity == "critical" else "warning"


def _words(urls: str) -> list[str]:
    """The URLs, and every part of them that may be a token; the longest first."""
    words = set(urls.split("\n"))
    for url in urls.split("\n"):
        rest = url.partition("://")[2]
        for sign in "/?&=:@,":
            rest = rest.replace(sign, " ")
        words |= {word for word in rest.split() if len(word) >= _SHORTEST_SECRET}
    return sorted(words | set(map(unquote, words)), key=len, reverse=True)


class _Ear(logging.Filter):
    """Hears what the libraries log, and keeps to itself what holds a secret."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        self._secrets = secrets
        self.heard: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.levelno >= logging.WARNING and record.name == "apprise":
            self.heard.append(text)
        return not any(secret in text for secret in self._secrets)


@contextlib.contextmanager
def _listening(secrets: Sequence[str]) -> Iterator[list[str]]:
    """By what they say and not by the thread: Apprise has threads of its own."""
    ear = _Ear(secrets)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(ear)
    try:
        yield ear.heard
    finally:
        for logger in loggers:
            logger.removeFilter(ear)
