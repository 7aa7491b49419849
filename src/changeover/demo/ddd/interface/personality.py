"""Handlers of the personality commands."""

from __future__ import annotations

from changeover.demo import mistakes
from changeover.demo.call import Arguments, Call, Handler, Reply
from changeover.demo.ddd.application.personalities import PersonalityService
from changeover.demo.ddd.interface import wording


class PersonalityCommands:
    """add, remove, info, alias, list."""

    def __init__(self, personalities: PersonalityService) -> None:
        self._personalities = personalities

    def handlers(self) -> dict[str, Handler]:
        """By the names of the commands."""
        return {
            "add": self.add,
            "remove": self.remove,
            "info": self.info,
            "alias": self.alias,
            "list": self.list,
        }

    async def add(self, call: Call, args: Arguments) -> Reply:
        """Register one."""
        name = args["name"]
        self._personalities.add(call, name, args.get("description") or "")
        return Reply(f"**{name}** is registered. Say `@{name} hello` to talk to it.")

    async def remove(self, call: Call, args: Arguments) -> Reply:
        """Delete one."""
        personality = self._personalities.remove(call, args["personality"])
        return Reply(f"**{personality.name}** is gone.")

    async def info(self, _call: Call, args: Arguments) -> Reply:
        """Show one."""
        personality = self._personalities.find(args["personality"])
        channels = self._personalities.count_channels(personality)
        return Reply(title=personality.name.text, fields=wording.profile(personality, channels))

    async def alias(self, call: Call, args: Arguments) -> Reply:
        """Name one."""
        personality, alias = self._personalities.add_alias(call, args["personality"], args["alias"])
        return Reply(f"**{personality.name}** now answers to `{mistakes.shown(alias.text)}` too.")

    async def list(self, call: Call, args: Arguments) -> Reply:
        """Show the caller's own."""
        asked = args.get("page")
        page = self._personalities.owned(call, 1 if asked is None else asked)
        if page.total == 0:
            return Reply(f"You have no personalities yet: `{call.bot.prefix}add <name>` makes one.")
        title = f"Your personalities, page {page.page} of {page.pages}"
        return Reply(title=title, fields=wording.owned(page))
