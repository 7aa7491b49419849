"""The monitor with a bot attached to it: the one name that a bot's author needs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from changeover.core.clock import Clock
from changeover.core.errors import ChangeoverError, ChannelError
from changeover.core.model import Gateway, Kind
from changeover.core.nearest import nearest
from changeover.integrations import find
from changeover.integrations.actions import Actions
from changeover.integrations.functions import Function, Functions
from changeover.integrations.messages import OnButton
from changeover.integrations.port import Dialect, Integration, Plain
from changeover.integrations.registry import Registry
from changeover.route.outcome import Classify, default_classify
from changeover.service.buttons import Buttons
from changeover.service.channels import bot_channel_of
from changeover.service.monitor import Monitor
from changeover.settings import Settings

logger = logging.getLogger("changeover")

_H = TypeVar("_H")


class Changeover(Monitor):
    """Watches a bot's commands, and routes each to its legacy or its new implementation.

        changeover = Changeover()
        changeover.attach(bot)

        @changeover.new("ping")
        async def ping(ctx): ...

    Args:
        settings: by default read from the environment and `changeover.toml`.
        watching_only: for a process without a bot: shows what others stored, records nothing.
        classify: says which outcome an exception means that is not the chat library's own.
        clock: where every room reads the time.
        on_error: called with every error of ours on the bot's road; tests pass one that raises.

    Attributes:
        settings: what is in force.
        metrics: the `MetricsCollector`; what it is told goes the whole road.
        flags: the `FeatureFlags` of this process.
        adapter: the `CommandIntegrationAdapter`, for calls that nothing is attached to.
        alerts: the `AlertManager`.
        tokens: of those who may do something over HTTP.
        orders: the verbs that `order` knows.
        rollout: the `Rollout`, which moves commands up and takes them back.
        is_ready: says whether the bot does its work yet, for `/health/ready`; `attach` sets it.
        loops: the event loops that are watched.
        store_file: where figures are kept, or None for memory.

    Raises:
        SettingsError: naming every setting that is wrong.
        StoreSchemaError: a newer version wrote the file.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        watching_only: bool = False,
        classify: Classify = default_classify,
        clock: Clock | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self._bot: Integration | None = None
        self._on_button: OnButton | None = None
        super().__init__(
            settings,
            watching_only=watching_only,
            classify=classify,
            clock=clock,
            on_error=on_error,
        )
        self._registry = Registry(self._router)
        self._functions = Functions(self._actions(Plain()), self._registry)
        self._sources: list[Any] = []  # cogs and modules that wait for a bot
        self._has_told_missing = False

    # --- a bot --------------------------------------------------------------------------------

    def attach(self, bot: Any) -> None:
        """Watch and route every command that a bot has, and gets later; starts the monitor.

        Each is the legacy implementation until `new` gives it another one. The bot's own
        checks, cooldowns, converters, error handlers and synced commands stay as they are. A
        monitor that this starts stops when the bot closes.

        Args:
            bot: of discord.py, py-cord, disnake or nextcord, for example `commands.Bot(...)`;
                of hikari, the client of lightbulb or arc.

        Raises:
            UnsupportedBotError: no bot of a supported library.
            ChangeoverError: a bot is attached already.
            SettingsError: a flag in the environment or in the file is wrong.
            BadValueError: a new handler cannot take its command's arguments.
        """
        if self._bot is not None:
            raise ChangeoverError(f"a bot of {self._bot.library} is attached: detach() it first")
        integration = find(bot)
        for source in self._sources:
            self._take(integration, source)
        is_own = not self._is_running
        self.start()
        try:
            integration.attach(self._actions(integration.dialect), self.stop if is_own else _leave)
        except BaseException:
            if is_own:
                self.stop()
            raise
        if self._on_button is not None:
            integration.on_button(self._on_button)
        self._sources.clear()
        self._bot, self.is_ready = integration, integration.is_ready
        self._has_told_missing = False
        self._link_bot_channel()

    def detach(self) -> None:
        """Give the bot back as it was, every object; the monitor goes on until `stop`."""
        bot, self._bot = self._bot, None
        if bot is not None:
            self._link_bot_channel()
            bot.detach()
            self.is_ready = _yes

    # --- new implementations ------------------------------------------------------------------

    def new(
        self,
        command: str,
        *,
        category: str | None = None,
        kind: Kind | None = None,
        safe_to_repeat: bool = True,
    ) -> Callable[[_H], _H]:
        """Make the decorated function a command's new implementation, before or after `attach`.

        It gets what the legacy one gets, already converted: the context or interaction first,
        then the arguments by their names.

        Args:
            command: its qualified name, such as `ping` or `grp sub`.
            category: what it is grouped and flagged by; by default the cog's name, in lower case.
            kind: `Kind.PREFIX` or `Kind.SLASH` where both exist under one name, and this is
                for one of them.
            safe_to_repeat: whether legacy may answer, with `fallbackOnError`, when this failed
                before it had sent anything. False for one that changes what must not be
                changed twice.

        Raises:
            BadValueError: it cannot take the command's arguments.
        """

        def decorate(function: _H) -> _H:
            is_class = isinstance(function, type)  # whose `callback` would lack its instance
            self._registry.new(
                command,
                function if is_class else getattr(function, "callback", function),
                category=category,
                kind=kind,
                safe_to_repeat=safe_to_repeat,
            )
            return function

        return decorate

    def new_from(self, source: Any) -> None:
        """Make every command of a cog or module the new one of the same qualified name.

        Args:
            source: a cog (its class is made with the bot, or without an argument) or a module,
                whose plain async functions count by their names. It is not added to the bot.

        Raises:
            BadValueError: it is neither, or a handler cannot take its command's arguments.
        """
        if self._bot is None:
            self._sources.append(source)  # which library it is of, the bot will tell
        else:
            self._take(self._bot, source)

    def command(self, name: str, *, category: str | None = None) -> Callable[[Any], Function]:
        """Make the decorated function a command's legacy implementation, without a chat library.

        The function, async or not, is then called as before, and routed and recorded. What
        shares go by is its first argument: an id, or an object like a message.

            @changeover.command("import", category="data")
            def import_rows(user_id, rows): ...

            @import_rows.new
            def import_rows_anew(user_id, rows): ...
        """
        return self._functions.command(name, category=category)

    # ------------------------------------------------------------------------------------------

    def _actions(self, dialect: Dialect) -> Actions:
        return Actions(
            self.metrics,
            self._router,
            self._registry,
            self._clock,
            dialect=dialect,
            guard=self._guard,
            classify=self._classify,
            sticky_by=self.settings.sticky_by,
        )

    def _take(self, integration: Integration, source: Any) -> None:
        is_cog = not isinstance(source, ModuleType)  # a module has helpers that are no commands
        for name, kind, function in integration.handlers_in(source):
            self._registry.new(name, function, kind=kind, is_expected=is_cog)

    def _make_own_part(self) -> None:
        super()._make_own_part()
        self._buttons = Buttons(
            self.settings.discord_operators,
            moves=self.moving.moves,
            order=self.order,
            refused=self.orders.refused,
        )
        self._link_bot_channel()

    def _link_bot_channel(self) -> None:
        """The bot's channel posts through the bot that is attached, if one is; see `_post`."""
        channel = bot_channel_of(self._channels)
        if channel is None:
            return
        channel.post = None if self._bot is None else self._post
        channel.components = self._buttons.components
        self._answer_buttons(self._buttons.pressed)

    async def _post(self, channel_id: int, body: dict[str, Any]) -> str:
        """A message by the bot itself, from any event loop; its id.

        Raises:
            ChannelError: no bot is attached, or it does not run, or Discord did not take it.
        """
        bot = self._bot
        if bot is None:
            raise ChannelError("no bot is attached")
        return await bot.post(channel_id, body)

    def _answer_buttons(self, callback: OnButton) -> None:
        """See `Integration.on_button`; for the bot that is attached, now or later."""
        self._on_button = callback
        if self._bot is not None:
            self._bot.on_button(callback)

    def _look_at_bot(self) -> None:
        bot = self._bot
        if bot is None:
            return
        try:
            bot.look()
            loop = bot.loop()
            if loop is not None:
                self.loops.watch(loop)
            if not self._has_told_missing and bot.is_ready():
                self._has_told_missing = True
                self._tell_missing()
        except Exception as trouble:  # noqa: BLE001  # a library's inside that is not as we know it
            self._guard.caught("attach.look", trouble)

    def _tell_missing(self) -> None:
        known = self._registry.names()
        for name in self._registry.missing():
            meant = nearest(name, known)
            hint = f"; did you mean {meant!r}?" if meant else ""
            logger.warning("new(%r): the bot has no such command%s", name, hint)

    def _gateway(self, window_s: float) -> Gateway | None:
        bot = self._bot
        if bot is None:
            return None
        try:
            return bot.gateway(window_s)
        except Exception as trouble:  # noqa: BLE001  # as above
            self._guard.caught("attach.gateway", trouble)
            return None


def _leave() -> None:
    """Who started the monitor stops it."""


def _yes() -> bool:
    return True
