"""The loopback Discord: a gateway and a REST API on 127.0.0.1, and people who use the bot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Self, TypeVar

from changeover.core.clock import Clock, SystemClock
from changeover.demo.loopback import actions, redirect
from changeover.demo.loopback.actions import Target
from changeover.demo.loopback.conversation import TIMEOUT_S, Answer, Exchange, Reply, Wait
from changeover.demo.loopback.counters import Counters
from changeover.demo.loopback.errors import LoopbackError
from changeover.demo.loopback.flags import Intent
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.nouns import Channel, User
from changeover.demo.loopback.people import People
from changeover.demo.loopback.site import Site
from changeover.demo.loopback.threads import loop_in_thread
from changeover.demo.loopback.watch import HandlerWatch
from changeover.demo.loopback.world import World

_BotT = TypeVar("_BotT")

_ON_READY_S = 2.0  # many bots sync their commands in on_ready; one that never ends must not hang
HEARTBEAT_S = 41.25
"""Discord's own interval."""


class LoopbackDiscord:
    """A made-up Discord that a real, unchanged discord.py bot runs on; 127.0.0.1 only.

        async with LoopbackDiscord() as discord, discord.running(bot):
            exchange = await discord.say("!ping")
            answer = await discord.invoke("/add", name="Bob")

    Args:
        world: who and what exists; by default `World.build()`.
        clock: for the deadlines of interactions and the time in ids. With a `ManualClock` both
            move only when a test turns it.
        privileged: the privileged intents that are "switched on in the developer portal".
        shards: how many shards `/gateway/bot` recommends.
        heartbeat_s: how often a client must send a heartbeat.

    Attributes:
        world: who and what exists.
        token: what the bot must log in with.
        counters: running totals, readable from any thread.
        unhandled: `METHOD /path` of each request that no route answered: what to add here.
        url: `http://127.0.0.1:<port>` while it runs.
    """

    def __init__(
        self,
        *,
        world: World | None = None,
        clock: Clock | None = None,
        privileged: Intent = Intent.PRIVILEGED,
        shards: int = 1,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.world = world or World.build()
        self._hub = Hub(
            world=self.world,
            clock=clock or SystemClock(),
            privileged=privileged,
            heartbeat_s=heartbeat_s,
            shards=shards,
        )
        self._watch = HandlerWatch()
        self._people = People(self._hub, self._watch)
        self._site = Site(self._hub)

    @property
    def token(self) -> str:
        """What the bot must log in with."""
        return self._hub.token

    @property
    def url(self) -> str:
        """Where it listens; empty before the start."""
        return self._hub.url

    @property
    def counters(self) -> Counters:
        """Running totals since it was made."""
        return self._hub.counters

    @property
    def unhandled(self) -> list[str]:
        """Requests that no route answered, oldest first."""
        return self._hub.unhandled

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    @classmethod
    @contextlib.contextmanager
    def in_thread(cls, **options: Any) -> Iterator[Self]:
        """Run one in a thread of its own, so that a blocked bot does not block it.

        Args:
            **options: as for the constructor.
        """
        discord = cls(**options)
        with loop_in_thread("loopback discord") as loop:
            asyncio.run_coroutine_threadsafe(discord.start(), loop).result()
            try:
                yield discord
            finally:
                asyncio.run_coroutine_threadsafe(discord.stop(), loop).result()

    async def start(self) -> None:
        """Listen on a free port."""
        await self._site.open()
        self._people.move_to(asyncio.get_running_loop())

    async def stop(self) -> None:
        """Say goodbye to every client, and stop listening."""
        self._people.move_to(None)
        await self._site.close()

    @contextlib.contextmanager
    def redirected(self) -> Iterator[None]:
        """Point the discord.py of this process here, and back to where it was afterwards.

        Raises:
            MissingExtraError: discord.py is not installed.
        """
        if not self.url:
            raise LoopbackError("the loopback Discord is not running: start it first")
        with redirect.pointed_at(self.url, self._hub.gateway.url):
            yield

    @contextlib.asynccontextmanager
    async def running(
        self, bot: _BotT, *, token: str | None = None, timeout_s: float = 10.0
    ) -> AsyncIterator[_BotT]:
        """Run a `discord.Client` while inside: from ready (`on_ready` included) to closed.

        Args:
            bot: not started yet.
            token: what it logs in with; by default the right one.
            timeout_s: how long it may take to be ready.

        Raises:
            LoopbackError: it is not ready in time.
            discord.DiscordException: what starting it raised, `LoginFailure` for instance.
        """
        loop = asyncio.get_running_loop()
        with self.redirected():
            self._watch.add(loop)
            try:
                async with redirect.connected(bot, token or self.token, timeout_s):
                    await self._people.until_idle(_ON_READY_S)
                    yield bot
            finally:
                self._watch.remove(loop)

    async def say(
        self,
        content: str,
        *,
        user: User | str | None = None,
        channel: Channel | None = None,
        replies: int | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Exchange:
        """Let somebody write a message, and wait until the bot's handlers are done with it.

        People who talk at the same time should do so in different channels: only there is it
        clear which answer is whose, unless the bot replies.

        Args:
            content: the message.
            user: who, or their name; by default the first plain member.
            channel: where; by default somewhere they may talk. `world.dm(user)` for their DMs.
            replies: come back after so many, though the handler goes on (`wait_for`).
            timeout_s: come back after this in any case, with `finished` False.

        Raises:
            NotAllowedError: they may not write that there.
        """
        return await self._people.say(content, user, channel, Wait(timeout_s, replies))

    async def invoke(
        self,
        command: str,
        options: Mapping[str, Any] | None = None,
        /,
        *,
        user: User | str | None = None,
        channel: Channel | None = None,
        target: Target | Reply | None = None,
        until_answered: bool = False,
        timeout_s: float = TIMEOUT_S,
        **more_options: Any,
    ) -> Answer:
        """Let somebody use a slash command or a menu entry, and wait until the bot is done.

        Args:
            command: `/group sub`, or the name of the menu entry.
            options: its options; those whose names are free may be keywords as well.
            user: who; by default the first plain member.
            channel: where; by default somewhere they may talk.
            target: the user or message whose context menu is used.
            until_answered: come back with the answer, though the handler goes on (`view.wait`).
            timeout_s: come back after this in any case, with `finished` False.
            **more_options: options, too.

        Raises:
            UnknownCommandError: the bot has not synced it.
            NotAllowedError: they may not use it, or not there.
            BadOptionError: Discord's client would not accept an option.
        """
        wait = Wait(timeout_s, 1 if until_answered else None)
        values = {**(options or {}), **more_options}
        return await self._people.invoke(command, values, user, channel, target, wait)

    async def autocomplete(
        self,
        command: str,
        option: str,
        typed: str = "",
        options: Mapping[str, Any] | None = None,
        /,
        *,
        user: User | str | None = None,
        channel: Channel | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Answer:
        """Let somebody type into an option; the answer's `choices` are what the bot offers.

        Args:
            command: as for `invoke`, which also says what is raised.
            option: the one that has autocomplete.
            typed: what stands in it.
            options: what is filled in already.
            user: who.
            channel: where.
            timeout_s: come back after this in any case.
        """
        values, wait = options or {}, Wait(timeout_s)
        return await self._people.complete(command, option, typed, values, user, channel, wait)

    def post_message(
        self, content: str, *, user: User | str | None = None, channel: Channel | None = None
    ) -> None:
        """Let somebody write, and wait for nothing; callable from any thread.

        What `say` would raise is counted in `counters.refused`.
        """

        def act() -> None:
            where = actions.place(self.world, user, channel)
            actions.send_message(self._hub, content, where)

        self._people.quietly(act)

    def post_interaction(
        self,
        command: str,
        options: Mapping[str, Any] | None = None,
        /,
        *,
        user: User | str | None = None,
        channel: Channel | None = None,
        **more_options: Any,
    ) -> None:
        """Let somebody use a slash command, and wait for nothing; callable from any thread.

        What `invoke` would raise is counted in `counters.refused`.
        """
        values = {**(options or {}), **more_options}

        def act() -> None:
            where = actions.place(self.world, user, channel)
            actions.use_command(self._hub, command, values, where)

        self._people.quietly(act)

    async def drop_connections(self, *, code: int | None = None, resumable: bool = True) -> int:
        """Cut the bot's gateway connections; returns how many.

        Args:
            code: a close code to send; by default none, as if the cable was pulled.
            resumable: whether the bot may resume; if not, it must identify anew.
        """
        return await self._people.on_server(self._hub.gateway.drop(code, resumable=resumable))

    def rate_limit_next(self, route: str, seconds: float, *, times: int = 1) -> None:
        """Answer the next requests to a route with 429.

        Args:
            route: method and path, `*` for anything, such as `POST /channels/*/messages`.
            seconds: the `retry_after`.
            times: how many requests.
        """
        self._hub.rate_limits.order(route, seconds, times)
