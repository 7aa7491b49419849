"""discord.py: what is hooked in a bot so that each thing a user does is one record.

`Bot.invoke` and the tree's `_call` begin and end an action; the tap on `dispatch` and the tree's
`on_error` hear the errors on the way to the bot's own handlers, which may be set before or
after. Listeners of events were passed over: discord.py only schedules them, so a command that
does not wait is over before its own start is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from changeover.core.clock import SystemClock
from changeover.core.errors import BadValueError
from changeover.core.model import Gateway, Kind, Outcome
from changeover.integrations import discordpy_outcomes as outcomes
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.discordpy_commands import (
    Callbacks,
    NewHandler,
    all_commands,
    handlers_in,
)
from changeover.integrations.discordpy_components import Components, shard_of
from changeover.integrations.discordpy_gateway import GatewayWatch
from changeover.integrations.hooks import Hooks
from changeover.integrations.port import Dialect

ANSWER_WITHIN_S = 3.0
"""Discord forgets an interaction that nobody answered. Source: "Receiving and Responding"."""


class Speech(Dialect):
    """How discord.py says what happened."""

    unwrap = staticmethod(outcomes.unwrap)
    outcome_of = staticmethod(outcomes.outcome_of)
    was_run = staticmethod(outcomes.was_run)

    def has_answered(self, subject: Any, after_s: float) -> bool:
        """Whether an interaction is answered or lost; what is sent otherwise, HTTP tells."""
        interaction = getattr(subject, "interaction", subject)
        if not isinstance(interaction, discord.Interaction):
            return False
        return interaction.response.is_done() or after_s >= ANSWER_WITHIN_S


class Bot(Speech):
    """A `commands.Bot`, or a `discord.Client` with a command tree.

    Attributes:
        library: its name and version.
    """

    def __init__(self, bot: discord.Client) -> None:
        self.library = f"discord.py {discord.__version__}"
        self._bot: Any = bot
        self._hooks = Hooks()
        self._gateway = GatewayWatch(bot, SystemClock())
        self._actions: Actions | None = None

    def attach(self, actions: Actions, on_close: Callable[[], None]) -> None:
        """See `Integration.attach`."""
        self._actions = actions
        tree = self._bot._connection._command_tree  # noqa: SLF001  # a Client has no `tree`
        callbacks = Callbacks(actions, self._hooks)
        try:
            if isinstance(self._bot, commands.bot.BotBase):
                self._hook_prefix(actions, callbacks)
            if tree is not None:
                self._hook_tree(actions, callbacks, tree)
        except BadValueError:  # of a new handler; nothing stays half attached
            self._hooks.undo()
            raise
        Components(actions, self._hooks, self._bot.shard_count).watch(
            self._bot._connection._view_store  # noqa: SLF001  # nothing public tells of views
        )
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
        """See `Integration.loop`."""
        return self._gateway.loop()

    def is_ready(self) -> bool:
        """See `Integration.is_ready`."""
        return bool(self._bot.is_ready()) and not self._bot.is_closed()

    def gateway(self, window_s: float) -> Gateway:
        """See `Integration.gateway`."""
        return self._gateway.read(window_s)

    # --- the hooks ----------------------------------------------------------------------------

    def _hook_prefix(self, actions: Actions, callbacks: Callbacks) -> None:
        bot = self._bot
        callbacks.meet_later(bot)
        for command in list(bot.commands):
            callbacks.meet(command)
        invoke_before, dispatch_before = bot.invoke, bot.dispatch

        def invoke(ctx: commands.Context[Any], /) -> Awaitable[None]:
            is_chat = ctx.command is None and not ctx.invoked_with
            if is_chat or not actions.is_attached:
                return invoke_before(ctx)  # type: ignore[no-any-return]
            return actions.act(Kind.PREFIX, partial(describe, ctx), invoke_before, ctx)

        def describe(ctx: commands.Context[Any], action: Action) -> None:
            if ctx.command is not None:
                action.name = ctx.command.qualified_name
            action.shard = shard_of(ctx.guild.id if ctx.guild else None, bot.shard_count)

        def dispatch(event: str, /, *args: Any, **kwargs: Any) -> None:
            if event == "command_error" and len(args) > 1:
                actions.fail(args[1])
            dispatch_before(event, *args, **kwargs)

        self._hooks.put(bot, "invoke", invoke)
        self._hooks.put(bot, "dispatch", dispatch)

    def _hook_tree(
        self, actions: Actions, callbacks: Callbacks, tree: app_commands.CommandTree[Any]
    ) -> None:
        callbacks.meet_later(tree)
        for command in list(all_commands(tree)):
            callbacks.meet(command)
        self._hooks.put(tree, "__class__", _observed_class(type(tree), actions, self._bot))

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
                self._gateway.stop()
                await asyncio.to_thread(on_close)

        self._hooks.put(self._bot, "close", close)


def _observed_class(
    base: type[app_commands.CommandTree[Any]], actions: Actions, bot: Any
) -> type[app_commands.CommandTree[Any]]:
    """A class for one tree: each interaction is an action, and every error handler is heard.

    `on_error` is one attribute, which `@tree.error` sets. As a property it takes the bot's handler
    at any time, into the tree's own dictionary, where it also stands without us.
    """

    def call(tree: Any, interaction: discord.Interaction[Any]) -> Awaitable[None]:
        before = super(observed, tree)._call
        if interaction.type is discord.InteractionType.autocomplete:
            return before(interaction)  # type: ignore[no-any-return]
        return actions.act(Kind.SLASH, partial(describe, interaction), before, interaction)

    def describe(interaction: discord.Interaction[Any], action: Action) -> None:
        command = interaction.command
        if command is not None:
            action.name = command.qualified_name
        if interaction.command_failed and action.error is None:
            action.outcome = Outcome.DENIED  # by `interaction_check`, which raises nothing
        action.shard = shard_of(interaction.guild_id, bot.shard_count)

    def get_on_error(tree: Any) -> Any:
        handler = vars(tree).get("on_error") or super(observed, tree).on_error

        async def on_error(
            interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /
        ) -> None:
            actions.fail(error)
            await handler(interaction, error)

        return on_error

    def set_on_error(tree: Any, handler: Any) -> None:
        vars(tree)["on_error"] = handler

    def delete_on_error(tree: Any) -> None:
        del vars(tree)["on_error"]

    names = {
        "_call": call,
        "on_error": property(get_on_error, set_on_error, delete_on_error),
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    observed: Any = type(base.__name__, (base,), names)
    return observed  # type: ignore[no-any-return]  # made here
