"""Which alerts go into one message, and what that message says.

**Who goes together.** What fires within 10 s is one message. What happens to alerts later is
told by thread: the alerts that one message told of. Where more than `MOST_AT_ONCE` messages
would have to go out at once, everything of one kind goes together.

**The dedup key** of a message is the thread's: the key of the alert that led the first message.
A receiver that keeps incidents (PagerDuty) thus has one incident for each thread, opened by
its first message, whatever number of alerts it tells of. It must end with the last of them:

* When some alerts of a thread are over and others are not, people are told which; that message
  has a key that the receiver has never seen (`thread/alert`), so that it closes nothing.
* The message that tells of the last one's end has the thread's key, and the receipt of the
  thread's last message, so that it may edit or answer it.
* A message that ends several threads has the key of one, and names the others in `closes`.

The thread is stored with the messages before the first attempt. So a message that is sent again
after a crash or a time-out, by whomever and with whatever joined it meanwhile, has the same key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from changeover.act.receipts import Threads
from changeover.act.strands import Strand
from changeover.core.model import Event, Notification
from changeover.core.text import redact, shorten

ALSO, SENTENCE = 20, 300  # of a message: how many sentences on others, and how long each is
MOST_AT_ONCE = 5

_KINDS = {
    str(Event.FIRING): 0,
    str(Event.ESCALATED): 1,
    str(Event.REMINDER): 1,
    str(Event.RESOLVED): 2,
    str(Event.ACKNOWLEDGED): 3,
}
_WORDS = {
    str(Event.FIRING): "{severity}",
    str(Event.ESCALATED): "now {severity}",
    str(Event.REMINDER): "still {severity}",
    str(Event.RESOLVED): "resolved",
    str(Event.ACKNOWLEDGED): "acknowledged",
}
_NEVER_TOLD = ""  # the thread of what is over and was never told: it has no incident to close


@dataclass(frozen=True, slots=True)
class Batch:
    """What one message is to say.

    Attributes:
        thread: its dedup key, if all it tells of has one; see above.
        strands: the alerts, at least one.
    """

    thread: str
    strands: tuple[Strand, ...]

    @property
    def is_firing(self) -> bool:
        """Whether it tells of alerts for the first time."""
        return self.strands[0].told.event == Event.FIRING

    def least_tried(self, most: int | None) -> Batch:
        """The same for at most so many of its alerts; None for all."""
        if most is None or most >= len(self.strands):
            return self
        ordered = sorted(self.strands, key=lambda one: (one.attempts, one.since_ns))
        return Batch(self.thread, tuple(ordered[:most]))


def batches(strands: Sequence[Strand], threads: Threads) -> list[Batch]:
    """What is owed as messages; each alert is in exactly one. Those tried least come first."""
    groups: dict[tuple[int, str], list[Strand]] = {}
    fresh: list[Strand] = []
    for strand in sorted(strands, key=urgency):
        kind = _kind(strand)
        if kind == 0 and strand.thread is None:
            fresh.append(strand)
            continue
        thread = _NEVER_TOLD if strand.was_never_told else threads.of(strand)
        groups.setdefault((kind, thread), []).append(strand)
    if fresh:
        # What was tried already goes first; what came since goes with it, under its key.
        tried = min((thread for kind, thread in groups if kind == 0), default=fresh[0].key)
        groups.setdefault((0, tried), []).extend(fresh)
    found = [Batch(thread, tuple(group)) for (_, thread), group in groups.items()]
    return sorted(_digested(found), key=_turn)


def letter(batch: Batch, threads: Threads) -> Notification:
    """The message of a batch: the most urgent leads, the others have a sentence, then a count."""
    lead, *others = sorted(batch.strands, key=urgency)
    told = replace(
        lead.told,
        also=tuple(sentence(one.told) for one in others[:ALSO]),
        more=max(0, len(others) - ALSO),
    )
    if batch.is_firing:
        return replace(told, dedup_key=batch.thread, receipt=threads.receipt(batch.thread))
    thread = threads.of(lead)
    if told.event != Event.RESOLVED:
        return replace(told, dedup_key=thread, receipt=threads.receipt(thread))
    over = {one.key for one in batch.strands}
    known = threads.of_members(one for one in batch.strands if not one.was_never_told)
    closes = tuple(one for one in known if one != thread and threads.are_over(one, over))
    if not threads.are_over(thread, over):
        return replace(told, dedup_key=f"{thread}/{lead.key}", closes=closes)
    return replace(told, dedup_key=thread, receipt=threads.receipt(thread), closes=closes)


def sentence(told: Notification) -> str:
    """One alert in one line, such as `Critical: Error rate is 12 % ... (command add)`."""
    alert = told.alert
    words = _WORDS.get(str(told.event), "{severity}").format(severity=alert.severity)
    unsaid = [f"{name} {text}" for name, text in alert.labels.items() if text not in alert.summary]
    where = f" ({', '.join(unsaid)})" if unsaid else ""
    late = "; it had not been told before" if told.late else ""
    line = " ".join(f"{words[:1].upper()}{words[1:]}: {alert.summary}{where}{late}".split())
    return shorten(redact(line), SENTENCE)


def urgency(strand: Strand) -> tuple[bool, int, int, str]:
    """A key that sorts the most urgent first: critical, then new, then old ones."""
    told = strand.told
    rank = 0 if told.event == Event.ESCALATED else _kind(strand) + 1
    return told.alert.severity != "critical", rank, told.at_ns, strand.key


def _kind(strand: Strand) -> int:
    return _KINDS.get(str(strand.told.event), 0)


def _turn(batch: Batch) -> tuple[int, int, int]:
    tried = min(one.attempts for one in batch.strands)
    return tried, _kind(batch.strands[0]), min(one.since_ns for one in batch.strands)


def _digested(found: Sequence[Batch]) -> Iterable[Batch]:
    """The same, or one batch of each kind where they are too many.

    First messages stay apart where attempts have given them different keys: each may have an
    incident of its own by now.
    """
    if len(found) <= MOST_AT_ONCE:
        return found
    firing = [one for one in found if one.is_firing]
    kinds: dict[int, list[Strand]] = {}
    for batch in found:
        if not batch.is_firing:
            kinds.setdefault(_kind(batch.strands[0]), []).extend(batch.strands)
    return [*firing, *(Batch(_NEVER_TOLD, tuple(group)) for group in kinds.values())]
