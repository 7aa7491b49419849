"""A bot of hikari posts our messages and hands us the presses of our buttons."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import hikari
from hikari.internal.routes import Route  # nothing public takes a message as Discord's API does

from changeover.core.errors import Guard
from changeover.integrations.messages import BUTTONS, Json, OnButton, Press, answer, post


class Messenger:
    """The messages of one bot.

    Args:
        app: which.

    Attributes:
        on_button: who handles presses; None where nobody does.
    """

    def __init__(self, app: Any) -> None:
        self.on_button: OnButton | None = None
        self._app = app
        self._guard = Guard()

    def start(self, guard: Guard) -> None:
        """Listen to presses."""
        self._guard = guard
        self._app.event_manager.subscribe(hikari.InteractionCreateEvent, self._take)

    def stop(self) -> None:
        """Listen no more."""
        with suppress(ValueError):  # somebody removed it
            self._app.event_manager.unsubscribe(hikari.InteractionCreateEvent, self._take)

    async def post(
        self,
        loop: asyncio.AbstractEventLoop | None,
        channel_id: int,
        body: Json,
        timeout_s: float,
    ) -> str:
        """See `Integration.post`."""
        return await post(loop, self._request, channel_id, body, timeout_s=timeout_s)

    async def _request(self, path: str, body: Json, **ids: int | str) -> Any:
        for word in ("channel", "webhook"):  # as hikari calls them, to keep their rate limits
            path = path.replace(f"{{{word}_id}}", f"{{{word}}}")
        names = {name.removesuffix("_id"): str(value) for name, value in ids.items()}
        return await self._app.rest._request(Route("POST", path).compile(**names), json=body)  # noqa: SLF001

    async def _take(self, event: hikari.InteractionCreateEvent) -> None:
        it = event.interaction
        if self.on_button is None or not isinstance(it, hikari.ComponentInteraction):
            return
        if it.custom_id.startswith(BUTTONS):
            ids = int(it.id), int(it.application_id)
            press = Press(int(it.user.id), it.custom_id, *ids, it.token)
            await answer(press, self.on_button, self._request, self._guard)
