"""What the bots of discord.py and of its forks share: typed commands, HTTP, gateway, life.

Each library has a file of its own for the rest. None is imported here: a bot's own library is
handed in, so that the others need not be there.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from functools import partial, wraps
from typing import Any, NamedTuple

from changeover.core.clock import SystemClock
from changeover.core.errors import BadValueError
from changeover.core.model import Gateway, Kind
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.family_gateway import GatewayWatch
from changeover.integrations.family_messages import Messenger
from changeover.integrations.family_outcomes import Speech
from changeover.integrations.family_sources import NewHandler
from changeover.integrations.hooks import Hooks
from changeover.integrations.messages import Json, OnButton
from changeover.integrations.platform import shard_of


class Library(NamedTuple):
    """discord.py, or a fork of it.

    Attributes:
        name: as people know it.
        discord: the package, such as `disnake`.
        commands: its `ext.commands`.
        speech: what its errors mean.
    """

    name: str
    discord: Any
    commands: Any
    speech: Speech


class FamilyBot:
    """A bot of discord.py or of a fork; what has an underscore and is abstract is each one's own.

    Attributes:
        library: its name and version.
        dialect: how it says what happened.
    """

    def __init__(self, bot: Any, library: Library) -> None:
        self.library = f"{library.name} {library.discord.__version__}"
        self.dialect = library.speech
        self._bot = bot
        self._lib = library
        self._hooks = Hooks()
        self._gateway = GatewayWatch(bot, library.discord, SystemClock())
        self._messenger = Messenger(bot, library.discord)
        self._actions: Actions | None = None

    @abstractmethod
    def _hook_commands(self, actions: Actions) -> None:
        """Route and record every command. May raise `BadValueError`."""

    @abstractmethod
    def _watch_components(self, actions: Actions) -> None:
        """Record the buttons, selects and modals."""

    @abstractmethod
    def handlers_in(self, source: Any) -> Iterator[NewHandler]:
        """See `Integration.handlers_in`."""

    def attach(self, actions: Actions, on_close: Callable[[], None]) -> None:
        """See `Integration.attach`."""
        self._actions = actions
        try:
            self._hook_commands(actions)
        except BadValueError:  # of a new handler; nothing stays half attached
            self._hooks.undo()
            raise
        self._watch_components(actions)
        self._hook_http(actions)
        self._hook_close(on_close)
        self._messenger.start(actions.guard)
        self._gateway.start()

    def detach(self) -> None:
        """See `Integration.detach`."""
        if self._actions is not None:
            self._actions.is_attached = False
        self._hooks.undo()
        self._messenger.stop()
        self._gateway.stop()

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

    async def post(self, channel_id: int, body: Json, *, timeout_s: float = 10.0) -> str:
        """See `Integration.post`."""
        return await self._messenger.post(self.loop(), channel_id, body, timeout_s)

    def on_button(self, callback: OnButton) -> None:
        """See `Integration.on_button`."""
        self._messenger.on_button = callback

    # --- the hooks ----------------------------------------------------------------------------

    def _hook_prefix(self, actions: Actions) -> None:
        """Make each typed command an action; ordinary chat is none."""
        bot, before = self._bot, self._bot.invoke

        def invoke(ctx: Any, /) -> Awaitable[None]:
            is_chat = ctx.command is None and not ctx.invoked_with
            if is_chat or not actions.is_attached:
                return before(ctx)  # type: ignore[no-any-return]
            return actions.act(Kind.PREFIX, partial(describe, ctx), before, ctx)

        def describe(ctx: Any, action: Action) -> None:
            if ctx.command is not None:
                action.name = ctx.command.qualified_name
            action.shard = shard_of(ctx.guild.id if ctx.guild else None, bot.shard_count)

        self._hooks.put(bot, "invoke", invoke)

    def _hook_dispatch(self, actions: Actions) -> None:
        """Hear the errors on the way to the bot's own handlers, set before or after."""
        before, heard = self._bot.dispatch, self._heard

        @wraps(before)
        def dispatch(event: str, /, *args: Any, **kwargs: Any) -> None:
            heard(actions, event, args)
            before(event, *args, **kwargs)

        self._hooks.put(self._bot, "dispatch", dispatch)

    def _heard(self, actions: Actions, event: str, args: tuple[Any, ...]) -> None:
        if event == "command_error" and len(args) > 1:
            actions.fail(args[1])

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
                self._gateway.stop()
                await asyncio.to_thread(on_close)

        self._hooks.put(self._bot, "close", close)
