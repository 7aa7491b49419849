"""What one channel owes, as it may be sent now: without what is over, silenced or claimed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from changeover.act.documents import OUTBOX, Owed, owed_from
from changeover.act.grouping import Batch, batches
from changeover.act.lane import Lane
from changeover.act.receipts import RECEIPT, Threads, document_key, receipts_of
from changeover.act.silences import Maintenance, Silences, silencer
from changeover.act.standing import CHANNEL, Standing, standing_of
from changeover.act.standing import RULE as CHANNEL_RULE
from changeover.act.strands import Strand, strands_of
from changeover.core.alerting import Silence
from changeover.core.clock import NS_PER_S, Clock
from changeover.core.errors import ConflictError, Guard, StoreError
from changeover.core.model import Event
from changeover.core.ports import Document, Put, State

logger = logging.getLogger("changeover.alerts")

GIVE_UP_S = 24 * 3_600
GIVE_UP_FAILURES = 10  # in a row besides: the wall clock set forward alone gives nothing up
_SILENCE_POLL_S = 30.0  # how soon the end of a silence is noticed
_CLAIM_MARGIN_S = 20.0  # a claim outlives the time-out of its attempt by this


@dataclass(frozen=True, slots=True)
class Terms:
    """What all channels of an outbox have in common.

    Attributes:
        names: every channel's.
        timeout_s: for one attempt.
        group_s: how long the first message waits for others to go with it.
        instance: who says that a channel is off.
        on_stray: told how many messages were given up whose channel nobody has.
        on_owed: called when other channels owe a message that nobody has told them of.
    """

    names: Sequence[str]
    timeout_s: float
    group_s: float
    instance: str
    on_stray: Callable[[int], None]
    on_owed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mail:
    """What there is to send now, and how long until there is more (None for never)."""

    batches: Sequence[Batch]
    threads: Threads
    wait_s: float | None


class Mailbox:
    """One channel's owed messages in the store.

    Args:
        lane: the channel.
        state: where owed messages, receipts, silences and the channel's standing are.
        clock: the wall clock for claims and silences.
        guard: counts what cannot be read.
        terms: what is the same for all.
    """

    def __init__(
        self, lane: Lane, state: State, *, clock: Clock, guard: Guard, terms: Terms
    ) -> None:
        self._lane = lane
        self._state = state
        self._clock = clock
        self._guard = guard
        self._terms = terms
        self._claim_ns = round((terms.timeout_s + _CLAIM_MARGIN_S) * NS_PER_S)
        self._known: dict[str, Owed] = {}  # as last read: where many wait, reading them is work
        self._silences = Silences(state, clock)
        self._maintenance = Maintenance(state, clock)

    async def collect(self) -> Mail:
        """What is due, without what is over and nobody needs to hear."""
        if self._lane.unmarked:
            await self.mark()
        documents = await asyncio.to_thread(self._state.read, OUTBOX)
        owed = await self._readable(documents)
        self._lane.waiting = len(owed)
        strands = strands_of(await self._without_unwanted(owed))
        if not strands:
            return Mail((), Threads({}), None)
        strands = await self._without_hopeless(strands)
        told = await asyncio.to_thread(self._state.read, RECEIPT)
        threads = Threads(receipts_of(self._lane.name, told), strands)
        loud, held = await self._unsilenced(strands)
        free, claimed_s = self._unclaimed(loud)
        waits_s = [claimed_s, _SILENCE_POLL_S if held else None]
        if (young_s := self._still_young(free)) is not None:
            free = []
            waits_s.append(young_s)
        wait_s = min((wait_s for wait_s in waits_s if wait_s is not None), default=None)
        return Mail(batches(free, threads), threads, wait_s)

    async def _readable(self, documents: Mapping[str, Document]) -> list[Owed]:
        """What this channel owes. What nobody can read, or nobody has a channel for, goes."""
        marked = {put.key for put in self._lane.unmarked if put.kind == OUTBOX}
        owed, strays, known = [], [], self._known
        self._known = {}
        for key, document in documents.items():
            channel = document.value.get("channel")
            if channel in self._terms.names and channel != self._lane.name:
                continue
            try:
                one = known.get(key)
                if one is None or one.version != document.version:
                    one = owed_from(key, document)
            except ValueError as error:
                self._guard.caught("act.outbox_document", error)
                await self.commit([Put(OUTBOX, key, None, document.version)])
                continue
            self._known[key] = one
            if channel != self._lane.name:
                strays.append(one)
            elif key not in marked:
                owed.append(one)
        await self._drop_strays(strays)
        return owed

    async def _drop_strays(self, strays: Iterable[Owed]) -> None:
        old = [one for one in strays if self._is_old(one.notification.at_ns)]
        receipts = [
            Put(RECEIPT, document_key(one.channel, one.notification.dedup_key), None) for one in old
        ]
        if old and await self.commit([*(one.drop() for one in old), *receipts]):
            self._terms.on_stray(len(old))
            logger.warning("gave up %d alert messages to %s after 24 h", len(old), old[0].channel)

    async def _without_unwanted(self, owed: list[Owed]) -> list[Owed]:
        if self._lane.takes_acknowledged:
            return owed
        unwanted = [one for one in owed if one.notification.event == Event.ACKNOWLEDGED]
        if unwanted:
            await self.commit([one.drop() for one in unwanted])
        return [one for one in owed if one.notification.event != Event.ACKNOWLEDGED]

    async def _without_hopeless(self, strands: list[Strand]) -> list[Strand]:
        """What began and ended unheard more than a day ago is only counted, and told as a count.

        What goes on is never given up, and neither is the end of what was told.
        """
        lane = self._lane
        if not lane.disabled and lane.failures < GIVE_UP_FAILURES:
            return strands
        hopeless = [
            one
            for one in strands
            if one.told.late
            and one.told.alert.rule != CHANNEL_RULE
            and self._is_old(one.told.at_ns)
        ]
        if not hopeless:
            return strands
        now_ns, count = self._clock.wall_ns(), len(hopeless)
        standing = await self.standing()
        standing = standing.after_failure(lane.last_error or "", now_ns, permanent=lane.disabled)
        standing = replace(standing, given_up=standing.given_up + count)
        owed = standing.told_given_up(self._terms.instance, now_ns)
        if await self.commit([*_drops(hopeless), standing.put, *owed]):
            lane.given_up += count
            logger.warning("gave up %d alert messages to %s after 24 h", count, lane.name)
        gone = {one.key for one in hopeless}
        return [one for one in strands if one.key not in gone]

    def _is_old(self, at_ns: int) -> bool:
        return self._clock.wall_ns() - at_ns > GIVE_UP_S * NS_PER_S

    async def _unsilenced(self, strands: Sequence[Strand]) -> tuple[list[Strand], bool]:
        """What may be told now, and whether something is withheld.

        An alert that began and ended while it was silenced is told to nobody. The end of one
        that was told is told in a silence, too: the receiver may have an incident open.
        """
        silences = await asyncio.to_thread(self._silenced)
        if not silences:
            return list(strands), False
        now_ns, loud, unheard, held = self._clock.wall_ns(), [], [], False
        for strand in strands:
            if silencer(strand.told.alert, silences, now_ns) is None:
                loud.append(strand)
            elif strand.told.event != Event.RESOLVED:
                held = True
            elif strand.was_never_told:
                unheard.append(strand)
            else:
                loud.append(strand)
        if unheard:
            await self.commit(_drops(unheard))
        return loud, held

    def _silenced(self) -> list[Silence]:
        return [*self._silences.list(), *self._maintenance.list()]

    def _unclaimed(self, strands: Iterable[Strand]) -> tuple[list[Strand], float | None]:
        """The strands that nobody is sending, and how long the others are claimed at least."""
        now_ns = self._clock.wall_ns()
        claimed_ns = [(strand, self._claimed_for(strand, now_ns)) for strand in strands]
        free = [strand for strand, left_ns in claimed_ns if not left_ns]
        waits = [left_ns / NS_PER_S for _, left_ns in claimed_ns if left_ns]
        return free, min(waits, default=None)

    def _claimed_for(self, strand: Strand, now_ns: int) -> int:
        """How many ns it stays claimed; a claim from the future (clock set back) is void."""
        ages = [now_ns - one.claimed_ns for one in strand.owed if one.claimed_ns is not None]
        return max((self._claim_ns - age for age in ages if 0 <= age < self._claim_ns), default=0)

    def _still_young(self, strands: Sequence[Strand]) -> float | None:
        """How long to wait for others that go with the first; None for not at all."""
        if not strands or any(strand.attempts for strand in strands):
            return None
        age_s = (self._clock.wall_ns() - min(one.since_ns for one in strands)) / NS_PER_S
        return self._terms.group_s - age_s if 0 <= age_s < self._terms.group_s else None

    async def standing(self) -> Standing:
        """How the channel stands, as the store has it."""
        documents = await asyncio.to_thread(self._state.read, CHANNEL)
        return standing_of(self._lane.name, documents)

    async def mark(self) -> None:
        """Note what was delivered; as long as the store is away, it is remembered here."""
        with suppress(StoreError):
            await asyncio.to_thread(self._state.commit, self._lane.unmarked)
            self._lane.unmarked.clear()

    async def commit(self, puts: Sequence[Put]) -> bool:
        """Whether it was stored; False when somebody else was first."""
        try:
            await asyncio.to_thread(self._state.commit, puts)
        except ConflictError:
            return False
        return True


def _drops(strands: Iterable[Strand]) -> list[Put]:
    return [one.drop() for strand in strands for one in strand.owed]
