"""The old bot's authentication commands: auth and verify."""

from __future__ import annotations

from hmac import compare_digest

from changeover.demo import mistakes, rules
from changeover.demo.call import Arguments, Call, Reply
from changeover.demo.database.opener import Database
from changeover.demo.legacy import sql


def auth(db: Database, call: Call, args: Arguments) -> Reply:
    """Sign in with a code, look, or sign out."""
    actions = {"status": _status, "start": _start, "code": _code, "revoke": _revoke}
    wish = (args.get("action") or "status").lower()
    if wish not in actions:
        raise mistakes.bad_choice("step", wish, tuple(actions))
    return actions[wish](db, call, args)


def _status(db: Database, call: Call, _args: Arguments) -> Reply:
    row = sql.one(db, "sign_in", user=call.author.id)
    if row and row["token_expires_s"] and row["token_expires_s"] > call.now_s:
        until = row["token_expires_s"]
        return Reply(f"You are signed in until <t:{until}:d>.", ephemeral=True)
    return Reply("You are not signed in: begin with `auth start`.", ephemeral=True)


def _start(db: Database, call: Call, _args: Arguments) -> Reply:
    if not call.is_private:
        raise mistakes.not_private()
    with db.transaction():
        row = sql.one(db, "sign_in", user=call.author.id)
        serial = (row["serial"] if row else 0) + 1
        code = rules.code_for(db.secret, call.author.id, serial)
        sql.run(
            db,
            "open_code",
            user=call.author.id,
            serial=serial,
            digest=rules.digest_of(code),
            expires=call.now_s + rules.CODE_LIFE_S,
        )
    text = f"Your code is `{code}`. Use `{call.bot.prefix}auth code {code}` within 10 minutes."
    return Reply(text, ephemeral=True)


def _code(db: Database, call: Call, args: Arguments) -> Reply:
    if not call.is_private:
        raise mistakes.not_private()
    if not args.get("code"):
        raise mistakes.code_missing()
    with db.transaction():
        mistake = _redeem(db, call, args["code"])
    # Raised outside: what was counted of a wrong code must stay counted.
    if mistake is not None:
        raise mistake
    return _status(db, call, args)


def _redeem(db: Database, call: Call, code: str) -> mistakes.MistakeError | None:
    user = call.author.id
    row = sql.one(db, "sign_in", user=user)
    if row is None or row["code_digest"] is None:
        return mistakes.no_code_open()
    if row["code_expires_s"] <= call.now_s:
        sql.run(db, "close_code", user=user)
        return mistakes.no_code_open()
    if not compare_digest(row["code_digest"], rules.digest_of(code)):
        return _count_wrong(db, user, rules.MOST_WRONG_CODES - row["wrong_codes"] - 1)
    token = rules.token_for(db.secret, user, row["serial"])
    expires = call.now_s + rules.TOKEN_LIFE_S
    sql.run(db, "close_code", user=user)
    sql.run(db, "set_token", user=user, digest=rules.digest_of(token), expires=expires)
    return None


def _count_wrong(db: Database, user: int, tries_left: int) -> mistakes.MistakeError:
    if tries_left <= 0:
        sql.run(db, "close_code", user=user)
        return mistakes.too_many_codes()
    sql.run(db, "count_wrong_code", user=user)
    return mistakes.wrong_code(tries_left)


def _revoke(db: Database, call: Call, _args: Arguments) -> Reply:
    with db.transaction():
        row = sql.one(db, "sign_in", user=call.author.id)
        if row is None or row["token_digest"] is None:
            raise mistakes.not_signed_in()
        sql.run(db, "delete_token", user=call.author.id)
    return Reply("You are signed out.", ephemeral=True)


def verify(db: Database, call: Call, _args: Arguments) -> Reply:
    """Discord lets adults only into age-restricted channels: a call from one is the proof."""
    user = call.author.id
    if sql.one(db, "verification", user=user) is not None:
        return Reply("You are verified already.", ephemeral=True)
    if call.guild is None or not call.channel.is_nsfw:
        raise mistakes.not_restricted()
    where = {"guild": call.guild.id, "channel": call.channel.id}
    sql.run(db, "verify", user=user, now=call.now_s, **where)
    return Reply("You are verified: write to me directly whenever you like.", ephemeral=True)
