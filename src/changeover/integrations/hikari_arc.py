"""arc: what is hooked in a client so that each use of a command is one record.

Each command runs in a task of its own, so the action begins in the command's `_handle_callback`;
what arc refuses before that (an unknown command, an option that does not convert) in the client.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from types import ModuleType
from typing import Any

import arc

from changeover.core.errors import BadValueError
from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions
from changeover.integrations.hooks import Hooks, observed_class
from changeover.integrations.platform import shard_of

Handler = tuple[str, Kind | None, Callable[..., Any]]

_GROUPS = (arc.SlashGroup, arc.SlashSubGroup)
_CALLABLES = (arc.SlashCommand, arc.SlashSubCommand, arc.UserCommand, arc.MessageCommand)
_BY_TYPE: tuple[tuple[tuple[type[BaseException], ...], Outcome], ...] = (
    ((arc.UnderCooldownError, arc.MaxConcurrencyReachedError), Outcome.THROTTLED),
    ((arc.BotMissingPermissionsError,), Outcome.FAILURE),  # the operator's trouble
    ((arc.HookAbortError,), Outcome.DENIED),
    ((arc.OptionConverterFailureError,), Outcome.USER_ERROR),
)


class Client:
    """An arc client of a gateway bot.

    Attributes:
        library: name and version.
    """

    def __init__(self, client: Any) -> None:
        self.library = f"arc {version('hikari-arc')}"
        self._client = client

    # --- the dialect --------------------------------------------------------------------------

    def unwrap(self, error: BaseException) -> BaseException:
        """See `Dialect.unwrap`: arc wraps nothing."""
        return error

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """See `Dialect.outcome_of`."""
        return next((outcome for types, outcome in _BY_TYPE if isinstance(error, types)), None)

    def was_run(self, _error: BaseException) -> bool:
        """See `Dialect.was_run`: our callbacks tell of those that ran."""
        return False

    def has_answered(self, subject: Any, _after_s: float) -> bool:
        """See `Dialect.has_answered`; arc's own deferral after 2 s counts."""
        return bool(subject._issued_response)  # noqa: SLF001  # nothing public tells

    # --- the hooks ----------------------------------------------------------------------------

    def hook(self, actions: Actions, hooks: Hooks) -> None:
        """See `Framework.hook`. Raises `BadValueError` (see `Registry.new`)."""
        callbacks = _Callbacks(actions, hooks)
        callbacks.meet_all(self._client)
        observed = _observed_client(type(self._client), actions, callbacks)
        hooks.put(self._client, "__class__", observed)

    def unhook(self) -> None:
        """See `Framework.unhook`: everything is an attribute."""

    def handlers_in(self, source: Any) -> Iterator[Handler]:
        """See `Integration.handlers_in`: a command, a group, a plugin or a module.

        Raises:
            BadValueError: it is none of these.
        """
        if isinstance(source, ModuleType):
            yield from self._in_module(source)
        elif isinstance(source, (*_GROUPS, *_CALLABLES)):
            for command in _callables_in(source):
                yield _name(command), Kind.SLASH, command.callback
        elif isinstance(source, arc.abc.PluginBase):
            for kind in ("slash", "user", "message"):
                for command in getattr(source, f"_{kind}_commands").values():
                    yield from self.handlers_in(command)
        else:
            allowed = "a command, a group, a plugin or a module"
            raise BadValueError("new_from", repr(source), allowed, "new_from(plugin)")

    def _in_module(self, module: ModuleType) -> Iterator[Handler]:
        for name, value in list(vars(module).items()):
            if isinstance(value, arc.SlashSubGroup | arc.SlashSubCommand):
                continue  # comes with its group
            if isinstance(value, (arc.SlashGroup, *_CALLABLES, arc.abc.PluginBase)):
                yield from self.handlers_in(value)
            elif (
                inspect.iscoroutinefunction(value)
                and value.__module__ == module.__name__
                and not name.startswith("_")
            ):
                yield name, None, value


class _Callbacks:
    """Routes every command that it meets, and hears what it raises."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._actions = actions
        self._hooks = hooks
        self._classes: dict[type[Any], type[Any]] = {}

    def meet_all(self, client: Any) -> None:
        """Route what a client has now. Raises `BadValueError` (see `Registry.new`)."""
        for commands in client._commands.values():  # noqa: SLF001  # public ones want a type
            for command in list(commands.values()):
                self.meet(command)

    def meet_safely(self, meet: Callable[[Any], None], what: Any) -> None:
        """Route later commands; one that cannot be routed stays with legacy."""
        if self._actions.is_attached:
            try:
                meet(what)
            except Exception as trouble:  # noqa: BLE001  # see above
                self._actions.guard.caught("attach.include", trouble)

    def meet(self, command: Any) -> None:
        """Route a command, or a group and all in it."""
        if not self._hooks.has(command, "__class__"):
            self._hooks.put(command, "__class__", self._observed(type(command)))
        if isinstance(command, _GROUPS):
            for child in list(command.children.values()):
                self.meet(child)
        elif not self._hooks.has(command, "callback"):
            routed = self._actions.routed(
                command.callback, _name(command), category=_category(command), kind=Kind.SLASH
            )
            self._hooks.put(command, "callback", routed)

    def _observed(self, base: type[Any]) -> type[Any]:
        """A class for one command: its use is an action, and every error is heard."""
        actions = self._actions

        async def handle(command: Any, leaf: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
            self.meet_safely(self.meet, leaf)  # a group may have got it since
            parent: Any = super(observed, command)
            before = parent._handle_callback  # noqa: SLF001  # our own base
            tell = partial(_describe_use, leaf, context)
            return await actions.act(
                Kind.SLASH, tell, partial(before, leaf, context, *args, **kwargs)
            )

        async def handle_exception(command: Any, context: Any, error: Exception) -> None:
            actions.fail(error)
            parent: Any = super(observed, command)
            await parent._handle_exception(context, error)  # noqa: SLF001  # as above

        methods: dict[str, Any] = {"_handle_exception": handle_exception}
        if hasattr(base, "_handle_callback"):  # a command within a group runs in the group's
            methods["_handle_callback"] = handle
        observed: Any = observed_class(base, methods)
        return observed  # type: ignore[no-any-return]  # made here


def _observed_client(base: type[Any], actions: Actions, callbacks: _Callbacks) -> type[Any]:
    """A class for one client: later commands are met, and what runs no command is recorded."""

    async def on_command(client: Any, interaction: Any) -> Any:
        before = super(observed, client).on_command_interaction
        command = _command_of(client, interaction)
        describe = partial(_describe_interaction, command, client, interaction)
        if command is None:
            return await actions.act(Kind.SLASH, describe, before, interaction)
        try:
            return await before(interaction)
        except Exception as error:  # noqa: BLE001  # raised again, as it is, in an action
            await actions.act(Kind.SLASH, describe, _raise, error)

    def add(client: Any, command: Any) -> None:
        super(observed, client)._add_command(command)
        callbacks.meet_safely(callbacks.meet, command)

    async def start(client: Any) -> None:
        callbacks.meet_safely(callbacks.meet_all, client)  # groups are filled by now
        await super(observed, client)._on_startup()

    methods = {"on_command_interaction": on_command, "_add_command": add, "_on_startup": start}
    observed: Any = observed_class(base, methods)
    return observed  # type: ignore[no-any-return]  # made here


def _describe_use(command: Any, context: Any, action: Action) -> None:
    action.name = _name(command)
    action.shard = shard_of(context.guild_id, context.client.app.shard_count)
    if action.ran is None and action.error is None:
        action.outcome = Outcome.DENIED  # a hook returned `HookResult(abort=True)`


def _describe_interaction(command: Any, client: Any, interaction: Any, action: Action) -> None:
    action.shard = shard_of(interaction.guild_id, client.app.shard_count)
    if command is None:
        action.outcome = Outcome.NOT_FOUND
        return
    names, options = [command.name], interaction.options or []
    while isinstance(command, _GROUPS) and options:
        command = command.children.get(options[0].name)
        names, options = [*names, options[0].name], options[0].options or []
    action.name = " ".join(names) if command is not None else None


def _command_of(client: Any, interaction: Any) -> Any:
    commands = client._commands.get(interaction.command_type, {})  # noqa: SLF001
    return commands.get(interaction.command_name)


async def _raise(error: Exception) -> None:
    raise error


def _callables_in(command: Any) -> Iterator[Any]:
    if not isinstance(command, _GROUPS):
        yield command
        return
    for child in list(command.children.values()):
        yield from _callables_in(child)


def _name(command: Any) -> str:
    return " ".join(command.qualified_name)


def _category(command: Any) -> str | None:
    plugin = command.plugin
    return plugin.name.lower() if plugin is not None and plugin.name else None
