"""What disnake and nextcord share, as forks of one discord.py: typed commands, views, gateway.

Each has a file of its own for its slash commands. Neither is imported here: a bot's own library
is handed in, so that the other need not be there.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from changeover.core.clock import SystemClock
from changeover.core.errors import BadValueError
from changeover.core.model import Gateway, Kind, Outcome
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.forks_commands import Callbacks, NewHandler, Sources
from changeover.integrations.forks_components import Components, shard_of
from changeover.integrations.forks_gateway import GatewayWatch
from changeover.integrations.forks_outcomes import Meanings
from changeover.integrations.hooks import Hooks
from changeover.integrations.port import Dialect

ANSWER_WITHIN_S = 3.0
"""Discord forgets an interaction that nobody answered. Source: "Receiving and Responding"."""


class Library(NamedTuple):
    """A fork of discord.py.

    Attributes:
        discord: the package, such as `disnake`.
        commands: its `ext.commands`.
        meanings: what its errors mean.
    """

    discord: Any
    commands: Any
    meanings: Meanings


class ForkBot(Dialect):
    """A bot of a fork of discord.py; `_hook_slash` and `_sources` are each fork's own.

    Attributes:
        library: its name and version.
    """

    def __init__(self, bot: Any, library: Library) -> None:
        discord = library.discord
        self.library = f"{discord.__name__} {discord.__version__}"
        self._bot = bot
        self._lib = library
        self._hooks = Hooks()
        self._gateway = GatewayWatch(bot, discord, SystemClock())
        self._actions: Actions | None = None

    @abstractmethod
    def _hook_slash(self, actions: Actions) -> None:
        """Route and record slash commands and context menus."""

    @abstractmethod
    def _sources(self) -> Sources:
        """Finds the handlers in a cog or module."""

    # --- what errors mean ---------------------------------------------------------------------

    def unwrap(self, error: BaseException) -> BaseException:
        """See `Dialect.unwrap`."""
        return self._lib.meanings.unwrap(error)

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """See `Dialect.outcome_of`."""
        return self._lib.meanings.outcome_of(error)

    def was_run(self, error: BaseException) -> bool:
        """See `Dialect.was_run`."""
        return self._lib.meanings.was_run(error)

    def has_answered(self, subject: Any, after_s: float) -> bool:
        """Whether an interaction is answered or lost; what is sent otherwise, HTTP tells."""
        if not isinstance(subject, self._lib.discord.Interaction):
            return False
        return bool(subject.response.is_done()) or after_s >= ANSWER_WITHIN_S

    # --- the bot ------------------------------------------------------------------------------

    def attach(self, actions: Actions, on_close: Callable[[], None]) -> None:
        """See `Integration.attach`."""
        self._actions = actions
        try:
            if isinstance(self._bot, self._lib.commands.bot.BotBase):
                self._hook_prefix(actions)
            self._hook_slash(actions)
        except BadValueError:  # of a new handler; nothing stays half attached
            self._hooks.undo()
            raise
        components = Components(actions, self._hooks, self._bot.shard_count)
        components.watch(self._bot._connection)  # noqa: SLF001  # nothing public tells of views
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
        return self._sources().handlers_in(source, self._bot)

    def look(self) -> None:
        """See `Integration.look`."""
        self._gateway.look()

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """See `Integration.loop`."""
        return self._gateway.loop()

    def is_ready(self) -> bool:
        """See `Integration.is_ready`."""
        return bool(self._bot.is_ready()) and not self._bot.is_closed()

    def gateway(self, window_s: float) -> Gateway:
        """See `Integration.gateway`."""
        return self._gateway.read(window_s)

    # --- the hooks ----------------------------------------------------------------------------

    def _hook_prefix(self, actions: Actions) -> None:
        bot = self._bot
        callbacks = Callbacks(actions, self._hooks, self._lib.commands)
        callbacks.meet_later(bot)
        for command in list(bot.commands):
            callbacks.meet(command)
        invoke_before, dispatch_before = bot.invoke, bot.dispatch

        async def invoke(ctx: Any, /) -> None:
            is_chat = ctx.command is None and not ctx.invoked_with
            if is_chat or not actions.is_attached:
                await invoke_before(ctx)
            else:
                await actions.act(Kind.PREFIX, partial(describe, ctx), invoke_before, ctx)

        def describe(ctx: Any, action: Action) -> None:
            if ctx.command is not None:
                action.name = ctx.command.qualified_name
            action.shard = shard_of(ctx.guild.id if ctx.guild else None, bot.shard_count)

        def dispatch(event: str, /, *args: Any, **kwargs: Any) -> None:
            if event == "command_error" and len(args) > 1:  # of an unknown command; see `Callbacks`
                actions.fail(args[1])
            dispatch_before(event, *args, **kwargs)

        self._hooks.put(bot, "invoke", invoke)
        self._hooks.put(bot, "dispatch", dispatch)

    def _hook_http(self, actions: Actions) -> None:
        """Learn whether a handler has done anything on Discord: after that, no fallback."""
        before = self._bot.http.request
        refused: type[Exception] = self._lib.discord.HTTPException

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
            except refused as error:
                is_refused = 400 <= getattr(error, "status", 0) < 500  # Discord has done nothing
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

    def _hook_process(
        self, actions: Actions, is_command: Callable[[Any], bool], describe: Any
    ) -> None:
        """Make each interaction with a command an action: both forks call this for them."""
        bot = self._bot
        before = bot.process_application_commands

        async def process(interaction: Any, /) -> None:
            if actions.is_attached and is_command(interaction):
                await actions.act(Kind.SLASH, partial(told, interaction), before, interaction)
            else:
                await before(interaction)

        def told(interaction: Any, action: Action) -> None:
            action.shard = shard_of(interaction.guild_id, bot.shard_count)
            name = describe(interaction)
            if name is None:  # both pass over in silence what they do not know
                action.outcome = action.outcome or Outcome.NOT_FOUND
            action.name = name

        self._hooks.put(bot, "process_application_commands", process)
