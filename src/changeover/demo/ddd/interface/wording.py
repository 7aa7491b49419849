"""The words of the replies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from changeover.demo.catalogue import Command
from changeover.demo.ddd.application.personalities import OwnedPage
from changeover.demo.ddd.domain.account import SignIn
from changeover.demo.ddd.domain.personality import Handle, Personality

Fields = tuple[tuple[str, str], ...]


def counted(count: int, singular: str, plural: str = "") -> str:
    """`1 message`, `2 messages`."""
    if count == 1:
        return f"1 {singular}"
    return f"{count} {plural or singular + 's'}"


def latency(milliseconds: int | None) -> str:
    """Of a ping; None while nothing was measured."""
    if milliseconds is None:
        return "Pong! I have not measured my latency yet."
    return f"Pong! Discord answers me in {milliseconds} ms."


def usage(prefix: str, command: Command) -> str:
    """One line of the help: how a command is typed, and what for."""
    typed = " ".join(part for part in (command.name, command.usage) if part)
    return f"`{prefix}{typed}`: {command.summary}"


def help_fields(prefix: str, grouped: Mapping[str, Iterable[Command]]) -> Fields:
    """One field a category."""
    return tuple(
        (category.capitalize(), "\n".join(usage(prefix, command) for command in commands))
        for category, commands in grouped.items()
    )


def uptime(seconds: int) -> str:
    """`3 h 07 min`."""
    hours, minutes = divmod(max(0, seconds) // 60, 60)
    return f"{hours} h {minutes:02d} min"


def standing(*, signed_in: bool, verified: bool) -> str:
    """What the bot knows of somebody."""
    sign_in = "signed in" if signed_in else "not signed in"
    return f"{sign_in}, {'verified' if verified else 'not verified'}"


def totals(counts: Mapping[str, int]) -> Fields:
    """A field for each count."""
    return tuple((name.capitalize().replace("_", " "), str(n)) for name, n in counts.items())


def releases(levels: Sequence[str]) -> str:
    """What somebody hears of."""
    if not levels:
        return "You hear of no releases."
    return f"You hear of these releases: {', '.join(levels)}."


def sign_in_state(sign_in: SignIn, now_s: int) -> str:
    """Whether somebody is signed in, and until when in the reader's own time zone."""
    if sign_in.token is None or not sign_in.is_valid(now_s):
        return "You are not signed in: begin with `auth start`."
    return f"You are signed in until <t:{sign_in.token.expires_s}:d>."


def new_code(prefix: str, code: str) -> str:
    """What to do with a code."""
    return f"Your code is `{code}`. Use `{prefix}auth code {code}` within 10 minutes."


def profile(personality: Personality, channels: int) -> Fields:
    """All that is known of a personality."""
    return (
        ("Owner", personality.owner.name),
        ("Since", f"<t:{personality.created_s}:d>"),
        ("Aliases", _joined(personality.aliases) or "none"),
        ("Active in", counted(channels, "channel")),
        ("Description", personality.prompt or "none"),
    )


def owned(page: OwnedPage) -> Fields:
    """One field with a line for each personality."""
    lines = [_line(personality) for personality in page.personalities]
    return ((counted(page.total, "personality", "personalities"), "\n".join(lines)),)


def _line(personality: Personality) -> str:
    name = f"**{personality.name}**"
    return f"{name} ({_joined(personality.aliases)})" if personality.aliases else name


def _joined(aliases: Iterable[Handle]) -> str:
    return ", ".join(alias.text for alias in aliases)
