"""A message as Discord shows it: an embed within Discord's limits, mentioning nobody.

Source of the limits: Discord's API documentation, "Message: embed limits".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from changeover.core.model import Event, Notification
from changeover.core.text import shorten
from changeover.core.window import format_moment
from changeover.notify.message import Fact, facts, others, printable, sentence, title

TITLE, DESCRIPTION, FIELDS, NAME, VALUE, FOOTER, EMBED = 256, 4096, 25, 256, 1024, 2048, 6000
CONTENT = 2000

_COLOURS = {"warning": 0xE0A000, "critical": 0xD03030}
_GREEN, _GREY = 0x2E9E5B, 0x808890
_SUPPRESS_EMBEDS = 1 << 2
_SHORT = frozenset({"Lasted", "Peak", "Page"})  # what a short message still says
# Discord shows a backslash before any ASCII punctuation as the punctuation alone; with the
# colon escaped no address becomes a link.
_MARKDOWN = re.compile(r"([\\`*_~|<>\[\]()#@:+-])")


def embed_body(notification: Notification, *, short: bool = False) -> dict[str, Any]:
    """The JSON of a message with one embed.

    Args:
        notification: what to tell.
        short: leave out the facts that a message before it told already.
    """
    heading = fit(escape(title(notification)), TITLE)
    description = fit(escape(sentence(notification)), DESCRIPTION)
    left = EMBED - length(heading) - length(description)
    fields: list[dict[str, Any]] = []
    for name, value, inline in _fields(notification, short=short):
        left -= length(name) + length(value)
        if left < 0:
            break
        if name and value and len(fields) < FIELDS:
            fields.append({"name": name, "value": value, "inline": inline})
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
    lines += [f"{escape(fact.name)}: {_shown(fact)}" for fact in facts(notification)]
    lines += [f"- {escape(text)}" for text in others(notification)]
    return {
        "content": fit("\n".join(lines), CONTENT),
        "flags": _SUPPRESS_EMBEDS,
        "allowed_mentions": {"parse": []},
    }


def escape(text: str) -> str:
    """Text that Discord shows as it is: no markdown, mention, link or invisible character."""
    return _MARKDOWN.sub(r"\\\1", printable(text))


def length(text: str) -> int:
    """In UTF-16 units: the larger of the two ways in which Discord's parts count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, limit: int) -> str:
    """Trimmed as Discord trims, then head and tail within the limit (UTF-16 units)."""
    text = fitting = text.strip()
    kept = limit
    while length(fitting) > limit:
        fitting = shorten(text, kept).strip()
        kept -= max(1, (length(fitting) - limit) // 2)
    return fitting


def _fields(notification: Notification, *, short: bool) -> Iterator[tuple[str, str, bool]]:
    """Name, value and whether it may stand beside another; the other alerts come first."""
    if also := others(notification):
        yield "Also", fit("\n".join(f"• {escape(text)}" for text in also), VALUE), False
    for fact in facts(notification):
        if not short or fact.name in _SHORT:
            yield fit(escape(fact.name), NAME), fit(_shown(fact), VALUE), not fact.is_link


def _shown(fact: Fact) -> str:
    return fact.text if fact.is_link else escape(fact.text)


def _colour(notification: Notification) -> int:
    if notification.event == Event.RESOLVED:
        return _GREEN
    if notification.event in (Event.TEST, Event.ACKNOWLEDGED):
        return _GREY
    return _COLOURS.get(notification.alert.severity, _GREY)
