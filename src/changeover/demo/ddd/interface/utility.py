"""Handlers of the utility commands."""

from __future__ import annotations

import math

from changeover.demo import mistakes, rules
from changeover.demo.call import Arguments, Call, Handler, Reply
from changeover.demo.catalogue import COMMANDS, categories
from changeover.demo.ddd.application.accounts import AccountService
from changeover.demo.ddd.application.conversations import ConversationService
from changeover.demo.ddd.application.personalities import PersonalityService
from changeover.demo.ddd.domain.channel import require_admin
from changeover.demo.ddd.interface import wording


class UtilityCommands:
    """ping, status, help, notifications, debug, purgbot, volumetest."""

    def __init__(
        self,
        accounts: AccountService,
        conversations: ConversationService,
        personalities: PersonalityService,
    ) -> None:
        self._accounts = accounts
        self._conversations = conversations
        self._personalities = personalities

    def handlers(self) -> dict[str, Handler]:
        """By the names of the commands."""
        return {
            "ping": self.ping,
            "status": self.status,
            "help": self.help,
            "notifications": self.notifications,
            "debug": self.debug,
            "purgbot": self.purgbot,
            "volumetest": self.volumetest,
        }

    async def ping(self, call: Call, _args: Arguments) -> Reply:
        """Never below zero: a clock that was set back is not speed."""
        latency_s = call.bot.latency_s
        measured = max(0, round(latency_s * 1000)) if math.isfinite(latency_s) else None
        return Reply(wording.latency(measured))

    async def status(self, call: Call, _args: Arguments) -> Reply:
        """How the bot is."""
        seen = self._accounts.overview(call)
        standing = wording.standing(signed_in=seen.signed_in, verified=seen.verified)
        return Reply(
            title="Status",
            fields=(
                ("Up", wording.uptime(call.now_s - call.bot.started_s)),
                ("Servers", str(call.bot.servers)),
                ("Personalities", f"{seen.totals['personalities']}, {seen.owned} of them yours"),
                ("Active channels", str(seen.totals["activations"])),
                ("You", standing),
            ),
        )

    async def help(self, call: Call, args: Arguments) -> Reply:
        """All commands, or one."""
        asked = (args.get("command") or "").lower()
        if not asked:
            fields = wording.help_fields(call.bot.prefix, categories())
            return Reply(title="Commands", fields=fields)
        command = COMMANDS.get(asked)
        if command is None:
            raise mistakes.no_command(asked)
        return Reply(wording.usage(call.bot.prefix, command))

    async def notifications(self, call: Call, args: Arguments) -> Reply:
        """Look at the setting, or change it."""
        setting = (args.get("setting") or "status").lower()
        choices = ("status", "on", "off", *rules.LEVELS)
        if setting not in choices:
            raise mistakes.bad_choice("setting", setting, choices)
        preferences = self._accounts.preferences(call)
        if setting != "status":
            preferences.choose(setting)
            self._accounts.save_preferences(preferences)
        return Reply(wording.releases(preferences.levels), ephemeral=True)

    async def debug(self, call: Call, args: Arguments) -> Reply:
        """Counts of the file or of the channel."""
        topic = (args.get("topic") or "database").lower()
        if topic == "database":
            fields = wording.totals(self._accounts.count_everything(call))
        elif topic == "channel":
            name, people, messages = self._conversations.describe(call)
            fields = (
                ("Active", name or "nobody"),
                ("People", str(people)),
                ("Messages", str(messages)),
            )
        else:
            require_admin(call)
            raise mistakes.bad_choice("topic", topic, ("database", "channel"))
        return Reply(title=f"Debug: {topic}", fields=fields, ephemeral=True)

    async def purgbot(self, call: Call, args: Arguments) -> Reply:
        """Clean up after the bot."""
        limit = args.get("limit")
        deleted = await self._conversations.purge(
            call, rules.MOST_PURGED if limit is None else limit
        )
        if deleted == 0:
            return Reply("I have no messages here to delete.", ephemeral=True)
        return Reply(f"I deleted {wording.counted(deleted, 'message')} of mine.", ephemeral=True)

    async def volumetest(self, call: Call, args: Arguments) -> Reply:
        """See whether the store keeps up."""
        count = args.get("count")
        count = 50 if count is None else count
        removed = self._personalities.run_volume_test(call, count)
        created = wording.counted(count, "personality", "personalities")
        return Reply(f"I created {created} and removed {removed}.")
