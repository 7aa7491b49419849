"""The old bot's personality commands: add, remove, info, alias, list."""

from __future__ import annotations

from changeover.demo import mistakes, rules
from changeover.demo.call import Arguments, Call, Reply
from changeover.demo.database.opener import Database
from changeover.demo.legacy import sql
from changeover.demo.legacy.lookup import (
    amount,
    find_own_personality,
    find_personality,
    is_signed_in,
)


def add(db: Database, call: Call, args: Arguments) -> Reply:
    """Register a personality."""
    name = args["name"]
    prompt = " ".join((args.get("description") or "").split())
    check_name(name)
    if len(prompt) > rules.LONGEST_PROMPT:
        raise mistakes.long_prompt(rules.LONGEST_PROMPT)
    with db.transaction():
        if sql.one(db, "personality", key=rules.key_of(name)):
            raise mistakes.taken(name)
        check_limit(db, call)
        insert_personality(db, call, name, prompt)
    return Reply(f"**{name}** is registered. Say `@{name} hello` to talk to it.")


def check_name(name: str) -> None:
    """Refuse names of the wrong form, and those of the volume test."""
    if not rules.NAME.fullmatch(name):
        raise mistakes.bad_name(name)
    if rules.key_of(name).startswith(rules.RESERVED_PREFIX):
        raise mistakes.reserved_name(name)


def check_limit(db: Database, call: Call) -> None:
    """Refuse one personality too many; the bot's owner has no limit."""
    if call.author.is_bot_owner:
        return
    limit = rules.MOST_PERSONALITIES
    if is_signed_in(db, call):
        limit = rules.MOST_PERSONALITIES_SIGNED_IN
    if sql.number(db, "count_owned", user=call.author.id) >= limit:
        raise mistakes.many_personalities(limit)


def insert_personality(db: Database, call: Call, name: str, prompt: str) -> None:
    """The rows of one personality."""
    row_id = sql.insert(
        db,
        "insert_personality",
        name=name,
        owner_id=call.author.id,
        owner_name=call.author.name,
        prompt=prompt,
        now=call.now_s,
    )
    sql.run(db, "insert_handle", key=rules.key_of(name), text=name, is_name=1, id=row_id)


def remove(db: Database, call: Call, args: Arguments) -> Reply:
    """Forget a personality with all that hangs on it."""
    with db.transaction():
        found = find_own_personality(db, call, args["personality"])
        sql.run(db, "delete_personality", id=found["id"])
    return Reply(f"**{found['name']}** is gone.")


def info(db: Database, _call: Call, args: Arguments) -> Reply:
    """Show what is known of a personality."""
    found = find_personality(db, args["personality"])
    aliases = [row["text"] for row in sql.rows(db, "aliases", id=found["id"])]
    channels = sql.number(db, "count_channels", id=found["id"])
    return Reply(
        title=found["name"],
        fields=(
            ("Owner", found["owner_name"]),
            ("Since", f"<t:{found['created_s']}:d>"),
            ("Aliases", ", ".join(aliases) or "none"),
            ("Active in", amount(channels, "channel")),
            ("Description", found["prompt"] or "none"),
        ),
    )


def alias(db: Database, call: Call, args: Arguments) -> Reply:
    """Give a personality another name, of one word or several."""
    text = " ".join(args["alias"].split())
    words = len(text.split())
    if not (2 <= len(text) <= rules.LONGEST_ALIAS and words <= rules.MOST_ALIAS_WORDS):
        raise mistakes.bad_alias(text)
    if not text.isprintable():
        raise mistakes.bad_alias(text)
    with db.transaction():
        found = find_own_personality(db, call, args["personality"])
        if sql.one(db, "personality", key=rules.key_of(text)):
            raise mistakes.taken(text)
        if len(sql.rows(db, "aliases", id=found["id"])) >= rules.MOST_ALIASES:
            raise mistakes.many_aliases(found["name"], rules.MOST_ALIASES)
        key = rules.key_of(text)
        sql.run(db, "insert_handle", key=key, text=text, is_name=0, id=found["id"])
    return Reply(f"**{found['name']}** now answers to `{mistakes.shown(text)}` too.")


def list_owned(db: Database, call: Call, args: Arguments) -> Reply:
    """Show the caller's personalities, ten a page."""
    page = 1 if args.get("page") is None else args["page"]
    total = sql.number(db, "count_owned", user=call.author.id)
    pages = max(1, -(-total // rules.PAGE_SIZE))
    if page < 1:
        raise mistakes.out_of_range("page", 1, pages)
    if page > pages:
        raise mistakes.no_page(page, pages)
    if total == 0:
        return Reply(f"You have no personalities yet: `{call.bot.prefix}add <name>` makes one.")
    offset = (page - 1) * rules.PAGE_SIZE
    lines = []
    for row in sql.rows(
        db, "list_owned", user=call.author.id, limit=rules.PAGE_SIZE, offset=offset
    ):
        aliases = [alias_row["text"] for alias_row in sql.rows(db, "aliases", id=row["id"])]
        lines.append(f"**{row['name']}**" + (f" ({', '.join(aliases)})" if aliases else ""))
    title = f"Your personalities, page {page} of {pages}"
    return Reply(
        title=title, fields=((amount(total, "personality", "personalities"), "\n".join(lines)),)
    )
