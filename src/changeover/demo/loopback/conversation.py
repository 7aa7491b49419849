"""What came of something that a person did: replies, answers, forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from changeover.demo.loopback import modals
from changeover.demo.loopback.interactions import Interaction, ResponseKind
from changeover.demo.loopback.messages import Json, Message
from changeover.demo.loopback.nouns import User

TIMEOUT_S = 5.0
"""How long to wait for a bot's handler by default; real time, whatever clock is injected."""


class Hands(Protocol):
    """Whoever lets a person press and fill in what they see."""

    async def press(
        self, message: Message, control: str, values: Sequence[Any], user: User | None, wait: Wait
    ) -> Answer:
        """Use a message's button or menu."""

    async def react(self, message: Message, emoji: str, user: User | None, wait: Wait) -> bool:
        """React to a message."""

    async def submit(self, opener: Interaction, values: Mapping[str, Any], wait: Wait) -> Answer:
        """Send a form."""


class Wait(NamedTuple):
    """How long to wait for the bot.

    Attributes:
        timeout_s: at most this.
        enough: stop at so many replies (for interactions: when it is answered), though the
            handler goes on; `None` waits for the handler's end.
    """

    timeout_s: float = TIMEOUT_S
    enough: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of the bot, as it is now: edits show.

    Attributes:
        message: the whole of it.
    """

    message: Message
    _hands: Hands = field(repr=False)

    @property
    def content(self) -> str:
        """Its text."""
        return self.message.content

    @property
    def embeds(self) -> list[Json]:
        """Its embeds, as the bot sent them."""
        return self.message.embeds

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return self.message.is_ephemeral

    async def press(
        self,
        control: str,
        /,
        *values: Any,
        user: User | None = None,
        timeout_s: float = TIMEOUT_S,
        until_answered: bool = False,
    ) -> Answer:
        """Press a button, or choose `values` in a menu.

        Args:
            control: its label, placeholder or custom id.
            *values: for a menu: texts, or users, roles and channels.
            user: who; by default the person whose command it answers.
            timeout_s: as for `LoopbackDiscord.invoke`, like the next.
            until_answered: come back with the answer, though the handler goes on.
        """
        wait = Wait(timeout_s, 1 if until_answered else None)
        return await self._hands.press(self.message, control, values, user, wait)

    async def react(
        self, emoji: str, *, user: User | None = None, timeout_s: float = TIMEOUT_S
    ) -> bool:
        """React to it; returns whether the bot was told and is done with it.

        Args:
            emoji: a character, or `name:id`.
            user: who; by default the first person who may talk there.
            timeout_s: come back after this in any case.
        """
        return await self._hands.react(self.message, emoji, user, Wait(timeout_s))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message of a person, and what the bot said to it.

    Attributes:
        message: what the person wrote.
        replies: the bot's messages in that channel and in the person's DMs from then on, oldest
            first, without replies to other messages.
        delivered: whether any session of the bot was told (intents, connection).
        finished: whether the bot's handlers ended in time; `False` after a timeout.
    """

    message: Message
    replies: list[Reply]
    delivered: bool
    finished: bool

    @property
    def content(self) -> str | None:
        """The text of the last reply; `None` if the bot answered nothing."""
        return self.replies[-1].content if self.replies else None

    @property
    def embeds(self) -> list[Json]:
        """The embeds of the last reply."""
        return self.replies[-1].embeds if self.replies else []


@dataclass(frozen=True, slots=True)
class Answer:
    """How the bot answered an interaction.

    Attributes:
        interaction: the whole of it.
        delivered, finished: as for `Exchange`.
    """

    interaction: Interaction
    delivered: bool
    finished: bool
    _hands: Hands = field(repr=False)

    @property
    def replies(self) -> list[Reply]:
        """The messages of the answer and its follow-ups, oldest first."""
        original = self.interaction.original
        shown = [] if original is None or original.is_loading else [original]
        return [Reply(message, self._hands) for message in shown + self.interaction.followups]

    @property
    def content(self) -> str | None:
        """The text of the first message; `None` if there is none."""
        return self.replies[0].content if self.replies else None

    @property
    def embeds(self) -> list[Json]:
        """The embeds of the first message."""
        return self.replies[0].embeds if self.replies else []

    @property
    def ephemeral(self) -> bool:
        """Whether only the person sees the first message."""
        original = self.interaction.original
        return original is not None and original.is_ephemeral

    @property
    def deferred(self) -> bool:
        """Whether the bot first asked for time."""
        return self.interaction.response in (ResponseKind.DEFER, ResponseKind.DEFER_UPDATE)

    @property
    def choices(self) -> list[Json]:
        """What autocomplete offered: `{"name": ..., "value": ...}` each."""
        return self.interaction.choices

    @property
    def error(self) -> str | None:
        """What the person reads instead of an answer; `None` if the bot answered."""
        if self.interaction.was_late:
            return "The application did not respond in time"
        if self.interaction.response is None:
            return "The application did not respond"
        return "The application is still thinking" if self.interaction.is_thinking else None

    @property
    def modal(self) -> Modal | None:
        """The form that the bot opened."""
        found = self.interaction.modal
        return None if found is None else Modal(self.interaction, self._hands)


@dataclass(frozen=True, slots=True)
class Modal:
    """A form on a person's screen."""

    _opener: Interaction
    _hands: Hands = field(repr=False)

    @property
    def title(self) -> str:
        """What stands above it."""
        return str((self._opener.modal or {}).get("title", ""))

    @property
    def labels(self) -> list[str]:
        """Its inputs, from top to bottom."""
        return [label for label, _ in modals.fields(self._opener.modal or {})]

    async def submit(self, values: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S) -> Answer:
        """Fill it in, by label or custom id, and send it; raises BadOptionError."""
        return await self._hands.submit(self._opener, values, Wait(timeout_s))
