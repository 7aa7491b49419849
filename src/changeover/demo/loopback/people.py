"""The people of the made-up Discord: they do something and wait for what the bot makes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from changeover.demo.loopback import actions
from changeover.demo.loopback.actions import Opened, Target
from changeover.demo.loopback.conversation import Answer, Exchange, Reply, Wait
from changeover.demo.loopback.errors import LoopbackError
from changeover.demo.loopback.hub import Hub
from changeover.demo.loopback.interactions import Interaction
from changeover.demo.loopback.messages import Message
from changeover.demo.loopback.nouns import Channel, User
from changeover.demo.loopback.session import Session
from changeover.demo.loopback.watch import HandlerWatch

_P = ParamSpec("_P")
_T = TypeVar("_T")

Values = Mapping[str, Any]


class People:
    """Drives a `Hub` from any event loop; the work itself is done on the server's loop.

    Args:
        hub: the made-up Discord.
        watch: tells when the bot is done.
    """

    def __init__(self, hub: Hub, watch: HandlerWatch) -> None:
        self._hub = hub
        self._watch = watch
        self._loop: asyncio.AbstractEventLoop | None = None

    def move_to(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """The server runs on this loop from now on (`None`: on none)."""
        self._loop = loop

    async def say(
        self, content: str, user: User | str | None, channel: Channel | None, wait: Wait
    ) -> Exchange:
        """Write a message, and collect the replies."""
        return await self.on_server(self._say(content, user, channel, wait))

    async def invoke(
        self,
        words: str,
        values: Values,
        user: User | str | None,
        channel: Channel | None,
        target: Target | Reply | None,
        wait: Wait,
    ) -> Answer:
        """Use a command."""

        def act() -> Opened:
            where = actions.place(self._hub.world, user, channel)
            aim = target.message if isinstance(target, Reply) else target
            return actions.use_command(self._hub, words, values, where, aim)

        return await self.on_server(self._interact(act, wait))

    async def complete(
        self,
        words: str,
        option: str,
        typed: Any,
        values: Values,
        user: User | str | None,
        channel: Channel | None,
        wait: Wait,
    ) -> Answer:
        """Type into an option with autocomplete."""

        def act() -> Opened:
            where = actions.place(self._hub.world, user, channel)
            return actions.complete(self._hub, words, option, typed, values, where)

        return await self.on_server(self._interact(act, wait))

    async def press(
        self, message: Message, control: str, values: Sequence[Any], user: User | None, wait: Wait
    ) -> Answer:
        """Use a message's button or menu."""

        def act() -> Opened:
            who = user or (message.origin.user if message.origin else None)
            who = who or actions.place(self._hub.world, None, message.channel).user
            return actions.press(self._hub, message, control, list(values), who)

        return await self.on_server(self._interact(act, wait))

    async def react(self, message: Message, emoji: str, user: User | None, wait: Wait) -> bool:
        """React to a message; returns whether the bot was told and is done with it."""

        async def act() -> bool:
            who = user or actions.place(self._hub.world, None, message.channel).user
            before = self._watch.now()
            told = actions.react(self._hub, message, emoji, who)
            return bool(told) and await self._settled(told, before, None, wait.timeout_s)

        return await self.on_server(act())

    async def submit(self, opener: Interaction, values: Values, wait: Wait) -> Answer:
        """Send a form."""

        def act() -> Opened:
            return actions.submit(self._hub, opener, values)

        return await self.on_server(self._interact(act, wait))

    async def until_idle(self, timeout_s: float) -> None:
        """Wait until the bot has taken all events and ended its handlers, or time runs out."""
        await self.on_server(self._settled(self._hub.gateway.sessions, set(), None, timeout_s))

    def quietly(self, act: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Let `act` happen soon on the server's loop; callable from any thread.

        What Discord's client would refuse is counted as refused; nobody is told.
        """

        def run() -> None:
            try:
                act(*args, **kwargs)
            except LoopbackError:
                self._hub.counters.refused += 1

        self._running_loop().call_soon_threadsafe(run)

    async def on_server(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run `work` on the server's loop, wherever the caller is."""
        try:
            loop = self._running_loop()
        except LoopbackError:
            work.close()
            raise
        if loop is asyncio.get_running_loop():
            await asyncio.sleep(0)  # what was posted before happens before
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise LoopbackError(
                "the loopback Discord is not running: use it inside `async with "
                "LoopbackDiscord() as discord:`"
            )
        return self._loop

    async def _say(
        self, content: str, user: User | str | None, channel: Channel | None, wait: Wait
    ) -> Exchange:
        where = actions.place(self._hub.world, user, channel)
        before = self._watch.now()
        dm = self._hub.world.dm(where.user) if not where.user.bot else where.channel
        ears = _Ears({where.channel.id, dm.id}, wait.enough or 1)
        message, told = actions.send_message(self._hub, content, where)
        with ears.on(self._hub):
            early = wait.enough is not None or not self._watch.knows_bots
            enough = ears.enough if early else None
            finished = await self._settled(told, before, enough, wait.timeout_s)
        heard = [each for each in ears.heard if each.reference_id in (None, message.id)]
        replies = [Reply(each, self) for each in heard]
        return Exchange(message, replies, delivered=bool(told), finished=finished)

    async def _interact(self, act: Callable[[], Opened], wait: Wait) -> Answer:
        before = self._watch.now()
        interaction, told = act()
        early = wait.enough is not None or not self._watch.knows_bots
        enough = interaction.answered if early else None
        finished = await self._settled(told, before, enough, wait.timeout_s)
        return Answer(interaction, bool(told), finished, self)

    async def _settled(
        self,
        told: list[Session],
        before: set[asyncio.Task[Any]],
        enough: asyncio.Event | None,
        timeout_s: float,
    ) -> bool:
        """Wait until the handlers are done, or `enough` is set; False when time runs out."""
        if not told:
            return True
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self._handled(told, before))]
        if enough is not None:
            waiting.append(asyncio.create_task(enough.wait()))
        done, _ = await asyncio.wait(
            waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for task in done:
            task.result()
        return bool(done)

    async def _handled(self, told: list[Session], before: set[asyncio.Task[Any]]) -> None:
        await self._hub.gateway.taken(told)
        if not self._watch.knows_bots:
            # A bot in another process: nothing tells when it is done, but its answer.
            await asyncio.get_running_loop().create_future()
        await self._watch.idle(before)


class _Ears:
    """Collects what the bot says in some channels."""

    def __init__(self, channel_ids: set[int], wanted: int) -> None:
        self._channel_ids = channel_ids
        self._wanted = wanted
        self.heard: list[Message] = []
        self.enough = asyncio.Event()

    @contextlib.contextmanager
    def on(self, hub: Hub) -> Iterator[None]:
        """Listen while inside."""
        hub.listeners.add(self._hear)
        try:
            yield
        finally:
            hub.listeners.discard(self._hear)

    def _hear(self, message: Message) -> None:
        if message.channel.id in self._channel_ids and message.origin is None:
            if message not in self.heard:
                self.heard.append(message)
            if len(self.heard) >= self._wanted:
                self.enough.set()
