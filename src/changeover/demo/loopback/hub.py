"""What the gateway, the REST routes and the people share: the state of the made-up Discord."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from changeover.core.clock import Clock
from changeover.demo.loopback import payloads
from changeover.demo.loopback.commands import CommandBook
from changeover.demo.loopback.counters import Counters
from changeover.demo.loopback.flags import Intent
from changeover.demo.loopback.gateway import Gateway
from changeover.demo.loopback.interactions import InteractionDesk
from changeover.demo.loopback.messages import Json, Message, MessageStore
from changeover.demo.loopback.nouns import Channel, User
from changeover.demo.loopback.ratelimits import RateLimits
from changeover.demo.loopback.session import Session
from changeover.demo.loopback.snowflake import Snowflakes
from changeover.demo.loopback.world import World

Listener = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that the bot sent."""

    name: str
    content: bytes
    content_type: str


class Hub:
    """One made-up Discord; used on its server's event loop only.

    Attributes:
        token: what the bot must log in with.
        url: `http://127.0.0.1:<port>`; set when the server listens.
        privileged: the privileged intents that the bot may ask for.
        listeners: called with each message of the bot that people can see.
        unhandled: `METHOD /path` of each request that no route answered, the first 1 000.
        files: uploads of the bot by attachment id, the newest 100.
    """

    def __init__(
        self, *, world: World, clock: Clock, privileged: Intent, heartbeat_s: float, shards: int
    ) -> None:
        self.world = world
        self.privileged = privileged
        self.shards = shards
        self.token = _token_of(world.bot.id)
        self.url = ""
        self.snowflakes = Snowflakes(clock)
        self.messages = MessageStore()
        self.commands = CommandBook(world.bot.id, self.snowflakes.next)
        self.counters = Counters()
        self.interactions = InteractionDesk(clock, self.counters)
        self.gateway = Gateway(
            world, token=self.token, privileged=privileged, heartbeat_s=heartbeat_s
        )
        self.rate_limits = RateLimits()
        self.listeners: set[Listener] = set()
        self.unhandled: list[str] = []
        self.files: dict[int, Uploaded] = {}

    def draft(self, channel: Channel, author: User) -> Message:
        """A new message that nobody has seen yet."""
        return Message(self.snowflakes.next(), channel, author)

    def publish(self, message: Message) -> list[Session]:
        """Let everybody who may see a new message; returns the sessions that were told."""
        told: list[Session] = []
        if not message.is_ephemeral:
            self.messages.add(message)
            told = self._tell("MESSAGE_CREATE", message)
        self._heard(message)
        return told

    def changed(self, message: Message) -> None:
        """Tell of an edit."""
        if not message.is_ephemeral:
            self._tell("MESSAGE_UPDATE", message)
        self._heard(message)

    def edited(self, message: Message) -> None:
        """Date an edit and tell of it."""
        message.edited_at = self.snowflakes.now_iso()
        self.changed(message)

    def delete(self, message: Message) -> None:
        """Forget a message and tell of it."""
        self.messages.remove(message)
        if not message.is_ephemeral:
            self.notify("MESSAGE_DELETE", {"id": str(message.id)}, message.channel)

    def notify(
        self, event: str, data: Json, channel: Channel, *, reaction: bool = False
    ) -> list[Session]:
        """Send an event about a message in a channel to the sessions with the intent for it."""
        data["channel_id"] = str(channel.id)
        if channel.guild_id is not None:
            data["guild_id"] = str(channel.guild_id)
        needs = _needed(channel, reaction=reaction)
        return self.gateway.dispatch(event, data, guild_id=channel.guild_id, needs=needs)

    def message_json(self, message: Message) -> Json:
        """A message as Discord sends it, with the one that it replies to."""
        referenced = self.messages.find(message.reference_id)
        return payloads.message(message, self.world, referenced)

    def keep_file(self, file: Uploaded) -> Json:
        """Keep an upload, and return its attachment object."""
        file_id = self.snowflakes.next()
        self.files[file_id] = file
        while len(self.files) > 100:
            self.files.pop(next(iter(self.files)))
        url = f"{self.url}/attachments/{file_id}/{file.name}"
        return {
            "id": str(file_id),
            "filename": file.name,
            "content_type": file.content_type,
            "size": len(file.content),
            "url": url,
            "proxy_url": url,
        }

    def _tell(self, event: str, message: Message) -> list[Session]:
        data = self.message_json(message)
        told = self.gateway.dispatch(
            event,
            data,
            guild_id=message.channel.guild_id,
            needs=_needed(message.channel, reaction=False),
            veiled=payloads.without_content(data) if self._is_private(message) else None,
        )
        self.counters.undelivered += not told
        return told

    def _is_private(self, message: Message) -> bool:
        """Whether its content needs the message-content intent.

        Source: Discord's reference, "Message Content Intent" and its exceptions.
        """
        bot = self.world.bot
        return not (
            message.channel.guild_id is None or message.author == bot or bot in message.mentions
        )

    def _heard(self, message: Message) -> None:
        if message.author == self.world.bot:
            for listener in list(self.listeners):
                listener(message)


def _needed(channel: Channel, *, reaction: bool) -> Intent:
    if channel.guild_id is None:
        return Intent.DIRECT_MESSAGE_REACTIONS if reaction else Intent.DIRECT_MESSAGES
    return Intent.GUILD_MESSAGE_REACTIONS if reaction else Intent.GUILD_MESSAGES


def _token_of(bot_id: int) -> str:
    """A token as Discord's look, which hikari reads the bot's id from: it comes first, encoded."""
    return urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=") + ".loopback.token"
