"""lightbulb 3: what is hooked in a client so that each use of a command is one record.

A command is a class there, and its options are attributes of the instance that is made for each
use. A new implementation gets them as arguments, by the names of those attributes; one that is
a command's class itself (`new_from`) reads them from its own instance, as it always would.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from inspect import Parameter, Signature
from types import ModuleType
from typing import Any

import lightbulb

from changeover.core.errors import BadValueError
from changeover.core.model import Kind, Outcome
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.hikari_lightbulb_components import component_methods
from changeover.integrations.hooks import Hooks, observed_class
from changeover.integrations.platform import shard_of

Handler = tuple[str, Kind | None, Callable[..., Any]]

_FIRST = sys.maxsize  # before the bot's own error handlers
_PREFAB = lightbulb.prefab
_STEPS = lightbulb.ExecutionSteps
_FAILED = lightbulb.exceptions.ExecutionPipelineFailedException
_UNCONVERTED = lightbulb.exceptions.ConversionFailedException
_BY_TYPE: tuple[tuple[tuple[type[BaseException], ...], Outcome], ...] = (
    ((_PREFAB.OnCooldown, _PREFAB.MaxConcurrencyReached), Outcome.THROTTLED),
    ((_PREFAB.BotMissingRequiredPermissions,), Outcome.FAILURE),  # the operator's trouble
    (
        (_PREFAB.NotOwner, _PREFAB.MissingRequiredPermission, _PREFAB.MissingRequiredRoles),
        Outcome.DENIED,
    ),
    ((_UNCONVERTED,), Outcome.USER_ERROR),
)
_BY_STEP = {
    _STEPS.CHECKS: Outcome.DENIED,
    _STEPS.COOLDOWNS: Outcome.THROTTLED,
    _STEPS.MAX_CONCURRENCY: Outcome.THROTTLED,
}


class Client:
    """A lightbulb client of a gateway bot.

    Attributes:
        library: name and version.
    """

    def __init__(self, client: Any) -> None:
        self.library = f"lightbulb {version('hikari-lightbulb')}"
        self._client = client
        self._observer: Any = None

    # --- the dialect --------------------------------------------------------------------------

    def unwrap(self, error: BaseException) -> BaseException:
        """See `Dialect.unwrap`: what the command raised, or else the first of its hooks."""
        if not isinstance(error, _FAILED):
            return error
        failures: list[BaseException | None] = [error.invocation_failure, *error.hook_failures]
        return next((failure for failure in failures if failure is not None), error)

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """See `Dialect.outcome_of`."""
        return next((outcome for types, outcome in _BY_TYPE if isinstance(error, types)), None)

    def was_run(self, error: BaseException) -> bool:
        """See `Dialect.was_run`; options are converted in the same step."""
        failure = error.invocation_failure if isinstance(error, _FAILED) else None
        return failure is not None and not isinstance(failure, _UNCONVERTED)

    def has_answered(self, subject: Any, _after_s: float) -> bool:
        """See `Dialect.has_answered`."""
        return bool(subject._initial_response_sent.is_set())  # noqa: SLF001  # nothing public tells

    # --- the hooks ----------------------------------------------------------------------------

    def hook(self, actions: Actions, hooks: Hooks) -> None:
        """See `Framework.hook`. Raises `BadValueError` (see `Registry.new`)."""
        callbacks = _Callbacks(actions, hooks)
        client = self._client
        callbacks.meet_all(client)
        hooks.put(client, "__class__", _observed(type(client), actions, callbacks, hooks))

        def observe(error: Any) -> bool:
            actions.fail(error)
            action = running()
            if action is not None:
                action.outcome = self._outcome_of_hook(error)
            return False  # not handled: the bot's own handlers are next

        self._observer = client.error_handler(observe, priority=_FIRST)

    def unhook(self) -> None:
        """See `Framework.unhook`.

        The client's `remove_error_handler` was passed over: it also drops every handler that
        dependencies are not injected into.
        """
        handlers = self._client._error_handlers  # noqa: SLF001
        first = handlers.get(_FIRST, [])
        if self._observer in first:
            first.remove(self._observer)
        if not first:
            handlers.pop(_FIRST, None)

    def _outcome_of_hook(self, error: Any) -> Outcome | None:
        """What it means that a hook raised an exception of the author's: its step tells."""
        if error.invocation_failure is not None or not error.failed_hooks:
            return None
        failure = error.hook_failures[0]
        if self.outcome_of(failure) is not None or not _says_no(failure):
            return None
        return _BY_STEP.get(error.failed_hooks[0].step)

    def handlers_in(self, source: Any) -> Iterator[Handler]:
        """See `Integration.handlers_in`: a command's class, a group or a module.

        Raises:
            BadValueError: it is none of these.
        """
        if isinstance(source, ModuleType):
            yield from self._in_module(source)
        elif _is_command(source) or isinstance(source, lightbulb.Group):
            for command in _commands_in(source):
                yield command._command_data.qualified_name, Kind.SLASH, _handler_of(command)  # noqa: SLF001
        else:
            raise BadValueError(
                "new_from", repr(source), "a command's class, a group or a module", "new_from(Ping)"
            )

    def _in_module(self, module: ModuleType) -> Iterator[Handler]:
        for name, value in list(vars(module).items()):
            if _is_command(value) or isinstance(value, lightbulb.Group):
                yield from self.handlers_in(value)
            elif (
                inspect.iscoroutinefunction(value)
                and value.__module__ == module.__name__
                and not name.startswith("_")
            ):
                yield name, None, value


class _Callbacks:
    """Routes every command that it meets, by its class's method."""

    def __init__(self, actions: Actions, hooks: Hooks) -> None:
        self._actions = actions
        self._hooks = hooks

    def meet_all(self, client: Any) -> None:
        """Route what a client has now. Raises `BadValueError` (see `Registry.new`)."""
        for registered in list(client.registered_commands):
            for command in _commands_in(registered):
                self.meet(command)

    def meet_safely(self, meet: Callable[[Any], None], what: Any) -> None:
        """Route later commands; one that cannot be routed stays with legacy."""
        if self._actions.is_attached:
            try:
                meet(what)
            except Exception as trouble:  # noqa: BLE001  # see above
                self._actions.guard.caught("attach.register", trouble)

    def meet(self, command: Any) -> None:
        """Route one command, if it is not yet."""
        data = command._command_data  # noqa: SLF001  # nothing public tells the method
        if self._hooks.has(command, data.invoke_method):
            return
        original = vars(command)[data.invoke_method]
        names = _option_names(command)
        actions = self._actions

        async def legacy(command: Any, context: Any, **_options: Any) -> Any:
            return await _bound(original, command)(*_arguments(context))

        legacy.__signature__ = _signature(names, "self")  # type: ignore[attr-defined]
        routed = actions.routed(legacy, data.qualified_name, kind=Kind.SLASH, has_self=True)

        @functools.wraps(original)
        async def invoke(command: Any, *args: Any, **kwargs: Any) -> Any:
            context = command._current_context  # noqa: SLF001  # may be injected, not passed
            if context is None or not actions.is_attached:
                return await _bound(original, command)(*args, **kwargs)
            try:
                options = {name: getattr(command, name) for name in names}
            except Exception as trouble:  # noqa: BLE001  # then it stays with legacy
                actions.guard.caught("attach.options", trouble)
                return await _bound(original, command)(*args, **kwargs)
            return await routed(command, context, **options)

        self._hooks.put(command, data.invoke_method, invoke)


def _observed(base: type[Any], actions: Actions, callbacks: _Callbacks, hooks: Hooks) -> type[Any]:
    """A class for one client: each use of a command is an action, later commands are met."""

    async def handle(client: Any, interaction: Any, *args: Any) -> None:
        before = super(observed, client).handle_application_command_interaction
        tell = functools.partial(describe, client, interaction)
        await actions.act(Kind.SLASH, tell, before, interaction, *args)

    def describe(client: Any, interaction: Any, action: Action) -> None:
        found = client._resolve_options_and_command(interaction)  # noqa: SLF001
        if found is None:
            action.outcome = Outcome.NOT_FOUND  # lightbulb leaves it unanswered
        else:
            action.name = found[1]._command_data.qualified_name  # noqa: SLF001
        action.shard = shard_of(interaction.guild_id, client.app.shard_count)

    def register(client: Any, command: Any = None, **kwargs: Any) -> Any:
        result = super(observed, client).register(command, **kwargs)
        if command is not None:
            for each in _commands_in(command):
                callbacks.meet_safely(callbacks.meet, each)
        return result

    async def sync(client: Any, **kwargs: Any) -> None:
        """At the start and after extensions: groups may have been filled since `register`."""
        callbacks.meet_safely(callbacks.meet_all, client)
        await super(observed, client).sync_application_commands(**kwargs)

    methods: dict[str, Callable[..., Any]] = {
        **component_methods(lambda: observed, actions, hooks),
        "handle_application_command_interaction": handle,
        "register": register,
        "sync_application_commands": sync,
    }
    observed: Any = observed_class(base, methods)
    return observed  # type: ignore[no-any-return]  # made here


def _is_command(value: Any) -> bool:
    return isinstance(value, type) and hasattr(value, "_command_data")


def _commands_in(registered: Any) -> Iterator[Any]:
    """The classes of a command, or of all in a group."""
    if _is_command(registered):
        yield registered
        return
    for child in list(registered.subcommands.values()):
        yield from _commands_in(child)


def _option_names(command: Any) -> list[str]:
    """The attributes that hold a command's options, or a menu's `target`."""
    option = lightbulb.commands.options.Option
    return [
        name for cls in command.__mro__ for name, v in vars(cls).items() if isinstance(v, option)
    ]


def _signature(names: list[str], *lead: str) -> Signature:
    kind = Parameter.POSITIONAL_OR_KEYWORD
    return Signature([Parameter(name, kind) for name in (*lead, "ctx", *names)])


def _handler_of(command: Any) -> Callable[..., Any]:
    """A command's class as a new implementation: an instance with the options as converted."""
    data = command._command_data  # noqa: SLF001
    names = _option_names(command)

    async def handler(context: Any, **options: Any) -> Any:
        instance = command()
        instance._set_context(context)  # noqa: SLF001  # as lightbulb's own pipeline does
        instance._resolved_option_cache = {  # noqa: SLF001
            inspect.getattr_static(command, name)._data._localized_name: value  # noqa: SLF001
            for name, value in options.items()
        }
        return await getattr(instance, data.invoke_method)(*_arguments(context))

    handler.__signature__ = _signature(names)  # type: ignore[attr-defined]
    return handler


def _bound(method: Any, command: Any) -> Callable[..., Any]:
    bound: Callable[..., Any] = method.__get__(command, type(command))
    return bound


def _arguments(context: Any) -> tuple[Any, ...]:
    """What a pipeline calls the method with: the context, unless it is injected."""
    features = getattr(lightbulb, "features", None)  # not in the first of the 3.x
    injected = getattr(features, "COMMAND_INJECT_CONTEXT", None)
    return () if injected in getattr(context.client, "_features", ()) else (context,)


def _says_no(error: BaseException) -> bool:
    """Whether a check's exception refuses the user; one of Python's own is mostly a fault in it.

    Source: lightbulb's guide to checks raises `RuntimeError` to refuse.
    """
    return type(error).__module__ != "builtins" or isinstance(error, RuntimeError | PermissionError)
