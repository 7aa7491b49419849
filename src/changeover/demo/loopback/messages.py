"""Messages as Discord keeps them, and the bounded memory of them."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from changeover.demo.loopback.errors import UNKNOWN_MESSAGE, ApiError
from changeover.demo.loopback.flags import MessageFlag
from changeover.demo.loopback.nouns import Channel, User

Json = dict[str, Any]


class InteractionKind(IntEnum):
    """What a person did. Source: Discord's reference, "Interaction Type"."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


@dataclass(frozen=True, slots=True)
class Origin:
    """The interaction that a message answers: its id, kind, the command's name and the user.

    Attributes:
        source_id: the message whose component was used, or behind which the form was opened.
    """

    interaction_id: int
    kind: InteractionKind
    name: str
    user: User
    source_id: int | None = None


@dataclass(slots=True, eq=False)
class Message:
    """A message; edits change it in place, so it is equal to itself only.

    Attributes:
        embeds, components, attachments: as Discord sends them, lists of JSON objects.
        reference_id: the message that this one replies to.
        edited_at: ISO 8601, or `None`.
        reactions: who reacted, by emoji.
        origin: for answers to interactions.
    """

    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: MessageFlag = MessageFlag.NONE
    mentions: list[User] = field(default_factory=list)
    mentioned_roles: list[int] = field(default_factory=list)
    mentions_everyone: bool = False
    reference_id: int | None = None
    nonce: int | str | None = None
    edited_at: str | None = None
    reactions: dict[str, set[int]] = field(default_factory=dict)
    origin: Origin | None = None

    @property
    def is_ephemeral(self) -> bool:
        """Whether only the user of the interaction sees it."""
        return MessageFlag.EPHEMERAL in self.flags

    @property
    def is_loading(self) -> bool:
        """Whether it still says "... is thinking"."""
        return MessageFlag.LOADING in self.flags

    def controls(self) -> Iterator[Json]:
        """All components, those inside rows and containers too, from top to bottom."""
        return _walk(self.components)


class MessageStore:
    """The newest messages by id; the oldest are forgotten, so that a long demo does not grow.

    Args:
        capacity: how many are kept, over all channels.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._messages: OrderedDict[int, Message] = OrderedDict()
        self._channels: dict[int, deque[int]] = {}

    def add(self, message: Message) -> None:
        """Keep a message."""
        self._messages[message.id] = message
        channel = self._channels.setdefault(message.channel.id, deque())
        channel.append(message.id)
        if len(self._messages) > self._capacity:
            _, oldest = self._messages.popitem(last=False)
            self._channels[oldest.channel.id].remove(oldest.id)

    def get(self, channel_id: int, message_id: int) -> Message:
        """That message; raises ApiError 10008 if it is not (or no longer) there."""
        message = self._messages.get(message_id)
        if message is None or message.channel.id != channel_id:
            raise ApiError(UNKNOWN_MESSAGE)
        return message

    def find(self, message_id: int | None) -> Message | None:
        """That message, wherever it is, or `None`."""
        return None if message_id is None else self._messages.get(message_id)

    def remove(self, message: Message) -> None:
        """Forget a message; nothing happens if it is forgotten already."""
        if self._messages.pop(message.id, None) is not None:
            self._channels[message.channel.id].remove(message.id)

    def history(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """A channel's messages, newest first; with `after` the oldest ones above it."""
        ids = self._channels.get(channel_id, deque())
        low, high = after or 0, before or 1 << 64
        found = [self._messages[i] for i in ids if low < i < high]
        kept = found[:limit] if after is not None else found[-limit:]
        return kept[::-1]


def _walk(components: list[Json]) -> Iterator[Json]:
    for component in components:
        yield component
        yield from _walk(component.get("components", []))
        inner = [component[key] for key in ("accessory", "component") if key in component]
        yield from _walk(inner)
