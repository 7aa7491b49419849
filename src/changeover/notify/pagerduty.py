"""PagerDuty: triggers, acknowledges and resolves one incident for each firing of an alert.

Source: PagerDuty's documentation, "Events API v2 overview" and "Send an alert event".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from yarl import URL

from changeover.core.clock import Clock
from changeover.core.model import Event, Notification
from changeover.core.text import shorten
from changeover.core.values import PAGERDUTY_KEY, Secret
from changeover.core.window import format_moment
from changeover.notify.http import TIMEOUT_S, Answer, Form, HttpChannel, json_of
from changeover.notify.message import (
    cleared,
    episode_key,
    facts,
    others,
    printable,
    sentence,
    title,
)

REGIONS = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
SUMMARY, KEY, SOURCE = 1_024, 255, 255

_SEVERITIES = {"warning": "warning", "critical": "critical"}
_ACTIONS = {Event.ACKNOWLEDGED: ("acknowledge",), Event.RESOLVED: ("resolve",)}
_BOTH = ("trigger", "resolve")


class PagerDuty(HttpChannel):
    """Sends events to one integration of PagerDuty (Events API v2).

    Args:
        routing_key: the integration's key, 32 letters and digits.
        region: `us` or `eu`, where the account is.
        bot: what tells this bot's incidents from another's of the same integration.
        clock: for the pauses that the rate limit asks for.
        timeout_s: for one attempt.
        allow_private: connect to private and loopback addresses, too.
        endpoint: another address than PagerDuty's own, for a server of your own.

    Raises:
        BadValueError: for what is no routing key; without it.
    """

    name = "pagerduty"
    takes_acknowledged = True

    def __init__(
        self,
        routing_key: Secret,
        *,
        region: str = "us",
        bot: str = "",
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
        allow_private: bool = False,
        endpoint: str | None = None,
    ) -> None:
        PAGERDUTY_KEY.parse("ALERT_PAGERDUTY_ROUTING_KEY", routing_key.reveal(), secret=True)
        super().__init__(
            [routing_key], clock=clock, timeout_s=timeout_s, allow_private=allow_private
        )
        self._key = routing_key
        self._bot = bot
        self._url = URL(endpoint or REGIONS[region]) / "v2/enqueue"

    async def tell(self, notification: Notification) -> str | None:
        """Send the event, or both where an incident begins and ends at once."""
        events = [(notification, action) for action in actions(notification)]
        events += [(replace(notification, dedup_key=k), "resolve") for k in notification.closes]
        for told, action in events:
            body = event_body(told, action, self._bot)
            answer = await self.ask(
                Form(self._url, json={"routing_key": self._key.reveal(), **body})
            )
            if not answer.is_accepted:
                raise self.error(answer)
        return None

    def reason(self, answer: Answer) -> str:
        """The message, and the list of errors behind it."""
        errors = json_of(answer.text).get("errors")
        told = [super().reason(answer), *(errors if isinstance(errors, list) else [])]
        return "; ".join(str(one) for one in told if one)


def actions(notification: Notification) -> Sequence[str]:
    """What to send, in order.

    A test, and an alert that was over before it could be told of, are opened and closed: they
    are in the history, and nobody has to close them.
    """
    if notification.event == Event.TEST or notification.late:
        return _BOTH
    return _ACTIONS.get(Event(notification.event), ("trigger",))


def event_body(notification: Notification, action: str, bot: str = "") -> dict[str, Any]:
    """The JSON of an event, without the routing key."""
    body: dict[str, Any] = {"event_action": action, "dedup_key": incident(notification, bot)}
    if action != "trigger":
        return body
    also = others(notification)
    headline = f"{title(notification)}. {sentence(notification)}"
    details: dict[str, Any] = {fact.name: printable(fact.text) for fact in facts(notification)}
    if also:
        details["Also"] = [printable(text) for text in also]
    body["payload"] = {
        "summary": shorten(printable(headline), SUMMARY),
        "source": shorten(printable(cleared(notification.instance)), SOURCE) or "changeover",
        "severity": _severity(notification),
        "timestamp": format_moment(notification.at_ns),
        "component": "bot",
        "class": printable(cleared(notification.alert.rule)),
        "custom_details": details,
    }
    body["client"] = "Changeover"
    if notification.link:
        body["client_url"] = notification.link
    links = [fact for fact in facts(notification) if fact.is_link]
    if links:
        body["links"] = [{"href": fact.text, "text": fact.name} for fact in links]
    return body


def incident(notification: Notification, bot: str = "") -> str:
    """The key of the incident, 255 characters at most: readable, and no other bot's."""
    digest = episode_key(notification, bot)
    readable = shorten(printable(cleared(notification.dedup_key)), KEY - len(digest) - 1)
    return f"{readable}/{digest}"


def _severity(notification: Notification) -> str:
    if notification.event == Event.TEST or notification.late:
        return "info"  # of low urgency, where the service takes the severity for it
    return _SEVERITIES.get(notification.alert.severity, "error")
