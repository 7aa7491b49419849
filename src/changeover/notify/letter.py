"""An alert as a letter: text and HTML, with headers that nothing can be smuggled into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from changeover.core.clock import NS_PER_S
from changeover.core.model import Event, Notification
from changeover.core.text import shorten
from changeover.notify.message import (
    cleared,
    episode_key,
    facts,
    message_key,
    others,
    plain,
    printable,
    sentence,
    title,
)

SUBJECT = 180

_COLOURS = {"warning": "#e0a000", "critical": "#d03030"}
_GREEN, _GREY = "#2e9e5b", "#808890"


def letter(
    notification: Notification, *, sender: str, recipients: Sequence[str], bot: str = ""
) -> EmailMessage:
    """The letter, complete with its headers.

    Its id is made of the dedup key, so that whatever is sent twice is one letter to a mail
    server, and everything after the firing answers the firing.

    Args:
        notification: what to tell.
        sender: a plain address; its domain is in the letter's id.
        recipients: plain addresses, at least one.
        bot: what tells this bot's letters from another's of the same sender.
    """
    message = EmailMessage(policy=SMTP)
    headline = f"{title(notification)}: {sentence(notification)}"
    message["Subject"] = shorten(printable(headline), SUBJECT)
    message["From"] = f"Changeover <{sender}>"
    message["To"] = ", ".join(recipients)
    moment = datetime.fromtimestamp(notification.at_ns // NS_PER_S, UTC)
    message["Date"] = format_datetime(moment)
    message["Auto-Submitted"] = "auto-generated"  # no answer of a holiday
    domain = sender.rpartition("@")[2]
    first = _id(episode_key(notification, bot), domain)
    if notification.event == Event.FIRING:
        message["Message-ID"] = first
    else:
        message["Message-ID"] = _id(message_key(notification), domain)
        if notification.event != Event.TEST and not notification.late:
            message["In-Reply-To"] = first
            message["References"] = first
    message.set_content(f"{printable(title(notification))}\n\n{plain(notification)}\n")
    message.add_alternative(html(notification), subtype="html")
    return message


def html(notification: Notification) -> str:
    """The part that most people see. Every text in it is escaped."""
    every = facts(notification)
    rows = [_filled("row", name=f.name, text=f.text) for f in every if not f.is_link]
    links = [_filled("link", name=f"{f.name}: {f.text}", href=f.text) for f in every if f.is_link]
    items = [_filled("item", text=text) for text in others(notification)]
    return _template("email").substitute(
        title=_safe(title(notification)),
        sentence=_safe(sentence(notification)),
        colour=_colour(notification),
        rows="".join(rows),
        also=_template("also").substitute(items="".join(items)) if items else "",
        links="".join(links),
        instance=_safe(cleared(notification.instance)),
    )


def _filled(template: str, /, **texts: str) -> str:
    return _template(template).substitute({key: _safe(text) for key, text in texts.items()})


def _safe(text: str) -> str:
    return escape(printable(text))


@cache
def _template(name: str) -> Template:
    file = files("changeover.notify") / "templates" / f"{name}.html"
    return Template(file.read_text("utf-8").rstrip("\n"))


def _id(key: str, domain: str) -> str:
    digest = hashlib.blake2b(key.encode("utf-8", "backslashreplace"), digest_size=16)
    return f"<changeover.{digest.hexdigest()}@{domain}>"


def _colour(notification: Notification) -> str:
    if notification.event == Event.RESOLVED:
        return _GREEN
    if notification.event in (Event.TEST, Event.ACKNOWLEDGED):
        return _GREY
    return _COLOURS.get(notification.alert.severity, _GREY)
