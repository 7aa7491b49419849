"""Tokens: who may do something from outside, kept as digests and watched by every process."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import BadValueError, ConflictError, Guard, StoreError
from changeover.core.model import Flip
from changeover.core.order import Principal, RefusedOrderError, Role
from changeover.core.ports import Document, Put, State
from changeover.core.process import Every
from changeover.core.window import format_moment

TOKEN = "token"  # noqa: S105  # the kind of document, no secret
PREFIX = "co_"
MOST_TOKENS = 100
NOTE_USE_EVERY_NS = 3_600 * NS_PER_S
TRY_TO_NOTE_EVERY_S = 60.0  # a disk that is full is not asked with every refresh

_BYTES = 32
_TEXT = re.compile(rb"co_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token as it is kept; its text is known to whoever it was shown to.

    Attributes:
        name: whose it is, or what it is for.
        digest: SHA-256 of its text, 64 hex digits.
        created_ns, created_by: when it was made, and by whom.
        expires_ns: from when on it is worth nothing; None for never.
        used_ns: about when it was last used, to the hour; None for never.
        version: of its document.
    """

    name: str
    role: Role
    digest: str
    created_ns: int
    created_by: str
    expires_ns: int | None = None
    used_ns: int | None = None
    version: int = 0

    def is_expired(self, now_ns: int) -> bool:
        """Whether its time is over."""
        return self.expires_ns is not None and now_ns >= self.expires_ns

    def is_use_news(self, now_ns: int) -> bool:
        """Whether a use now is to be noted."""
        return self.used_ns is None or now_ns - self.used_ns >= NOTE_USE_EVERY_NS

    @property
    def principal(self) -> Principal:
        """Who presents it."""
        return Principal(f"user:{self.name}", self.role)


class Made(NamedTuple):
    """A new token, and its text, which nothing else knows."""

    token: Token
    text: str

    def __repr__(self) -> str:
        return f"Made({self.token.name!r}, ***)"


class Tokens:
    """All tokens of a store.

    `find` looks at memory alone, so that it may be asked on an event loop. `refresh`, called
    twice a second, brings what other processes made or revoked. While the store is away the
    last known tokens hold: the emergency stop must not depend on a disk.

    Args:
        state: where their digests are kept, as documents of kind `token`.
        clock: for expiry.
        guard: counts documents that are no tokens.
    """

    def __init__(self, state: State, *, clock: Clock, guard: Guard) -> None:
        self._state = state
        self._clock = clock
        self._guard = guard
        self._revision: int | None = None
        self._known: Sequence[Token] = ()
        self._learning = threading.Lock()  # or a slow reader would bring back what was revoked
        self._using = threading.Lock()
        self._used: dict[str, int] = {}  # digest: when it was used, where that is to be noted
        self._note_due = Every(TRY_TO_NOTE_EVERY_S, clock)

    def create(
        self, name: str, role: Role, *, expires_s: int | None, actor: str, reason: str = ""
    ) -> Made:
        """Make a token and give its text back: the only time that anybody sees it.

        Args:
            name: 1 to 32 of a-z, 0-9, dot, hyphen and underscore.
            role: what it allows.
            expires_s: how long it holds, in seconds; None for ever.
            actor: who makes it, for the audit.
            reason: why.

        Raises:
            BadValueError: no such name.
            RefusedOrderError: there is one of this name, or there are too many.
            StoreUnavailableError: nothing was made.
        """
        if not _NAME.fullmatch(name):
            allowed = "1 to 32 of a-z, 0-9, dot, hyphen and underscore, a letter or digit first"
            raise BadValueError("name", name, allowed, "anna")
        now_ns = self._clock.wall_ns()
        text = PREFIX + secrets.token_urlsafe(_BYTES)
        token = Token(
            name=name,
            role=role,
            digest=digest_of(text.encode()),
            created_ns=now_ns,
            created_by=actor,
            expires_ns=None if expires_s is None else now_ns + expires_s * NS_PER_S,
        )
        if len(self._state.read(TOKEN)) >= MOST_TOKENS:
            raise RefusedOrderError(f"there are {MOST_TOKENS} tokens: revoke one first")
        flip = Flip(now_ns, f"token {name}", None, _told(token), actor, reason)
        try:
            self._state.commit([Put(TOKEN, name, _document(token), 0)], [flip])
        except ConflictError:
            raise RefusedOrderError(f"there is a token {name!r}: revoke it first") from None
        self.refresh()
        return Made(token, text)

    def revoke(
        self, name: str, *, actor: str, reason: str = "", expected: int | None = None
    ) -> None:
        """Make a token worthless: in this process at once, in the others within a second.

        Raises:
            RefusedOrderError: there is none of this name.
            ConflictError: it is not at the expected version.
            StoreUnavailableError: it is as good as before.
        """
        found = self._state.read(TOKEN).get(name)
        if found is None:
            raise RefusedOrderError(f"there is no token {name!r}")
        old = str(found.value.get("role"))
        flip = Flip(self._clock.wall_ns(), f"token {name}", old, None, actor, reason)
        # Without a version of the caller's it goes whatever it is: noting its use must not
        # keep anybody from revoking it.
        with self._learning:
            self._state.commit([Put(TOKEN, name, None, expected)], [flip])
            self._known = [token for token in self._known if token.name != name]

    def all(self) -> Sequence[Token]:
        """Every token by name, expired ones too. Raises `StoreUnavailableError`."""
        return self._read()

    def find(self, text: bytes) -> Principal | None:
        """Who presents this text; None when it is no token that holds now.

        The digests are compared in constant time, and all of them, so that the time tells
        neither how much of one was right nor which it was.
        """
        if not _TEXT.fullmatch(text):
            return None
        digest, found = digest_of(text), None
        for token in self._known:
            if hmac.compare_digest(token.digest, digest):
                found = token
        now_ns = self._clock.wall_ns()
        if found is None or found.is_expired(now_ns):
            return None
        if found.is_use_news(now_ns):
            with self._using:
                self._used[digest] = now_ns
        return found.principal

    def refresh(self) -> None:
        """Learn what others changed, and note what was used. A store that is away is no error."""
        try:
            self._learn()  # first: a disk that is full must not hide what was revoked
            if self._used and self._note_due.is_due():
                self._note_uses()
                self._learn()
        except StoreError:
            pass  # the store's own check says so; what is known goes on holding

    def _learn(self) -> None:
        with self._learning:
            revision = self._state.revision()  # first: a commit meanwhile is seen next time
            if revision != self._revision:
                self._known = self._read()
                self._revision = revision

    def _note_uses(self) -> None:
        with self._using:
            used, self._used = self._used, {}
        for token in self._known:
            at_ns = used.get(token.digest)
            if at_ns is None or not token.is_use_news(at_ns):
                continue
            noted = replace(token, used_ns=at_ns)
            with contextlib.suppress(ConflictError):  # another process noted it, or it is revoked
                self._state.commit([Put(TOKEN, token.name, _document(noted), token.version)])

    def _read(self) -> Sequence[Token]:
        found = []
        for name, document in self._state.read(TOKEN).items():
            try:
                found.append(_token(name, document))
            except (ValueError, TypeError) as error:  # it opens nothing, and the others still do
                self._guard.caught("tokens", error)
        return found


def digest_of(text: bytes) -> str:
    """What is kept of a token: SHA-256 in hex.

    A plain digest is right here. A slow one (scrypt, Argon2) protects passwords, which can be
    guessed; nobody guesses 256 random bits, and a slow one would let a flood of wrong tokens
    take the processor from the bot.
    """
    return hashlib.sha256(text).hexdigest()


def _document(token: Token) -> Mapping[str, Any]:
    return {
        "role": token.role.value,
        "digest": token.digest,
        "created_ns": token.created_ns,
        "created_by": token.created_by,
        "expires_ns": token.expires_ns,
        "used_ns": token.used_ns,
    }


def _token(name: str, document: Document) -> Token:
    """The token of a document. Raises `ValueError` or `TypeError` for one that is no token."""
    told = document.value
    digest = str(told.get("digest"))
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("a token without a digest")
    expires_ns, used_ns = told.get("expires_ns"), told.get("used_ns")
    return Token(
        name=name,
        role=Role(str(told.get("role"))),
        digest=digest,
        created_ns=int(told.get("created_ns", 0)),
        created_by=str(told.get("created_by", "")),
        expires_ns=None if expires_ns is None else int(expires_ns),
        used_ns=None if used_ns is None else int(used_ns),
        version=document.version,
    )


def _told(token: Token) -> str:
    until = "" if token.expires_ns is None else f" until {format_moment(token.expires_ns)}"
    return f"{token.role.value}{until}"
