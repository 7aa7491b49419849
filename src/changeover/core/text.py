"""Text that others wrote: names made harmless, errors made safe to store and to show.

Every pattern here takes time linear in the text: quantifiers are bounded, or cannot fail
once they have begun. What comes from outside is cut before any pattern sees it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import islice

from changeover.core.model import ErrorInfo

UNNAMED = "__unnamed__"
REDACTED = "***"
MESSAGE_LIMIT = 2_048

_SCAN_LIMIT = 16_384  # more than this of one message is never looked at
_GAP = " … "
_DEEPEST_CAUSE = 4
_MOST_PARTS = 3  # of an exception group

# What no screen shows or a screen obeys: C0 and C1 (white space apart), soft hyphen, zero-width
# and bidi characters, byte order mark, annotation and tag characters, lone surrogates.
_HIDDEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
)
_HIDDEN_IN_NAME = re.compile(f"[{_HIDDEN}]+")
_HIDDEN_IN_MESSAGE = re.compile(f"[{_HIDDEN}\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")

_SENSITIVE = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|authorization|credential"
)
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # a private key, with its line ends as they are or escaped
    (re.compile(r"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[A-Za-z0-9+/=\s\\*]*+"), r"\1 ***"),
    # webhook and interaction addresses: who holds one may post
    (re.compile(r"(/(?:webhooks|interactions)/\d{1,22}/)[\w.-]++"), r"\1***"),
    (re.compile(r"(hooks\.slack\.com/\w{1,20}/)[\w/-]++"), r"\1***"),
    # scheme://user:password@host; a port with a path is no password
    (re.compile(r"(://[^\s:/@]{0,128}):(?!\d{1,5}[/?#])[^\s\"'<>]{1,256}@"), r"\1:***@"),
    # Authorization values; the words alone ("Basic usage", "Bot started") stay
    (re.compile(r"(?i:\b(bearer)\s{1,8})[\w.~+/=-]{6,}+"), r"\1 ***"),
    (re.compile(r"\b([Bb]ot\s{1,8})[\w.-]{20,}+"), r"\1***"),
    (re.compile(r"\b([Bb]asic\s{1,8})(?=[A-Za-z+/]{0,64}[0-9A-Z=])[A-Za-z0-9+/=]{8,}+"), r"\1***"),
    # Discord tokens, JSON web tokens
    (re.compile(r"(?<![\w-])[\w-]{23,30}\.[\w-]{5,8}\.[\w-]{25,}+"), REDACTED),
    (re.compile(r"(?<![\w-])mfa\.[\w-]{20,}+"), REDACTED),
    (re.compile(r"(?<![\w-])eyJ[\w-]{5,}+\.[\w-]++(?:\.[\w-]*+)?"), REDACTED),
    # keys with a prefix: AWS, GitHub, Slack, Stripe and OpenAI, Google, Telegram
    (re.compile(r"(?<!\w)co_[\w-]{20,}+"), REDACTED),  # our own
    (re.compile(r"(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)"), REDACTED),
    (re.compile(r"(?<!\w)(?:gh[pousr]|github_pat)_\w{16,}+"), REDACTED),
    (re.compile(r"(?<!\w)(?:xox[a-z]|xapp)-[\w-]{8,}+"), REDACTED),
    (re.compile(r"(?<!\w)[sr]k[-_][\w-]{20,}+"), REDACTED),
    (re.compile(r"(?<!\w)AIza[\w-]{30,}+"), REDACTED),
    (re.compile(r"(?<!\w)\d{8,10}:[\w-]{35}(?![\w-])"), REDACTED),
    # password=..., "token": "...", \"secret\":\"...\" (JSON in JSON), api_key: '...'
    (
        re.compile(
            rf"(?i:((?:{_SENSITIVE})[\w-]{{0,32}}(?:\\{{0,3}}[\"'])?\s{{0,8}}[:=]\s{{0,8}}))"
            r"(?:(\\{1,3}[\"'])[^\"'\\]*+|(\")(?:[^\"\\]|\\.)*+|(')(?:[^'\\]|\\.)*+"
            r"|[^\s,;&\"'\\)\]}]++)",
            re.DOTALL,
        ),
        r"\1\2\3\4***",
    ),
)

_VARYING: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<!\w)(?:\"[^\"\n]{0,512}\"|'[^'\n]{0,512}'|`[^`\n]{0,512}`)(?!\w)"), "''"),
    (re.compile(r"(?i:\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"), "#"),
    (re.compile(r"(?i:\b0x[0-9a-f]++)"), "#"),
    (re.compile(r"(?i:\b(?=[a-f]{0,64}[0-9])[0-9a-f]{8,}+\b)"), "#"),
    (re.compile(r"\d++(?:[.,:]\d++)*+"), "#"),
    (re.compile(r"\s++"), " "),
)


def clean_name(text: object, limit: int = 100) -> str:
    """A name that is safe as a key and on a screen, at most `limit` characters.

    Invisible and control characters go, white space is folded to single spaces; what is then
    empty, or cannot be written as text at all, is `__unnamed__`.
    """
    try:
        name = str(text)[: 16 * limit]
    except BaseException:  # noqa: BLE001 - a stranger's __str__ may raise anything, SystemExit too
        return UNNAMED
    name = " ".join(_HIDDEN_IN_NAME.sub("", name).split())
    return name[:limit].rstrip() or UNNAMED


def redact(text: str) -> str:
    """The text without secrets: tokens, webhook addresses, passwords, keys.

    Looks at 16 kB at most, the head and the tail; the rest is cut out, together with the words
    that the cut would have split (half a token is not recognised as one).
    """
    if len(text) > _SCAN_LIMIT:
        half = _SCAN_LIMIT // 2
        head, tail = text[:half], text[-half:]
        head = head[: len(head) - len(_last_word(head))]
        text = head + _GAP + tail[len(_first_word(tail)) :]
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def shorten(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """At most `limit` characters (4 or more): head and tail are kept, ` … ` stands between."""
    if len(text) <= limit:
        return text
    kept = limit - len(_GAP)
    tail = kept // 2
    return text[: kept - tail] + _GAP + (text[-tail:] if tail else "")


def fingerprint(type: str, message: str) -> str:  # noqa: A002 - the field's name in ErrorInfo
    """12 hex digits, the same for errors that differ only in what varies from call to call.

    Numbers, ids, addresses and quoted parts vary. The digest is BLAKE2b over type and message.
    """
    text = shorten(message)
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    data = f"{type}\n{text.strip()}".encode("utf-8", "backslashreplace")
    return hashlib.blake2b(data, digest_size=6).hexdigest()


def describe_error(error: BaseException | str | None) -> ErrorInfo | None:
    """What is kept of an error: type, redacted message with its causes, fingerprint.

    Never raises, even if the error's own `__str__` does, with a `SystemExit` that would end our
    thread. A plain text has the type `Error`.
    """
    if error is None:
        return None
    kind = type(error).__qualname__ if isinstance(error, BaseException) else "Error"
    try:
        told = " <- ".join(_told(error))
    except BaseException as failure:  # noqa: BLE001 - of a stranger's attributes, as of its __str__
        told = f"(looking at it raised {type(failure).__qualname__})"
    message = shorten(_HIDDEN_IN_MESSAGE.sub("", redact(told)))
    return ErrorInfo(clean_name(kind), message, fingerprint(kind, message))


def _told(error: BaseException | str) -> Iterator[str]:
    """The message, then its causes as `Type: message`, the nearest first."""
    yield _message(error)
    seen = {id(error)}
    while isinstance(error, BaseException) and (cause := error.__cause__) is not None:
        if id(cause) in seen or len(seen) > _DEEPEST_CAUSE:
            return
        seen.add(id(cause))
        error = cause
        yield f"{type(error).__qualname__}: {_message(error)}"


def _message(error: BaseException | str) -> str:
    """What it says; of a group also what its first parts say (a group in it is only named)."""
    message = _text_of(error)
    if not isinstance(error, BaseExceptionGroup):
        return message
    parts = islice(error.exceptions, _MOST_PARTS)
    return f"{message}: " + "; ".join(f"{type(p).__qualname__}: {_text_of(p)}" for p in parts)


def _text_of(error: BaseException | str) -> str:
    try:
        return str(error)
    except BaseException as failure:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return f"(its __str__ raised {type(failure).__qualname__})"


def _last_word(text: str) -> str:
    return text[-512:].rpartition(" ")[2]


def _first_word(text: str) -> str:
    return text[:512].partition(" ")[0]
