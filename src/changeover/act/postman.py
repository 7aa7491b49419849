"""Delivers what one channel owes: claims, sends, notes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from changeover.act.documents import OUTBOX
from changeover.act.grouping import Batch, letter
from changeover.act.lane import Lane
from changeover.act.mailbox import Mail, Mailbox, Terms
from changeover.act.receipts import RECEIPT, Receipt, Threads, document_key
from changeover.act.strands import Strand
from changeover.core.clock import Clock
from changeover.core.errors import ChannelError, Guard, StoreError
from changeover.core.model import Event
from changeover.core.ports import Put

STORE_RETRY_S = 5.0


class Postman:
    """Delivers for one channel; see `Outbox`.

    Args:
        lane: the channel.
        mailbox: what it owes.
        clock: the wall clock for claims.
        guard: counts what a channel should not have raised.
        terms: what is the same for all.
    """

    def __init__(
        self, lane: Lane, mailbox: Mailbox, *, clock: Clock, guard: Guard, terms: Terms
    ) -> None:
        self._lane = lane
        self._mailbox = mailbox
        self._clock = clock
        self._guard = guard
        self._terms = terms

    async def deliver(self, stop: asyncio.Event | None = None) -> float | None:
        """Send all that is due; seconds until there is more to do, or None for never."""
        lane = self._lane
        if lane.rest_s and not lane.unmarked:
            return lane.rest_s  # reading what is owed may be work, where much is
        try:
            if lane.unnoted is not None:
                await self._note_failure(lane.unnoted)
            while True:
                mail = await self._mailbox.collect()
                if not mail.batches:
                    lane.emptied()
                if lane.disabled or not mail.batches:
                    return STORE_RETRY_S if lane.unmarked else mail.wait_s
                if not await self._send_all(mail, stop):
                    return None
                if rest_s := lane.rest_s:
                    return rest_s
        except StoreError:
            return STORE_RETRY_S

    async def _send_all(self, mail: Mail, stop: asyncio.Event | None) -> bool:
        """Send until the channel has to rest; False when stopped."""
        for batch in mail.batches:
            if stop and stop.is_set():
                return False
            if self._lane.disabled or self._lane.rest_s:
                break
            if claimed := await self._claim(batch.least_tried(self._lane.most)):
                await self._send(claimed, mail.threads)
        return True

    async def _claim(self, batch: Batch) -> Batch | None:
        """The batch as it is now that it is ours; None if somebody else was first."""
        now_ns, puts, mine = self._clock.wall_ns(), [], []
        for strand in batch.strands:
            thread = (strand.thread or batch.thread) if batch.is_firing else strand.thread
            pairs = [one.claim(now_ns, thread) for one in strand.owed]
            puts += [put for put, _ in pairs]
            mine.append(Strand(tuple(one for _, one in pairs)))
        return Batch(batch.thread, tuple(mine)) if await self._mailbox.commit(puts) else None

    async def _send(self, batch: Batch, threads: Threads) -> None:
        lane = self._lane
        told = letter(batch, threads)
        lane.begun()
        sending = lane.channel.send(told)
        try:
            receipt = await asyncio.wait_for(sending, self._terms.timeout_s)
        except ChannelError as error:
            failure = error
        except TimeoutError:
            failure = ChannelError(f"no answer within {self._terms.timeout_s:g} s")
        except Exception as error:  # noqa: BLE001 - a channel's bug delays only that channel
            # Only the type and the place: the text of a foreign error may hold a secret.
            failure = ChannelError(place_of(error))
            self._guard.caught(f"notify.{lane.name}", failure)
        else:
            lane.delivered()
            lane.unmarked += _noted(lane.name, batch, threads, told.dedup_key, receipt)
            await self._delivered()
            return
        lane.failed(failure, len(batch.strands))
        lane.unnoted = failure
        free = [one.give_back() for s in batch.strands for one in s.owed]
        await self._mailbox.commit(free)
        await self._note_failure(failure)

    async def _delivered(self) -> None:
        lane, now_ns = self._lane, self._clock.wall_ns()
        with suppress(StoreError):
            standing = await self._mailbox.standing()
            if standing.since_ns is not None:
                terms = self._terms
                lane.unmarked += standing.works_again(terms.names, terms.instance, now_ns)
        await self._mailbox.mark()

    async def _note_failure(self, failure: ChannelError) -> None:
        """Keep how the channel stands; that it is off is told on the others, once."""
        for _ in range(3):  # another process may have met the same failure at the same moment
            before, now_ns = await self._mailbox.standing(), self._clock.wall_ns()
            after = before.after_failure(str(failure), now_ns, permanent=failure.permanent)
            puts = [after.put]
            is_news = after.is_told and not before.is_told
            if is_news:
                puts += after.told_off(self._terms.names, self._terms.instance, now_ns)
            if after == before or await self._mailbox.commit(puts):
                self._lane.unnoted = None
                if is_news:
                    self._terms.on_owed()
                return


def _noted(channel: str, batch: Batch, threads: Threads, key: str, text: str | None) -> list[Put]:
    """What the store is to know of a batch that was accepted under a key, with a receipt."""
    puts = [Put(OUTBOX, one.key, None) for strand in batch.strands for one in strand.owed]
    for strand in batch.strands:
        thread = strand.thread or batch.thread if batch.is_firing else threads.of(strand)
        at_ns = strand.told.at_ns
        if strand.told.event == Event.RESOLVED:
            puts.append(Put(RECEIPT, document_key(channel, strand.key), None))
        elif batch.is_firing or (text is not None and thread == key):
            kept = Receipt(channel=channel, key=strand.key, thread=thread, text=text, at_ns=at_ns)
            puts.append(kept.put)
    return puts


def place_of(error: BaseException) -> str:
    """The type and the place of an error, without its text."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    if not place:
        return type(error).__name__
    file = place.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{place.tb_lineno}"
