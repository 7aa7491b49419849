"""The repositories on SQLite. The only file of the new bot that speaks SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from changeover.demo import mistakes
from changeover.demo.database.opener import Database
from changeover.demo.database.queries import load_queries
from changeover.demo.ddd.domain.account import (
    OpenCode,
    Preferences,
    SignIn,
    Token,
    Verification,
)
from changeover.demo.ddd.domain.channel import Activation
from changeover.demo.ddd.domain.personality import Handle, Owner, Personality

_QUERIES = load_queries(__package__, "queries.sql")


class _Repository:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _run(self, query: str, *parameters: Any) -> sqlite3.Cursor:
        return self._connection.execute(_QUERIES[query], parameters)

    def _count(self, query: str, *parameters: Any) -> int:
        return int(self._run(query, *parameters).fetchone()[0])


class SqlitePersonalities(_Repository):
    """See `ports.Personalities`."""

    def find(self, handle: Handle) -> Personality | None:
        """By the key of a name or an alias."""
        row = self._run("find", handle.key).fetchone()
        return self._read(row) if row else None

    def owned_by(self, owner_id: int, *, limit: int, offset: int) -> Sequence[Personality]:
        """The oldest first."""
        return [self._read(row) for row in self._run("owned_by", owner_id, limit, offset)]

    def count_owned_by(self, owner_id: int) -> int:
        """Without reading them."""
        return self._count("count_owned_by", owner_id)

    def add(self, personality: Personality) -> None:
        """Raises `BadInputError` when the file, shared with others, has the handle already."""
        owner = personality.owner
        row_id = self._run(
            "add_personality",
            personality.name.text,
            owner.id,
            owner.name,
            personality.prompt,
            personality.created_s,
        ).lastrowid
        self._add_handle(personality.name, row_id or 0, is_name=True)

    def save(self, personality: Personality) -> None:
        """The aliases; nothing else of a personality ever changes."""
        for alias in personality.aliases:
            self._add_handle(alias, personality.id, is_name=False)

    def remove(self, personality: Personality) -> None:
        """Foreign keys take the rest along."""
        self._run("remove", personality.id)

    def remove_tests_of(self, owner_id: int) -> int:
        """By their reserved names."""
        return self._run("remove_tests_of", owner_id).rowcount

    def _add_handle(self, handle: Handle, personality_id: int, *, is_name: bool) -> None:
        added = self._run("add_handle", handle.key, handle.text, is_name, personality_id)
        if added.rowcount != 1:
            raise mistakes.taken(handle.text)

    def _read(self, row: tuple[int, str, int, str, str, int]) -> Personality:
        row_id, name, owner_id, owner_name, prompt, created_s = row
        return Personality(
            id=row_id,
            name=Handle(name),
            owner=Owner(owner_id, owner_name),
            prompt=prompt,
            created_s=created_s,
            aliases=tuple(Handle(text) for (text,) in self._run("aliases_of", row_id)),
        )


class SqliteChannels(_Repository):
    """See `ports.Channels`."""

    def active(self, channel_id: int) -> str | None:
        """The name only."""
        row = self._run("active", channel_id).fetchone()
        return row[0] if row else None

    def activate(self, activation: Activation) -> None:
        """One row a channel."""
        self._run(
            "activate",
            activation.channel_id,
            activation.guild_id,
            activation.personality_id,
            activation.activated_by,
            activation.activated_s,
        )

    def deactivate(self, channel_id: int) -> None:
        """Nothing happens if nobody speaks."""
        self._run("deactivate", channel_id)

    def count_of(self, personality: Personality) -> int:
        """Channels where it is active."""
        return self._count("count_channels_of", personality.id)

    def forget(self, user_id: int, channel_id: int, personality: Personality | None) -> int:
        """All of the user's there when no personality is given."""
        personality_id = personality.id if personality else None
        return self._run("forget", user_id, channel_id, personality_id).rowcount

    def statistics(self, channel_id: int) -> tuple[int, int]:
        """People, messages."""
        people, messages = self._run("channel_statistics", channel_id).fetchone()
        return people, messages


class SqliteAccounts(_Repository):
    """See `ports.Accounts`."""

    def sign_in(self, user_id: int) -> SignIn:
        """A fresh one without a row."""
        row = self._run("sign_in", user_id).fetchone()
        if row is None:
            return SignIn(user_id)
        serial, code, code_expires_s, wrong_codes, token, token_expires_s = row
        return SignIn(
            user_id,
            serial,
            OpenCode(code, code_expires_s, wrong_codes) if code else None,
            Token(token, token_expires_s) if token else None,
        )

    def save_sign_in(self, sign_in: SignIn) -> None:
        """Nothing for a user who never got a code."""
        if sign_in.serial == 0:
            return
        code, token = sign_in.code, sign_in.token
        self._run(
            "save_sign_in",
            sign_in.user_id,
            sign_in.serial,
            code.digest if code else None,
            code.expires_s if code else None,
            code.wrong_tries if code else 0,
            token.digest if token else None,
            token.expires_s if token else None,
        )

    def verification(self, user_id: int) -> Verification | None:
        """The first proof that was given."""
        row = self._run("verification", user_id).fetchone()
        return Verification(*row) if row else None

    def add_verification(self, verification: Verification) -> None:
        """A second proof changes nothing."""
        self._run(
            "add_verification",
            verification.user_id,
            verification.guild_id,
            verification.channel_id,
            verification.verified_s,
        )

    def preferences(self, user_id: int) -> Preferences:
        """The defaults without a row."""
        row = self._run("preferences", user_id).fetchone()
        if row is None:
            return Preferences(user_id)
        return Preferences(user_id, bool(row[1]), bool(row[2]), row[3])

    def save_preferences(self, preferences: Preferences) -> None:
        """The whole row."""
        self._run(
            "save_preferences",
            preferences.user_id,
            preferences.autorespond,
            preferences.notify,
            preferences.level,
        )


class SqliteStore(_Repository):
    """See `ports.Store`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.connection)
        self._database = database
        self.secret = database.secret
        self.personalities = SqlitePersonalities(database.connection)
        self.channels = SqliteChannels(database.connection)
        self.accounts = SqliteAccounts(database.connection)

    def transaction(self) -> AbstractContextManager[None]:
        """The file's own."""
        return self._database.transaction()

    def totals(self, now_s: int) -> Mapping[str, int]:
        """In the order in which they are shown."""
        counted: Iterable[tuple[str, int]] = self._run("totals", now_s)
        return dict(counted)
