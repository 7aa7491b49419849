"""A Slack incoming webhook: blocks within Slack's limits, nobody mentioned.

Source of the limits and escapes: Slack's documentation, "Block Kit: blocks", "Text object" and
"Formatting text for app surfaces". An incoming webhook gives no id back, so a resolve is a
message of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from changeover.core.clock import Clock
from changeover.core.model import Event, Notification
from changeover.core.text import shorten
from changeover.core.values import SLACK_WEBHOOK, Secret
from changeover.notify.http import TIMEOUT_S, Answer, Form, HttpChannel, address
from changeover.notify.message import Fact, facts, others, plain, printable, sentence, title

HEADER, TEXT, FIELD, FIELDS, MESSAGE = 150, 3_000, 2_000, 10, 4_000

_COLOURS = {"warning": "#e0a000", "critical": "#d03030"}
_GREEN, _GREY = "#2e9e5b", "#808890"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_REASON = re.compile(r"[a-z][a-z_]{2,63}", re.ASCII)  # such as `invalid_payload`


class SlackWebhook(HttpChannel):
    """Posts to one incoming webhook. Its address is a secret and appears nowhere.

    Args:
        url: the webhook's address, `https://hooks.slack.com/services/T.../B.../...`.
        clock: for the pauses that Slack's rate limit asks for.
        timeout_s: for one attempt.
        allow_private: connect to private and loopback addresses, too.
        allow_any_host: take any address, private ones included, for a server of your own.

    Raises:
        BadValueError: for what is no Slack webhook's address; without the address.
    """

    name = "slack"

    def __init__(
        self,
        url: Secret,
        *,
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
        allow_private: bool = False,
        allow_any_host: bool = False,
    ) -> None:
        if not allow_any_host:
            SLACK_WEBHOOK.parse("ALERT_SLACK_WEBHOOK_URL", url.reveal(), secret=True)
        private = allow_private or allow_any_host
        super().__init__([url], clock=clock, timeout_s=timeout_s, allow_private=private)
        self._url = url

    async def tell(self, notification: Notification) -> str | None:
        """Post blocks; a plain text where Slack does not take them (400)."""
        answer = await self._post(blocks_body(notification))
        if answer.is_refusal:
            answer = await self._post(text_body(notification))
        if not answer.is_accepted:
            raise self.error(answer)
        return None

    def reason(self, answer: Answer) -> str:
        """Slack's word for what is wrong."""
        text = answer.text.strip()
        return text if _REASON.fullmatch(text) else super().reason(answer)

    async def _post(self, body: dict[str, Any]) -> Answer:
        return await self.ask(Form(address(self._url), json=body))


def blocks_body(notification: Notification) -> dict[str, Any]:
    """The JSON of a message with blocks beside a coloured line.

    The text beside them is what a phone's notification shows.
    """
    return {
        "text": fit(f"{title(notification)}. {sentence(notification)}", MESSAGE),
        "attachments": [{"color": _colour(notification), "blocks": list(_blocks(notification))}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def text_body(notification: Notification) -> dict[str, Any]:
    """The JSON of the same message as plain text."""
    text = fit(f"{title(notification)}\n{plain(notification)}", MESSAGE)
    return {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def escape(text: str) -> str:
    """Text in which Slack sees no mention and no link; invisible characters are shown."""
    return "\n".join(map(printable, text.split("\n"))).translate(_ESCAPES)


def fit(text: str, limit: int) -> str:
    """Escaped and never empty; head and tail within the limit (characters)."""
    text = shorten(text.strip(), limit) or "-"
    kept, fitting = len(text), escape(text)
    while len(fitting) > limit:  # a sign may become ten
        kept -= max(1, (len(fitting) - limit) // 10)
        fitting = escape(shorten(text, kept))
    return fitting


def _blocks(notification: Notification) -> Iterator[dict[str, Any]]:
    headline = {"type": "plain_text", "text": fit(title(notification), HEADER), "emoji": False}
    yield {"type": "header", "text": headline}
    yield {"type": "section", "text": _text(fit(sentence(notification), TEXT))}
    every = facts(notification)
    figures = [fact for fact in every if not fact.is_link]
    for start in range(0, min(len(figures), 3 * FIELDS), FIELDS):
        fields = [_field(fact) for fact in figures[start : start + FIELDS]]
        yield {"type": "section", "fields": fields}
    if also := others(notification):
        told = fit("Also:\n" + "\n".join(f"• {text}" for text in also), TEXT)
        yield {"type": "section", "text": _text(told)}
    if links := [fact for fact in every if fact.is_link]:
        told = "  ".join(f"<{escape(fact.text)}|{fact.name}>" for fact in links)
        yield {"type": "context", "elements": [_text(told)]}


def _field(fact: Fact) -> dict[str, Any]:
    return _text(f"*{fit(fact.name, 200)}*\n{fit(fact.text, FIELD - 300)}")


def _text(text: str) -> dict[str, Any]:
    """`verbatim`: addresses and names in it stay text."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _colour(notification: Notification) -> str:
    if notification.event == Event.RESOLVED:
        return _GREEN
    if notification.event in (Event.TEST, Event.ACKNOWLEDGED):
        return _GREY
    return _COLOURS.get(notification.alert.severity, _GREY)
