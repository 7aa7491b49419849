"""The 18 commands: what they are called, what they are for, how they are used."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One command of the bot.

    Attributes:
        usage: its arguments as help shows them: `<needed> [optional]`.
        safe_to_repeat: running it twice does what running it once does.
    """

    name: str
    category: str
    usage: str
    summary: str
    safe_to_repeat: bool = False


COMMANDS = {
    command.name: command
    for command in (
        Command("ping", "utility", "", "Say how fast I am.", True),
        Command("status", "utility", "", "Say how I am and what I know of you.", True),
        Command("help", "utility", "[command]", "Show all commands, or one.", True),
        Command("notifications", "utility", "[status|on|off|LEVEL]", "News of releases.", True),
        Command("debug", "utility", "[database|channel]", "Count what I keep.", True),
        Command("purgbot", "utility", "[limit]", "Delete my own messages here."),
        Command("volumetest", "utility", "[count]", "Create and remove personalities."),
        Command("auth", "authentication", "[status|start|code|revoke] [code]", "Sign in or out."),
        Command("verify", "authentication", "", "Show that you may talk to me directly.", True),
        Command(
            "activate", "conversation", "<personality>", "Let one speak in this channel.", True
        ),
        Command("deactivate", "conversation", "", "Stop who speaks in this channel."),
        Command("autorespond", "conversation", "[status|on|off]", "Answer you unasked.", True),
        Command("reset", "conversation", "[personality]", "Forget our conversation here.", True),
        Command("add", "personality", "<name> [description]", "Register a personality."),
        Command("remove", "personality", "<personality>", "Forget one of yours."),
        Command("info", "personality", "<personality>", "Show what I know of one.", True),
        Command("alias", "personality", "<personality> <alias>", "Give one another name."),
        Command("list", "personality", "[page]", "Show your personalities.", True),
    )
}
"""All of them by name, in the order of the help."""


def categories() -> dict[str, list[Command]]:
    """The commands by category, both in the order of the help."""
    grouped: dict[str, list[Command]] = {}
    for command in COMMANDS.values():
        grouped.setdefault(command.category, []).append(command)
    return grouped
