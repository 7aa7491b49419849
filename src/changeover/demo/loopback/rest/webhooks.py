"""Answers to interactions: the callback, and the follow-ups by the interaction's webhook."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from changeover.demo.loopback import drafts
from changeover.demo.loopback.errors import UNKNOWN_WEBHOOK, ApiError, invalid_form
from changeover.demo.loopback.flags import MessageFlag
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.interactions import Interaction, ResponseKind
from changeover.demo.loopback.messages import Json, Message
from changeover.demo.loopback.rest.plumbing import Route, form, number

_CHOICES_MAX = 25
_ORIGINAL = "@original"


async def callback(hub: Hub, request: web.Request) -> Json | None:
    """POST /interactions/{interaction_id}/{token}/callback."""
    interaction_id, token = number(request, "interaction_id"), request.match_info["token"]
    payload = await form(hub, request)
    interaction = hub.interactions.answerable(interaction_id, token, payload.get("type"))
    response = ResponseKind(payload["type"])
    _carry_out(hub, interaction, response, payload.get("data") or {})
    # Only now: an answer that was refused leaves room for another.
    interaction.response = response
    interaction.note()
    hub.counters.answers += 1
    if request.query.get("with_response") in ("1", "true"):
        return _receipt(hub, interaction)
    return None


async def follow_up(hub: Hub, request: web.Request) -> Json:
    """POST /webhooks/{application_id}/{token}; the first after a deferral becomes the answer."""
    interaction = _interaction(hub, request)
    payload = await form(hub, request)
    original = interaction.original
    if original is not None and original.is_loading:
        return _rewritten(hub, interaction, original, payload)
    message = _answer(hub, interaction, payload)
    message.reference_id = original.id if original is not None else None
    interaction.followups.append(message)
    interaction.note()
    hub.publish(message)
    hub.counters.answers += 1
    return hub.message_json(message)


async def read(hub: Hub, request: web.Request) -> Json:
    """GET /webhooks/{application_id}/{token}/messages/{message_id or @original}."""
    return hub.message_json(_message(hub, request)[1])


async def edit(hub: Hub, request: web.Request) -> Json:
    """PATCH the same."""
    payload = await form(hub, request)
    return _rewritten(hub, *_message(hub, request), payload)


async def delete(hub: Hub, request: web.Request) -> Any:
    """DELETE the same."""
    interaction, message = _message(hub, request)
    interaction.lose(message)
    hub.delete(message)


def _carry_out(hub: Hub, interaction: Interaction, response: ResponseKind, data: Json) -> None:
    if response in (ResponseKind.MESSAGE, ResponseKind.DEFER):
        deferred = response is ResponseKind.DEFER
        message = _answer(hub, interaction, data, may_be_empty=deferred)
        message.flags |= MessageFlag.LOADING if deferred else MessageFlag.NONE
        interaction.original = message
        hub.publish(message)
    elif response is ResponseKind.CHOICES:
        interaction.choices = _choices(data)
    elif response is ResponseKind.MODAL:
        interaction.modal = data
    else:
        interaction.original = interaction.source
        if interaction.source is not None and response is ResponseKind.UPDATE:
            _rewrite(hub, interaction.source, data)


def _answer(
    hub: Hub, interaction: Interaction, payload: Json, *, may_be_empty: bool = False
) -> Message:
    message = hub.draft(interaction.channel, hub.world.bot)
    message.origin = interaction.origin
    message.flags |= MessageFlag(payload.get("flags") or 0) & MessageFlag.EPHEMERAL
    drafts.apply(payload, message, hub.world.users, may_be_empty=may_be_empty)
    return message


def _rewrite(hub: Hub, message: Message, payload: Json) -> Json:
    drafts.apply(payload, message, hub.world.users)
    message.flags &= ~MessageFlag.LOADING
    hub.edited(message)
    return hub.message_json(message)


def _rewritten(hub: Hub, interaction: Interaction, message: Message, payload: Json) -> Json:
    found = _rewrite(hub, message, payload)
    interaction.note()
    return found


def _choices(data: Json) -> list[Json]:
    choices: list[Json] = data.get("choices") or []
    if len(choices) > _CHOICES_MAX:
        text = f"Must be {_CHOICES_MAX} or fewer in length."
        raise invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", text)
    return choices


def _receipt(hub: Hub, interaction: Interaction) -> Json:
    """What an answer made. Source: Discord's reference, "Interaction Callback Response"."""
    about: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
    found: Json = {"interaction": about}
    message = interaction.original
    if message is not None and interaction.response is not None:
        about["response_message_id"] = str(message.id)
        about["response_message_loading"] = message.is_loading
        about["response_message_ephemeral"] = message.is_ephemeral
        found["resource"] = {"type": int(interaction.response)}
        if interaction.response in (ResponseKind.MESSAGE, ResponseKind.UPDATE):
            found["resource"]["message"] = hub.message_json(message)
    return found


def _interaction(hub: Hub, request: web.Request) -> Interaction:
    if number(request, "application_id") != hub.world.bot.id:
        raise ApiError(UNKNOWN_WEBHOOK)
    return hub.interactions.answered(request.match_info["token"])


def _message(hub: Hub, request: web.Request) -> tuple[Interaction, Message]:
    interaction = _interaction(hub, request)
    if request.match_info["message_id"] == _ORIGINAL:
        return interaction, interaction.message(None)
    return interaction, interaction.message(number(request, "message_id"))


_ONE = "/webhooks/{application_id}/{token}/messages/{message_id}"

# Their paths hold the interaction's own token, so they need none of the bot's.
ROUTES = [
    Route("POST", "/interactions/{interaction_id}/{token}/callback", callback, is_open=True),
    Route("POST", "/webhooks/{application_id}/{token}", follow_up, is_open=True),
    Route("GET", _ONE, read, is_open=True),
    Route("PATCH", _ONE, edit, is_open=True),
    Route("DELETE", _ONE, delete, is_open=True),
]
