"""The people of the demo: about so many commands a second, with the mistakes that people make."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Protocol

from changeover.core.clock import NS_PER_S, Clock, SystemClock
from changeover.core.model import Kind
from changeover.demo.habits import Habits, Person, Place
from changeover.demo.loopback.conversation import Answer
from changeover.demo.loopback.errors import LoopbackError
from changeover.demo.loopback.flags import Permission
from changeover.demo.loopback.nouns import Channel, User
from changeover.demo.loopback.world import World

_BAD_ARGUMENT, _FORBIDDEN, _UNKNOWN, _IMPATIENT = 0.03, 0.01, 0.01, 0.004
_DIRECT_RATIO = 0.08
_CHAT_RATIO = 0.25  # messages that are no commands, per command
_BURST = 7  # how often somebody impatient does the same thing
_BURST_GAP_S = 0.15
_FORGET_AFTER_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class Action:
    """Something that somebody does.

    Attributes:
        at_s: seconds after the beginning; never less than that of the action before.
        kind: a typed command, a slash command, or None for ordinary chat.
        text: what is typed; empty for slash commands.
        command: without the prefix; empty for chat.
        options: of a slash command, by name.
    """

    at_s: float
    user: User
    channel: Channel
    kind: Kind | None
    text: str = ""
    command: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


class Discord(Protocol):
    """The part of `LoopbackDiscord` that people need."""

    def post_message(
        self, content: str, *, user: User | None = None, channel: Channel | None = None
    ) -> None:
        """Write a message, and wait for nothing."""

    def post_interaction(
        self,
        command: str,
        options: Mapping[str, Any] | None = None,
        /,
        *,
        user: User | None = None,
        channel: Channel | None = None,
    ) -> None:
        """Use a slash command, and wait for nothing."""

    async def invoke(
        self,
        command: str,
        options: Mapping[str, Any] | None = None,
        /,
        *,
        user: User | None = None,
        channel: Channel | None = None,
    ) -> Answer:
        """Use a slash command, and wait for the answer."""


def demo_world(*, guilds: int = 5, users: int = 200, seed: int = 1) -> World:
    """The world that the people live in; each guild has an age-restricted channel to verify in."""
    world = World.build(guilds=guilds, users=users, seed=seed)
    for guild in world.guilds.values():
        world.add_channel(guild, "after-hours", nsfw=True)
    return world


class People:
    """Everybody in a world, doing what they do. Equal seeds give equal streams.

    Args:
        world: see `demo_world`.
        seed: of the dice.
        rate: commands a second, on average; chat comes on top.
        prefix: of the bot, its space included.
    """

    def __init__(
        self, world: World, *, seed: int = 1, rate: float = 10.0, prefix: str = "!tz "
    ) -> None:
        self._dice = random.Random(seed)  # noqa: S311  # equal seeds must give equal streams
        self._habits = Habits(self._dice)
        self._rate = rate
        self._prefix = prefix
        self._people = [person for person in map(self._meet(world), _humans(world)) if person]
        self._dice.shuffle(self._people)
        # A few are always there and most seldom, as in every community.
        self._activity = [1 / rank**0.7 for rank in range(1, len(self._people) + 1)]

    def actions(self) -> Iterator[Action]:
        """What happens, one after the other, without end: a Poisson process, and some bursts."""
        beginnings = self._rate / (1 + _IMPATIENT * (_BURST - 1))
        chat_ratio = _CHAT_RATIO * self._rate / beginnings
        waiting: list[tuple[float, int, Action]] = []  # the number makes equal times comparable
        count = 0
        now_s = 0.0
        while True:
            now_s += self._dice.expovariate(beginnings * (1 + chat_ratio))
            while waiting and waiting[0][0] <= now_s:
                yield heappop(waiting)[2]
            [person] = self._dice.choices(self._people, self._activity)
            if self._dice.random() < chat_ratio / (1 + chat_ratio):
                place = self._dice.choice(person.places)
                yield Action(now_s, person.user, place.channel, None, self._habits.chat())
                continue
            for action in self._command(person, now_s):
                count += 1
                heappush(waiting, (action.at_s, count, action))

    async def run(self, discord: Discord, stop: asyncio.Event, clock: Clock | None = None) -> None:
        """Let it happen on a Discord until `stop` is set. Nobody waits for the bot.

        After a standstill of this loop nobody catches up on what they would have done.
        """
        now_ns = (clock or SystemClock()).monotonic_ns
        sign_ins: set[asyncio.Task[None]] = set()
        begun_ns = now_ns()
        for action in self.actions():
            early_ns = begun_ns + round(action.at_s * NS_PER_S) - now_ns()
            if early_ns < -_FORGET_AFTER_NS:
                begun_ns -= early_ns
            if await _is_over(stop, early_ns / NS_PER_S):
                break
            if action.command == "auth" and action.options.get("action") == "start":
                task = asyncio.create_task(self._sign_in(discord, action))
                sign_ins.add(task)
                task.add_done_callback(sign_ins.discard)
            else:
                _perform(discord, action)
        for task in list(sign_ins):
            task.cancel()
        await asyncio.gather(*sign_ins, return_exceptions=True)

    async def _sign_in(self, discord: Discord, action: Action) -> None:
        """Ask for a code, read it, use it."""
        where: dict[str, Any] = {"user": action.user, "channel": action.channel}
        try:
            answer = await discord.invoke("/auth", {"action": "start"}, **where)
        except LoopbackError:
            return  # Discord's client refused, and has counted it
        parts = (answer.content or "").split("`")
        if len(parts) > 1:
            discord.post_interaction("/auth", {"action": "code", "code": parts[1]}, **where)

    def _command(self, person: Person, at_s: float) -> Iterator[Action]:
        place = self._place(person)
        roll = self._dice.random()
        if roll < _BAD_ARGUMENT:
            name, words, options = self._habits.bad_argument(person)
            yield self._action(person, place, at_s, name, words, options)
        elif roll < _BAD_ARGUMENT + _FORBIDDEN:
            name, wish = self._habits.forbidden(person, place)
            yield self._action(person, place, at_s, name, _typed(wish), wish)
        elif roll < _BAD_ARGUMENT + _FORBIDDEN + _UNKNOWN:
            yield self._action(person, place, at_s, self._habits.unknown(), "", None)
        elif roll < _BAD_ARGUMENT + _FORBIDDEN + _UNKNOWN + _IMPATIENT:
            for index in range(_BURST):
                yield self._action(person, place, at_s + index * _BURST_GAP_S, "list", "", {})
        else:
            name, chosen = self._habits.sensible(person, place)
            yield self._action(person, place, at_s, name, _typed(chosen), chosen)

    def _action(
        self,
        person: Person,
        place: Place,
        at_s: float,
        name: str,
        words: str,
        options: Mapping[str, Any] | None,
    ) -> Action:
        """By slash or typed as the person likes it, where slash allows it at all."""
        is_start = options == {"action": "start"}  # its code is for the person's eyes
        if is_start:
            person.is_signed_in = True
        by_slash = options is not None and (is_start or self._dice.random() < person.slash_ratio)
        if by_slash and options is not None:
            kind, text = Kind.SLASH, ""
        else:
            kind, text, options = Kind.PREFIX, f"{self._prefix}{name} {words}".rstrip(), {}
        return Action(at_s, person.user, place.channel, kind, text, name, options)

    def _place(self, person: Person) -> Place:
        if self._dice.random() < _DIRECT_RATIO:
            return person.direct
        return self._dice.choice(person.places)

    def _meet(self, world: World) -> Any:
        def meet(user: User) -> Person | None:
            places = _places(world, user)
            if not places:
                return None
            # Made now: later the server's own thread reads the world's channels.
            direct = Place(world.dm(user), is_direct=True)
            return self._habits.person(user, places, direct)

        return meet


def _humans(world: World) -> list[User]:
    return [user for user in world.users.values() if not user.bot]


def _places(world: World, user: User) -> Sequence[Place]:
    """The channels where both the person and the bot may write."""
    found = []
    for guild in world.guilds.values():
        if user.id not in guild.members:
            continue
        for channel in guild.channels.values():
            rights = world.permissions(user, channel)
            bot_rights = world.permissions(world.bot, channel)
            if Permission.SEND_MESSAGES in rights & bot_rights:
                found.append(
                    Place(
                        channel,
                        may_moderate=Permission.MANAGE_MESSAGES in rights,
                        is_admin=Permission.ADMINISTRATOR in rights,
                    )
                )
    return found


def _typed(options: Mapping[str, Any]) -> str:
    return " ".join(str(value) for value in options.values())


def _perform(discord: Discord, action: Action) -> None:
    if action.kind is Kind.SLASH:
        discord.post_interaction(
            f"/{action.command}", action.options, user=action.user, channel=action.channel
        )
    else:
        discord.post_message(action.text, user=action.user, channel=action.channel)


async def _is_over(stop: asyncio.Event, delay_s: float) -> bool:
    """Wait so long, or until it is over."""
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, delay_s))
    except TimeoutError:
        return stop.is_set()
    return True
