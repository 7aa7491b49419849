"""The outbox: delivers what alerts owe, at least once, each channel on its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from changeover.act.documents import OUTBOX, Owed, owed_from
from changeover.act.lane import Lane
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import ChannelError, ConflictError, Guard, StoreError
from changeover.core.model import Check, Event, Notification, Status
from changeover.core.ports import Channel, Put, State

logger = logging.getLogger("changeover.alerts")

GIVE_UP_S = 24 * 3_600
GIVE_UP_FAILURES = 10  # in a row besides: the wall clock set forward alone gives nothing up
_CLAIM_MARGIN_S = 20.0  # a claim outlives the time-out of its attempt by this
_STORE_RETRY_S = 5.0
_GRACE_S = 0.25  # for what is on its way when the loop is stopped


class Outbox:
    """Delivers owed messages: claims them, sends, and removes them when the receiver said so.

    A message is claimed by compare-and-set, so that one of several processes sends it. A
    process that dies between the receiver's answer and its note of it leaves a claim that runs
    out; the message is then sent once more, with the same dedup key.

    What one alert owes one channel goes out as one message: while a channel is down, a firing
    with its reminders is told once, and a firing that is over too.

    Args:
        state: where owed messages are.
        channels: by the names that messages are owed to.
        clock: the wall clock for claims, the monotonic one for rests.
        guard: counts what a channel should not have raised.
        rng: for the jitter of the rests.
        timeout_s: for one attempt.
        first_retry_s, longest_retry_s: the rest after a failure, doubling between the two.
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
    ) -> None:
        self._state = state
        self._clock = clock
        self._guard = guard
        self._timeout_s = timeout_s
        self._claim_ns = round((timeout_s + _CLAIM_MARGIN_S) * NS_PER_S)
        rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        rests = {"first_retry_s": first_retry_s, "longest_retry_s": longest_retry_s}
        self._lanes = {
            name: Lane(name, channel, clock=clock, rng=rng, **rests)
            for name, channel in channels.items()
        }
        self._strays = 0  # messages given up whose channel this process does not have
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: Sequence[asyncio.Event] = ()

    async def deliver_due(self) -> None:
        """Send everything that is due now, on all channels at the same time."""
        await asyncio.gather(*(self._deliver(name) for name in self._lanes))

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until stopped: at once when woken, later what has to wait.

        An attempt on its way at the stop gets 0.25 s; what is owed then stays in the store.
        """
        self._bells = [asyncio.Event() for _ in self._lanes]
        self._loop = asyncio.get_running_loop()
        pairs = zip(self._lanes, self._bells, strict=True)
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
        told = [words for lane in self._lanes.values() if (words := lane.told())]
        if self._strays:
            told.append(f"{self._strays} given up for channels that are not set up")
        if told:
            return Check("alert_channels", Status.DEGRADED, "; ".join(told))
        names = ", ".join(self._lanes) or "none"
        return Check("alert_channels", Status.HEALTHY, f"channels: {names}")

    async def close(self) -> None:
        """Close every channel; they open again with the next message."""
        for name, lane in self._lanes.items():
            try:
                await asyncio.wait_for(lane.channel.close(), 0.2)
            except Exception as error:  # noqa: BLE001 - the others must be closed too
                self._guard.caught(f"notify.{name}", ChannelError(_where(error)))

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    async def _serve(self, name: str, bell: asyncio.Event, stop: asyncio.Event) -> None:
        while not stop.is_set():
            bell.clear()
            try:
                wait_s = await self._deliver(name, stop)
            except Exception as error:  # noqa: BLE001 - a lane lives as long as the process
                self._guard.caught("act.outbox", error)
                wait_s = _STORE_RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), wait_s)

    async def _deliver(self, name: str, stop: asyncio.Event | None = None) -> float | None:
        """Send what one channel owes; seconds until there is more to do, or None for never."""
        lane = self._lanes[name]
        try:
            while True:
                owed = await self._read(lane)
                groups, wait_s = self._free(owed)
                if lane.disabled or not groups:
                    return _STORE_RETRY_S if lane.unmarked else wait_s
                for group in groups:
                    if stop and stop.is_set():
                        return None
                    if lane.disabled or lane.rest_s:
                        break
                    if claimed := await self._claim(group):
                        await self._send(lane, claimed)
                if rest_s := lane.rest_s:
                    return rest_s
        except StoreError:
            return _STORE_RETRY_S

    async def _read(self, lane: Lane) -> list[Owed]:
        """What the lane owes. Drops what is given up, and what was delivered but not marked."""
        if lane.unmarked:
            await self._mark(lane)
        documents = await asyncio.to_thread(self._state.read, OUTBOX)
        every: list[Owed] = []
        for key, document in documents.items():
            try:
                every.append(owed_from(key, document))
            except ValueError as error:
                self._guard.caught("act.outbox_document", error)
                await self._commit([Put(OUTBOX, key, None, document.version)])
        owed = [one for one in every if one.channel == lane.name]
        old = self._hopeless(lane, owed)
        lane.given_up += await self._drop(old)
        self._strays += await self._drop(self._stray(every))
        owed = [one for one in owed if one not in old and one.key not in lane.unmarked]
        lane.waiting = len(owed)
        return owed

    def _hopeless(self, lane: Lane, owed: Iterable[Owed]) -> list[Owed]:
        if not lane.disabled and lane.failures < GIVE_UP_FAILURES:
            return []
        return [one for one in owed if self._is_old(one)]

    def _stray(self, owed: Iterable[Owed]) -> list[Owed]:
        return [one for one in owed if one.channel not in self._lanes and self._is_old(one)]

    def _is_old(self, one: Owed) -> bool:
        return self._clock.wall_ns() - one.notification.at_ns > GIVE_UP_S * NS_PER_S

    async def _drop(self, old: Sequence[Owed]) -> int:
        if not old or not await self._commit([one.drop() for one in old]):
            return 0
        logger.warning("gave up %d alert messages to %s after 24 h", len(old), old[0].channel)
        return len(old)

    def _free(self, owed: Iterable[Owed]) -> tuple[list[list[Owed]], float | None]:
        """What is owed by alert, without those that somebody is sending, and until when.

        The alert tried least comes first, then the one that waits longest: a message that
        its receiver never likes does not stop the others.
        """
        now_ns = self._clock.wall_ns()
        alerts: dict[str, list[Owed]] = {}
        for one in owed:
            alerts.setdefault(one.notification.dedup_key, []).append(one)
        claimed_ns = {key: self._claimed_for(group, now_ns) for key, group in alerts.items()}
        free = [group for key, group in alerts.items() if not claimed_ns[key]]
        free.sort(key=lambda group: min((one.attempts, one.notification.at_ns) for one in group))
        waits = [left_ns / NS_PER_S for left_ns in claimed_ns.values() if left_ns]
        return free, min(waits, default=None)

    def _claimed_for(self, group: Iterable[Owed], now_ns: int) -> int:
        """How many ns the group stays claimed; a claim from the future (clock set back) is void."""
        ages = [now_ns - one.claimed_ns for one in group if one.claimed_ns is not None]
        return max((self._claim_ns - age for age in ages if 0 <= age < self._claim_ns), default=0)

    async def _claim(self, group: Sequence[Owed]) -> list[Owed]:
        """The group as it is now that it is ours; nothing if somebody else was first."""
        now_ns = self._clock.wall_ns()
        attempts = [one.attempts + 1 for one in group]
        pairs = list(zip(group, attempts, strict=True))
        if not await self._commit([one.claim(now_ns, count) for one, count in pairs]):
            return []
        return [
            replace(one, version=one.version + 1, attempts=count, claimed_ns=now_ns)
            for one, count in pairs
        ]

    async def _send(self, lane: Lane, group: Sequence[Owed]) -> None:
        notification = merged([one.notification for one in group])
        try:
            await asyncio.wait_for(lane.channel.send(notification), self._timeout_s)
        except ChannelError as error:
            failure = error
        except TimeoutError:
            failure = ChannelError(f"no answer within {self._timeout_s:g} s")
        except Exception as error:  # noqa: BLE001 - a channel's bug delays only that channel
            # Only the type and the place: the text of a foreign error may hold a secret.
            failure = ChannelError(_where(error))
            self._guard.caught(f"notify.{lane.name}", failure)
        else:
            lane.delivered()
            lane.unmarked |= {one.key for one in group}
            await self._mark(lane)
            return
        lane.failed(failure)
        await self._commit([one.claim(None, one.attempts) for one in group])

    async def _mark(self, lane: Lane) -> None:
        """Remove what was delivered; as long as the store is away, it is remembered here."""
        gone = [Put(OUTBOX, key, None) for key in lane.unmarked]
        with contextlib.suppress(StoreError):
            await asyncio.to_thread(self._state.commit, gone)
            lane.unmarked.clear()

    async def _commit(self, puts: Sequence[Put]) -> bool:
        """Whether it was stored; False when somebody else was first."""
        try:
            await asyncio.to_thread(self._state.commit, puts)
        except ConflictError:
            return False
        return True


def merged(owed: Sequence[Notification]) -> Notification:
    """One message that says what several about one episode would have said, as of the newest."""
    ordered = sorted(owed, key=attrgetter("at_ns"))
    newest, events = ordered[-1], {one.event for one in ordered}
    changes: dict[str, Any] = {}
    if Event.RESOLVED in events:
        newest = next(one for one in ordered if one.event == Event.RESOLVED)
        changes["late"] = Event.FIRING in events
    elif Event.FIRING in events:
        changes["event"] = Event.FIRING
    elif Event.ESCALATED in events:
        changes["event"] = Event.ESCALATED
    return replace(newest, **changes)


def _where(error: BaseException) -> str:
    """The type and the place of an error, without its text."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    if not place:
        return type(error).__name__
    file = place.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{place.tb_lineno}"
