"""The old bot's utility commands: ping, status, help, notifications, debug, purgbot, volumetest."""

from __future__ import annotations

import math

from changeover.demo import mistakes, rules
from changeover.demo.call import Arguments, Call, Reply
from changeover.demo.catalogue import COMMANDS, Command, categories
from changeover.demo.database.opener import Database
from changeover.demo.legacy import sql
from changeover.demo.legacy.lookup import amount, check_moderator, is_signed_in
from changeover.demo.legacy.personality import insert_personality


def ping(_db: Database, call: Call, _args: Arguments) -> Reply:
    """How long Discord takes to answer the bot's heartbeat."""
    latency_s = call.bot.latency_s
    if not math.isfinite(latency_s):
        return Reply("Pong! I have not measured my latency yet.")
    # Clocks that are set back make negative differences; nobody is faster than at once.
    return Reply(f"Pong! Discord answers me in {max(0, round(latency_s * 1000))} ms.")


def status(db: Database, call: Call, _args: Arguments) -> Reply:
    """How the bot is, and what it knows of the caller."""
    user = call.author.id
    totals = sql.rows(db, "totals", now=call.now_s)[0]
    minutes = max(0, call.now_s - call.bot.started_s) // 60
    own = sql.number(db, "count_owned", user=user)
    verified = sql.one(db, "verification", user=user) is not None
    return Reply(
        title="Status",
        fields=(
            ("Up", f"{minutes // 60} h {minutes % 60:02d} min"),
            ("Servers", str(call.bot.servers)),
            ("Personalities", f"{totals['personalities']}, {own} of them yours"),
            ("Active channels", str(totals["activations"])),
            ("You", _describe_caller(verified=verified, signed_in=is_signed_in(db, call))),
        ),
    )


def _describe_caller(*, verified: bool, signed_in: bool) -> str:
    return f"{'' if signed_in else 'not '}signed in, {'' if verified else 'not '}verified"


def show_help(_db: Database, call: Call, args: Arguments) -> Reply:
    """All commands by category, or one of them."""
    prefix = call.bot.prefix
    asked = (args.get("command") or "").lower()
    if asked:
        if asked not in COMMANDS:
            raise mistakes.no_command(asked)
        command = COMMANDS[asked]
        return Reply(f"`{_usage(prefix, command)}`: {command.summary}")
    fields = []
    for category, commands in categories().items():
        lines = [f"`{_usage(prefix, command)}`: {command.summary}" for command in commands]
        fields.append((category.capitalize(), "\n".join(lines)))
    return Reply(title="Commands", fields=tuple(fields))


def _usage(prefix: str, command: Command) -> str:
    return f"{prefix}{command.name} {command.usage}".rstrip()


def notifications(db: Database, call: Call, args: Arguments) -> Reply:
    """Which releases the caller wants to hear of."""
    wish = (args.get("setting") or "status").lower()
    user = call.author.id
    if wish in ("on", "off"):
        sql.run(db, "set_notify", user=user, on=int(wish == "on"))
    elif wish in rules.LEVELS:
        sql.run(db, "set_level", user=user, level=wish)
    elif wish != "status":
        raise mistakes.bad_choice("setting", wish, ("status", "on", "off", *rules.LEVELS))
    row = sql.one(db, "preference", user=user)
    if row is None or not row["notify"]:
        return Reply("You hear of no releases.", ephemeral=True)
    levels = rules.LEVELS[: rules.LEVELS.index(row["level"]) + 1]
    return Reply(f"You hear of these releases: {', '.join(levels)}.", ephemeral=True)


def debug(db: Database, call: Call, args: Arguments) -> Reply:
    """Counts, for administrators."""
    topic = (args.get("topic") or "database").lower()
    if not (call.author.is_admin or call.author.is_bot_owner):
        raise mistakes.not_admin()
    if topic == "database":
        totals = sql.rows(db, "totals", now=call.now_s)[0]
        fields = [(name.replace("_", " ").capitalize(), str(n)) for name, n in totals.items()]
    elif topic == "channel":
        active = sql.one(db, "activation", channel=call.channel.id)
        counts = sql.rows(db, "channel_totals", channel=call.channel.id)[0]
        fields = [
            ("Active", active["name"] if active else "nobody"),
            ("People", str(counts["people"])),
            ("Messages", str(counts["messages"])),
        ]
    else:
        raise mistakes.bad_choice("topic", topic, ("database", "channel"))
    return Reply(title=f"Debug: {topic}", fields=tuple(fields), ephemeral=True)


async def purgbot(db: Database, call: Call, args: Arguments) -> Reply:
    """Delete the bot's own messages in the channel."""
    limit = rules.MOST_PURGED if args.get("limit") is None else args["limit"]
    if not 1 <= limit <= rules.MOST_PURGED:
        raise mistakes.out_of_range("limit", 1, rules.MOST_PURGED)
    if not call.is_direct:
        check_moderator(db, call)
    deleted = await call.channel.purge(limit)
    if not deleted:
        return Reply("I have no messages here to delete.", ephemeral=True)
    return Reply(f"I deleted {amount(deleted, 'message')} of mine.", ephemeral=True)


def volumetest(db: Database, call: Call, args: Arguments) -> Reply:
    """Create personalities and remove them again, to see whether the file keeps up."""
    count = 50 if args.get("count") is None else args["count"]
    if not (call.author.is_admin or call.author.is_bot_owner):
        raise mistakes.not_admin()
    if not 1 <= count <= rules.MOST_VOLUME:
        raise mistakes.out_of_range("count", 1, rules.MOST_VOLUME)
    with db.transaction():
        for index in range(1, count + 1):
            insert_personality(db, call, f"{rules.RESERVED_PREFIX}{index}", "")
        removed = sql.run(db, "delete_volumetest", user=call.author.id)
    return Reply(
        f"I created {amount(count, 'personality', 'personalities')} and removed {removed}."
    )
