"""What the shared file and the shared behaviour demand of both implementations."""

from __future__ import annotations

import hashlib
import re
import unicodedata

NAME = re.compile(r"[\w.-]{2,32}")
"""A personality's name: one word; letters of any script."""

RESERVED_PREFIX = "volumetest-"
LONGEST_PROMPT = 500
LONGEST_ALIAS = 40
MOST_ALIAS_WORDS = 5
MOST_ALIASES = 10
MOST_PERSONALITIES = 10
MOST_PERSONALITIES_SIGNED_IN = 100
PAGE_SIZE = 10
MOST_PURGED = 100
MOST_VOLUME = 80  # within a millisecond, since it blocks the loop
CODE_LIFE_S = 10 * 60
TOKEN_LIFE_S = 30 * 86_400
MOST_WRONG_CODES = 5
LEVELS = ("major", "minor", "patch")
DEFAULT_LEVEL = "minor"

_CODE_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"  # without I, L, O and U: read aloud safely


def key_of(text: str) -> str:
    """What names and aliases are unique by: case, width and runs of spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def code_for(secret: bytes, user_id: int, serial: int) -> str:
    """The code of a user's n-th sign-in: `ABCD-2345`, 40 bits, nobody can guess it.

    Derived, not random, so that the same calls on equal files give equal replies.
    """
    digest = _keyed(secret, "code", user_id, serial)
    letters = "".join(_CODE_ALPHABET[byte % 32] for byte in digest[:8])
    return f"{letters[:4]}-{letters[4:]}"


def token_for(secret: bytes, user_id: int, serial: int) -> str:
    """The token that a code is exchanged for: 64 hex digits."""
    return _keyed(secret, "token", user_id, serial).hex()


def digest_of(secret_text: str) -> str:
    """What the file keeps of a code or a token."""
    return hashlib.sha256(secret_text.strip().upper().encode()).hexdigest()


def _keyed(secret: bytes, purpose: str, user_id: int, serial: int) -> bytes:
    text = f"{purpose}:{user_id}:{serial}".encode()
    return hashlib.blake2b(text, key=secret, digest_size=32).digest()
