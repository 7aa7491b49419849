"""What a request wants a message to be: checked as Discord checks it, then applied."""

from __future__ import annotations

import copy
import re
from dataclasses import fields
from typing import Any

from changeover.demo.loopback.errors import EMPTY_MESSAGE, ApiError, invalid_form
from changeover.demo.loopback.flags import MessageFlag
from changeover.demo.loopback.messages import Json, Message
from changeover.demo.loopback.nouns import User

CONTENT_MAX = 2000
EMBEDS_MAX = 10
EMBEDS_TEXT_MAX = 6000
EMBED_LIMITS = {"title": 256, "description": 4096}
"""Characters. Source: Discord's reference, "Embed Limits"."""

_CHANGEABLE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2
_USER_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")


def apply(
    payload: Json, message: Message, users: dict[int, User], *, may_be_empty: bool = False
) -> None:
    """Write what `payload` holds into `message`, and leave the rest of it as it was.

    Args:
        payload: the request's JSON; `attachments` names the old files to keep, `uploads` holds
            the new ones.
        message: what is changed.
        users: everybody, by id, for the mentions.
        may_be_empty: for a deferral, whose text comes later.

    Raises:
        ApiError: 50035 for a field that breaks a limit, 50006 if nothing would be left to see;
            the message is unchanged then.
    """
    _check(payload)
    draft = copy.copy(message)
    if "content" in payload:
        draft.content = payload["content"] or ""
    if "embeds" in payload:
        draft.embeds = payload["embeds"] or []
    if "components" in payload:
        draft.components = payload["components"] or []
        for number, control in enumerate(draft.controls(), 1):
            control.setdefault("id", number)  # as Discord does; hikari needs it
    draft.attachments = _attachments(payload, message.attachments)
    draft.flags |= MessageFlag(payload.get("flags") or 0) & _CHANGEABLE
    draft.nonce = payload.get("nonce", message.nonce)
    if "content" in payload or "allowed_mentions" in payload:
        _mention(draft, payload.get("allowed_mentions"), users)
    if not may_be_empty and not _shows_something(draft):
        raise ApiError(EMPTY_MESSAGE)
    for each in fields(Message):
        setattr(message, each.name, getattr(draft, each.name))


def _shows_something(message: Message) -> bool:
    parts = (message.content.strip(), message.embeds, message.components, message.attachments)
    return any(parts)


def _attachments(payload: Json, old: list[Json]) -> list[Json]:
    kept = old
    if "attachments" in payload:
        wanted = {str(file.get("id")) for file in payload["attachments"] or []}
        kept = [file for file in old if file["id"] in wanted]
    new: list[Json] = payload.get("uploads", [])
    return kept + new


def _check(payload: Json) -> None:
    content = payload.get("content")
    if content is not None and not isinstance(content, str):
        raise invalid_form("content", "STRING_TYPE_CONVERT", "Could not interpret as string.")
    _limit("content", content, CONTENT_MAX)
    embeds = payload.get("embeds") or []
    if len(embeds) > EMBEDS_MAX:
        raise _too_long("embeds", EMBEDS_MAX)
    for index, embed in enumerate(embeds):
        for name, limit in EMBED_LIMITS.items():
            _limit(f"embeds.{index}.{name}", embed.get(name), limit)
    if sum(map(_text_length, embeds)) > EMBEDS_TEXT_MAX:
        text = "Embed size exceeds maximum size of 6000"
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)


def _limit(path: str, text: str | None, limit: int) -> None:
    if text is not None and len(text) > limit:
        raise _too_long(path, limit)


def _too_long(path: str, limit: int) -> ApiError:
    return invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def _text_length(embed: Json) -> int:
    parts = [embed.get("title"), embed.get("description")]
    parts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for item in embed.get("fields") or []:
        parts += [item.get("name"), item.get("value")]
    return sum(len(part) for part in parts if part)


def _mention(message: Message, allowed: Any, users: dict[int, User]) -> None:
    """Find whom the content mentions, less what `allowed_mentions` (JSON or `None`) silences."""
    kinds = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or [])
    named = {int(i) for i in (allowed or {}).get("users") or []}
    found = dict.fromkeys(int(i) for i in _USER_MENTION.findall(message.content))
    message.mentions = [users[i] for i in found if i in users and ("users" in kinds or i in named)]
    roles = dict.fromkeys(int(i) for i in _ROLE_MENTION.findall(message.content))
    message.mentioned_roles = list(roles) if "roles" in kinds else []
    everyone = "@everyone" in message.content or "@here" in message.content
    message.mentions_everyone = everyone and "everyone" in kinds
