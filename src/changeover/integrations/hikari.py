"""hikari: a bot of it has no commands of its own, so `attach` takes the client that has them.

That is lightbulb's (`lightbulb.client_from_app(bot)`) or arc's (`arc.GatewayClient(bot)`); either
knows its bot. What the two have in common is here: the bot's gateway, its requests, its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import hikari

from changeover.core.errors import BadValueError
from changeover.core.model import Gateway, Kind, Outcome
from changeover.integrations.actions import Action, Actions, running
from changeover.integrations.hikari_gateway import GatewayWatch
from changeover.integrations.hikari_messages import Messenger
from changeover.integrations.hooks import Hooks, observed_class
from changeover.integrations.messages import Json, OnButton
from changeover.integrations.platform import ANSWER_WITHIN_S, LATE
from changeover.integrations.port import Dialect, UnsupportedBotError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_FRAMEWORKS = ("lightbulb", "arc")


class Framework(Dialect, Protocol):
    """What lightbulb's and arc's files offer.

    Attributes:
        library: such as `hikari-arc 2.3.2`.
    """

    library: str

    def hook(self, actions: Actions, hooks: Hooks) -> None:
        """Route and record every command of the client, and every one that it gets later."""

    def unhook(self) -> None:
        """Take back what is no attribute."""

    def handlers_in(self, source: Any) -> Iterator[tuple[str, Kind | None, Callable[..., Any]]]:
        """See `Integration.handlers_in`."""


class Speech(Dialect):
    """How hikari and a framework on it say what happened."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework

    def unwrap(self, error: BaseException) -> BaseException:
        """See `Dialect.unwrap`."""
        return self._framework.unwrap(error)

    def was_run(self, error: BaseException) -> bool:
        """See `Dialect.was_run`."""
        return self._framework.was_run(error)

    def outcome_of(self, error: BaseException) -> Outcome | None:
        """See `Dialect.outcome_of`."""
        if isinstance(error, hikari.NotFoundError) and error.code == LATE:
            return Outcome.FAILURE
        return self._framework.outcome_of(error)

    def has_answered(self, subject: Any, after_s: float) -> bool:
        """See `Dialect.has_answered`."""
        return after_s >= ANSWER_WITHIN_S or self._framework.has_answered(subject, after_s)


class Bot:
    """A client of lightbulb or arc, and the `hikari.GatewayBot` that it is of.

    Attributes:
        library: name and version of both.
        dialect: how they say what happened.

    Raises:
        UnsupportedBotError: a bot of hikari alone, or a client without a gateway.
    """

    def __init__(self, client: Any) -> None:
        self._app: Any = _app_of(client)
        self._framework = _framework_of(client)
        self._gateway = GatewayWatch(self._app)
        self._messenger = Messenger(self._app)
        self._hooks = Hooks()
        self._actions: Actions | None = None
        self.dialect = Speech(self._framework)
        self.library = f"hikari {hikari.__version__} with {self._framework.library}"

    def attach(self, actions: Actions, on_close: Callable[[], None]) -> None:
        """See `Integration.attach`."""
        self._actions = actions
        try:
            self._framework.hook(actions, self._hooks)
        except BadValueError:  # of a new handler; nothing stays half attached
            self._framework.unhook()
            self._hooks.undo()
            raise
        self._hook_rest(actions)
        self._messenger.start(actions.guard)
        self._gateway.start(on_close)

    def detach(self) -> None:
        """See `Integration.detach`."""
        if self._actions is not None:
            self._actions.is_attached = False
        self._framework.unhook()
        self._hooks.undo()
        self._messenger.stop()
        self._gateway.stop()

    def handlers_in(self, source: Any) -> Iterator[tuple[str, Kind | None, Callable[..., Any]]]:
        """See `Integration.handlers_in`."""
        return self._framework.handlers_in(source)

    def look(self) -> None:
        """See `Integration.look`; hikari tells by events."""

    def loop(self) -> AbstractEventLoop | None:
        """See `Integration.loop`."""
        loop = self._gateway.loop
        return loop if loop is not None and loop.is_running() else None

    def is_ready(self) -> bool:
        """See `Integration.is_ready`."""
        return self._gateway.is_ready()

    def gateway(self, window_s: float) -> Gateway:
        """See `Integration.gateway`."""
        return self._gateway.read(window_s)

    async def post(self, channel_id: int, body: Json, *, timeout_s: float = 10.0) -> str:
        """See `Integration.post`."""
        return await self._messenger.post(self.loop(), channel_id, body, timeout_s)

    def on_button(self, callback: OnButton) -> None:
        """See `Integration.on_button`; in hikari, listeners of the event hear of it, too."""
        self._messenger.on_button = callback

    def _hook_rest(self, actions: Actions) -> None:
        """Learn whether a handler has done anything on Discord: after that, no fallback."""

        def request(rest: Any, route: Any, **kwargs: Any) -> Any:
            parent: Any = super(observed, rest)
            before = parent._request  # noqa: SLF001  # our own base
            action = running()
            if action is None or action.has_sent or route.method == "GET":
                return before(route, **kwargs)
            if route.compiled_path.endswith("/typing") or not actions.is_attached:
                return before(route, **kwargs)
            return _noted(action, before(route, **kwargs))

        observed: Any = observed_class(type(self._app.rest), {"_request": request})
        self._hooks.put(self._app.rest, "__class__", observed)


async def _noted(action: Action, request: Any) -> Any:
    is_refused = False
    try:
        return await request
    except hikari.ClientHTTPResponseError:  # 4xx: Discord has done nothing
        is_refused = True
        raise
    finally:
        action.has_sent = action.has_sent or not is_refused


def _packages(client: Any) -> list[str]:
    return [cls.__module__.partition(".")[0] for cls in type(client).__mro__]


def _framework_of(client: Any) -> Framework:
    package = next(name for name in _packages(client) if name in _FRAMEWORKS)
    # Here, because a bot has one of the two installed, seldom both.
    framework: Framework = import_module(f"{__name__}_{package}").Client(client)
    return framework


def _app_of(client: Any) -> Any:
    """The bot behind a client. Raises `UnsupportedBotError`, see `Bot`."""
    kind = f"{type(client).__module__}.{type(client).__qualname__}"
    if not set(_FRAMEWORKS).intersection(_packages(client)):
        raise UnsupportedBotError(
            f"attach({kind}): hikari alone has no commands; expected the client that has them, for "
            "example attach(lightbulb.client_from_app(bot)) or attach(arc.GatewayClient(bot))"
        )
    app = getattr(client, "app", None)
    if not isinstance(app, hikari.GatewayBotAware):
        raise UnsupportedBotError(
            f"attach({kind}): expected the client of a bot with a gateway, for example that of "
            "hikari.GatewayBot(...)"
        )
    return app
