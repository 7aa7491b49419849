"""What the bot knows of one user: sign-in, verification, preferences."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from changeover.demo import mistakes, rules


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that was given out and not used yet; only its digest is kept."""

    digest: str
    expires_s: int
    wrong_tries: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """The right that a code was exchanged for; only its digest is kept."""

    digest: str
    expires_s: int


@dataclass(slots=True)
class SignIn:
    """How far a user is with signing in.

    Attributes:
        serial: how many codes the user was given so far; 0 means that there is nothing to keep.
    """

    user_id: int
    serial: int = 0
    code: OpenCode | None = None
    token: Token | None = None

    def is_valid(self, now_s: int) -> bool:
        """Whether the user is signed in."""
        return self.token is not None and self.token.expires_s > now_s

    def start(self, secret: bytes, now_s: int) -> str:
        """Give out a new code; the one before is void."""
        self.serial += 1
        code = rules.code_for(secret, self.user_id, self.serial)
        self.code = OpenCode(rules.digest_of(code), now_s + rules.CODE_LIFE_S)
        return code

    def redeem(self, text: str, secret: bytes, now_s: int) -> None:
        """Exchange the code for a token.

        Raises a mistake when it is not the code, counting it, or when none is open; the state
        has changed even then and must be saved.
        """
        code, self.code = self.code, None
        if code is None or code.expires_s <= now_s:
            raise mistakes.no_code_open()
        if not compare_digest(code.digest, rules.digest_of(text)):
            self._count_wrong(code)
        token = rules.token_for(secret, self.user_id, self.serial)
        self.token = Token(rules.digest_of(token), now_s + rules.TOKEN_LIFE_S)

    def revoke(self) -> None:
        """Sign out. Raises `BadInputError` when there is no token, run out or not."""
        if self.token is None:
            raise mistakes.not_signed_in()
        self.token = None

    def _count_wrong(self, code: OpenCode) -> None:
        wrong_tries = code.wrong_tries + 1
        if wrong_tries >= rules.MOST_WRONG_CODES:
            raise mistakes.too_many_codes()
        self.code = OpenCode(code.digest, code.expires_s, wrong_tries)
        raise mistakes.wrong_code(rules.MOST_WRONG_CODES - wrong_tries)


@dataclass(frozen=True, slots=True)
class Verification:
    """The proof that a user may talk to personalities in direct messages."""

    user_id: int
    guild_id: int
    channel_id: int
    verified_s: int


@dataclass(slots=True)
class Preferences:
    """What a user wants of the bot."""

    user_id: int
    autorespond: bool = False
    notify: bool = False
    level: str = rules.DEFAULT_LEVEL

    @property
    def levels(self) -> tuple[str, ...]:
        """The releases the user hears of, the weightiest first."""
        return rules.LEVELS[: rules.LEVELS.index(self.level) + 1] if self.notify else ()

    def choose(self, setting: str) -> None:
        """`on`, `off` or a level, which switches on too."""
        self.notify = setting != "off"
        if setting in rules.LEVELS:
            self.level = setting
