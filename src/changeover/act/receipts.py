"""What each channel was told of each alert: in which message, and what it answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from changeover.act.strands import Strand
from changeover.core.ports import Document, Put

RECEIPT = "receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One alert's episode that one channel has told of, and that is not told over yet.

    Attributes:
        channel: which.
        key: the episode's dedup key.
        thread: the dedup key of the message that told of it.
        text: what the channel answered, such as the id of the message, or None.
        at_ns: when the message became due.
    """

    channel: str
    key: str
    thread: str
    text: str | None
    at_ns: int

    @property
    def put(self) -> Put:
        """Its document."""
        value: dict[str, Any] = {
            "channel": self.channel,
            "dedup_key": self.key,
            "thread": self.thread,
            "receipt": self.text,
            "at_ns": self.at_ns,
        }
        return Put(RECEIPT, document_key(self.channel, self.key), value)


def document_key(channel: str, key: str) -> str:
    """Where a receipt is kept."""
    return f"{channel}/{key}"


def receipts_of(channel: str, documents: Mapping[str, Document]) -> dict[str, Receipt]:
    """One channel's receipts by episode; what cannot be read counts as never told."""
    found: dict[str, Receipt] = {}
    for document in documents.values():
        value = document.value
        if value.get("channel") != channel:
            continue
        key, thread, text, at_ns = (
            value.get(name) for name in ("dedup_key", "thread", "receipt", "at_ns")
        )
        if isinstance(key, str) and isinstance(thread, str) and isinstance(at_ns, int):
            text = text if isinstance(text, str) else None
            found[key] = Receipt(channel=channel, key=key, thread=thread, text=text, at_ns=at_ns)
    return found


class Threads:
    """Which alerts each message of one channel stands for.

    Args:
        receipts: what was told, by episode.
        strands: what is owed; attempts that may have succeeded count as told.
    """

    def __init__(self, receipts: Mapping[str, Receipt], strands: Iterable[Strand] = ()) -> None:
        self._receipts = receipts
        self._members: dict[str, set[str]] = {}
        for one in receipts.values():
            self._members.setdefault(one.thread, set()).add(one.key)
        for strand in strands:
            if strand.thread is not None:
                self._members.setdefault(strand.thread, set()).add(strand.key)

    def of(self, strand: Strand) -> str:
        """The thread of an alert; its own key where no message has told of it."""
        told = self._receipts.get(strand.key)
        return strand.thread or (told.thread if told else strand.key)

    def are_over(self, thread: str, over: AbstractSet[str]) -> bool:
        """Whether nobody of a thread is left once these episodes are over."""
        return self._members.get(thread, set()) <= over

    def receipt(self, thread: str) -> str | None:
        """What the channel answered last in a thread, or None."""
        told = [one for one in self._receipts.values() if one.thread == thread and one.text]
        return max(told, key=lambda one: one.at_ns).text if told else None

    def of_members(self, strands: Iterable[Strand]) -> list[str]:
        """The threads of these alerts, each once, sorted."""
        return sorted({self.of(strand) for strand in strands})
