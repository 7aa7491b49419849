"""A Discord webhook: an embed for each message; the end of an alert edits what told of it.

Source of the rate limit headers and of editing: Discord's API documentation, "Rate Limits" and
"Webhook Resource".
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from changeover.core.clock import Clock
from changeover.core.model import Event, Notification
from changeover.core.values import DISCORD_WEBHOOK, Secret
from changeover.notify.embed import embed_body, plain_body
from changeover.notify.http import (
    TIMEOUT_S,
    Answer,
    Form,
    HttpChannel,
    address,
    json_of,
    seconds_of,
)

logger = logging.getLogger("changeover.alerts")

Picture = Callable[[Notification], bytes | None]

_UNKNOWN_MESSAGE = 10008
_FILE = "chart.png"
_LARGEST_PICTURE = 1 << 20
_MOST_EDITED = 2  # an alert has one firing and one escalation


class DiscordWebhook(HttpChannel):
    """Posts to one webhook. Its address is a secret and appears nowhere.

    A resolve edits the messages that told of the alert, so that nobody who scrolls up takes it
    for alive, and posts a short one: an edit alone rings nowhere, and a webhook cannot reply.

    Args:
        url: the webhook's address, `https://discord.com/api/webhooks/ID/TOKEN`.
        clock: for the pauses that Discord's rate limit asks for.
        timeout_s: for one attempt.
        picture: draws a chart of an alert as PNG, or gives None; called in a thread.
        allow_private: connect to private and loopback addresses, too.
        allow_any_host: take any address, private ones included, for a server of your own.

    Raises:
        BadValueError: for what is no Discord webhook's address; without the address.
    """

    name = "discord"

    def __init__(
        self,
        url: Secret,
        *,
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
        picture: Picture | None = None,
        allow_private: bool = False,
        allow_any_host: bool = False,
    ) -> None:
        if not allow_any_host:
            DISCORD_WEBHOOK.parse("ALERT_DISCORD_WEBHOOK_URL", url.reveal(), secret=True)
        private = allow_private or allow_any_host
        super().__init__([url], clock=clock, timeout_s=timeout_s, allow_private=private)
        self._url = url
        self._picture = picture

    async def tell(self, notification: Notification) -> str | None:
        """Post one embed; a plain text where Discord does not take the embed (400).

        Returns:
            The ids of the messages that the end of this alert will edit, or None.
        """
        picture = await self._drawn(notification)
        edited = False
        if notification.event == Event.RESOLVED:
            for message in _ids(notification.receipt):
                edited |= await self._edit(message, notification, picture)
        body = embed_body(notification, short=edited)
        answer = await self._post(body, None if edited else picture)
        if answer.is_refusal:
            answer = await self._post(plain_body(notification), None)
        if not answer.is_accepted:
            raise self.error(answer)
        return _receipt(notification, json_of(answer.text).get("id"))

    def wait_s(self, answer: Answer) -> float | None:
        """The longest of what the body and the headers ask for."""
        said = super().wait_s(answer)
        if answer.status != 429:
            return said
        return _longest(said, retry_after_s(answer.headers, answer.text))

    async def _post(self, body: dict[str, Any], picture: bytes | None) -> Answer:
        url = address(self._url).update_query(wait="true")
        return await self.ask(_form(Form(url), body, picture))

    async def _edit(self, message: str, notification: Notification, picture: bytes | None) -> bool:
        """Whether the message could be edited; one that is gone is no error."""
        url = address(self._url)
        url = url.with_path(f"{url.path.rstrip('/')}/messages/{message}").with_query(url.query)
        body = {"attachments": [], **embed_body(notification)}  # the chart before goes
        answer = await self.ask(_form(Form(url, method="PATCH"), body, picture))
        if answer.is_accepted:
            return True
        gone = json_of(answer.text).get("code") == _UNKNOWN_MESSAGE
        if answer.is_refusal or gone:
            return False
        raise self.error(answer)

    async def _drawn(self, notification: Notification) -> bytes | None:
        if self._picture is None:
            return None
        try:
            picture = await asyncio.to_thread(self._picture, notification)
        except Exception as error:  # noqa: BLE001 - a message without a chart is better than none
            logger.debug("no chart for an alert: %s", type(error).__name__)
            return None
        return picture if picture and len(picture) <= _LARGEST_PICTURE else None


def retry_after_s(headers: Mapping[str, str], text: str) -> float | None:
    """How long a 429 asks to wait: the longest of what its body and its headers say."""
    said = [json_of(text).get("retry_after")]  # Cloudflare's 429 is HTML
    said += [headers.get("Retry-After"), headers.get("X-RateLimit-Reset-After")]
    return _longest(*map(seconds_of, said))


def _longest(*said: float | None) -> float | None:
    return max((one for one in said if one is not None), default=None)


def _form(form: Form, body: dict[str, Any], picture: bytes | None) -> Form:
    """The request with its JSON; with a picture, as a form of several parts."""
    if picture is None:
        return form._replace(json=body)
    body["attachments"] = [{"id": 0, "filename": _FILE, "description": "The last hour"}]
    body["embeds"][0]["image"] = {"url": f"attachment://{_FILE}"}
    data = aiohttp.FormData()
    data.add_field("payload_json", json.dumps(body), content_type="application/json")
    data.add_field("files[0]", picture, filename=_FILE, content_type="image/png")
    return form._replace(data=data)


def _ids(receipt: str | None) -> list[str]:
    ids = (receipt or "").split(",")
    return [one for one in ids if one.isascii() and one.isdigit() and len(one) <= 20]


def _receipt(notification: Notification, message: object) -> str | None:
    """The messages to edit at the end: the firing and the escalation of this alert alone.

    One that tells of several alerts stays as it is: it is not over when one of them is.
    """
    ids = _ids(notification.receipt)
    tells = notification.event in (Event.FIRING, Event.ESCALATED)
    alone = not notification.also and not notification.more
    if tells and alone and isinstance(message, str):
        ids = [*ids, *_ids(message)][-_MOST_EDITED:]
    return ",".join(ids) or None
