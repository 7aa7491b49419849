"""py-cord: what is hooked in a bot so that each thing a user does is one record.

`Bot.invoke` and `Bot.process_application_commands` begin and end an action; a tap on `dispatch`
hears the errors on the way to the bot's own handlers. Listeners of events were passed over for
the reason given in `discordpy`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.family import FamilyBot, Library
from changeover.integrations.family_outcomes import Speech
from changeover.integrations.family_sources import NewHandler
from changeover.integrations.forks_components import Components
from changeover.integrations.platform import shard_of
from changeover.integrations.pycord_commands import Callbacks, all_commands, handlers_in, words_of

# Both libraries are named `discord`, and what checks types here knows discord.py: so not imported
# by statement, and no class looked up before there is a bot of py-cord.
discord: Any = import_module("discord")
commands: Any = import_module("discord.ext.commands")

_ERRORS = ("command_error", "application_command_error")


class Bot(FamilyBot):
    """A `discord.Bot`, `commands.Bot` or `bridge.Bot` of py-cord, or a plain `discord.Client`."""

    def __init__(self, bot: Any) -> None:
        super().__init__(bot, Library("py-cord", discord, commands, Speech(discord, commands)))

    def handlers_in(self, source: Any) -> Iterator[NewHandler]:
        """See `Integration.handlers_in`."""
        return handlers_in(source, self._bot)

    def _hook_commands(self, actions: Actions) -> None:
        bot, callbacks = self._bot, Callbacks(actions, self._hooks)
        if isinstance(bot, discord.bot.BotBase):
            for command in all_commands(bot):
                callbacks.meet(command)
            callbacks.meet_later(bot, "add_application_command")
            self._hook_application_commands(actions)
            self._hook_dispatch(actions)
        if hasattr(bot, "prefixed_commands"):
            callbacks.meet_later(bot, "add_command")
            self._hook_prefix(actions)

    def _watch_components(self, actions: Actions) -> None:
        components = Components(actions, self._hooks, self._bot, modals="callback")
        components.watch(self._bot._connection)  # noqa: SLF001  # nothing public tells of views

    def _heard(self, actions: Actions, event: str, args: tuple[Any, ...]) -> None:
        if event in _ERRORS and len(args) > 1:
            actions.fail(args[1])
        elif event == "unknown_application_command":
            action = running()
            if action is not None and not action.depth:
                action.outcome = Outcome.NOT_FOUND

    def _hook_application_commands(self, actions: Actions) -> None:
        """Both ways in: the second is the first's last step, or called by the bot's author."""
        bot = self._bot
        process_before = bot.process_application_commands
        invoke_before = bot.invoke_application_command
        is_command = discord.InteractionType.application_command

        async def process(interaction: Any, *args: Any, **kwargs: Any) -> None:
            work = partial(process_before, interaction, *args, **kwargs)
            if interaction.type is is_command and actions.is_attached:
                tell = partial(describe, interaction, interaction.data)
                await actions.act(Kind.SLASH, tell, work)
            else:
                await work()

        async def invoke(ctx: Any) -> None:
            action = running()
            if actions.is_attached and (action is None or action.depth):
                tell = partial(describe, ctx.interaction, ctx.interaction.data)
                await actions.act(Kind.SLASH, tell, invoke_before, ctx)
            else:
                await invoke_before(ctx)

        def describe(interaction: Any, data: Any, action: Action) -> None:
            command = interaction.command
            if isinstance(command, discord.SlashCommandGroup):  # its checks refused
                action.name = " ".join(words_of(data))
            elif command is not None:
                action.name = command.qualified_name
            action.shard = shard_of(interaction.guild_id, bot.shard_count)

        self._hooks.put(bot, "process_application_commands", process)
        self._hooks.put(bot, "invoke_application_command", invoke)
