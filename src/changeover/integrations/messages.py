"""Messages that the bot itself posts for us, and presses of the buttons below them.

What a library's file brings is how to send a request; the rest is the same for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from changeover.core.errors import ChannelError, Guard
from changeover.core.text import redact, shorten

BUTTONS = "changeover:"
"""What the custom id of each of our buttons begins with; the bot never hears of their presses."""

OnButton = Callable[[int, str], Awaitable[str]]
"""Given the user's id and the custom id, says what to answer; awaited on the bot's loop."""

Json = dict[str, Any]

_COMPONENT = 3  # the type of interaction. Source: Discord's reference, "Interaction Type"
_ACCEPTED = {"type": 6}  # without a message. Source: "Interaction Callback Type"
_EPHEMERAL = 1 << 6  # Source: "Message Flags"
_MOST = 2_000  # characters of a message's text
_FAILED = "That did not work; the log of Changeover says why."


class Press(NamedTuple):
    """One press of a button of ours.

    Attributes:
        interaction_id, application_id, token: what an answer goes to.
    """

    user_id: int
    custom_id: str
    interaction_id: int
    application_id: int
    token: str


class Request(Protocol):
    """POST a JSON body to Discord's API through the bot's own HTTP client."""

    async def __call__(self, path: str, body: Json, **ids: int | str) -> Any:
        """What Discord answered; `ids` stand in the path in braces, and tell the rate limit."""


def press_of(data: Mapping[str, Any]) -> Press | None:
    """The press that an interaction, as Discord sent it, is; None for anybody else's."""
    if data.get("type") != _COMPONENT:
        return None
    custom_id = str(data["data"]["custom_id"])
    if not custom_id.startswith(BUTTONS):
        return None
    user = (data.get("member") or data)["user"]
    ids = int(data["id"]), int(data["application_id"])
    return Press(int(user["id"]), custom_id, *ids, str(data["token"]))


async def answer(press: Press, on_button: OnButton, request: Request, guard: Guard) -> None:
    """Let the press be handled, and tell its user alone what came of it; raises nothing.

    Discord is told at once that the press arrived, since it waits 3 s only.
    """
    try:
        await request(
            "/interactions/{webhook_id}/{webhook_token}/callback",
            _ACCEPTED,
            webhook_id=press.interaction_id,
            webhook_token=press.token,
        )
        try:
            text = await on_button(press.user_id, press.custom_id)
        except Exception as trouble:  # noqa: BLE001  # the user shall know that nothing was done
            text = _FAILED
            guard.caught("attach.button", trouble)
        if text:
            told = {
                "content": shorten(text, _MOST),
                "flags": _EPHEMERAL,
                "allowed_mentions": {"parse": []},
            }
            await request(
                "/webhooks/{webhook_id}/{webhook_token}",
                told,
                webhook_id=press.application_id,
                webhook_token=press.token,
            )
    except Exception as trouble:  # noqa: BLE001  # Discord's refusal; nobody is left to be told
        guard.caught("attach.button", trouble)


async def post(
    loop: asyncio.AbstractEventLoop | None,
    request: Request,
    channel_id: int,
    body: Json,
    *,
    timeout_s: float,
) -> str:
    """Post a message as the bot, from whatever event loop; returns its id.

    Args:
        loop: the bot's; None while it does not run.
        request: the bot's way to Discord, which keeps the rate limits.
        channel_id: where to.
        body: the message as Discord's API takes it.
        timeout_s: for all of it, waiting for the rate limit included.

    Raises:
        ChannelError: it was not accepted in time; permanently, where Discord refused it.
    """
    if loop is None:
        raise ChannelError("the bot does not run")
    work = _posted(request, channel_id, body)
    try:
        if loop is asyncio.get_running_loop():
            return await asyncio.wait_for(work, timeout_s)
        future = asyncio.run_coroutine_threadsafe(work, loop)
        return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
    except TimeoutError:
        raise ChannelError(f"no answer within {timeout_s:g} s") from None
    except RuntimeError as error:  # the loop was closed in this moment
        work.close()
        raise ChannelError(f"the bot does not run: {error}") from None


async def _posted(request: Request, channel_id: int, body: Json) -> str:
    try:
        message = await request("/channels/{channel_id}/messages", body, channel_id=channel_id)
        return str(message["id"])
    except Exception as error:  # noqa: BLE001  # each library has its own, and aiohttp's leave, too
        raise _refusal(error) from None


def _refusal(error: Exception) -> ChannelError:
    """What a library's error of HTTP says; each has a `status`, and a `text` or a `message`."""
    status = getattr(error, "status", None)
    if not isinstance(status, int):
        return ChannelError(f"no connection: {type(error).__name__}")
    said = getattr(error, "text", None) or getattr(error, "message", None) or ""
    detail = shorten(redact(str(said)), 200)
    text = f"answered {int(status)}" + (f": {detail}" if detail else "")
    is_final = 400 <= status < 500 and status not in {408, 429}
    return ChannelError(text, permanent=is_final, status=int(status))
