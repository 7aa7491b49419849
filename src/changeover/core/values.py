"""Grammars: how the text of a setting becomes a value, and how to say what is allowed."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from changeover.core.errors import BadValueError
from changeover.core.window import format_span, parse_window

T = TypeVar("T")

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
# A plain address such as `ops@example.com`: nothing in it can end a header or begin another.
_MAILBOX = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII
)
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grammar(Generic[T]):
    """One kind of value.

    Attributes:
        convert: from stripped text; raises `ValueError` for what is not allowed.
        allowed: what is allowed, in words.
        example: one allowed text.
        show: a value as it may be typed.
    """

    convert: Callable[[str], T]
    allowed: str
    example: str
    show: Callable[[T], str] = str

    def parse(self, name: str, text: str, *, secret: bool = False) -> T:
        """The value of a text, or a `BadValueError` that names it (but never a secret)."""
        try:
            return self.convert(text.strip())
        except ValueError:
            shown = None if secret else text
            raise BadValueError(name, shown, self.allowed, self.example) from None


class Secret:
    """A text that must not be seen: shown as `***` everywhere but where it is revealed."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def number(lowest: float, highest: float, example: str, unit: str = "") -> Grammar[float]:
    """A finite number in a range, both ends included."""

    def convert(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and lowest <= value <= highest):
            raise ValueError(text)
        return value

    allowed = f"a number from {lowest:g} to {highest:g}{unit}"
    return Grammar(convert, allowed, example, "{:g}".format)


def integer(lowest: int, highest: int, example: str, unit: str = "") -> Grammar[int]:
    """A whole number in a range, both ends included."""

    def convert(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) or not lowest <= int(text) <= highest:
            raise ValueError(text)
        return int(text)

    return Grammar(convert, f"a whole number from {lowest} to {highest}{unit}", example)


def choice(*words: str) -> Grammar[str]:
    """One of a few words, in any case."""

    def convert(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return Grammar(convert, "one of " + ", ".join(words), words[0])


def duration(shortest_s: int, longest: str, example: str) -> Grammar[int]:
    """A time span such as `90s` or `4h`, in whole seconds."""

    def convert(text: str) -> int:
        seconds = 0 if text in {"0", "0s"} else parse_window(text).seconds
        if not shortest_s <= seconds <= parse_window(longest).seconds:
            raise ValueError(text)
        return seconds

    allowed = f"a whole number and s, m, h or d, from {shortest_s}s to {longest}"
    return Grammar(convert, allowed, example, format_span)


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError(text)
    return text.lower() in _TRUE


def _address(text: str) -> str:
    return "127.0.0.1" if text == "localhost" else str(ipaddress.ip_address(text))


def _host_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if not all(_HOST_NAME.fullmatch(name) for name in names):
        raise ValueError(text)
    return names


def _token(text: str) -> Secret:
    if not 16 <= len(text) <= 512 or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(text)
    return Secret(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.password:
        raise ValueError(text)
    return text


def _discord_webhook(text: str) -> Secret:
    parts = urlsplit(text)
    host = parts.hostname or ""
    is_discord = host in {"discord.com", "discordapp.com"} or host.endswith(".discord.com")
    path = re.fullmatch(r"/api(/v[0-9]+)?/webhooks/[0-9]{5,20}/[\w-]+/?", parts.path, re.ASCII)
    if parts.scheme != "https" or not is_discord or not path:
        raise ValueError(text)
    return Secret(text)


def _slack_webhook(text: str) -> Secret:
    parts = urlsplit(text)
    is_slack = parts.hostname in {"hooks.slack.com", "hooks.slack-gov.com"}
    path = re.fullmatch(r"/services/\w+/\w+/\w+/?", parts.path, re.ASCII)
    if parts.scheme != "https" or not is_slack or not path:
        raise ValueError(text)
    return Secret(text)


def _http_address(text: str) -> Secret:
    parts = urlsplit(text)
    plain = text.isascii() and text.isprintable() and " " not in text
    # Reading the port raises ValueError for one that is none.
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or not plain:
        raise ValueError(text)
    return Secret(text)


def _pagerduty_key(text: str) -> Secret:
    if not re.fullmatch(r"[A-Za-z0-9]{32}", text, re.ASCII):
        raise ValueError(text)
    return Secret(text)


def _password(text: str) -> Secret:
    if not 1 <= len(text) <= 512 or not text.isprintable():
        raise ValueError(text)
    return Secret(text)


def _host(text: str) -> str:
    name = text.strip("[]")
    if ":" in name:
        return str(ipaddress.ip_address(name))
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(text)
    return name.lower()


def _mailbox(text: str) -> str:
    if len(text) > 254 or not _MAILBOX.fullmatch(text):
        raise ValueError(text)
    return text


def _mailboxes(text: str) -> tuple[str, ...]:
    boxes = tuple(_mailbox(box.strip()) for box in text.split(",") if box.strip())
    if not 1 <= len(boxes) <= 20:
        raise ValueError(text)
    return boxes


def _apprise_urls(text: str) -> Secret:
    """Addresses, a line each; a comma may stand inside one, where no scheme follows it."""
    urls = re.split(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]{0,31}://)", text)
    if not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://\S+", url, re.ASCII) for url in urls):
        raise ValueError(text)
    return Secret("\n".join(url.rstrip(",") for url in urls))


def _snowflake(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{14,19}", text, re.ASCII) or int(text) >= 1 << 64:
        raise ValueError(text)
    return int(text)


def _snowflakes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    ids = tuple(dict.fromkeys(map(_snowflake, parts)))
    if len(ids) > 100:
        raise ValueError(text)
    return ids


def _word(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", text) or text in {"legacy", "unknown"}:
        raise ValueError(text)
    return text


def _label(text: str) -> str:
    if not text.isprintable() or not 1 <= len(text) <= 64:
        raise ValueError(text)
    return text


BOOLEAN = Grammar(_boolean, "true or false", "true", lambda value: str(value).lower())
PORT = integer(0, 65_535, "3001")
ADDRESS = Grammar(_address, "an IP address to listen on", "127.0.0.1")
HOST_NAMES = Grammar(_host_names, "host names with commas between", "bot.example.com", ",".join)
TOKEN = Grammar(_token, "16 to 512 printable ASCII characters", "$(openssl rand -hex 32)")
URL = Grammar(_url, "an http or https address without a password", "https://bot.example.com")
DISCORD_WEBHOOK = Grammar(
    _discord_webhook, "a Discord webhook's address", "https://discord.com/api/webhooks/ID/TOKEN"
)
SLACK_WEBHOOK = Grammar(
    _slack_webhook, "a Slack webhook's address", "https://hooks.slack.com/services/T0/B0/TOKEN"
)
HTTP_ADDRESS = Grammar(_http_address, "an http or https address", "https://example.com/alerts")
PAGERDUTY_KEY = Grammar(
    _pagerduty_key,
    "an integration's key, 32 letters and digits",
    "R0123456789ABCDEF0123456789ABCDE",
)
PASSWORD = Grammar(_password, "1 to 512 printable characters", "correct-horse")
HOST = Grammar(_host, "a host name or an IP address", "smtp.example.com")
MAILBOX = Grammar(_mailbox, "a plain e-mail address", "bot@example.com")
MAILBOXES = Grammar(
    _mailboxes, "1 to 20 plain e-mail addresses with commas between", "ops@example.com", ", ".join
)
APPRISE_URLS = Grammar(_apprise_urls, "Apprise URLs with spaces between", "ntfys://ntfy.sh/TOPIC")
SNOWFLAKE = Grammar(_snowflake, "an id of Discord's, 15 to 20 digits", "123456789012345678")
SNOWFLAKES = Grammar(
    _snowflakes,
    "up to 100 ids of Discord's with commas between",
    "123456789012345678, 234567890123456789",
    lambda ids: ", ".join(map(str, ids)),
)
SYSTEM_NAME = Grammar(_word, "a lower-case word other than legacy and unknown", "ddd")
LABEL = Grammar(_label, "1 to 64 printable characters", "eu-1")
PATH = Grammar(lambda text: Path(text).expanduser(), "a path", "/data/changeover")
