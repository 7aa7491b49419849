"""The bot itself: posts an embed in a channel of one of its own guilds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from changeover.core.errors import ChannelError
from changeover.core.model import Event, Notification
from changeover.notify.embed import embed_body, plain_body

Post = Callable[[int, dict[str, Any]], Awaitable[str | None]]
Components = Callable[[Notification], Sequence[Mapping[str, Any]]]

_DEAD = frozenset({401, 403, 404})
_REFUSED = frozenset({400, 413})


class BotChannel:
    """Posts through the client that is attached.

    A bot's message can answer another, so a resolve answers the firing.

    Args:
        channel_id: of the channel.
        post: posts a message; see the attribute.
        timeout_s: for one attempt.

    Attributes:
        post: takes the channel's id and the JSON of Discord's "Create Message", and returns the
            id of the message; None while no bot is attached. It is awaited on the loop that
            delivers, which is not the bot's. What it raises may have `status`, of HTTP, and
            `retry_after`, in seconds, as the errors of Discord's libraries have.
        components: gives the rows of buttons that stand under a message, as Discord takes them.
            Called in a thread; None for never any.
    """

    name = "bot"

    def __init__(
        self, channel_id: int, *, post: Post | None = None, timeout_s: float = 10.0
    ) -> None:
        self._channel_id = channel_id
        self._timeout_s = timeout_s
        self.post = post
        self.components: Components | None = None

    def __repr__(self) -> str:
        return f"BotChannel({self._channel_id})"

    async def send(self, notification: Notification) -> str | None:
        """Post one embed; a plain text where Discord does not take it (400).

        Returns:
            The id of the message that a resolve answers.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await self._tell(notification)
        except TimeoutError:
            raise ChannelError(f"no answer within {self._timeout_s:g} s") from None
        first = notification.receipt
        return message if notification.event == Event.FIRING or not first else first

    async def close(self) -> None:
        """Nothing to give back: the client is the bot's."""

    async def _tell(self, notification: Notification) -> str | None:
        answers = _answers(notification)
        buttons = await self._buttons(notification)
        refused = await self._attempt(answers | embed_body(notification) | buttons)
        if isinstance(refused, Exception):
            refused = await self._attempt(answers | plain_body(notification))
        if isinstance(refused, ChannelError):
            raise refused
        if isinstance(refused, Exception):
            raise ChannelError(_told(refused), permanent=True)
        return refused

    async def _buttons(self, notification: Notification) -> dict[str, Any]:
        if self.components is None:
            return {}
        rows = await asyncio.to_thread(self.components, notification)
        return {"components": list(rows)} if rows else {}

    async def _attempt(self, body: dict[str, Any]) -> str | Exception | None:
        """The id of the message, or the error of Discord's that refused what it says."""
        if self.post is None:
            raise ChannelError("no bot is attached")
        try:
            return await self.post(self._channel_id, body)
        except TimeoutError:
            raise
        except ChannelError as error:
            if error.status in _REFUSED:
                return error
            raise
        except Exception as error:  # noqa: BLE001 - each library has errors of its own
            status = _status(error)
            if status in _REFUSED:
                return error
            wait_s = getattr(error, "retry_after", None)
            raise ChannelError(
                _told(error),
                permanent=status in _DEAD,
                retry_after_s=float(wait_s) if isinstance(wait_s, int | float) else None,
            ) from None


def _answers(notification: Notification) -> dict[str, Any]:
    receipt = notification.receipt or ""
    if notification.event == Event.FIRING or not (receipt.isascii() and receipt.isdigit()):
        return {}
    return {"message_reference": {"message_id": receipt, "fail_if_not_exists": False}}


def _status(error: Exception) -> int | None:
    status = getattr(error, "status", None)
    return int(status) if isinstance(status, int) else None


def _told(error: Exception) -> str:
    """Only type and status: the text of a foreign error may hold a secret."""
    status = _status(error)
    return type(error).__name__ if status is None else f"answered {status}: {type(error).__name__}"
