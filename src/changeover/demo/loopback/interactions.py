"""Interactions: opened by people, answered by the bot, within Discord's deadlines.

Source: Discord's reference, "Receiving and Responding to Interactions".
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from changeover.core.clock import NS_PER_S, Clock
from changeover.demo.loopback.counters import Counters
from changeover.demo.loopback.errors import (
    ALREADY_ACKNOWLEDGED,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    ApiError,
    invalid_form,
)
from changeover.demo.loopback.messages import InteractionKind, Json, Message, Origin
from changeover.demo.loopback.nouns import Channel, User

ANSWER_WITHIN_NS = 3 * NS_PER_S
FOLLOW_UP_WITHIN_NS = 15 * 60 * NS_PER_S
_KEPT = 20_000


class ResponseKind(IntEnum):
    """How a bot may answer. Source: "Interaction Callback Type" there."""

    PONG = 1
    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


_BY_MESSAGE = {ResponseKind.MESSAGE, ResponseKind.DEFER}
_ON_COMPONENT = {ResponseKind.DEFER_UPDATE, ResponseKind.UPDATE}
_ALLOWED: dict[InteractionKind, set[ResponseKind]] = {
    InteractionKind.COMMAND: _BY_MESSAGE | {ResponseKind.MODAL},
    InteractionKind.COMPONENT: _BY_MESSAGE | _ON_COMPONENT | {ResponseKind.MODAL},
    InteractionKind.AUTOCOMPLETE: {ResponseKind.CHOICES},
    InteractionKind.MODAL_SUBMIT: _BY_MESSAGE | _ON_COMPONENT,
}


@dataclass(slots=True)
class Interaction:
    """One thing that a person did with the bot's commands or components, and what came of it.

    Attributes:
        name: the command's full name (`grp sub`), or the component's or modal's custom id.
        opened_ns: when, on the clock's monotonic time.
        source: the message whose component was used.
        response: how the bot answered; `None` before.
        original: the message of the answer (for updates, the one that was updated).
        followups: the messages after it.
        choices: what autocomplete offered, `{"name": ..., "value": ...}` each.
        modal: the form that the bot opened, as it sent it.
        was_late: an answer came after the 3 seconds, and was refused.
        answered: set once the person sees more than "... is thinking".
    """

    id: int
    token: str
    kind: InteractionKind
    name: str
    user: User
    channel: Channel
    opened_ns: int
    source: Message | None = None
    response: ResponseKind | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json | None = None
    was_late: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def origin(self) -> Origin:
        """What the messages of the answer say they answer."""
        source_id = None if self.source is None else self.source.id
        return Origin(self.id, self.kind, self.name, self.user, source_id)

    @property
    def is_thinking(self) -> bool:
        """Whether it was deferred and nothing has come after that."""
        return self.original is not None and self.original.is_loading

    def note(self) -> None:
        """Something came from the bot."""
        if self.response is not None and not self.is_thinking:
            self.answered.set()

    def message(self, message_id: int | None) -> Message:
        """A message of the answer, `None` for the original; raises ApiError 10008."""
        known = [self.original] if message_id is None else [self.original, *self.followups]
        for message in known:
            if message is not None and message_id in (None, message.id):
                return message
        raise ApiError(UNKNOWN_MESSAGE)

    def lose(self, message: Message) -> None:
        """Forget a message of the answer that was deleted."""
        if message is self.original:
            self.original = None
        else:
            self.followups.remove(message)


class InteractionDesk:
    """All open interactions, and the two deadlines; the oldest are forgotten beyond 20 000."""

    def __init__(self, clock: Clock, counters: Counters) -> None:
        self._clock = clock
        self._counters = counters
        self._open: OrderedDict[str, Interaction] = OrderedDict()

    def open(
        self,
        interaction_id: int,
        kind: InteractionKind,
        *,
        name: str,
        user: User,
        channel: Channel,
        source: Message | None = None,
    ) -> Interaction:
        """Start the clock for a new interaction."""
        opened_ns = self._clock.monotonic_ns()
        interaction = Interaction(
            interaction_id, secrets.token_urlsafe(24), kind, name, user, channel, opened_ns, source
        )
        self._open[interaction.token] = interaction
        if len(self._open) > _KEPT:
            self._open.popitem(last=False)
        return interaction

    def answerable(self, interaction_id: int, token: str, response: Any) -> Interaction:
        """The interaction that the bot may answer so, now; setting `response` is the caller's.

        Args:
            interaction_id: from the path, like the next.
            token: the interaction's own.
            response: the `type` that it sent.

        Raises:
            ApiError: 10062 if unknown or later than 3 s, 40060 if answered already, 50035 if
                that kind of interaction cannot be answered so.
        """
        interaction = self._open.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise ApiError(UNKNOWN_INTERACTION)
        if interaction.response is not None:
            raise ApiError(ALREADY_ACKNOWLEDGED)
        if self._age_ns(interaction) > ANSWER_WITHIN_NS:
            interaction.was_late = True
            self._counters.late += 1
            raise ApiError(UNKNOWN_INTERACTION)
        if response not in _ALLOWED[interaction.kind]:
            allowed = ", ".join(str(int(kind)) for kind in sorted(_ALLOWED[interaction.kind]))
            text = f"Value must be one of {{{allowed}}}."
            raise invalid_form("type", "BASE_TYPE_CHOICES", text)
        if response in _ON_COMPONENT and interaction.source is None:
            text = "Only an interaction of a message's component can update it."
            raise invalid_form("type", "BASE_TYPE_CHOICES", text)
        return interaction

    def answered(self, token: str) -> Interaction:
        """The interaction behind a webhook token.

        Raises:
            ApiError: 10015 if unknown or not answered yet, 50027 after its 15 minutes.
        """
        interaction = self._open.get(token)
        if interaction is None or interaction.response in (None, ResponseKind.CHOICES):
            raise ApiError(UNKNOWN_WEBHOOK)
        if self._age_ns(interaction) > FOLLOW_UP_WITHIN_NS:
            raise ApiError(INVALID_WEBHOOK_TOKEN)
        return interaction

    def _age_ns(self, interaction: Interaction) -> int:
        return self._clock.monotonic_ns() - interaction.opened_ns
