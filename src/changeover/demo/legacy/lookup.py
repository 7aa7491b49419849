"""Finding what a caller named, and refusing what the caller may not do."""

from __future__ import annotations

from changeover.demo import mistakes
from changeover.demo.call import Call
from changeover.demo.database.opener import Database
from changeover.demo.legacy import sql
from changeover.demo.rules import key_of


def find_personality(db: Database, text: str) -> sql.Row:
    """The personality of this name or alias, or `NotThereError`."""
    found = sql.one(db, "personality", key=key_of(text))
    if found is None:
        raise mistakes.no_personality(text)
    return found


def find_own_personality(db: Database, call: Call, text: str) -> sql.Row:
    """The same, if it is the caller's; the bot's owner may touch everybody's."""
    found = find_personality(db, text)
    if found["owner_id"] != call.author.id and not call.author.is_bot_owner:
        raise mistakes.not_owner(found["name"])
    return found


def check_moderator(db: Database, call: Call) -> None:
    """In a server moderators decide, in a direct message verified people."""
    if call.author.is_bot_owner:
        return
    if call.is_direct:
        if sql.one(db, "verification", user=call.author.id) is None:
            raise mistakes.not_verified()
    elif not (call.author.can_manage or call.author.is_admin):
        raise mistakes.not_moderator()


def is_signed_in(db: Database, call: Call) -> bool:
    """Whether the caller holds a token that has not run out."""
    row = sql.one(db, "sign_in", user=call.author.id)
    return bool(row and row["token_expires_s"] and row["token_expires_s"] > call.now_s)


def amount(count: int, thing: str, things: str | None = None) -> str:
    """A count and its noun: `1 message`, `2 messages`."""
    return f"{count} {thing if count == 1 else things or thing + 's'}"
