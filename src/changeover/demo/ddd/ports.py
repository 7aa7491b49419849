"""What the services need of a store. Everything here is quick and does not suspend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from changeover.demo.ddd.domain.account import Preferences, SignIn, Verification
from changeover.demo.ddd.domain.channel import Activation
from changeover.demo.ddd.domain.personality import Handle, Personality


class Personalities(Protocol):
    """All personalities of everybody."""

    def find(self, handle: Handle) -> Personality | None:
        """The one of this name or alias."""

    def owned_by(self, owner_id: int, *, limit: int, offset: int) -> Sequence[Personality]:
        """A user's, the oldest first."""

    def count_owned_by(self, owner_id: int) -> int:
        """How many a user has."""

    def add(self, personality: Personality) -> None:
        """Store a new one."""

    def save(self, personality: Personality) -> None:
        """Store the aliases it got since it was read."""

    def remove(self, personality: Personality) -> None:
        """Delete it with its handles, activations and conversations."""

    def remove_tests_of(self, owner_id: int) -> int:
        """Delete what a user's volume test made, and say how many."""


class Channels(Protocol):
    """Who speaks where, and what was said."""

    def active(self, channel_id: int) -> str | None:
        """The name of the personality that speaks in a channel."""

    def activate(self, activation: Activation) -> None:
        """Let one speak; the one before it is silent."""

    def deactivate(self, channel_id: int) -> None:
        """Let nobody speak."""

    def count_of(self, personality: Personality) -> int:
        """In how many channels it speaks."""

    def forget(self, user_id: int, channel_id: int, personality: Personality | None) -> int:
        """Delete a user's conversations there (with one, or all), and say how many."""

    def statistics(self, channel_id: int) -> tuple[int, int]:
        """How many people spoke to personalities there, and how many messages."""


class Accounts(Protocol):
    """What is known of users."""

    def sign_in(self, user_id: int) -> SignIn:
        """How far the user is; a fresh one for a user never seen."""

    def save_sign_in(self, sign_in: SignIn) -> None:
        """Store it, unless there is nothing to keep."""

    def verification(self, user_id: int) -> Verification | None:
        """The proof, if there is one."""

    def add_verification(self, verification: Verification) -> None:
        """Store a proof."""

    def preferences(self, user_id: int) -> Preferences:
        """What the user wants; the defaults for a user never seen."""

    def save_preferences(self, preferences: Preferences) -> None:
        """Store them."""


class Store(Protocol):
    """The repositories, and what binds them together."""

    @property
    def personalities(self) -> Personalities:
        """All of them."""

    @property
    def channels(self) -> Channels:
        """All of them."""

    @property
    def accounts(self) -> Accounts:
        """All of them."""

    @property
    def secret(self) -> bytes:
        """What codes are derived from."""

    def transaction(self) -> AbstractContextManager[None]:
        """All of the block or nothing. Nothing inside may suspend."""

    def totals(self, now_s: int) -> Mapping[str, int]:
        """Row counts by their names."""
