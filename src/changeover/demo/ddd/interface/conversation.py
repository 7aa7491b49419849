"""Handlers of the conversation commands."""

from __future__ import annotations

from changeover.demo import mistakes
from changeover.demo.call import Arguments, Call, Handler, Reply
from changeover.demo.ddd.application.accounts import AccountService
from changeover.demo.ddd.application.conversations import ConversationService
from changeover.demo.ddd.interface import wording


class ConversationCommands:
    """activate, deactivate, autorespond, reset."""

    def __init__(self, conversations: ConversationService, accounts: AccountService) -> None:
        self._conversations = conversations
        self._accounts = accounts

    def handlers(self) -> dict[str, Handler]:
        """By the names of the commands."""
        return {
            "activate": self.activate,
            "deactivate": self.deactivate,
            "autorespond": self.autorespond,
            "reset": self.reset,
        }

    async def activate(self, call: Call, args: Arguments) -> Reply:
        """Let one speak in the channel."""
        personality = self._conversations.activate(call, args["personality"])
        return Reply(f"**{personality.name}** now speaks in this channel.")

    async def deactivate(self, call: Call, _args: Arguments) -> Reply:
        """Let nobody speak in the channel."""
        name = self._conversations.deactivate(call)
        return Reply(f"**{name}** is silent here now.")

    async def autorespond(self, call: Call, args: Arguments) -> Reply:
        """Look at the setting, or change it."""
        setting = (args.get("action") or "status").lower()
        if setting not in ("status", "on", "off"):
            raise mistakes.bad_choice("setting", setting, ("status", "on", "off"))
        preferences = self._accounts.preferences(call)
        if setting != "status":
            preferences.autorespond = setting == "on"
            self._accounts.save_preferences(preferences)
        if preferences.autorespond:
            return Reply("Autorespond is on: I go on answering you without being named.")
        return Reply("Autorespond is off: name a personality to talk to it.")

    async def reset(self, call: Call, args: Arguments) -> Reply:
        """Forget what was said."""
        forgotten = self._conversations.forget(call, args.get("personality"))
        if forgotten == 0:
            return Reply("There was nothing to forget here.")
        return Reply(f"I forgot {wording.counted(forgotten, 'conversation')} here.")
