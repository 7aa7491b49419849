"""A Discord webhook: an embed for each message, within Discord's limits, mentioning nobody.

Source of the limits and of the rate limit headers: Discord's API documentation, "Webhook
Resource", "Message: embed limits" and "Rate Limits".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import aiohttp

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.errors import ChannelError
from changeover.core.model import Event, Notification
from changeover.core.text import redact, shorten
from changeover.core.values import DISCORD_WEBHOOK, Secret
from changeover.core.window import format_moment
from changeover.notify.message import facts, printable, sentence, title

TITLE, DESCRIPTION, FIELDS, NAME, VALUE, FOOTER, EMBED = 256, 4096, 25, 256, 1024, 2048, 6000
CONTENT = 2000

_COLOURS = {"warning": 0xE0A000, "critical": 0xD03030}
_GREEN, _GREY = 0x2E9E5B, 0x808890
_SUPPRESS_EMBEDS = 1 << 2
_ANSWER_LIMIT = 16_384
_LONGEST_PAUSE_S = 2.5  # Discord's webhook buckets refill every 2 s; more is the outbox's wait
# Discord shows a backslash before any ASCII punctuation as the punctuation alone; with the
# colon escaped no address becomes a link.
_MARKDOWN = re.compile(r"([\\`*_~|<>\[\]()#@:+-])")


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str  # of what was not accepted

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        """Whether Discord dislikes what was sent, rather than who sends or when."""
        return 400 <= self.status < 500 and self.status not in {401, 403, 404, 408, 429}


class DiscordWebhook:
    """Posts to one webhook. Its address is a secret and appears nowhere.

    The session is made on the event loop that sends, with the first message.

    Args:
        url: the webhook's address, `https://discord.com/api/webhooks/ID/TOKEN`.
        clock: for the pauses that Discord's rate limit asks for.
        timeout_s: for one request.
        allow_any_host: take any address, for a server of your own on loopback.

    Raises:
        BadValueError: for what is no Discord webhook's address; without the address.
    """

    name = "discord"

    def __init__(
        self,
        url: Secret,
        *,
        clock: Clock | None = None,
        timeout_s: float = 10.0,
        allow_any_host: bool = False,
    ) -> None:
        if not allow_any_host:
            DISCORD_WEBHOOK.parse("ALERT_DISCORD_WEBHOOK_URL", url.reveal(), secret=True)
        self._url = url
        self._clock = clock or SystemClock()
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free_at_ns = 0  # monotonic; the webhook's one bucket is empty until then

    def __repr__(self) -> str:
        return "DiscordWebhook(url=***)"

    async def send(self, notification: Notification) -> str | None:
        """Post one embed; a plain text where Discord does not take the embed (400)."""
        await self._pause()
        answer = await self._post(embed_body(notification))
        if answer.is_refusal:
            answer = await self._post(plain_body(notification))
        if not answer.is_accepted:
            raise self._error(answer)
        return None

    async def close(self) -> None:
        """Close the connections; a later message opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _pause(self) -> None:
        pause_s = max(0, self._free_at_ns - self._clock.monotonic_ns()) / NS_PER_S
        if pause_s > _LONGEST_PAUSE_S:
            raise ChannelError("the rate limit asks to wait", retry_after_s=pause_s)
        if pause_s:
            await asyncio.sleep(pause_s)

    async def _post(self, body: Mapping[str, Any]) -> _Answer:
        try:
            session = await self._opened()
            async with session.post(
                self._url.reveal(), params={"wait": "true"}, json=body, allow_redirects=False
            ) as response:
                self._note_bucket(response.headers)
                answer = _Answer(response.status, response.headers, "")
                # Once it is accepted, the rest of the answer may drip as it likes.
                return answer if answer.is_accepted else answer._replace(text=await _read(response))
        except TimeoutError:
            raise ChannelError(f"no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Only the type: these errors' texts hold the address.
            raise ChannelError(f"no connection: {type(error).__name__}") from None

    def _error(self, answer: _Answer) -> ChannelError:
        told = self._told(answer)
        if answer.is_refusal or answer.status in {401, 403, 404}:
            return ChannelError(told, permanent=True)
        wait_s = _seconds(answer.headers.get("Retry-After"))
        if answer.status == 429:
            wait_s = retry_after_s(answer.headers, answer.text)
        if wait_s is not None:
            self._free_at_ns = self._clock.monotonic_ns() + round(wait_s * NS_PER_S)
        return ChannelError(told, retry_after_s=wait_s)

    async def _opened(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            with contextlib.suppress(RuntimeError):  # the loop before may be closed already
                await self.close()
            self._loop = loop
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _note_bucket(self, headers: Mapping[str, str]) -> None:
        reset_s = _seconds(headers.get("X-RateLimit-Reset-After"))
        if headers.get("X-RateLimit-Remaining") == "0" and reset_s:
            self._free_at_ns = self._clock.monotonic_ns() + round(reset_s * NS_PER_S)

    def _told(self, answer: _Answer) -> str:
        """The answer in one line, without the webhook's address or token should it echo them."""
        url = self._url.reveal()
        reason = _reason(answer.text)
        for secret in (url, url.partition("?")[0].rstrip("/").rpartition("/")[2]):
            reason = reason.replace(secret, "***") if secret else reason
        detail = shorten(printable(redact(reason)), 200)
        return f"answered {answer.status}" + (f": {detail}" if detail else "")


def embed_body(notification: Notification) -> dict[str, Any]:
    """The JSON of a message with one embed."""
    heading = _fit(escape(title(notification)), TITLE)
    description = _fit(escape(sentence(notification)), DESCRIPTION)
    left = EMBED - _length(heading) - _length(description)
    fields: list[dict[str, Any]] = []
    for fact in facts(notification)[:FIELDS]:
        name = _fit(escape(fact.name), NAME)
        value = _fit(fact.text if fact.is_link else escape(fact.text), VALUE)
        left -= _length(name) + _length(value)
        if left < 0:
            break
        if name and value:
            fields.append({"name": name, "value": value, "inline": not fact.is_link})
    embed = {
        "title": heading,
        "description": description,
        "color": _colour(notification),
        "fields": fields,
        "timestamp": format_moment(notification.at_ns),
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def plain_body(notification: Notification) -> dict[str, Any]:
    """The JSON of the same message as plain text."""
    lines = [f"**{escape(title(notification))}**", escape(sentence(notification))]
    lines += [
        f"{escape(fact.name)}: {fact.text if fact.is_link else escape(fact.text)}"
        for fact in facts(notification)
    ]
    return {
        "content": _fit("\n".join(lines), CONTENT),
        "flags": _SUPPRESS_EMBEDS,
        "allowed_mentions": {"parse": []},
    }


def escape(text: str) -> str:
    """Text that Discord shows as it is: no markdown, mention, link or invisible character."""
    return _MARKDOWN.sub(r"\\\1", printable(text))


def retry_after_s(headers: Mapping[str, str], answer: str) -> float | None:
    """How long a 429 asks to wait: the longest of what its body and its headers say."""
    try:
        body = json.loads(answer)
    except ValueError:
        body = None  # Cloudflare's 429 is HTML
    said = [body.get("retry_after") if isinstance(body, dict) else None]
    said += [headers.get("Retry-After"), headers.get("X-RateLimit-Reset-After")]
    return max((wait_s for one in said if (wait_s := _seconds(one)) is not None), default=None)


def _seconds(text: object) -> float | None:
    try:
        seconds = float(text)  # type: ignore[arg-type]  # whatever it is, it is asked
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds <= 7 * 86_400 else None


async def _read(response: aiohttp.ClientResponse) -> str:
    data = b""
    while len(data) < _ANSWER_LIMIT and (chunk := await response.content.readany()):
        data += chunk
    return data[:_ANSWER_LIMIT].decode("utf-8", "replace")


def _reason(answer: str) -> str:
    """`message (code)` of Discord's error object; nothing of a page of HTML."""
    try:
        body = json.loads(answer)
    except ValueError:
        return ""
    if not isinstance(body, dict) or "message" not in body:
        return ""
    code = f" (code {body['code']})" if "code" in body else ""
    return f"{body['message']}{code}"


def _colour(notification: Notification) -> int:
    if notification.event == Event.RESOLVED:
        return _GREEN
    if notification.event == Event.TEST:
        return _GREY
    return _COLOURS.get(notification.alert.severity, _GREY)


def _length(text: str) -> int:
    """In UTF-16 units: the larger of the two ways in which Discord's parts count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fit(text: str, limit: int) -> str:
    """Trimmed as Discord trims, then head and tail within the limit."""
    text = fitting = text.strip()
    kept = limit
    while _length(fitting) > limit:
        fitting = shorten(text, kept).strip()
        kept -= max(1, (_length(fitting) - limit) // 2)
    return fitting
