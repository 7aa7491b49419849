"""What users tell the bot of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from changeover.demo import mistakes
from changeover.demo.call import Call
from changeover.demo.ddd.domain.account import Preferences, SignIn, Verification
from changeover.demo.ddd.domain.channel import require_admin
from changeover.demo.ddd.ports import Store


@dataclass(frozen=True, slots=True)
class Overview:
    """What the bot tells somebody who asks how it is."""

    totals: Mapping[str, int]
    owned: int
    signed_in: bool
    verified: bool


class AccountService:
    """What people do with their accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sign_in(self, call: Call) -> SignIn:
        """How far the caller is."""
        return self._store.accounts.sign_in(call.author.id)

    def start_sign_in(self, call: Call) -> str:
        """A fresh code for the caller's eyes. Raises `BadInputError` where others read."""
        self._require_private(call)
        with self._store.transaction():
            sign_in = self.sign_in(call)
            code = sign_in.start(self._store.secret, call.now_s)
            self._store.accounts.save_sign_in(sign_in)
        return code

    def redeem(self, call: Call, code: str | None) -> SignIn:
        """Exchange a code for a token. Raises `BadInputError` and `TooOftenError`."""
        self._require_private(call)
        if not code:
            raise mistakes.code_missing()
        mistake: mistakes.MistakeError | None = None
        with self._store.transaction():
            sign_in = self.sign_in(call)
            try:
                sign_in.redeem(code, self._store.secret, call.now_s)
            except mistakes.MistakeError as error:
                mistake = error  # raised after the wrong try is stored
            self._store.accounts.save_sign_in(sign_in)
        if mistake is not None:
            raise mistake
        return sign_in

    def revoke(self, call: Call) -> None:
        """Sign the caller out. Raises `BadInputError`."""
        with self._store.transaction():
            sign_in = self.sign_in(call)
            sign_in.revoke()
            self._store.accounts.save_sign_in(sign_in)

    def verify(self, call: Call) -> bool:
        """Store the caller's proof; False if there was one. Raises `BadInputError` elsewhere."""
        if self._store.accounts.verification(call.author.id) is not None:
            return False
        if call.guild is None or not call.channel.is_nsfw:
            raise mistakes.not_restricted()
        proof = Verification(call.author.id, call.guild.id, call.channel.id, call.now_s)
        self._store.accounts.add_verification(proof)
        return True

    def preferences(self, call: Call) -> Preferences:
        """What the caller wants."""
        return self._store.accounts.preferences(call.author.id)

    def save_preferences(self, preferences: Preferences) -> None:
        """Keep what a caller wants."""
        self._store.accounts.save_preferences(preferences)

    def overview(self, call: Call) -> Overview:
        """How the bot is, and what it knows of the caller."""
        return Overview(
            totals=self._store.totals(call.now_s),
            owned=self._store.personalities.count_owned_by(call.author.id),
            signed_in=self.sign_in(call).is_valid(call.now_s),
            verified=self._store.accounts.verification(call.author.id) is not None,
        )

    def count_everything(self, call: Call) -> Mapping[str, int]:
        """Row counts, for administrators. Raises `NotAllowedError`."""
        require_admin(call)
        return self._store.totals(call.now_s)

    @staticmethod
    def _require_private(call: Call) -> None:
        if not call.is_private:
            raise mistakes.not_private()
