"""What every channel over HTTP has in common: one request, its limits, and what an answer means.

One attempt takes at most 10 s, follows no redirect, uses no proxy and no cookie, reads a limited
answer, and connects to no address that is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import socket
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import DefaultResolver
from yarl import URL

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.errors import ChannelError
from changeover.core.model import Notification
from changeover.core.text import redact, shorten
from changeover.core.values import Secret
from changeover.notify.addresses import RefusedAddressError, allowed, check_host, check_literal
from changeover.notify.message import printable

TIMEOUT_S = 10.0
_ANSWER_LIMIT = 16_384
_SHORTEST_SECRET = 4
_RECEIPT_S = 1.0  # how long the body of an accepted message is waited for
_LONGEST_PAUSE_S = 2.5  # Discord's webhook buckets refill every 2 s; more is the outbox's wait
_LONGEST_WAIT_S = 7 * 86_400
_DEAD = frozenset({401, 403, 404, 410})  # who sends is not welcome, or there is nobody
_LATER = frozenset({408, 425, 429})
_RESETS = ("X-RateLimit-Reset-After", "RateLimit-Reset")  # in seconds from now


class Answer(NamedTuple):
    """What a receiver said.

    Attributes:
        status: of HTTP.
        headers: of HTTP, whatever their case.
        text: the body: of a refusal up to 16 kB, of an accepted message what came within 1 s.
    """

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took the message."""
        return 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        """Whether it dislikes what was sent, rather than who sends or when."""
        return 400 <= self.status < 500 and self.status not in _DEAD | _LATER

    @property
    def is_dead(self) -> bool:
        """Whether it does not want to hear from us, so that asking again is useless."""
        return self.status in _DEAD


class Form(NamedTuple):
    """One request's method, address, body and headers. A body is JSON, bytes or a form."""

    url: URL
    json: Any = None
    data: bytes | aiohttp.FormData | None = None
    headers: Mapping[str, str] = {}
    method: str = "POST"


class HttpChannel:
    """The base of the channels over HTTP. The session is made on the loop that sends.

    Args:
        secrets: what must be in no error, log or `repr`: the address, its parts, keys.
        clock: for the pauses that a rate limit asks for.
        timeout_s: for one attempt, all of its requests together.
        allow_private: connect to private and loopback addresses, too.

    Attributes:
        answered: the status of the last answer, or None.
    """

    name = "http"

    def __init__(
        self,
        secrets: Sequence[Secret],
        *,
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
        allow_private: bool = False,
    ) -> None:
        self._secrets = [secret for one in secrets for secret in _parts(one.reveal())]
        self._clock = clock or SystemClock()
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free_at_ns = 0  # monotonic; the receiver's one bucket is empty until then
        self.answered: int | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    async def send(self, notification: Notification) -> str | None:
        """Tell the receiver, within the time of one attempt.

        Raises:
            ChannelError: permanent when it refuses for good; without any secret.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._pause()
                return await self.tell(notification)
        except TimeoutError:
            raise ChannelError(f"no answer within {self._timeout_s:g} s") from None

    async def tell(self, notification: Notification) -> str | None:
        """One attempt, by the channel's own protocol; what `send` calls."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ask(self, form: Form) -> Answer:
        """One request and its answer. Raises `ChannelError` where there is none."""
        try:
            check_literal(form.url.host or "", allow_private=self._allow_private)
        except RefusedAddressError as error:
            raise ChannelError(str(error), permanent=True) from None
        try:
            session = await self._opened()
            async with session.request(
                form.method,
                form.url,
                json=form.json,
                data=form.data,
                headers=form.headers,
                allow_redirects=False,
            ) as response:
                self.answered = response.status
                answer = Answer(response.status, response.headers, await _read(response))
        except aiohttp.ClientConnectorError as error:
            raise _unreached(error) from None
        except (aiohttp.ClientError, ConnectionError, ValueError) as error:
            # Only the type: these errors' texts hold the address.
            raise ChannelError(f"no connection: {type(error).__name__}") from None
        self._note(answer)
        return answer

    def error(self, answer: Answer) -> ChannelError:
        """What an answer that accepts nothing means, in one line without secrets."""
        told = f"answered {answer.status}"
        if detail := self.redacted(self.reason(answer)):
            told += f": {detail}"
        if answer.is_refusal or answer.is_dead:
            return ChannelError(told, permanent=True)
        wait_s = self.wait_s(answer) if answer.status >= 400 else None
        return ChannelError(told, retry_after_s=wait_s)

    def reason(self, answer: Answer) -> str:
        """What the receiver gave as its reason; nothing of a page of HTML."""
        return reason_of(answer.text)

    def wait_s(self, answer: Answer) -> float | None:
        """How long the receiver asks to wait; only a 429 says it by its bucket's reset."""
        said = [seconds_of(answer.headers.get("Retry-After"), self._clock)]
        if answer.status == 429:
            said += [seconds_of(answer.headers.get(name)) for name in _RESETS]
        return max((one for one in said if one is not None), default=None)

    def redacted(self, text: str) -> str:
        """At most 200 printable characters, without this channel's secrets or any other."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return shorten(printable(redact(text)), 200)

    async def _pause(self) -> None:
        pause_s = max(0, self._free_at_ns - self._clock.monotonic_ns()) / NS_PER_S
        if pause_s > _LONGEST_PAUSE_S:
            raise ChannelError("the rate limit asks to wait", retry_after_s=pause_s)
        if pause_s:
            await asyncio.sleep(pause_s)

    def _note(self, answer: Answer) -> None:
        """Remember until when the receiver wants to hear nothing."""
        wait_s = self.wait_s(answer) if answer.status >= 400 else None
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            reset_s = seconds_of(answer.headers.get("X-RateLimit-Reset-After"))
            wait_s = max(wait_s or 0, reset_s or 0)
        if wait_s:
            free_at_ns = self._clock.monotonic_ns() + round(wait_s * NS_PER_S)
            self._free_at_ns = max(self._free_at_ns, free_at_ns)

    async def _opened(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            with contextlib.suppress(RuntimeError):  # the loop before may be closed already
                await self.close()
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=_Resolver(self._allow_private), limit=4),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"changeover/{version('changeover')}"},
            )
        return self._session


class _Resolver(AbstractResolver):
    """Gives only those addresses of a name that may be connected to."""

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[Any]:
        check_host(host)
        found = await self._resolver.resolve(host, port, family)
        hosts = [one["host"] for one in found]
        good = set(allowed(hosts, allow_private=self._allow_private))
        return [one for one in found if one["host"] in good]

    async def close(self) -> None:
        await self._resolver.close()


def seconds_of(text: object, clock: Clock | None = None) -> float | None:
    """Seconds from 0 to a week, or None; with a clock, of a date of HTTP as well."""
    try:
        seconds = float(text)  # type: ignore[arg-type]  # whatever it is, it is asked
    except (TypeError, ValueError):
        if clock is None or not isinstance(text, str):
            return None
        try:
            seconds = parsedate_to_datetime(text).timestamp() - clock.wall_ns() / NS_PER_S
        except (TypeError, ValueError, OverflowError):
            return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= _LONGEST_WAIT_S else None


def reason_of(text: str) -> str:
    """`message (code)` of a JSON object, or its `error`; nothing of anything else."""
    body = json_of(text)
    message = body.get("message") or body.get("error")
    if not isinstance(message, str):
        return ""
    return f"{message} (code {body['code']})" if "code" in body else message


def json_of(text: str) -> dict[str, Any]:
    """The JSON object of an answer; an empty one for anything else."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def address(url: Secret) -> URL:
    """The address of a secret. Raises `ChannelError` without it for what is none."""
    try:
        return URL(url.reveal())
    except ValueError:
        raise ChannelError("no connection: the address is none") from None


def _unreached(error: aiohttp.ClientConnectorError) -> ChannelError:
    cause = error.os_error
    if isinstance(cause, RefusedAddressError):
        return ChannelError(str(cause))
    if isinstance(cause, socket.gaierror) or "DNS" in type(error).__name__:
        return ChannelError("no connection: the host's name is not known")
    reason = os.strerror(cause.errno) if cause.errno else type(error).__name__
    return ChannelError(f"no connection: {reason}")


def _parts(secret: str) -> list[str]:
    """A secret, and of an address all of it that may be a token; the longest first."""
    found = {secret}
    if "://" in secret:
        with contextlib.suppress(ValueError):
            parts = urlsplit(secret)
            found |= {parts.path.strip("/"), parts.password or ""}
            found |= {value for _, value in parse_qsl(parts.query)}
            found |= {one for one in parts.path.split("/") if _may_be_token(one)}
    return sorted((one for one in found if len(one) >= _SHORTEST_SECRET), key=len, reverse=True)


def _may_be_token(segment: str) -> bool:
    return len(segment) >= 16 or (len(segment) >= 8 and any(map(str.isdigit, segment)))


async def _read(response: aiohttp.ClientResponse) -> str:
    """The body to a limit. Once a message is accepted, the rest may drip as it likes."""
    chunks: list[bytes] = []
    if not 200 <= response.status < 300:
        await _collect(response, chunks)
    else:
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_RECEIPT_S):
                await _collect(response, chunks)
    return b"".join(chunks)[:_ANSWER_LIMIT].decode("utf-8", "replace")


async def _collect(response: aiohttp.ClientResponse, chunks: list[bytes]) -> None:
    size = 0
    while size < _ANSWER_LIMIT and (chunk := await response.content.readany()):
        chunks.append(chunk)
        size += len(chunk)
