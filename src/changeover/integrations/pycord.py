"""py-cord: what is hooked in a bot so that each thing a user does is one record.

`Bot.invoke` and `Bot.process_application_commands` begin and end an action; a tap on `dispatch`
hears the errors on the way to the bot's own handlers. Listeners of events were passed over for
the reason given in `discordpy`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

from changeover.core.clock import SystemClock
from changeover.core.errors import BadValueError
from changeover.core.model import Gateway, Kind, Outcome
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.discordpy_components import shard_of
from changeover.integrations.discordpy_gateway import GatewayWatch
from changeover.integrations.hooks import Hooks
from changeover.integrations.pycord_commands import (
    Callbacks,
    NewHandler,
    all_commands,
    handlers_in,
    words_of,
)
from changeover.integrations.pycord_components import Components
from changeover.integrations.pycord_outcomes import Speech, discord

_ERRORS = ("command_error", "application_command_error")


class Bot(Speech):
    """A `discord.Bot`, `commands.Bot` or `bridge.Bot` of py-cord, or a plain `discord.Client`.

    Attributes:
        library: its name and version.
    """

    def __init__(self, bot: Any) -> None:
        super().__init__()
        self.library = f"py-cord {discord.__version__}"
        self._bot = bot
        self._hooks = Hooks()
        self._gateway = GatewayWatch(bot, SystemClock())
        self._actions: Actions | None = None

    def attach(self, actions: Actions, on_close: Callable[[], None]) -> None:
        """See `Integration.attach`."""
        self._actions = actions
        bot = self._bot
        callbacks = Callbacks(actions, self._hooks)
        try:
            if isinstance(bot, discord.bot.BotBase):
                for command in all_commands(bot):
                    callbacks.meet(command)
        except BadValueError:  # of a new handler; nothing stays half attached
            self._hooks.undo()
            raise
        if isinstance(bot, discord.bot.BotBase):
            callbacks.meet_later(bot, "add_application_command")
            self._hook_application_commands(actions)
            self._hook_dispatch(actions)
        if hasattr(bot, "prefixed_commands"):
            callbacks.meet_later(bot, "add_command")
            self._hook_prefix(actions)
        Components(actions, self._hooks, bot).watch(bot._connection)  # noqa: SLF001  # nothing public tells of views
        self._hook_http(actions)
        self._hook_close(on_close)
        self._gateway.start()

    def detach(self) -> None:
        """See `Integration.detach`."""
        if self._actions is not None:
            self._actions.is_attached = False
        self._hooks.undo()
        self._gateway.stop()

    def handlers_in(self, source: Any) -> Iterator[NewHandler]:
        """See `Integration.handlers_in`."""
        return handlers_in(source, self._bot)

    def look(self) -> None:
        """See `Integration.look`."""
        self._gateway.look()

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """See `Integration.loop`. Until a client runs, py-cord names a loop that may never run."""
        loop = self._gateway.loop()
        return loop if loop is not None and loop.is_running() else None

    def is_ready(self) -> bool:
        """See `Integration.is_ready`."""
        return bool(self._bot.is_ready()) and not self._bot.is_closed()

    def gateway(self, window_s: float) -> Gateway:
        """See `Integration.gateway`."""
        return self._gateway.read(window_s)

    # --- the hooks ----------------------------------------------------------------------------

    def _hook_prefix(self, actions: Actions) -> None:
        bot, before = self._bot, self._bot.invoke

        async def invoke(ctx: Any) -> None:
            is_chat = ctx.command is None and not ctx.invoked_with
            if is_chat or not actions.is_attached:
                await before(ctx)
            else:
                await actions.act(Kind.PREFIX, partial(describe, ctx), before, ctx)

        def describe(ctx: Any, action: Action) -> None:
            if ctx.command is not None:
                action.name = ctx.command.qualified_name
            action.shard = shard_of(ctx.guild.id if ctx.guild else None, bot.shard_count)

        self._hooks.put(bot, "invoke", invoke)

    def _hook_application_commands(self, actions: Actions) -> None:
        """Both ways in: the second is the first's last step, or called by the bot's author."""
        bot = self._bot
        process_before, invoke_before = (
            bot.process_application_commands,
            (bot.invoke_application_command),
        )
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

    def _hook_dispatch(self, actions: Actions) -> None:
        before = self._bot.dispatch

        @wraps(before)
        def dispatch(event: str, *args: Any, **kwargs: Any) -> None:
            if event in _ERRORS and len(args) > 1:
                actions.fail(args[1])
            elif event == "unknown_application_command":
                action = running()
                if action is not None and not action.depth:
                    action.outcome = Outcome.NOT_FOUND
            before(event, *args, **kwargs)

        self._hooks.put(self._bot, "dispatch", dispatch)

    def _hook_http(self, actions: Actions) -> None:
        """Learn whether a handler has done anything on Discord: after that, no fallback."""
        before = self._bot.http.request

        def request(route: Any, **kwargs: Any) -> Any:
            action = running()
            if action is None or action.has_sent or route.method == "GET":
                return before(route, **kwargs)
            if route.path.endswith("/typing") or not actions.is_attached:
                return before(route, **kwargs)
            return observed(action, route, kwargs)

        async def observed(action: Action, route: Any, kwargs: dict[str, Any]) -> Any:
            is_refused = False
            try:
                return await before(route, **kwargs)
            except discord.HTTPException as error:
                is_refused = 400 <= error.status < 500  # then Discord has done nothing
                raise
            finally:
                action.has_sent = action.has_sent or not is_refused

        self._hooks.put(self._bot.http, "request", request)

    def _hook_close(self, on_close: Callable[[], None]) -> None:
        before = self._bot.close

        async def close() -> None:
            try:
                await before()
            finally:
                await asyncio.to_thread(on_close)

        self._hooks.put(self._bot, "close", close)
