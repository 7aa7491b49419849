"""The old bot's conversation commands (activate, deactivate, autorespond, reset), and chat."""

from __future__ import annotations

import re

from changeover.demo import mistakes
from changeover.demo.call import Arguments, Call, Reply
from changeover.demo.database.opener import Database
from changeover.demo.legacy import sql
from changeover.demo.legacy.lookup import amount, check_moderator, find_personality
from changeover.demo.rules import key_of

_MENTION_WORDS = 5


def activate(db: Database, call: Call, args: Arguments) -> Reply:
    """Let a personality answer everything said in the channel."""
    check_moderator(db, call)
    with db.transaction():
        found = find_personality(db, args["personality"])
        sql.run(
            db,
            "activate",
            channel=call.channel.id,
            guild=call.guild.id if call.guild else None,
            id=found["id"],
            user=call.author.id,
            now=call.now_s,
        )
    return Reply(f"**{found['name']}** now speaks in this channel.")


def deactivate(db: Database, call: Call, _args: Arguments) -> Reply:
    """Stop it."""
    check_moderator(db, call)
    with db.transaction():
        active = sql.one(db, "activation", channel=call.channel.id)
        if active is None:
            raise mistakes.nobody_active()
        sql.run(db, "deactivate", channel=call.channel.id)
    return Reply(f"**{active['name']}** is silent here now.")


def autorespond(db: Database, call: Call, args: Arguments) -> Reply:
    """Whether the last personality goes on answering the caller without being named."""
    wish = (args.get("action") or "status").lower()
    if wish not in ("status", "on", "off"):
        raise mistakes.bad_choice("setting", wish, ("status", "on", "off"))
    if wish != "status":
        sql.run(db, "set_autorespond", user=call.author.id, on=int(wish == "on"))
    row = sql.one(db, "preference", user=call.author.id)
    if row and row["autorespond"]:
        return Reply("Autorespond is on: I go on answering you without being named.")
    return Reply("Autorespond is off: name a personality to talk to it.")


def reset(db: Database, call: Call, args: Arguments) -> Reply:
    """Forget the caller's conversations in the channel, or the one with a personality."""
    here = {"user": call.author.id, "channel": call.channel.id}
    if args.get("personality"):
        found = find_personality(db, args["personality"])
        gone = sql.run(db, "reset_one", id=found["id"], **here)
    else:
        gone = sql.run(db, "reset_all", **here)
    if not gone:
        return Reply("There was nothing to forget here.")
    return Reply(f"I forgot {amount(gone, 'conversation')} here.")


def hear(db: Database, call: Call, text: str) -> Reply | None:
    """What a personality says to ordinary chat; None when nobody was spoken to.

    Spoken to is the one named (`@TestBot hello`), else the last one if autorespond is on,
    else the one active in the channel. Chat has not been migrated: only legacy does this.
    """
    found = _listener(db, call, text)
    if found is None:
        return None
    here = {"user": call.author.id, "channel": call.channel.id, "id": found["id"]}
    sql.run(db, "hear", now=call.now_s, **here)
    heard = sql.rows(db, "conversation", **here)[0]["messages"]
    return Reply(f"**{found['name']}:** That was message {heard} between you and me.")


def _listener(db: Database, call: Call, text: str) -> sql.Row | None:
    if match := re.match(r"@(\S.*)", text, re.DOTALL):
        return _named(db, match[1].split()[:_MENTION_WORDS])
    row = sql.one(db, "preference", user=call.author.id)
    here = {"channel": call.channel.id}
    if row and row["autorespond"]:
        latest = sql.one(db, "latest_conversation", user=call.author.id, **here)
        if latest is not None:
            return latest
    return sql.one(db, "activation", **here)


def _named(db: Database, words: list[str]) -> sql.Row | None:
    """The longest handle that the words begin with: aliases may have several words."""
    for count in range(len(words), 0, -1):
        spoken = " ".join(words[:count]).rstrip(",:!?.")
        found = sql.one(db, "personality", key=key_of(spoken))
        if found is not None:
            return found
    return None
