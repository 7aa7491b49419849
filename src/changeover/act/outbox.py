"""The outbox: delivers what alerts owe, at least once, each channel on its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from changeover.act.documents import OUTBOX
from changeover.act.lane import Lane
from changeover.act.mailbox import Mailbox, Terms
from changeover.act.postman import STORE_RETRY_S, Postman, place_of
from changeover.act.standing import CHANNEL, FAILING, OFF, WORKING, standing_of
from changeover.core.alerting import ChannelState
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import ChannelError, Guard, StoreError
from changeover.core.model import Check, Status
from changeover.core.ports import Channel, State
from changeover.core.text import clean_name

_GRACE_S = 0.25  # for what is on its way when the loop is stopped


class _Served(NamedTuple):
    lane: Lane
    postman: Postman


class Outbox:
    """Delivers owed messages: claims them, sends, and removes them when the receiver said so.

    A message is claimed by compare-and-set, so that one of several processes sends it. A
    process that dies between the receiver's answer and its note of it leaves a claim that runs
    out; the message is then sent once more, with the same dedup key.

    What one alert owes one channel goes out as one message: while a channel is down, a firing
    with its reminders is told once, and a firing that is over too. What several alerts owe it
    goes out together; see `act.grouping`. What a silence withholds stays owed.

    Args:
        state: where owed messages are.
        channels: by the names that messages are owed to.
        clock: the wall clock for claims, the monotonic one for rests.
        guard: counts what a channel should not have raised.
        rng: for the jitter of the rests.
        timeout_s: for one attempt.
        first_retry_s, longest_retry_s: the rest after a failure, doubling between the two.
        group_s: how long a first message waits for others to go with it.
    """

    def __init__(
        self,
        state: State,
        channels: Mapping[str, Channel],
        *,
        clock: Clock,
        guard: Guard,
        rng: random.Random | None = None,
        timeout_s: float = 10.0,
        first_retry_s: float = 5.0,
        longest_retry_s: float = 900.0,
        group_s: float = 10.0,
    ) -> None:
        self._state = state
        self._clock = clock
        self._guard = guard
        self._strays = 0  # messages given up whose channel this process does not have
        rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        rests = {"first_retry_s": first_retry_s, "longest_retry_s": longest_retry_s}
        terms = Terms(
            names=tuple(channels),
            timeout_s=timeout_s,
            group_s=group_s,
            instance=f"{clean_name(socket.gethostname())}/{os.getpid()}",
            on_stray=self._count_strays,
            on_owed=self._ring,
        )
        self._served: dict[str, _Served] = {}
        for name, channel in channels.items():
            lane = Lane(name, channel, clock=clock, rng=rng, **rests)
            mailbox = Mailbox(lane, state, clock=clock, guard=guard, terms=terms)
            postman = Postman(lane, mailbox, clock=clock, guard=guard, terms=terms)
            self._served[name] = _Served(lane, postman)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: Sequence[asyncio.Event] = ()

    async def deliver_due(self) -> None:
        """Send everything that is due now, on all channels at the same time."""
        await asyncio.gather(*(served.postman.deliver() for served in self._served.values()))

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until stopped: at once when woken, later what has to wait.

        An attempt on its way at the stop gets 0.25 s; what is owed then stays in the store.
        """
        self._bells = [asyncio.Event() for _ in self._served]
        self._loop = asyncio.get_running_loop()
        pairs = zip(self._served, self._bells, strict=True)
        tasks = [asyncio.create_task(self._serve(name, bell, stop)) for name, bell in pairs]
        try:
            await stop.wait()
            for bell in self._bells:
                bell.set()
            if tasks:
                await asyncio.wait(tasks, timeout=_GRACE_S)
        finally:
            self._loop = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.close()

    def wake(self) -> None:
        """There is something to send. For any thread; does nothing while `run` does not."""
        if loop := self._loop:
            with contextlib.suppress(RuntimeError):  # the loop was closed this moment
                loop.call_soon_threadsafe(self._ring)

    def check(self) -> Check:
        """How the channels are; degraded while one fails, is off, or gave something up."""
        told = [words for served in self._served.values() if (words := served.lane.told())]
        if self._strays:
            told.append(f"{self._strays} given up for channels that are not set up")
        if told:
            return Check("alert_channels", Status.DEGRADED, "; ".join(told))
        names = ", ".join(self._served) or "none"
        return Check("alert_channels", Status.HEALTHY, f"channels: {names}")

    def channels(self) -> list[ChannelState]:
        """How each channel stands, as any process on the store knows it. Blocks on the store.

        While the store is away: what this process knows.
        """
        try:
            standings, owed = self._state.read(CHANNEL), self._state.read(OUTBOX)
        except StoreError:
            return [_remembered(served.lane) for served in self._served.values()]
        queue: Counter[str] = Counter()
        oldest_ns: dict[str, int] = {}
        for document in owed.values():
            name, at_ns = document.value.get("channel"), document.value.get("at_ns")
            if isinstance(name, str) and isinstance(at_ns, int):
                queue[name] += 1
                oldest_ns[name] = min(at_ns, oldest_ns.get(name, at_ns))
        now_ns, found = self._clock.wall_ns(), []
        for name in self._served:
            one = standing_of(name, standings)
            age_ns = max(0, now_ns - oldest_ns[name]) if name in oldest_ns else None
            found.append(
                ChannelState(
                    name=name,
                    state=one.state,
                    since_ns=one.since_ns,
                    last_error=one.last_error,
                    queue=queue[name],
                    oldest_s=None if age_ns is None else age_ns / NS_PER_S,
                    given_up=one.given_up,
                )
            )
        return found

    async def close(self) -> None:
        """Close every channel; they open again with the next message."""
        for name, served in self._served.items():
            try:
                await asyncio.wait_for(served.lane.channel.close(), 0.2)
            except Exception as error:  # noqa: BLE001 - the others must be closed too
                self._guard.caught(f"notify.{name}", ChannelError(place_of(error)))

    def _count_strays(self, count: int) -> None:
        self._strays += count

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    async def _serve(self, name: str, bell: asyncio.Event, stop: asyncio.Event) -> None:
        while not stop.is_set():
            bell.clear()
            try:
                wait_s = await self._served[name].postman.deliver(stop)
            except Exception as error:  # noqa: BLE001 - a lane lives as long as the process
                self._guard.caught("act.outbox", error)
                wait_s = STORE_RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), wait_s)


def _remembered(lane: Lane) -> ChannelState:
    state = OFF if lane.disabled else FAILING if lane.failures else WORKING
    return ChannelState(
        name=lane.name,
        state=state,
        last_error=lane.last_error,
        queue=lane.waiting,
        given_up=lane.given_up,
    )
